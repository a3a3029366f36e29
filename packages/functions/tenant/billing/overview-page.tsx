import { Checkouts } from "@pharmasight/core/control/checkouts/checkouts";
import { Invoices } from "@pharmasight/core/control/invoices/invoices";
import { ModuleTrials } from "@pharmasight/core/control/module-trials/module-trials";
import { type CurrentSubscription, currentOf, planOf } from "@pharmasight/core/control/plan-changes/current";
import { PlanChanges } from "@pharmasight/core/control/plan-changes/plan-changes";
import { renewalOf } from "@pharmasight/core/control/plan-changes/planning";
import { type Item, Prices } from "@pharmasight/core/control/prices/prices";
import { Entitlements } from "@pharmasight/core/registry/entitlements/entitlements";
import type { RegistryEntry } from "@pharmasight/core/registry/registry";
import { formatDay } from "@pharmasight/views/shared/formats";
import { BillingPage } from "@pharmasight/views/tenant/billing/overview.tsx";
import type { BillingNews, BillingProps, PlanNow } from "@pharmasight/views/tenant/billing/props";
import type { EdgeContext } from "../../http/bindings.ts";
import { addOnCards } from "./add-on-cards.ts";
import { billingShell, type Desk } from "./desk.ts";
import { invoiceRow } from "./invoice-rows.ts";
import { usageOf } from "./usage-bars.ts";
import { amountsFor, cardOnFile, itemsInWords, stateOf, type WriteAmount } from "./words.ts";

/** What is said at the top of the page once. */
export interface Said {
  readonly news?: BillingNews;
  readonly problem?: string;
}

const NEWEST_INVOICES = 5;

/** The page on which the subscription is looked after. */
export async function overviewPage(c: EdgeContext, at: Desk, said: Said) {
  const { tenant, tenantId, control, provider: _provider } = at;
  const now = tenant.clock.now();
  const write = amountsFor(tenant.tenant.currency);
  const current = await currentOf(control, tenantId);
  const owed = await Invoices.findOpen(control, tenantId);
  const offered = await Prices.offered(control, tenantId);
  const trials = await ModuleTrials.list(control, tenantId);
  const scheduled = await scheduledOf(at, current);
  const { invoices } = await Invoices.list(control, tenantId, { limit: NEWEST_INVOICES });
  const card = cardOnFile(current, now);
  const plan = planNow(current, write, tenant.tenant.timeZone);
  return (
    <BillingPage
      shell={await billingShell(c, tenant)}
      state={stateOf(current, owed, now, write)}
      {...(plan === undefined ? {} : { plan })}
      {...nextPayment(current, scheduled?.to, write)}
      {...(await usageOf(tenant))}
      addOns={addOnCards({ current, offered, trials, scheduled: scheduled?.to, now, write })}
      grants={grantsOf(tenant.tenant, now)}
      {...(scheduled === undefined ? {} : { scheduled: { items: itemsInWords(scheduled.to), at: scheduled.at } })}
      {...(await pendingOf(at, current))}
      {...(await openCheckoutOf(at, current, now))}
      {...(card === undefined ? {} : { card })}
      hasPortal={current.customerId !== null && current.subscriptionId !== null}
      invoices={invoices.map((invoice) => invoiceRow(invoice, now, write))}
      {...cancellable(current)}
      isCancelUndoable={current.isLive && current.endsAt !== null && current.endsAt > now}
      {...said}
    />
  );
}

async function scheduledOf({ control, tenantId }: Desk, { scheduled, periodEnd }: CurrentSubscription) {
  const at = scheduled?.at ?? periodEnd;
  if (scheduled === null || at === null) return undefined;
  const change = await PlanChanges.findWaiting(control, tenantId, "at_period_end");
  return change === undefined ? undefined : { to: change.to, at };
}

async function pendingOf(
  { control, tenantId }: Desk,
  { pending }: CurrentSubscription,
): Promise<Pick<BillingProps, "pending">> {
  if (pending === null) return {};
  const change = await PlanChanges.findWaiting(control, tenantId, "now");
  return {
    pending: {
      items: change === undefined ? [] : itemsInWords(change.to),
      until: pending.until,
      ...(pending.url === null ? {} : { confirmHref: pending.url }),
    },
  };
}

async function openCheckoutOf(
  { control, tenantId }: Desk,
  { isLive }: CurrentSubscription,
  now: Date,
): Promise<Pick<BillingProps, "openCheckout">> {
  if (isLive) return {};
  const latest = await Checkouts.findLatest(control, tenantId);
  const planName = latest === undefined ? undefined : planOf(latest.items)?.name;
  if (latest?.state !== "open" || latest.url === null || latest.expiresAt <= now || planName === undefined) return {};
  return { openCheckout: { planName, expiresAt: latest.expiresAt, resumeHref: latest.url } };
}

function planNow(current: CurrentSubscription, write: WriteAmount, timeZone: string): PlanNow | undefined {
  const paid = planOf(current.items);
  if (paid === undefined && current.state !== "trial")
    return { name: current.plan.name, isAgreed: current.plan.isAgreed, isInvoiced: false };
  const discount = discountInWords(current, write, timeZone);
  return {
    name: current.plan.name,
    isAgreed: current.plan.isAgreed,
    isInvoiced: current.isPaidByInvoice,
    ...(paid === undefined ? {} : { price: write(paid.amount, paid.currency), interval: paid.interval }),
    ...(discount === undefined ? {} : { discount }),
  };
}

function discountInWords(
  { discount: { percent, amount, endsAt }, currency }: CurrentSubscription,
  write: WriteAmount,
  timeZone: string,
): string | undefined {
  const taken = percent === null ? (amount === null ? undefined : write(amount, currency)) : `${Number(percent)}%`;
  if (taken === undefined) return undefined;
  return endsAt === null ? `${taken} off` : `${taken} off until ${formatDay(endsAt, timeZone)}`;
}

function nextPayment(
  current: CurrentSubscription,
  scheduled: readonly Item[] | undefined,
  write: WriteAmount,
): Pick<BillingProps, "nextPayment"> {
  const { isLive, endsAt, periodEnd, items, discount, currency, state } = current;
  if (!isLive || endsAt !== null || periodEnd === null || state === "suspended") return {};
  const amount = renewalOf(scheduled ?? items, discount, periodEnd);
  return { nextPayment: { amount: write(amount, currency), at: periodEnd } };
}

function cancellable({ isLive, endsAt, periodEnd, state }: CurrentSubscription): Pick<BillingProps, "cancellable"> {
  // While a payment is overdue the period is not paid for: whoever wants to leave then simply does not pay.
  const isPossible = isLive && endsAt === null && periodEnd !== null && state === "active";
  return isPossible ? { cancellable: { accessEndsAt: periodEnd } } : {};
}

function grantsOf(entry: RegistryEntry, now: Date): BillingProps["grants"] {
  const terms = Entitlements.termsOf(entry);
  return entry.grantedModules.flatMap(({ module, source, expiresAt }) => {
    if (source !== "grant" && source !== "custom") return [];
    if (expiresAt !== null && expiresAt <= now) return [];
    const title = Entitlements.titleOf(terms, module);
    return [{ title, source, ...(expiresAt === null ? {} : { until: expiresAt }) }];
  });
}
