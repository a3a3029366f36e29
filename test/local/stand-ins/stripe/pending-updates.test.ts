import type Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DAY, HOUR, hidden, itemWith, openPage, periodOf, type Shop, startShop, submit } from "./shop.ts";

let shop: Shop;

beforeEach(async () => {
  shop = await startShop();
});
afterEach(() => shop.stop());

const HALF = 15 * DAY;

/** A subscription that wants the bigger plan while its card asks or fails. */
async function upgrading(card: "asksAlways" | "failsLater") {
  const customer = await shop.customer();
  const before = await shop.subscribe(customer, [shop.price.basic, shop.price.module]);
  await shop.useCard(customer, card);
  shop.advance(HALF);
  shop.newEvents();
  const after = await upgrade(before);
  return { customer, before, after };
}

const upgrade = (subscription: Stripe.Subscription, price = shop.price.growth) =>
  shop.stripe.subscriptions.update(subscription.id, {
    items: [{ id: itemWith(subscription, shop.price.basic), price }],
    proration_behavior: "always_invoice",
    payment_behavior: "pending_if_incomplete",
    expand: ["latest_invoice"],
  });

const prices = (subscription: Stripe.Subscription) => subscription.items.data.map(({ price }) => price.id);

const invoiceOf = ({ latest_invoice: invoice }: Stripe.Subscription): Stripe.Invoice => {
  if (invoice === null || typeof invoice === "string") throw new Error("The invoice was asked for.");
  return invoice;
};

test("an update whose payment asks for its holder is pending and changes nothing yet", async () => {
  const { before, after } = await upgrading("asksAlways");
  expect(prices(after)).toEqual(prices(before));
  expect(after.status).toBe("active");
  expect(after.pending_update).toMatchObject({ expires_at: shop.now() + 23 * HOUR, billing_cycle_anchor: null });
  expect(after.pending_update?.subscription_items?.map(({ price }) => price.id)).toEqual([
    shop.price.growth,
    shop.price.module,
  ]);
  expect(invoiceOf(after)).toMatchObject({ status: "open", amount_due: 3500, next_payment_attempt: null });
  const events = shop.newEvents();
  expect(events).toContain("invoice.payment_action_required");
  expect(events.at(-1)).toBe("customer.subscription.updated");
});

test("the holder confirms on the invoice's page, and the update is in force", async () => {
  const { before, after } = await upgrading("asksAlways");
  const url = invoiceOf(after).hosted_invoice_url ?? "";
  expect((await openPage(url)).text).toContain("Confirm payment");
  const question = await submit(url, "ask");
  shop.newEvents();
  const paid = await submit(url, "confirm", { payment_method: hidden(question, "payment_method") });
  expect(paid.text).toContain("paid");
  const applied = await shop.subscription(before.id);
  expect(prices(applied)).toEqual([shop.price.growth, shop.price.module]);
  expect(applied.items.data.map(({ id }) => id)).toEqual(before.items.data.map(({ id }) => id));
  expect(applied.pending_update).toBeNull();
  expect(shop.newEvents().slice(-2)).toEqual([
    "customer.subscription.updated",
    "customer.subscription.pending_update_applied",
  ]);
});

test("the holder refuses: the page says so, and the update stays pending", async () => {
  const { before, after } = await upgrading("asksAlways");
  const url = invoiceOf(after).hosted_invoice_url ?? "";
  expect((await submit(url, "refuse")).text).toContain("unable to authenticate");
  expect((await shop.subscription(before.id)).pending_update).not.toBeNull();
  const paid = await submit(url, "pay", { card_number: "4242 4242 4242 4242", card_expiry: "12/34", card_cvc: "1" });
  expect(paid.text).toContain("paid");
  expect(prices(await shop.subscription(before.id))).toContain(shop.price.growth);
});

test("abandoned, it ends after 23 hours: the old plan stays, and nothing is owed", async () => {
  const { customer, before } = await upgrading("asksAlways");
  shop.advance(23 * HOUR - 1);
  expect((await shop.subscription(before.id)).pending_update).not.toBeNull();
  shop.newEvents();
  shop.advance(1);
  const after = await shop.subscription(before.id);
  expect(after).toMatchObject({ pending_update: null, status: "active" });
  expect(prices(after)).toEqual(prices(before));
  expect((await shop.invoices(before.id))[0]).toMatchObject({ status: "void" });
  expect(shop.newEvents()).toContain("customer.subscription.pending_update_expired");
  await shop.useCard(customer, "pays");
  expect(invoiceOf(await upgrade(before)).lines.data.map(({ amount }) => amount > 0)).toEqual([false, true]);
});

