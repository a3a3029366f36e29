import type Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DAY, openPage, type Shop, startShop } from "./shop.ts";

let shop: Shop;

beforeEach(async () => {
  shop = await startShop();
});
afterEach(() => shop.stop());

/** An invoice of 44.00 that was paid by card. */
async function paidInvoice(): Promise<{ customer: string; invoice: Stripe.Invoice; charge: string }> {
  const customer = await shop.customer();
  const { id } = await shop.subscribe(customer, [shop.price.basic, shop.price.module]);
  const [invoice] = await shop.invoices(id);
  if (invoice === undefined) throw new Error("There is an invoice.");
  const { data } = await shop.stripe.invoicePayments.list({
    invoice: invoice.id,
    expand: ["data.payment.payment_intent"],
  });
  const intent = data[0]?.payment.payment_intent;
  if (intent === undefined || typeof intent === "string") throw new Error("The intent was asked for.");
  return { customer, invoice, charge: String(intent.latest_charge) };
}

test("a credit note with a refund gives a part back to the card, and both are in the books", async () => {
  const { invoice, charge } = await paidInvoice();
  shop.newEvents();
  const note = await shop.stripe.creditNotes.create({
    invoice: invoice.id,
    amount: 1000,
    refund_amount: 1000,
    reason: "order_change",
    memo: "Two days without service",
    expand: ["refunds.refund"],
  });
  expect(note).toMatchObject({ amount: 1000, type: "post_payment", status: "issued", post_payment_amount: 1000 });
  expect(note.refunds).toMatchObject([{ amount_refunded: 1000, refund: { status: "succeeded", charge } }]);
  expect(await shop.stripe.charges.retrieve(charge)).toMatchObject({ amount_refunded: 1000, refunded: false });
  expect(await shop.stripe.invoices.retrieve(invoice.id)).toMatchObject({
    status: "paid",
    post_payment_credit_notes_amount: 1000,
  });
  expect(shop.newEvents()).toEqual(["invoice.updated", "refund.created", "charge.refunded", "credit_note.created"]);
  expect((await shop.stripe.refunds.list({ charge })).data).toHaveLength(1);
  expect((await shop.stripe.creditNotes.list({ invoice: invoice.id })).data.map(({ id }) => id)).toEqual([note.id]);
});

test("lines can be credited, and no more than the invoice altogether", async () => {
  const { invoice } = await paidInvoice();
  const [basic, module] = invoice.lines.data;
  const params = {
    invoice: invoice.id,
    lines: [{ type: "invoice_line_item" as const, invoice_line_item: module?.id ?? "", quantity: 1 }],
    refund_amount: 1500,
  };
  expect((await shop.stripe.creditNotes.preview(params)).total).toBe(1500);
  expect((await shop.stripe.creditNotes.list({ invoice: invoice.id })).data).toEqual([]);
  await shop.stripe.creditNotes.create(params);
  const rest = {
    invoice: invoice.id,
    lines: [{ type: "invoice_line_item" as const, invoice_line_item: basic?.id ?? "", amount: 2900 }],
  };
  await expect(shop.stripe.creditNotes.create({ ...rest, refund_amount: 2901 })).rejects.toThrow("must equal");
  await shop.stripe.creditNotes.create({ ...rest, refund_amount: 900, credit_amount: 2000 });
  await expect(
    shop.stripe.creditNotes.create({ invoice: invoice.id, amount: 1, refund_amount: 1 }),
  ).rejects.toMatchObject({ param: "amount" });
});

test("a refund to the balance is used by the next invoice", async () => {
  const { customer, invoice } = await paidInvoice();
  await shop.stripe.creditNotes.create({ invoice: invoice.id, amount: 900, credit_amount: 900 });
  expect(await shop.stripe.customers.retrieve(customer)).toMatchObject({ balance: -900 });
  shop.advance(31 * DAY);
  const [next] = (await shop.stripe.invoices.list({ customer })).data;
  expect(next).toMatchObject({ total: 4400, amount_due: 3500, amount_paid: 3500, starting_balance: -900 });
  const refund = (amount: number) =>
    shop.stripe.creditNotes.create({ invoice: next?.id ?? "", amount, refund_amount: amount });
  await refund(1000);
  await expect(refund(2501)).rejects.toThrow("greater than unrefunded amount");
  expect(await refund(2500)).toMatchObject({ status: "issued" });
});

