import { Money } from "@pharmasight/core/kernel/money";
import type { InvoiceSnapshot } from "@pharmasight/core/ports/subscriptions";
import type Stripe from "stripe";
import { dateOf, dateOrNull, everyOne, idOf, received, receivedList, unlessMissing } from "./client.ts";

/** What an invoice does not say itself: which payments were made for it. */
const PAYMENTS = "payments";

/** The customer's invoices, newest first; none of a customer whom Stripe does not know. */
export async function invoicesOf(stripe: Stripe, customerId: string): Promise<readonly InvoiceSnapshot[]> {
  const [invoices, charges] = await Promise.all([
    unlessMissing(
      everyOne((page) => stripe.invoices.list({ ...page, customer: customerId, expand: [`data.${PAYMENTS}`] })),
    ),
    unlessMissing(chargesOf(stripe, customerId)),
  ]);
  return Promise.all((invoices ?? []).map((invoice) => snapshot(stripe, invoice, charges ?? [])));
}

export async function readInvoice(stripe: Stripe, invoiceId: string): Promise<InvoiceSnapshot> {
  const invoice = received("invoice", await stripe.invoices.retrieve(invoiceId, { expand: [PAYMENTS] }));
  return snapshot(stripe, invoice, await chargesOf(stripe, customerOf(invoice)));
}

/** The invoice that a charge paid; undefined for a charge without one. */
export async function invoiceOfCharge(stripe: Stripe, chargeId: string): Promise<string | undefined> {
  const charge = await unlessMissing(stripe.charges.retrieve(chargeId));
  if (charge === undefined) return undefined;
  const { payment_intent } = received("charge", charge);
  if (payment_intent === null) return undefined;
  const payments = receivedList(
    await stripe.invoicePayments.list({
      payment: { type: "payment_intent", payment_intent: idOf(payment_intent) },
      limit: 1,
    }),
  );
  const [payment] = payments.data;
  return payment === undefined ? undefined : idOf(payment.invoice);
}

/** All at once: one by one for each invoice would be a call for each month of the customer's life. */
const chargesOf = async (stripe: Stripe, customerId: string): Promise<readonly Stripe.Charge[]> =>
  customerId === "" ? [] : everyOne((page) => stripe.charges.list({ ...page, customer: customerId }));

async function snapshot(
  stripe: Stripe,
  invoice: Stripe.Invoice,
  charges: readonly Stripe.Charge[],
): Promise<InvoiceSnapshot> {
  const { currency, status_transitions, parent } = invoice;
  const money = (minor: number) => Money.fromMinor(minor, currency);
  const intents = intentsOf(invoice);
  const own = charges.filter(({ payment_intent }) => payment_intent !== null && intents.includes(idOf(payment_intent)));
  const period = paidPeriod(invoice);
  return {
    invoiceId: invoice.id,
    customerId: customerOf(invoice),
    subscriptionId: parent?.subscription_details ? idOf(parent.subscription_details.subscription) : null,
    number: invoice.number,
    status: statusOf(invoice.status),
    currency: currency.toUpperCase(),
    total: money(invoice.total),
    amountDue: money(invoice.amount_due),
    amountPaid: money(invoice.amount_paid),
    amountRefunded: money(own.reduce((sum, { amount_refunded }) => sum + amount_refunded, 0)),
    amountCredited: money(invoice.pre_payment_credit_notes_amount + invoice.post_payment_credit_notes_amount),
    createdAt: dateOf(invoice.created),
    periodStart: period.start,
    periodEnd: period.end,
    dueAt: dateOrNull(invoice.due_date),
    paidAt: dateOrNull(status_transitions.paid_at),
    attempts: invoice.attempt_count,
    nextAttemptAt: dateOrNull(invoice.next_payment_attempt),
    needsConfirmation: invoice.status === "open" && (await needsConfirmation(stripe, intents)),
    isDisputed: own.some(({ disputed }) => disputed),
    hostedUrl: invoice.hosted_invoice_url ?? null,
    pdfUrl: invoice.invoice_pdf ?? null,
  };
}

const customerOf = ({ customer }: Stripe.Invoice): string => (customer === null ? "" : idOf(customer));

function intentsOf({ payments }: Stripe.Invoice): readonly string[] {
  return (payments?.data ?? []).flatMap(({ payment }) =>
    payment.payment_intent === undefined ? [] : [idOf(payment.payment_intent)],
  );
}

/** At most a few invoices are open, so asking for each is cheap. */
async function needsConfirmation(stripe: Stripe, intents: readonly string[]): Promise<boolean> {
  for (const id of intents) {
    const intent = received("payment_intent", await stripe.paymentIntents.retrieve(id));
    if (intent.status === "requires_action") return true;
  }
  return false;
}

/** The provider's states of an invoice; without one it is not finished. */
function statusOf(status: Stripe.Invoice.Status | null): InvoiceSnapshot["status"] {
  const known = ["open", "paid", "void", "uncollectible"] as const;
  return known.find((one) => one === status) ?? "draft";
}

/** What its lines are for. The invoice's own period is that of the bill before. */
function paidPeriod({ lines }: Stripe.Invoice): { readonly start: Date | null; readonly end: Date | null } {
  const regular = lines.data.filter(({ parent }) => parent?.subscription_item_details?.proration === false);
  const periods = (regular.length > 0 ? regular : lines.data).map(({ period }) => period);
  if (periods.length === 0) return { start: null, end: null };
  return {
    start: dateOf(Math.min(...periods.map(({ start }) => start))),
    end: dateOf(Math.max(...periods.map(({ end }) => end))),
  };
}
