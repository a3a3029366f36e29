import { DomainError, invalidInput, notFound } from "../../kernel/errors.ts";
import type { Subscriptions } from "../../ports/subscriptions.ts";
import { ControlAudit } from "../audit/audit.ts";
import { type Reasoned, reasonOfOperator, requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";

export interface PaymentMade extends Reasoned {
  readonly invoiceId: string;
  /** Of the bank or M-Pesa, such as `SJ12AB34CD`: what the payment is found by in the statement. */
  readonly reference: string;
}

const REFERENCE = /^[\p{L}\p{N}][\p{L}\p{N} ./-]{3,99}$/u;

/**
 * Records that an invoice was paid outside the payment provider, there and here. The same again is the same payment.
 * @returns whose invoice it is
 * @throws DomainError `forbidden`, `not_found`, `invalid_input` with `fields`, `conflict` when the invoice is paid or void,
 * or when the reference stands at another invoice; `unavailable`: then the same call again goes on
 */
export async function recordPayment(
  control: ControlScope,
  provider: Subscriptions,
  payment: PaymentMade,
): Promise<{ readonly tenantId: string }> {
  requireOperator(control);
  const reason = reasonOfOperator(payment);
  const { invoiceId } = payment;
  const reference = payment.reference.trim().replaceAll(/\s+/g, " ");
  if (!REFERENCE.test(reference)) {
    const message = "Give the payment's reference: 4 to 100 letters and digits.";
    throw invalidInput(message, { reference: message });
  }
  const { tenantId } = await control.tx((tx) => claim(tx, invoiceId, reference, reason));
  try {
    await provider.markPaid(invoiceId, `paid-${invoiceId}`);
  } catch (error) {
    // Refused for good, it was no payment of this invoice. No answer may mean that it was taken: the claim stays.
    if (error instanceof DomainError && error.code !== "unavailable") {
      await control.tx((tx) => release(tx, { tenantId, invoiceId, reference }, error.message));
    }
    throw error;
  }
  await control.tx((tx) =>
    tx.emit({
      queue: "billing",
      payload: { work: "converge", tenantId },
      dedupeKey: `paid-out-of-band:${invoiceId}:${reference}`,
    }),
  );
  return { tenantId };
}

/** Keeps the reference at the invoice before the provider is told: no payment counts for two. */
async function claim(tx: ControlScope, invoiceId: string, reference: string, reason: string) {
  const invoice = await tx.db
    .selectFrom("invoices")
    .select(["tenantId", "status", "amountDue", "currency", "paidReference"])
    .where("id", "=", invoiceId)
    .forUpdate()
    .executeTakeFirst();
  if (invoice === undefined) throw notFound("invoice");
  if (invoice.paidReference === reference) return invoice;
  if (invoice.paidReference !== null) {
    throw new DomainError("conflict", `The invoice is paid already, with the reference ${invoice.paidReference}.`);
  }
  if (invoice.status === "paid" || invoice.status === "void") {
    throw new DomainError("conflict", `The invoice is ${invoice.status}: nothing is to be paid.`);
  }
  const other = await tx.db
    .selectFrom("invoices")
    .select("id")
    .where("paidReference", "=", reference)
    .executeTakeFirst();
  if (other !== undefined) {
    throw new DomainError("conflict", `This reference stands at the invoice ${other.id} already.`);
  }
  await tx.db.updateTable("invoices").set({ paidReference: reference }).where("id", "=", invoiceId).execute();
  await ControlAudit.append(tx, {
    action: "invoice.paid_out_of_band",
    tenantId: invoice.tenantId,
    reason,
    after: { invoiceId, reference, amount: invoice.amountDue, currency: invoice.currency },
  });
  return invoice;
}

async function release(
  tx: ControlScope,
  {
    tenantId,
    invoiceId,
    reference,
  }: { readonly tenantId: string; readonly invoiceId: string; readonly reference: string },
  why: string,
): Promise<void> {
  await tx.db
    .updateTable("invoices")
    .set({ paidReference: null })
    .where("id", "=", invoiceId)
    .where("paidReference", "=", reference)
    .execute();
  await ControlAudit.append(tx, {
    action: "invoice.payment_refused",
    tenantId,
    reason: why,
    before: { invoiceId, reference },
  });
}