test("of an open invoice a credit note lowers what is due, down to paid", async () => {
  const customer = await shop.customer();
  const { id } = await shop.subscribe(customer, [shop.price.basic]);
  await shop.useCard(customer, "failsLater");
  shop.advance(31 * DAY);
  const [open] = await shop.invoices(id);
  const credit = (amount: number) => shop.stripe.creditNotes.create({ invoice: open?.id ?? "", amount });
  expect(await credit(900)).toMatchObject({ type: "pre_payment", pre_payment_amount: 900 });
  expect((await shop.invoices(id))[0]).toMatchObject({ amount_due: 2000, amount_remaining: 2000, status: "open" });
  await expect(credit(2001)).rejects.toMatchObject({ param: "amount" });
  await credit(2000);
  expect((await shop.invoices(id))[0]).toMatchObject({ status: "paid", amount_paid: 0 });
  expect((await shop.subscription(id)).status).toBe("active");
});

test("what is left of it is what the card pays", async () => {
  const customer = await shop.customer();
  const { id } = await shop.subscribe(customer, [shop.price.basic]);
  await shop.useCard(customer, "failsLater");
  shop.advance(31 * DAY);
  const [open] = await shop.invoices(id);
  await shop.stripe.creditNotes.create({ invoice: open?.id ?? "", amount: 900 });
  await shop.useCard(customer, "pays");
  expect(await shop.stripe.invoices.pay(open?.id ?? "")).toMatchObject({ amount_paid: 2000, status: "paid" });
  const [charge] = (await shop.stripe.charges.list({ customer, limit: 1 })).data;
  expect(charge?.amount).toBe(2000);
});

test("a disputed charge says so, cannot be refunded, and is told", async () => {
  const { invoice, charge } = await paidInvoice();
  shop.newEvents();
  const act = (body: object) =>
    fetch(`${shop.standIn.url}/_acts`, { method: "POST", body: JSON.stringify(body) }).then(({ status }) => status);
  expect(await act({ kind: "dispute", charge })).toBe(200);
  expect(shop.newEvents()).toEqual(["charge.updated", "charge.dispute.created"]);
  expect((await shop.stripe.charges.retrieve(charge)).disputed).toBe(true);
  const { data } = await shop.stripe.disputes.list({ charge });
  expect(data).toMatchObject([{ status: "needs_response", amount: 4400, reason: "fraudulent" }]);
  await expect(
    shop.stripe.creditNotes.create({ invoice: invoice.id, amount: 4400, refund_amount: 4400 }),
  ).rejects.toMatchObject({ code: "charge_disputed" });
  expect((await shop.stripe.creditNotes.list({ invoice: invoice.id })).data).toEqual([]);
});

test("invoices and credit notes can be downloaded", async () => {
  const { invoice } = await paidInvoice();
  const note = await shop.stripe.creditNotes.create({ invoice: invoice.id, amount: 1000, refund_amount: 1000 });
  const download = async (url: string | null | undefined) => {
    const response = await fetch(url ?? "");
    expect(response.headers.get("content-type")).toBe("application/pdf");
    return Buffer.from(await response.arrayBuffer()).toString("latin1");
  };
  const file = await download(invoice.invoice_pdf);
  expect(file.startsWith("%PDF-1.4")).toBe(true);
  for (const text of [invoice.number ?? "", "Duka la Dawa", "USD 44.00"]) expect(file).toContain(text);
  expect(await download(note.pdf)).toContain(note.number);
  expect((await openPage(invoice.hosted_invoice_url ?? "")).text).toContain("Download invoice");
});
