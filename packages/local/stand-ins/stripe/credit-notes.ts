import * as z from "zod";
import { markPaid } from "./collection.ts";
import { netOf } from "./discounts.ts";
import { integer, mergeMetadata, metadataChanges } from "./form.ts";
import type { Invoice, Line } from "./invoice-lines.ts";
import { intentOf, paymentsOf } from "./payments.ts";
import { refund } from "./refunds.ts";
import { invalid, listOf, listParameters, missing, wholeList } from "./replies.ts";
import { route } from "./routes.ts";
import type { Stored, World } from "./world.ts";

type CreditNote = Stored["creditNotes"];
type CreditLine = CreditNote["lines"]["data"][number];

const creditedLine = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("invoice_line_item"),
    invoice_line_item: z.string(),
    amount: integer.optional(),
    quantity: integer.optional(),
  }),
  z.strictObject({
    type: z.literal("custom_line_item"),
    description: z.string(),
    quantity: integer.default(1),
    unit_amount: integer,
  }),
]);
const fields = {
  invoice: z.string(),
  amount: integer.optional(),
  lines: z.array(creditedLine).min(1).optional(),
  credit_amount: integer.optional(),
  out_of_band_amount: integer.optional(),
  refund_amount: integer.optional(),
  memo: z.string().max(5000).optional(),
  metadata: metadataChanges.optional(),
  reason: z.enum(["duplicate", "fraudulent", "order_change", "product_unsatisfactory"]).optional(),
};
const created = z.strictObject(fields);
type Asked = z.output<typeof created>;

export const creditNoteRoutes = [
  route("POST", "/v1/credit_notes", created, ({ world, params }) => create(world, params)),
  route("GET", "/v1/credit_notes/preview", created, ({ world, params }) => compose(world, world.id("cn"), params)),
  route("GET", "/v1/credit_notes/:id", z.strictObject({}), ({ world, id }) => world.get("creditNotes", id)),
  route(
    "GET",
    "/v1/credit_notes",
    z.strictObject({ ...listParameters, customer: z.string().optional(), invoice: z.string().optional() }),
    ({ world, params: { customer, invoice, ...page } }) => {
      const found = world
        .all("creditNotes")
        .filter((note) => (customer ?? note.customer) === note.customer && (invoice ?? note.invoice) === note.invoice);
      return listOf("/v1/credit_notes", found, page);
    },
  ),
];

/**
 * Lowers what is open of the invoice; of a paid one it gives back: to the card, to the customer's balance, or outside.
 * @throws Refusal when the amounts do not add up, or are more than is left
 */
function create(world: World, asked: Asked): CreditNote {
  const draft = compose(world, world.id("cn"), asked);
  const invoice = world.get("invoices", draft.invoice);
  if (draft.pre_payment_amount > 0) lowerOpen(world, invoice, draft.pre_payment_amount);
  else {
    const after = invoice.post_payment_credit_notes_amount + draft.post_payment_amount;
    world.change("invoices", { ...invoice, post_payment_credit_notes_amount: after }, "invoice.updated");
  }
  if (asked.credit_amount !== undefined) {
    const customer = world.get("customers", draft.customer);
    world.change("customers", { ...customer, balance: customer.balance - asked.credit_amount }, "customer.updated");
  }
  const refunds = asked.refund_amount ? [refundOf(world, invoice, asked.refund_amount)] : [];
  const note = world.put("creditNotes", { ...draft, refunds });
  world.emit("credit_note.created", note);
  return note;
}

function compose(world: World, id: string, asked: Asked): CreditNote {
  const invoice = world.get("invoices", asked.invoice, "invoice");
  if (invoice.status !== "open" && invoice.status !== "paid") {
    throw invalid(`You can only create a credit note for an invoice that is open or paid, not ${invoice.status}.`);
  }
  if ((asked.amount === undefined) === (asked.lines === undefined)) {
    throw invalid("Must provide one of `amount` or `lines`.", { param: "amount" });
  }
  const lines = asked.lines?.map((line) => creditLineOf(world, invoice, line)) ?? [
    creditLine(world, { amount: asked.amount ?? 0, description: "Credit", quantity: 1 }),
  ];
  const total = lines.reduce((sum, { amount }) => sum + amount, 0);
  const isOpen = invoice.status === "open";
  requireWithin(world, invoice, total);
  requireDivided(asked, total, isOpen);
  const number = world.all("creditNotes").filter((note) => note.invoice === invoice.id).length + 1;
  return {
    id,
    object: "credit_note",
    amount: total,
    amount_shipping: 0,
    created: world.now(),
    currency: invoice.currency,
    customer: invoice.customer ?? "",
    customer_account: null,
    customer_balance_transaction: null,
    discount_amount: 0,
    discount_amounts: [],
    effective_at: world.now(),
    invoice: invoice.id,
    lines: wholeList(`/v1/credit_notes/${id}/lines`, lines),
    livemode: false,
    memo: asked.memo ?? null,
    metadata: mergeMetadata({}, asked.metadata),
    number: `${invoice.number ?? invoice.id}-CN-${String(number).padStart(2, "0")}`,
    out_of_band_amount: asked.out_of_band_amount ?? null,
    pdf: `${world.url}/credit-notes/${id}/pdf`,
    post_payment_amount: isOpen ? 0 : total,
    pre_payment_amount: isOpen ? total : 0,
    pretax_credit_amounts: [],
    reason: asked.reason ?? null,
    refunds: [],
    shipping_cost: null,
    status: "issued",
    subtotal: total,
    subtotal_excluding_tax: total,
    total,
    total_excluding_tax: total,
    total_taxes: [],
    type: isOpen ? "pre_payment" : "post_payment",
    voided_at: null,
  };
}

