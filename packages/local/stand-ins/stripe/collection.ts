import { DAY_SECONDS } from "@pharmasight/core/kernel/clock";
import { amountDue, customerDetails } from "./invoice-drafts.ts";
import type { Invoice } from "./invoice-lines.ts";
import { cancelPayments, charge, intentOf, type Outcome, openPayment, settlePayments } from "./payments.ts";
import { invalid } from "./replies.ts";
import { afterFailure, afterPaid, afterVoid, subscriptionOf } from "./subscription-status.ts";
import type { Stored, World } from "./world.ts";

/** From a draft to money: finalizing, paying, trying again, voiding. */

/** The account's retries of an automatic payment: days 1, 3 and 5 after the first, each after the one before. */
const RETRY_GAPS_DAYS = [1, 2, 2];

/** Whom a payment is taken from, and how. */
export interface Attempt {
  readonly paymentMethod?: string | undefined;
  /** The holder has just confirmed it with the bank. */
  readonly confirmed?: boolean;
  /** Tried by itself, and so by the schedule of retries. */
  readonly automatic?: boolean;
}
export type Collected = Outcome | { readonly kind: "no-method" } | { readonly kind: "sent" };

/** Finalizes and, unless the invoice is only sent, pays. */
export function collectNow(world: World, id: string, attempt: Attempt = { automatic: true }): Collected {
  const invoice = finalizeInvoice(world, id);
  if (invoice.status === "paid") return { kind: "paid" };
  return invoice.collection_method === "send_invoice" ? { kind: "sent" } : attemptPayment(world, id, attempt);
}

/** Fixes the amounts, uses the customer's balance, gives a number. What costs nothing is paid with that. */
export function finalizeInvoice(world: World, id: string): Invoice {
  const draft = world.get("invoices", id);
  if (draft.status !== "draft") {
    throw invalid("This invoice is already finalized, you can't re-finalize a non-draft invoice.", {
      code: "invoice_not_editable",
    });
  }
  const customer = world.get("customers", draft.customer ?? "");
  const due = amountDue(draft.total, customer.balance);
  const balance = customer.balance + draft.total - due;
  const sequence = customer.next_invoice_sequence ?? 1;
  const prefix = customer.invoice_prefix ?? customer.id.slice(-8).toUpperCase();
  world.put("customers", { ...customer, next_invoice_sequence: sequence + 1 });
  changeBalance(world, customer.id, balance);
  const invoice = world.put("invoices", {
    ...draft,
    ...customerDetails(world, customer),
    amount_due: due,
    amount_remaining: due,
    automatically_finalizes_at: null,
    due_date: dueDate(world, draft),
    effective_at: world.now(),
    ending_balance: balance,
    hosted_invoice_url: `${world.url}/invoices/${id}`,
    invoice_pdf: `${world.url}/invoices/${id}/pdf`,
    number: `${prefix}-${String(sequence).padStart(4, "0")}`,
    starting_balance: customer.balance,
    status: "open",
    status_transitions: { ...draft.status_transitions, finalized_at: world.now() },
  });
  world.emit("invoice.finalized", invoice);
  if (due === 0) return markPaid(world, invoice);
  openPayment(world, invoice);
  return invoice;
}

/** Asks the bank once. A failure is told, and leaves the subscription behind; see `RETRY_GAPS_DAYS`. */
export function attemptPayment(world: World, id: string, attempt: Attempt): Collected {
  const invoice = world.get("invoices", id);
  const intent = intentOf(world, id);
  if (invoice.status !== "open" || intent === undefined) throw invalid("This invoice is not open.");
  const method = attempt.paymentMethod ?? methodOf(world, invoice);
  const outcome: Collected =
    method === null ? { kind: "no-method" } : charge(world, intent, method, attempt.confirmed === true);
  const counts = attempt.automatic === true || invoice.attempt_count === 0;
  const count = invoice.attempt_count + (counts ? 1 : 0);
  if (outcome.kind === "paid") {
    markPaid(world, { ...invoice, attempt_count: count });
    return outcome;
  }
  const gap = RETRY_GAPS_DAYS[count - 1];
  const retries = invoice.auto_advance === true;
  const next = retries && gap !== undefined ? world.now() + gap * DAY_SECONDS : null;
  const failed = world.change(
    "invoices",
    {
      ...invoice,
      attempted: true,
      attempt_count: count,
      next_payment_attempt: counts ? next : invoice.next_payment_attempt,
    },
    "invoice.updated",
  );
  if (outcome.kind === "asks") world.emit("invoice.payment_action_required", failed);
  world.emit("invoice.payment_failed", failed);
  afterFailure(world, failed, counts && retries && gap === undefined);
  return outcome;
}

/** Money that came another way, such as a bank transfer or M-Pesa. */
export function payOutOfBand(world: World, id: string): Invoice {
  const draft = world.get("invoices", id);
  const invoice = draft.status === "draft" ? finalizeInvoice(world, id) : draft;
  if (invoice.status === "paid") return invoice;
  cancelPayments(world, id, "abandoned");
  return markPaid(world, { ...invoice, amount_paid_off_stripe: invoice.amount_remaining }, true);
}

/** @throws Refusal when it is not open */
export function voidInvoice(world: World, id: string): Invoice {
  const invoice = world.get("invoices", id);
  if (invoice.status !== "open" && invoice.status !== "uncollectible") {
    throw invalid(`You can only pass in open invoices. This invoice isn't open: its status is ${invoice.status}.`);
  }
  cancelPayments(world, id, "void_invoice");
  const customer = world.get("customers", invoice.customer ?? "");
  changeBalance(world, customer.id, customer.balance + invoice.starting_balance - (invoice.ending_balance ?? 0));
  const voided = world.put("invoices", {
    ...invoice,
    auto_advance: false,
    next_payment_attempt: null,
    status: "void",
    status_transitions: { ...invoice.status_transitions, voided_at: world.now() },
  });
  world.emit("invoice.voided", voided);
  afterVoid(world, voided);
  return voided;
}

/** Marks it paid with what is left of it, and tells the subscription. */
export function markPaid(world: World, invoice: Invoice, isOutOfBand = false): Invoice {
  const paid = world.change(
    "invoices",
    {
      ...invoice,
      amount_paid: invoice.amount_paid + invoice.amount_remaining,
      amount_remaining: 0,
      attempted: true,
      auto_advance: false,
      next_payment_attempt: null,
      status: "paid",
      status_transitions: { ...invoice.status_transitions, paid_at: world.now() },
    },
    "invoice.updated",
  );
  if (!isOutOfBand) settlePayments(world, invoice.id);
  world.emit("invoice.paid", paid);
  if (!isOutOfBand) world.emit("invoice.payment_succeeded", paid);
  afterPaid(world, paid);
  return world.get("invoices", invoice.id);
}

/** What the customer's next payment is taken from: the subscription's own method goes before the customer's. */
export function methodOf(world: World, invoice: Invoice): string | null {
  const { default_payment_method: own } = subscriptionOf(world, invoice);
  return own ?? world.get("customers", invoice.customer ?? "").invoice_settings.default_payment_method;
}

function changeBalance(world: World, customerId: string, balance: number): Stored["customers"] {
  return world.change("customers", { ...world.get("customers", customerId), balance }, "customer.updated");
}

function dueDate(world: World, draft: Invoice): number | null {
  if (draft.collection_method !== "send_invoice") return null;
  return world.now() + (subscriptionOf(world, draft).days_until_due ?? 30) * DAY_SECONDS;
}
