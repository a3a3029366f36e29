import { Decimal } from "decimal.js";
import { newId } from "../../kernel/ids.ts";
import type { InvoiceSnapshot, SubscriptionSnapshot, Subscriptions } from "../../ports/subscriptions.ts";
import { ControlAudit } from "../audit/audit.ts";
import { emitBillingMail } from "../mails/billing-mails.ts";
import type { ControlScope } from "../scope.ts";
import { ownSubscription } from "./choosing.ts";
import { hold } from "./held.ts";
import { writeInvoices } from "./rows.ts";

const PAID_TWICE = "Paid twice: a second subscription was made beside the first.";
const REPLACED = "Replaced: another subscription is paid, and this one is not.";

/**
 * Ends a subscription that runs beside the tenant's own, and gives back what was paid for it when it is the younger one:
 * somebody paid on two pages. An older one that stopped being paid ends without that. Looked at anew: when the two have
 * changed places meanwhile, nothing happens. Again: ends and gives back once.
 * @throws DomainError `unavailable` when the provider does not answer
 */
export async function cancelSecond(
  control: ControlScope,
  provider: Subscriptions,
  tenantId: string,
  subscriptionId: string,
): Promise<void> {
  await control.tx(async (tx) => {
    const held = await hold(tx, tenantId);
    const customerId = held?.subscription.stripeCustomerId ?? null;
    if (customerId === null) return;
    const { subscriptions } = await provider.read(customerId);
    const own = ownSubscription(subscriptions);
    const second = subscriptions.find((one) => one.subscriptionId === subscriptionId);
    if (own === undefined || second === undefined || second === own) return;
    if (second.endedAt === null) await provider.cancelNow(subscriptionId, `cancel-second-${subscriptionId}`);
    const isPaidTwice = second.createdAt >= own.createdAt;
    if (isPaidTwice) await giveBack(tx, provider, tenantId, second);
    const after = { kept: own.subscriptionId, ended: subscriptionId };
    await recordEnd(tx, tenantId, after, isPaidTwice ? PAID_TWICE : REPLACED);
    if (isPaidTwice) tx.log.alarm("paid-twice", { tenantId, subscriptionId });
  });
}

async function giveBack(
  tx: ControlScope,
  provider: Subscriptions,
  tenantId: string,
  { customerId, subscriptionId }: SubscriptionSnapshot,
): Promise<void> {
  const invoices = await provider.invoicesOf(customerId);
  await writeInvoices(tx, tenantId, invoices, tx.clock.now());
  for (const invoice of invoices.filter((one) => one.subscriptionId === subscriptionId)) {
    const amount = leftOf(invoice);
    if (amount !== undefined) await refund(tx, provider, tenantId, invoice, amount);
  }
}

/** What was paid and not given back; undefined: nothing. */
function leftOf({ amountPaid, amountRefunded, amountCredited }: InvoiceSnapshot): string | undefined {
  const left = new Decimal(amountPaid).minus(Decimal.max(amountRefunded, amountCredited));
  return left.gt(0) ? left.toFixed(2) : undefined;
}

async function refund(
  tx: ControlScope,
  provider: Subscriptions,
  tenantId: string,
  { invoiceId, currency }: InvoiceSnapshot,
  amount: string,
): Promise<void> {
  const wanted = { invoiceId, amount, currency, memo: PAID_TWICE };
  const { creditNoteId, refundId } = await provider.refund(wanted, `refund-second-${invoiceId}`);
  const now = tx.clock.now();
  await tx.db
    .insertInto("refunds")
    .values({
      id: newId(tx.clock),
      tenantId,
      invoiceId,
      amount,
      currency,
      state: "done",
      stripeCreditNoteId: creditNoteId,
      stripeRefundId: refundId,
      reason: PAID_TWICE,
      askedBy: "system",
      createdAt: now,
      updatedAt: now,
    })
    .onConflict((conflict) => conflict.column("stripeCreditNoteId").doNothing())
    .execute();
  await emitBillingMail(tx, tenantId, "paid_twice", invoiceId, { amount, currency });
}

async function recordEnd(
  tx: ControlScope,
  tenantId: string,
  after: { readonly kept: string; readonly ended: string },
  reason: string,
): Promise<void> {
  const now = tx.clock.now();
  await tx.db
    .updateTable("billingFindings")
    .set({ repairedAt: now, repair: reason, repairedBy: "system" })
    .where("kind", "=", "second_subscription")
    .where("subject", "=", after.ended)
    .where("repairedAt", "is", null)
    .execute();
  await ControlAudit.append(tx, { action: "subscription.second_ended", tenantId, reason, after });
}
