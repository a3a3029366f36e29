import type { InvoiceSnapshot } from "@pharmasight/core/ports/subscriptions";
import type Stripe from "stripe";
import { everyOne, received } from "./client.ts";
import { readInvoice } from "./invoice-snapshots.ts";

/** Finishes a draft and voids what its subscription was asked for before, so that one payment is all that is wanted. */
export async function askOnlyFor(stripe: Stripe, invoiceId: string): Promise<InvoiceSnapshot> {
  const found = await readInvoice(stripe, invoiceId);
  if (found.status === "draft") {
    const finished = await stripe.invoices.finalizeInvoice(invoiceId, {}, { idempotencyKey: `ask-${invoiceId}` });
    received("invoice", finished);
  }
  const { subscriptionId } = found;
  if (subscriptionId !== null) {
    const open = await everyOne((page) =>
      stripe.invoices.list({ ...page, subscription: subscriptionId, status: "open" }),
    );
    const older = open.filter(({ id, created }) => id !== invoiceId && created * 1000 <= found.createdAt.getTime());
    for (const { id } of older) {
      received("invoice", await stripe.invoices.voidInvoice(id, {}, { idempotencyKey: `void-${id}` }));
    }
  }
  return readInvoice(stripe, invoiceId);
}
