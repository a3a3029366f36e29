import { withLogFields } from "../../kernel/log.ts";
import type {
  CustomerSnapshot,
  InvoiceSnapshot,
  SubscriptionSnapshot,
  Subscriptions,
} from "../../ports/subscriptions.ts";
import { ControlAudit } from "../audit/audit.ts";
import { settleCheckouts } from "../checkouts/settling.ts";
import { Lifecycle, type SubscriptionFacts } from "../lifecycle/lifecycle.ts";
import { MrrMovements } from "../mrr/mrr.ts";
import { settleChanges } from "../plan-changes/settling.ts";
import type { ControlScope } from "../scope.ts";
import { ownSubscription, secondSubscriptions } from "./choosing.ts";
import { noteFinding } from "./findings.ts";
import { type Held, hold, standingOf } from "./held.ts";
import { mirror } from "./mirror.ts";
import { knownPrices, vanished, writeAddOns, writeInvoices, writeSubscription } from "./rows.ts";
import { settle } from "./standing.ts";

/**
 * Brings a tenant to what the payment provider says of it now. The subscription row is locked first and the provider
 * asked then: of two that look at once, the later look is also written later. A look that changes nothing is harmless, so
 * it may be had as often as anybody likes. An unknown tenant, or one without a customer, has nothing to look at.
 * @throws DomainError `unavailable` when the provider does not answer; then nothing is changed
 */
export async function converge(control: ControlScope, provider: Subscriptions, tenantId: string): Promise<void> {
  await withLogFields({ tenantId }, () =>
    control.tx(async (tx) => {
      const held = await hold(tx, tenantId);
      if (held === undefined) return;
      const customerId = held.subscription.stripeCustomerId;
      if (customerId === null) await passTime(tx, held);
      else await apply(tx, provider, held, await look(tx, provider, customerId));
    }),
  );
}

/**
 * The same for whoever is this customer at the provider. One that nobody knows and that pays is a finding: somebody's
 * money arrives without a pharmacy behind it.
 */
export async function convergeCustomer(
  control: ControlScope,
  provider: Subscriptions,
  customerId: string,
): Promise<void> {
  const row = await control.db
    .selectFrom("tenantSubscriptions")
    .select("tenantId")
    .where("stripeCustomerId", "=", customerId)
    .executeTakeFirst();
  if (row !== undefined) return converge(control, provider, row.tenantId);
  const { subscriptions } = await provider.read(customerId);
  const own = ownSubscription(subscriptions);
  if (own === undefined || (own.status !== "active" && own.status !== "past_due")) return;
  const isNew = await noteFinding(control, {
    kind: "paid_without_tenant",
    subject: own.subscriptionId,
    tenantId: null,
    details: { customerId, saysTenant: own.tenantId ?? null, status: own.status },
  });
  if (isNew) control.log.alarm("paid-without-tenant", { customerId, subscriptionId: own.subscriptionId });
}

interface Look {
  /** When it began: whatever happened before is in it. */
  readonly at: Date;
  readonly customer: CustomerSnapshot;
  readonly invoices: readonly InvoiceSnapshot[];
}

async function look(tx: ControlScope, provider: Subscriptions, customerId: string): Promise<Look> {
  const at = tx.clock.now();
  const customer = await provider.read(customerId);
  return { at, customer, invoices: customer.isDeleted ? [] : await provider.invoicesOf(customerId) };
}

async function apply(
  tx: ControlScope,
  provider: Subscriptions,
  before: Held,
  { at, customer, invoices }: Look,
): Promise<void> {
  const { id: tenantId } = before.tenant;
  if (isStrange(before, customer)) return noteStrange(tx, tenantId, customer.customerId);
  // With its customer everything that was agreed is gone, and what is left of it at the provider says nothing.
  const own = customer.isDeleted ? undefined : ownSubscription(customer.subscriptions);
  // First, while nothing is written yet that others would wait for: it may ask the provider.
  await settleCheckouts(tx, provider, tenantId, own);
  const { held, facts } = await writeSnapshot(tx, before, own, { at, customer, invoices });
  await writeInvoices(tx, tenantId, invoices, at);
  await settleChanges(tx, tenantId, own, invoices);
  const change = Lifecycle.change(standingOf(before), { kind: "subscription_changed", subscription: facts }, at);
  await passTime(tx, await settle(tx, held, { change, cardExpiresAt: cardOf(held) }));
  await keepCurrency(tx, held);
  if (customer.isDeleted) await forgetCustomer(tx, tenantId, customer.customerId);
  await MrrMovements.record(tx, tenantId, own ?? null);
  for (const second of secondSubscriptions(customer.subscriptions)) await callOff(tx, tenantId, second);
}

