import { DomainError, invalidInput } from "@pharmasight/core/kernel/errors";
import { Money } from "@pharmasight/core/kernel/money";
import type { InvoiceSnapshot, RefundSnapshot, WantedRefund } from "@pharmasight/core/ports/subscriptions";
import type Stripe from "stripe";
import { everyOne, idOf, received } from "./client.ts";
import { readInvoice } from "./invoice-snapshots.ts";

/** Noted on the credit note, so that the same act is found again also when its key has been forgotten. */
const ACT = "act";

/** Gives money of a paid invoice back by a credit note, on the way that it came. */
export async function refund(stripe: Stripe, wanted: WantedRefund, key: string): Promise<RefundSnapshot> {
  const { invoiceId, currency } = wanted;
  const notes = await everyOne((page) => stripe.creditNotes.list({ ...page, invoice: invoiceId }));
  const done = notes.find(({ metadata }) => metadata?.[ACT] === key);
  if (done !== undefined) return refundOf(done);

  const invoice = await readInvoice(stripe, invoiceId);
  if (invoice.status !== "paid") throw new DomainError("conflict", "The invoice is not paid: nothing can go back.");
  if (invoice.currency !== currency) throw invalidInput(`The invoice is in ${invoice.currency}, not in ${currency}.`);
  const amount = Money.toMinor(wanted.amount, currency);
  const left = refundable(invoice, notes);
  if (amount <= 0 || amount > left) {
    throw invalidInput(`At most ${Money.format(Money.fromMinor(left, currency), currency)} of it can go back.`, {
      amount: "Give an amount above zero that is left of the invoice.",
    });
  }
  // What came by bank goes back by bank: the note records it, and moves nothing.
  const way = (await isPaidByCard(stripe, invoiceId)) ? { refund_amount: amount } : { out_of_band_amount: amount };
  const created = await stripe.creditNotes.create(
    { invoice: invoiceId, amount, ...way, memo: wanted.memo, metadata: { [ACT]: key } },
    { idempotencyKey: key },
  );
  return refundOf(received("credit_note", created));
}

/** In minor units: what was paid and went back neither with a credit note nor without one. */
function refundable(invoice: InvoiceSnapshot, notes: readonly Stripe.CreditNote[]): number {
  const { amountPaid, amountRefunded, currency } = invoice;
  const credited = notes
    .filter(({ status }) => status === "issued")
    .reduce((sum, { post_payment_amount }) => sum + post_payment_amount, 0);
  return Money.toMinor(amountPaid, currency) - Math.max(credited, Money.toMinor(amountRefunded, currency));
}

async function isPaidByCard(stripe: Stripe, invoiceId: string): Promise<boolean> {
  const payments = await everyOne((page) => stripe.invoicePayments.list({ ...page, invoice: invoiceId }));
  return payments.some(({ status, payment }) => status === "paid" && payment.payment_intent !== undefined);
}

function refundOf(note: Stripe.CreditNote): RefundSnapshot {
  const [first] = note.refunds;
  return { creditNoteId: note.id, refundId: first === undefined ? null : idOf(first.refund) };
}
