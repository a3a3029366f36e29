import { DomainError, invalidInput, notFound } from "../../kernel/errors.ts";
import type { ProviderStatus, Subscriptions } from "../../ports/subscriptions.ts";
import { ControlAudit } from "../audit/audit.ts";
import { type Reasoned, reasonOfOperator, requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";

export interface InvoiceBilling extends Reasoned {
  readonly tenantId: string;
  /** Ours: of the plan, and of what comes with it. */
  readonly items: readonly { readonly priceId: string; readonly quantity: number }[];
  readonly daysUntilDue: number;
}

const DAYS = { min: 1, max: 60 } as const;
/** What is over, or never began. Beside these there is a subscription, and a second one would be paid twice. */
const over: readonly ProviderStatus[] = ["canceled", "incomplete_expired"];

/**
 * Starts a subscription whose invoices are mailed, and paid by bank or M-Pesa. The tenant has access from now on, and
 * until an invoice is overdue.
 * @throws DomainError `forbidden`, `not_found`, `conflict` when it has a subscription or pays for one just now,
 * `invalid_input`, `unavailable`
 */
export async function startInvoiceBilling(
  control: ControlScope,
  provider: Subscriptions,
  wanted: InvoiceBilling,
): Promise<{ readonly subscriptionId: string }> {
  requireOperator(control);
  const reason = reasonOfOperator(wanted);
  const { tenantId, daysUntilDue } = wanted;
  if (!Number.isInteger(daysUntilDue) || daysUntilDue < DAYS.min || daysUntilDue > DAYS.max) {
    const message = `Give from ${DAYS.min} to ${DAYS.max} days.`;
    throw invalidInput(message, { daysUntilDue: message });
  }
  // The row stays locked while the provider is asked, so that two operators start one. It is what converging locks too.
  return control.tx(async (tx) => {
    const customerId = await requireWithout(tx, provider, tenantId);
    const items = await publishedItems(tx, wanted);
    const keyed = wanted.items.map(({ priceId, quantity }) => `${priceId}x${quantity}`).join("-");
    const { subscriptionId } = await provider.startInvoiced(
      { customerId, tenantId, items, daysUntilDue },
      `invoiced-${tenantId}-${keyed}-${daysUntilDue}`,
    );
    await ControlAudit.append(tx, {
      action: "subscription.invoicing_started",
      tenantId,
      reason,
      after: { subscriptionId, items: wanted.items, daysUntilDue },
    });
    await tx.emit({
      queue: "billing",
      payload: { work: "converge", tenantId },
      dedupeKey: `invoicing-started:${subscriptionId}`,
    });
    return { subscriptionId };
  });
}

async function requireWithout(tx: ControlScope, provider: Subscriptions, tenantId: string): Promise<string> {
  const row = await tx.db
    .selectFrom("tenantSubscriptions")
    .select("stripeCustomerId")
    .where("tenantId", "=", tenantId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined || row.stripeCustomerId === null) throw notFound("pharmacy");
  // The provider knows: what was started a moment ago has not come to our rows yet.
  const { subscriptions } = await provider.read(row.stripeCustomerId);
  if (subscriptions.some(({ status }) => !over.includes(status))) {
    throw new DomainError("conflict", "This pharmacy has a subscription. Let it end first.");
  }
  const open = await tx.db
    .selectFrom("checkouts")
    .select("id")
    .where("tenantId", "=", tenantId)
    .where("state", "in", ["reserved", "open"])
    .where("expiresAt", ">", tx.clock.now())
    .executeTakeFirst();
  if (open !== undefined) {
    throw new DomainError("conflict", "The owner has opened the payment page: wait until it is paid or has expired.");
  }
  return row.stripeCustomerId;
}

/** @throws DomainError `not_found`, `invalid_input` for prices that are not for this tenant, or differ in rhythm */
async function publishedItems(tx: ControlScope, { tenantId, items }: InvoiceBilling) {
  const ids = items.map(({ priceId }) => priceId);
  if (ids.length === 0) throw notFound("price");
  const rows = await tx.db
    .selectFrom("prices")
    .leftJoin("subscriptionPlans as plans", "plans.id", "prices.planId")
    .select(["prices.id", "prices.stripePriceId", "prices.currency", "prices.billingInterval", "prices.planId"])
    .where("prices.id", "in", ids)
    .where("prices.isCurrent", "=", true)
    .where((where) => where.or([where("plans.tenantId", "is", null), where("plans.tenantId", "=", tenantId)]))
    .execute();
  const kinds = new Set(rows.map(({ currency, billingInterval }) => `${currency} ${billingInterval}`));
  if (kinds.size > 1) throw invalidInput("All prices have to be in the same currency and for the same interval.");
  if (rows.filter(({ planId }) => planId !== null).length !== 1)
    throw invalidInput("Give one plan, and what goes with it.");
  return items.map(({ priceId, quantity }) => {
    const stripePriceId = rows.find(({ id }) => id === priceId)?.stripePriceId;
    if (stripePriceId === undefined) throw notFound("price");
    if (stripePriceId === null)
      throw new DomainError("conflict", "The price is not published: npm run billing -- publish");
    return { priceId: stripePriceId, quantity };
  });
}