/**
 * A deleted customer still shows what it had. One of whom nothing at all is known belongs to another account: the key may
 * be the wrong one, and nobody is shut out for that.
 */
const isStrange = ({ subscription }: Held, { isDeleted, subscriptions }: CustomerSnapshot): boolean =>
  isDeleted && subscriptions.length === 0 && subscription.stripeSubscriptionId !== null;

async function noteStrange(tx: ControlScope, tenantId: string, customerId: string): Promise<void> {
  const details = { customerId, difference: "the payment provider does not know the customer" };
  await noteFinding(tx, { kind: "row_differs", subject: tenantId, tenantId, details });
  tx.log.warn("the payment provider does not know a customer", { customerId });
}

async function writeSnapshot(
  tx: ControlScope,
  held: Held,
  own: SubscriptionSnapshot | undefined,
  { at, invoices }: Look,
): Promise<{ held: Held; facts: SubscriptionFacts | null }> {
  if (own !== undefined) {
    const { subscription, addOns, facts, unknownPriceIds } = mirror(own, invoices, await knownPrices(tx));
    if (unknownPriceIds.length > 0) tx.log.warn("a subscription has prices that are not ours", { unknownPriceIds });
    const written = await writeSubscription(tx, held, subscription, at);
    if (addOns !== undefined) await writeAddOns(tx, held.tenant.id, addOns);
    return { held: written, facts };
  }
  const hadOne = held.subscription.stripeSubscriptionId !== null;
  const columns = hadOne ? vanished(held, at) : {};
  const written = await writeSubscription(tx, held, columns, at);
  return { held: written, facts: standingOf(written).subscription };
}

/** What runs out by the calendar does so right after a look: nobody is shut out on what was last heard. */
async function passTime(tx: ControlScope, held: Held): Promise<void> {
  const change = Lifecycle.change(standingOf(held), { kind: "time_passed" }, tx.clock.now());
  if (change === undefined && held.tenant.nextChangeAt !== null && held.tenant.nextChangeAt > tx.clock.now()) return;
  await settle(tx, held, { change, cardExpiresAt: cardOf(held) });
}

/** Reminders of a card are for those whose card is charged. */
export const cardOf = ({ subscription }: Held): Date | null =>
  subscription.collection === "automatic" ? subscription.cardExpiresAt : null;

/** A customer keeps the currency of its first payment: the provider bills nobody in two. */
async function keepCurrency(tx: ControlScope, { tenant, subscription }: Held): Promise<void> {
  const { currency, status } = subscription;
  const hasPaid = status !== "incomplete" && status !== "incomplete_expired";
  if (tenant.billingCurrency !== null || currency === null || !hasPaid) return;
  await tx.db.updateTable("tenants").set({ billingCurrency: currency }).where("id", "=", tenant.id).execute();
}

/** The next payment makes another customer. */
async function forgetCustomer(tx: ControlScope, tenantId: string, customerId: string): Promise<void> {
  await tx.db
    .updateTable("tenantSubscriptions")
    .set({ stripeCustomerId: null })
    .where("tenantId", "=", tenantId)
    .execute();
  await ControlAudit.append(tx, { action: "customer.deleted", tenantId, before: { customerId } });
}

async function callOff(tx: ControlScope, tenantId: string, { subscriptionId }: SubscriptionSnapshot): Promise<void> {
  await noteFinding(tx, {
    kind: "second_subscription",
    subject: subscriptionId,
    tenantId,
    details: { subscriptionId },
  });
  await tx.emit({
    queue: "billing",
    payload: { work: "cancel_second", tenantId, subscriptionId },
    // After a first one came to nothing, as when the two had changed places, there may be another one.
    dedupeKey: `cancel-second:${subscriptionId}:${tx.clock.now().toISOString()}`,
  });
}
