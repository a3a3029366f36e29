import { afterEach, beforeEach, expect, test } from "vitest";
import { DAY, HOUR, itemWith, type Shop, startShop, submit } from "./shop.ts";

let shop: Shop;

beforeEach(async () => {
  shop = await startShop();
});
afterEach(() => shop.stop());

const sent = { collection_method: "send_invoice", days_until_due: 14 } as const;

test("a subscription that is sent invoices is active at once and behind when one is due", async () => {
  const { id } = await shop.stripe.customers.create({ email: "a@b.ke" });
  const subscription = await shop.subscribe(id, [shop.price.growthYear], sent);
  expect(subscription.status).toBe("active");
  expect((await shop.invoices(subscription.id))[0]).toMatchObject({ status: "draft" });
  shop.advance(HOUR);
  const [invoice] = await shop.invoices(subscription.id);
  expect(invoice).toMatchObject({ status: "open", due_date: shop.now() + 14 * DAY, next_payment_attempt: null });
  shop.advance(14 * DAY);
  expect((await shop.subscription(subscription.id)).status).toBe("past_due");
  expect((await shop.invoices(subscription.id))[0]).toMatchObject({ attempt_count: 0 });
});

test("money that came another way is recorded: paid, without a charge, and active again", async () => {
  const { id } = await shop.stripe.customers.create({ email: "a@b.ke" });
  const subscription = await shop.subscribe(id, [shop.price.growthYear], sent);
  const invoice = String(subscription.latest_invoice);
  expect((await shop.stripe.invoices.sendInvoice(invoice)).status).toBe("open");
  shop.advance(20 * DAY);
  shop.newEvents();
  const paid = await shop.stripe.invoices.pay(invoice, { paid_out_of_band: true });
  expect(paid).toMatchObject({ status: "paid", amount_remaining: 0, amount_paid_off_stripe: 99_000 });
  expect((await shop.subscription(subscription.id)).status).toBe("active");
  expect(shop.newEvents()).toEqual([
    "payment_intent.canceled",
    "invoice.updated",
    "invoice.paid",
    "customer.subscription.updated",
  ]);
  expect((await shop.stripe.invoicePayments.list({ invoice })).data).toMatchObject([{ status: "canceled" }]);
});

test("a draft can be made final and void, and nothing is done twice", async () => {
  const { id } = await shop.stripe.customers.create({ email: "a@b.ke" });
  const { latest_invoice: latest } = await shop.subscribe(id, [shop.price.growthYear], sent);
  const invoice = String(latest);
  await expect(shop.stripe.invoices.voidInvoice(invoice)).rejects.toMatchObject({ statusCode: 400 });
  expect(await shop.stripe.invoices.finalizeInvoice(invoice)).toMatchObject({ status: "open" });
  await expect(shop.stripe.invoices.finalizeInvoice(invoice)).rejects.toThrow("already finalized");
  expect(await shop.stripe.invoices.voidInvoice(invoice)).toMatchObject({ status: "void" });
  await expect(shop.stripe.invoices.pay(invoice)).rejects.toMatchObject({ statusCode: 400 });
});

test("the customer may pay it by card on its page", async () => {
  const { id } = await shop.stripe.customers.create({ email: "a@b.ke" });
  const { latest_invoice: latest } = await shop.subscribe(id, [shop.price.growthYear], sent);
  const { hosted_invoice_url: url } = await shop.stripe.invoices.sendInvoice(String(latest));
  const pay = (number: string) => submit(url ?? "", "pay", { card_number: number, card_expiry: "12/34" });
  expect((await pay("4000 0000 0000 0341")).text).toContain("Your card was declined.");
  expect((await pay("4242 4242 4242 4242")).text).toContain("paid");
});

test("changing how it is collected takes effect with the next invoice, and a change of plan is sent too", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.basic]);
  await expect(
    shop.stripe.subscriptions.update(subscription.id, { collection_method: "send_invoice" }),
  ).rejects.toMatchObject({ param: "days_until_due" });
  await shop.stripe.subscriptions.update(subscription.id, sent);
  const items = [{ id: itemWith(subscription, shop.price.basic), price: shop.price.growth }];
  await expect(
    shop.stripe.subscriptions.update(subscription.id, {
      items,
      proration_behavior: "always_invoice",
      payment_behavior: "pending_if_incomplete",
    }),
  ).rejects.toThrow("charge_automatically");
  await shop.stripe.subscriptions.update(subscription.id, { items, proration_behavior: "always_invoice" });
  expect((await shop.invoices(subscription.id))[0]).toMatchObject({ status: "open", due_date: shop.now() + 14 * DAY });
});
