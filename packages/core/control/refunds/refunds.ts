export * as Refunds from "./refunds.ts";

import { Decimal } from "decimal.js";
import type { Selectable } from "kysely";
import { DomainError, invalidInput, notFound } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import { Money } from "../../kernel/money.ts";
import type { RefundSnapshot, Subscriptions } from "../../ports/subscriptions.ts";
import { ControlAudit } from "../audit/audit.ts";
import { amountOf } from "../catalogue/pricing.ts";
import { type Reasoned, reasonOfOperator, requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";
import type { RefundsTable } from "../tables.generated.ts";
import { askedBy } from "../tenants/acting.ts";

export interface WantedRefund extends Reasoned {
  readonly invoiceId: string;
  /** Decimal text, in the invoice's currency; undefined: all that is left of it. */
  readonly amount: string | undefined;
  /** Stands on the credit note, for the customer to read. */
  readonly memo: string;
  /**
   * What becomes of the subscription. Giving money back does not end it, and ending it gives nothing back: whoever
   * refunds says which of them is meant.
   */
  readonly subscription: "keep" | "end_now";
}

/** Money given back, or asked for. */
export type Refund = Readonly<Selectable<RefundsTable>>;

const MEMO_MAX = 200;

/**
 * Gives money of a paid invoice back by a credit note, on the way that it came. One that broke off before is finished
 * first: the same call again gives nothing back twice.
 * @throws DomainError `forbidden`, `not_found`, `invalid_input` with `fields`, `conflict` when nothing is left;
 * `unavailable`: then the same call again goes on
 */
export async function give(control: ControlScope, provider: Subscriptions, wanted: WantedRefund): Promise<Refund> {
  requireOperator(control);
  const reason = reasonOfOperator(wanted);
  const memo = wanted.memo.trim();
  if (memo === "" || memo.length > MEMO_MAX) {
    const message = `Say on the credit note what it is for, in at most ${MEMO_MAX} characters.`;
    throw invalidInput(message, { memo: message });
  }
  const asked = await control.tx((tx) => ask(tx, wanted, reason));
  const given = await giveAsked(control, provider, asked, memo);
  // Before the refund counts as done, so that the call that finishes one that broke off here ends it too.
  if (wanted.subscription === "end_now") await endSubscription(provider, asked);
  return control.tx((tx) => finish(tx, asked, given));
}

/** The refunds of an invoice, the oldest first. */
export const listOf = (control: ControlScope, invoiceId: string): Promise<readonly Refund[]> =>
  control.db.selectFrom("refunds").selectAll().where("invoiceId", "=", invoiceId).orderBy("createdAt").execute();

/** Records it before anything moves, so that two at once cannot give back more than was paid. */
async function ask(tx: ControlScope, wanted: WantedRefund, reason: string): Promise<Refund> {
  const invoice = await tx.db
    .selectFrom("invoices")
    .selectAll()
    .where("id", "=", wanted.invoiceId)
    .forUpdate()
    .executeTakeFirst();
  if (invoice === undefined) throw notFound("invoice");
  const earlier = await listOf(tx, invoice.id);
  const open = earlier.find(({ state }) => state === "asked");
  if (open !== undefined && (wanted.amount === undefined || amountOf(wanted.amount, invoice.currency).eq(open.amount)))
    return open;
  if (open !== undefined) {
    throw new DomainError(
      "conflict",
      `A refund of ${open.amount} ${open.currency} is not finished: ask for it again first.`,
    );
  }

  const left = leftOf(invoice, earlier);
  const amount = wanted.amount === undefined ? left : amountOf(wanted.amount, invoice.currency);
  if (left.lte(0)) throw new DomainError("conflict", "Nothing of this invoice is left to give back.");
  if (amount.gt(left)) {
    const message = `At most ${Money.format(left.toFixed(2), invoice.currency)} of it can go back.`;
    throw invalidInput(message, { amount: message });
  }
  const now = tx.clock.now();
  const row = {
    id: newId(tx.clock),
    tenantId: invoice.tenantId,
    invoiceId: invoice.id,
    amount: amount.toFixed(2),
    currency: invoice.currency,
    state: "asked" as const,
    reason,
    askedBy: askedBy(tx),
    createdAt: now,
    updatedAt: now,
  };
  await ControlAudit.append(tx, {
    action: "refund.asked",
    tenantId: invoice.tenantId,
    reason,
    after: { refundId: row.id, invoiceId: row.invoiceId, amount: row.amount, subscription: wanted.subscription },
  });
  return tx.db.insertInto("refunds").values(row).returningAll().executeTakeFirstOrThrow();
}

/** What was paid less what went back: by us, or by somebody at the provider, whichever is more. */
function leftOf(
  invoice: { readonly amountPaid: string; readonly amountRefunded: string; readonly amountCredited: string },
  earlier: readonly Refund[],
): Decimal {
  const ours = earlier
    .filter(({ state }) => state !== "refused")
    .reduce((sum, { amount }) => sum.plus(amount), new Decimal(0));
  return new Decimal(invoice.amountPaid).minus(Decimal.max(ours, invoice.amountRefunded, invoice.amountCredited));
}

async function giveAsked(
  control: ControlScope,
  provider: Subscriptions,
  { id, invoiceId, amount, currency, tenantId }: Refund,
  memo: string,
): Promise<RefundSnapshot> {
  try {
    return await provider.refund({ invoiceId, amount, currency, memo }, `refund-${id}`);
  } catch (error) {
    // Refused for good. No answer may mean that it was taken: then it stays asked for, and is finished by another call.
    if (error instanceof DomainError && (error.code === "invalid_input" || error.code === "conflict")) {
      await control.tx((tx) => refuse(tx, { id, tenantId }, error.message));
    }
    throw error;
  }
}

async function endSubscription(provider: Subscriptions, { id, invoiceId }: Refund): Promise<void> {
  const { subscriptionId } = await provider.readInvoice(invoiceId);
  if (subscriptionId !== null) await provider.cancelNow(subscriptionId, `refund-${id}-end`);
}

async function finish(
  tx: ControlScope,
  { id, tenantId, invoiceId, amount }: Refund,
  { creditNoteId, refundId }: RefundSnapshot,
): Promise<Refund> {
  const done = await tx.db
    .updateTable("refunds")
    .set({ state: "done", stripeCreditNoteId: creditNoteId, stripeRefundId: refundId, updatedAt: tx.clock.now() })
    .where("id", "=", id)
    .where("state", "=", "asked")
    .returningAll()
    .executeTakeFirst();
  // Somebody else finished the same one meanwhile.
  if (done === undefined) return tx.db.selectFrom("refunds").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  const after = { refundId: id, invoiceId, amount, creditNoteId, stripeRefundId: refundId };
  await ControlAudit.append(tx, { action: "refund.given", tenantId, after });
  await tx.emit({ queue: "billing", payload: { work: "converge", tenantId }, dedupeKey: `refunded:${id}` });
  return done;
}

async function refuse(
  tx: ControlScope,
  { id, tenantId }: { readonly id: string; readonly tenantId: string },
  why: string,
): Promise<void> {
  const refused = await tx.db
    .updateTable("refunds")
    .set({ state: "refused", updatedAt: tx.clock.now() })
    .where("id", "=", id)
    .where("state", "=", "asked")
    .returning("id")
    .executeTakeFirst();
  if (refused === undefined) return;
  await ControlAudit.append(tx, { action: "refund.refused", tenantId, reason: why, after: { refundId: id } });
}