test("it does not outlive the period", async () => {
  const customer = await shop.customer();
  const subscription = await shop.subscribe(customer, [shop.price.basic]);
  await shop.useCard(customer, "failsLater");
  const { end } = periodOf(subscription);
  shop.advance(end - shop.now() - HOUR);
  expect((await upgrade(subscription)).pending_update?.expires_at).toBe(end);
});

test("another update takes the place of one that is pending", async () => {
  const { customer, before, after } = await upgrading("failsLater");
  const first = invoiceOf(after).id;
  await shop.useCard(customer, "pays");
  const now = await upgrade(before);
  expect(now.pending_update).toBeNull();
  expect(prices(now)).toContain(shop.price.growth);
  expect(invoiceOf(now)).toMatchObject({ status: "paid", amount_due: 3500 });
  expect(await shop.stripe.invoices.retrieve(first)).toMatchObject({ status: "void" });
});

test("voiding gives back the credit that the pending invoice had used", async () => {
  const customer = await shop.customer();
  const subscription = await shop.subscribe(customer, [shop.price.growth]);
  shop.advance(HALF);
  await shop.stripe.subscriptions.update(subscription.id, {
    items: [{ id: itemWith(subscription, shop.price.growth), price: shop.price.basic }],
    proration_behavior: "always_invoice",
  });
  await shop.useCard(customer, "failsLater");
  shop.advance(HOUR);
  await upgrade(await shop.subscription(subscription.id), shop.price.growthYear).catch(() => undefined);
  expect(await shop.stripe.customers.retrieve(customer)).toMatchObject({ balance: 0 });
  shop.advance(23 * HOUR);
  expect(await shop.stripe.customers.retrieve(customer)).toMatchObject({ balance: -3500 });
});

test("it ends with its subscription, and its invoice with it", async () => {
  const { before, after } = await upgrading("asksAlways");
  expect(await shop.stripe.subscriptions.cancel(before.id)).toMatchObject({ status: "canceled", pending_update: null });
  expect(await shop.stripe.invoices.retrieve(invoiceOf(after).id)).toMatchObject({ status: "void" });
});

test("it survives a payment that is behind, and paying it brings the subscription back", async () => {
  const customer = await shop.customer();
  const subscription = await shop.subscribe(customer, [shop.price.basic]);
  await shop.useCard(customer, "failsLater");
  shop.advance(31 * DAY);
  expect((await shop.subscription(subscription.id)).status).toBe("past_due");
  const after = await upgrade(subscription);
  expect(after).toMatchObject({ status: "past_due", pending_update: {} });
  expect(prices(after)).toEqual([shop.price.basic]);
  await shop.useCard(customer, "pays");
  await shop.stripe.invoices.pay(invoiceOf(after).id);
  expect(await shop.subscription(subscription.id)).toMatchObject({ status: "active", pending_update: null });
});

test("what Stripe cannot make wait for a payment is refused beside it", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.basic]);
  const items = [{ id: itemWith(subscription, shop.price.basic), price: shop.price.growth }];
  for (const more of [
    { metadata: { a: "1" } },
    { cancel_at_period_end: true },
    { cancel_at: shop.now() + DAY },
    { days_until_due: 7 },
  ]) {
    const asked = shop.stripe.subscriptions.update(subscription.id, {
      items,
      proration_behavior: "always_invoice",
      payment_behavior: "pending_if_incomplete",
      ...more,
    });
    await expect(asked).rejects.toMatchObject({ param: Object.keys(more)[0] });
  }
  expect(await shop.subscription(subscription.id)).toEqual(subscription);
});

test("without that behaviour a change is made at once, and a payment that fails leaves it behind", async () => {
  const customer = await shop.customer();
  const subscription = await shop.subscribe(customer, [shop.price.basic]);
  await shop.useCard(customer, "failsLater");
  const after = await shop.stripe.subscriptions.update(subscription.id, {
    items: [{ id: itemWith(subscription, shop.price.basic), price: shop.price.growth }],
    proration_behavior: "always_invoice",
  });
  expect(prices(after)).toEqual([shop.price.growth]);
  expect(after.status).toBe("past_due");
});