/** What is credited to an open invoice is at most what is open; to a paid one, at most its total, all notes together. */
function requireWithin(world: World, invoice: Invoice, total: number): void {
  const earlier = world.all("creditNotes").filter((note) => note.invoice === invoice.id && note.status === "issued");
  const credited = earlier.reduce((sum, { amount }) => sum + amount, 0);
  const most = invoice.status === "open" ? invoice.amount_remaining : invoice.total - credited;
  if (total > 0 && total <= most) return;
  throw invalid(`The credit note's amount must be between 1 and ${most}, what is left of the invoice.`, {
    param: "amount",
  });
}

function requireDivided(asked: Asked, total: number, isOpen: boolean): void {
  const { credit_amount: credit = 0, out_of_band_amount: outside = 0, refund_amount: refunded = 0 } = asked;
  const given = credit + outside + refunded;
  if (isOpen && given > 0) {
    throw invalid("`credit_amount`, `refund_amount` and `out_of_band_amount` are only for invoices that are paid.");
  }
  if (!isOpen && given !== total) {
    throw invalid(
      `The sum of credit_amount, refund_amount and out_of_band_amount (${given}) must equal the credit note amount (${total}).`,
    );
  }
}

function lowerOpen(world: World, invoice: Invoice, amount: number): void {
  const left = invoice.amount_remaining - amount;
  const lowered: Invoice = {
    ...invoice,
    amount_due: invoice.amount_due - amount,
    amount_remaining: left,
    pre_payment_credit_notes_amount: invoice.pre_payment_credit_notes_amount + amount,
  };
  const intent = intentOf(world, invoice.id);
  if (intent !== undefined) world.put("paymentIntents", { ...intent, amount: left });
  for (const payment of paymentsOf(world, invoice.id)) {
    world.put("invoicePayments", { ...payment, amount_requested: left });
  }
  if (left === 0) markPaid(world, lowered);
  else world.change("invoices", lowered, "invoice.updated");
}

function refundOf(world: World, invoice: Invoice, amount: number): CreditNote["refunds"][number] {
  const charge = intentOf(world, invoice.id)?.latest_charge ?? null;
  if (charge === null) throw invalid("This invoice has no payment that could be refunded.", { param: "refund_amount" });
  const made = refund(world, charge, amount);
  return { amount_refunded: amount, payment_record_refund: null, refund: made.id, type: "refund" };
}

function creditLineOf(world: World, invoice: Invoice, asked: z.output<typeof creditedLine>): CreditLine {
  if (asked.type === "custom_line_item") {
    const { description, quantity, unit_amount } = asked;
    return creditLine(world, { amount: quantity * unit_amount, description, quantity });
  }
  const line: Line | undefined = invoice.lines.data.find(({ id }) => id === asked.invoice_line_item);
  if (line === undefined) throw missing("invoice line item", asked.invoice_line_item, "lines");
  const amount = asked.amount ?? Math.round((netOf(line) * (asked.quantity ?? 1)) / (line.quantity ?? 1));
  return {
    ...creditLine(world, {
      amount,
      description: line.description ?? "",
      quantity: asked.quantity ?? line.quantity ?? 1,
    }),
    invoice_line_item: line.id,
    type: "invoice_line_item",
  };
}

const creditLine = (
  world: World,
  {
    amount,
    description,
    quantity,
  }: { readonly amount: number; readonly description: string; readonly quantity: number },
): CreditLine => ({
  id: world.id("cnli"),
  object: "credit_note_line_item",
  amount,
  description,
  discount_amount: 0,
  discount_amounts: [],
  livemode: false,
  metadata: {},
  pretax_credit_amounts: [],
  quantity,
  tax_rates: [],
  taxes: [],
  type: "custom_line_item",
  unit_amount: null,
  unit_amount_decimal: null,
});
