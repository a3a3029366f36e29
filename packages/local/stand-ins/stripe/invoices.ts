import { HOUR_SECONDS } from "@pharmasight/core/kernel/clock";
import * as z from "zod";
import { attemptPayment, finalizeInvoice, payOutOfBand, voidInvoice } from "./collection.ts";
import { flag, mergeMetadata, metadataChanges, moments, within } from "./form.ts";
import type { Invoice } from "./invoice-lines.ts";
import { previewRoutes } from "./invoice-preview.ts";
import { intentOf } from "./payments.ts";
import { declined, invalid, listOf, listParameters } from "./replies.ts";
import { route } from "./routes.ts";
import type { World } from "./world.ts";

const none = z.strictObject({});
const filter = z.strictObject({
  ...listParameters,
  collection_method: z.enum(["charge_automatically", "send_invoice"]).optional(),
  created: moments.optional(),
  customer: z.string().optional(),
  status: z.enum(["draft", "open", "paid", "uncollectible", "void"]).optional(),
  subscription: z.string().optional(),
});
const payment = z.strictObject({
  off_session: flag.optional(),
  paid_out_of_band: flag.optional(),
  payment_method: z.string().optional(),
});

export const invoiceRoutes = [
  ...previewRoutes,
  route("GET", "/v1/invoices", filter, ({ world, params }) => list(world, params)),
  route("GET", "/v1/invoices/:id", none, ({ world, id }) => world.get("invoices", id)),
  route(
    "POST",
    "/v1/invoices/:id",
    z.strictObject({ metadata: metadataChanges.optional() }),
    ({ world, id, params }) => {
      const invoice = world.get("invoices", id);
      const metadata = mergeMetadata(invoice.metadata ?? {}, params.metadata);
      return world.change("invoices", { ...invoice, metadata }, "invoice.updated");
    },
  ),
  route("GET", "/v1/invoices/:id/lines", z.strictObject(listParameters), ({ world, id, params }) =>
    listOf(`/v1/invoices/${id}/lines`, world.get("invoices", id).lines.data, params),
  ),
  route("POST", "/v1/invoices/:id/pay", payment, ({ world, id, params }) => pay(world, id, params)),
  route(
    "POST",
    "/v1/invoices/:id/finalize",
    z.strictObject({ auto_advance: flag.optional() }),
    ({ world, id, params }) => finalize(world, id, params.auto_advance),
  ),
  route("POST", "/v1/invoices/:id/void", none, ({ world, id }) => voidInvoice(world, id)),
  route("POST", "/v1/invoices/:id/send", none, ({ world, id }) => send(world, id)),
];

function list(
  world: World,
  { collection_method: how, created, customer, status, subscription, ...page }: z.output<typeof filter>,
) {
  const found = world
    .all("invoices")
    .filter((one) => (how ?? one.collection_method) === one.collection_method && within(one.created, created))
    .filter((one) => (customer ?? one.customer) === one.customer && (status ?? one.status) === one.status)
    .filter((one) => {
      const own = one.parent?.subscription_details?.subscription;
      return (subscription ?? own) === own;
    });
  return listOf("/v1/invoices", found, page);
}

/** One that advances by itself is collected an hour later. */
function finalize(world: World, id: string, advances: boolean | undefined): Invoice {
  const invoice = finalizeInvoice(world, id);
  const auto = advances ?? invoice.auto_advance === true;
  if (invoice.status !== "open" || invoice.collection_method === "send_invoice") return invoice;
  const next = auto ? world.now() + HOUR_SECONDS : null;
  return world.put("invoices", { ...invoice, auto_advance: auto, next_payment_attempt: next });
}

/** @throws Refusal 402 when the bank says no or asks, and when there is nothing to pay with */
function pay(world: World, id: string, params: z.output<typeof payment>): Invoice {
  const { status } = world.get("invoices", id);
  if (status === "paid") throw invalid("Invoice is already paid.", { code: "invoice_already_paid" });
  if (status !== "draft" && status !== "open") throw invalid(`Invoice is ${status} and cannot be paid.`);
  if (params.paid_out_of_band === true) return payOutOfBand(world, id);
  if (status === "draft" && finalizeInvoice(world, id).status === "paid") return world.get("invoices", id);
  const outcome = attemptPayment(world, id, { paymentMethod: params.payment_method });
  const paid = world.get("invoices", id);
  switch (outcome.kind) {
    case "declined":
      throw declined("card_declined", outcome.message, { decline_code: outcome.declineCode });
    case "asks":
      throw declined(
        "invoice_payment_intent_requires_action",
        "This payment requires additional user action before it can be completed successfully. Payment can be completed using the PaymentIntent associated with this invoice.",
        { payment_intent: intentOf(world, id) ?? {} },
      );
    case "no-method":
      throw invalid("There is no `default_payment_method` set on this Customer, its subscription or the invoice.", {
        code: "missing",
      });
    default:
      return paid;
  }
}

/** Mails it. @throws Refusal for one that is collected by itself */
function send(world: World, id: string): Invoice {
  const draft = world.get("invoices", id);
  if (draft.collection_method !== "send_invoice") {
    throw invalid("You can only manually send an invoice if its collection method is 'send_invoice'.");
  }
  const invoice = draft.status === "draft" ? finalizeInvoice(world, id) : draft;
  if (invoice.status !== "open" && invoice.status !== "paid") throw invalid(`Invoice is ${invoice.status}.`);
  world.emit("invoice.sent", invoice);
  return invoice;
}
