import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CARD, DAY, HOUR, hidden, openPage, periodOf, type Shop, startShop, submit } from "./shop.ts";

let shop: Shop;

beforeEach(async () => {
  shop = await startShop();
});
afterEach(() => shop.stop());

test("canceled by a call for the end of the period, it goes on until then and is undone by the flag", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.basic]);
  const { id } = subscription;
  const { end } = periodOf(subscription);
  const canceled = await shop.stripe.subscriptions.update(id, { cancel_at_period_end: true });
  expect(canceled).toMatchObject({
    cancel_at_period_end: true,
    cancel_at: end,
    canceled_at: shop.now(),
    status: "active",
  });
  const items = [{ price: shop.price.module }];
  for (const more of [{}, { subscription_details: { items, proration_behavior: "none" } }]) {
    await expect(shop.stripe.invoices.createPreview({ subscription: id, ...more })).rejects.toMatchObject({
      code: "invoice_upcoming_none",
    });
  }
  const undone = await shop.stripe.subscriptions.update(id, { cancel_at_period_end: false });
  expect(undone).toMatchObject({ cancel_at_period_end: false, cancel_at: null, canceled_at: null });
  await shop.stripe.subscriptions.update(id, { cancel_at_period_end: true });
  shop.newEvents();
  shop.advance(end - shop.now() - 1);
  expect((await shop.subscription(id)).status).toBe("active");
  shop.advance(1);
  expect(await shop.subscription(id)).toMatchObject({ status: "canceled", ended_at: end });
  expect(shop.newEvents()).toEqual(["customer.subscription.deleted"]);
  expect(await shop.invoices(id)).toHaveLength(1);
  await expect(shop.stripe.subscriptions.update(id, { cancel_at_period_end: false })).rejects.toMatchObject({
    code: "invalid_canceled_subscription_fields",
  });
});

test("a moment is undone by an empty moment and not by the flag, and not both can be sent", async () => {
  const { id } = await shop.subscribe(await shop.customer(), [shop.price.basic]);
  const at = shop.now() + 10 * DAY;
  const update = shop.stripe.subscriptions.update.bind(shop.stripe.subscriptions, id);
  expect(await update({ cancel_at: at })).toMatchObject({ cancel_at: at, cancel_at_period_end: false });
  expect(await update({ cancel_at_period_end: false })).toMatchObject({ cancel_at: at });
  expect(await update({ cancel_at: "" })).toMatchObject({ cancel_at: null });
  await expect(update({ cancel_at: at, cancel_at_period_end: false })).rejects.toThrow("only one");
  await expect(update({ cancel_at: shop.now() - 1 })).rejects.toMatchObject({ param: "cancel_at" });
});

test("canceled at once, nothing is refunded, open invoices are left, and nothing is collected any more", async () => {
  const customer = await shop.customer();
  const { id } = await shop.subscribe(customer, [shop.price.basic]);
  await shop.useCard(customer, "failsLater");
  shop.advance(31 * DAY);
  expect(await shop.stripe.subscriptions.cancel(id)).toMatchObject({ status: "canceled", ended_at: shop.now() });
  await shop.useCard(customer, "pays");
  shop.advance(60 * DAY);
  expect((await shop.invoices(id)).map(({ status }) => status)).toEqual(["open", "paid"]);
  await expect(shop.stripe.subscriptions.cancel(id)).rejects.toMatchObject({ code: "resource_missing" });
});

test("unused time becomes credit when it is asked for, never money", async () => {
  const customer = await shop.customer();
  const { id } = await shop.subscribe(customer, [shop.price.basic]);
  shop.advance(15 * DAY);
  await shop.stripe.subscriptions.cancel(id, { prorate: true, invoice_now: true });
  expect((await shop.invoices(id))[0]).toMatchObject({ total: -1450, status: "paid", amount_due: 0 });
  expect(await shop.stripe.customers.retrieve(customer)).toMatchObject({ balance: -1450 });
  expect((await shop.stripe.refunds.list()).data).toEqual([]);
});

describe("the portal", () => {
  const BACK = "https://duka.pharmasight.example/billing";
  const configure = async (mode: "at_period_end" | "immediately" = "at_period_end") =>
    (
      await shop.stripe.billingPortal.configurations.create({
        features: {
          subscription_cancel: { enabled: true, mode },
          payment_method_update: { enabled: true },
          invoice_history: { enabled: true },
          customer_update: { enabled: true, allowed_updates: ["name", "tax_id"] },
        },
      })
    ).id;
  const open = async (customer: string, more: object = {}, mode?: "at_period_end" | "immediately") =>
    (
      await shop.stripe.billingPortal.sessions.create({
        customer,
        configuration: await configure(mode),
        return_url: BACK,
        ...more,
      })
    ).url;

  test("cancels by a moment and leaves the flag alone, and takes it back", async () => {
    const customer = await shop.customer();
    const subscription = await shop.subscribe(customer, [shop.price.basic]);
    const url = await open(customer);
    expect((await openPage(url)).text).toContain("Cancel subscription");
    const asked = await openPage(`${url}?page=subscription_cancel&subscription=${subscription.id}`);
    expect(asked.text).toContain("1 Dec 2026");
    const done = await submit(url, "cancel", {
      subscription: hidden(asked, "subscription"),
      feedback: "too_expensive",
      comment: "",
    });
    expect(done).toMatchObject({ status: 303, location: url });
    const { end } = periodOf(subscription);
    expect(await shop.subscription(subscription.id)).toMatchObject({
      cancel_at: end,
      cancel_at_period_end: false,
      cancellation_details: { feedback: "too_expensive", comment: null, reason: "cancellation_requested" },
      status: "active",
    });
    await submit(url, "renew", { subscription: subscription.id });
    expect(await shop.subscription(subscription.id)).toMatchObject({ cancel_at: null, canceled_at: null });
    await submit(url, "cancel", { subscription: subscription.id });
    shop.advance(end - shop.now());
    expect((await shop.subscription(subscription.id)).status).toBe("canceled");
  });

  test("lets go of a schedule first", async () => {
    const customer = await shop.customer();
    const { id } = await shop.subscribe(customer, [shop.price.basic]);
    const schedule = await shop.stripe.subscriptionSchedules.create({ from_subscription: id });
    await submit(await open(customer), "cancel", { subscription: id });
    expect(await shop.subscription(id)).toMatchObject({ schedule: null, cancel_at: expect.any(Number) });
    expect((await shop.stripe.subscriptionSchedules.retrieve(schedule.id)).status).toBe("released");
  });

  test("with a flow shows that alone and leads back where the flow says", async () => {
    const customer = await shop.customer();
    const { id } = await shop.subscribe(customer, [shop.price.basic]);
    const flow = {
      flow_data: {
        type: "subscription_cancel",
        subscription_cancel: { subscription: id },
        after_completion: { type: "redirect", redirect: { return_url: `${BACK}?done` } },
      },
    };
    const url = await open(customer, flow, "immediately");
    expect((await openPage(url)).text).toContain("ends at once");
    expect(await submit(url, "cancel")).toMatchObject({ status: 303, location: `${BACK}?done` });
    expect((await shop.subscription(id)).status).toBe("canceled");
    await expect(open(customer, flow)).rejects.toMatchObject({ statusCode: 400 });
  });

  test("a new card becomes the customer's default; a subscription with a card of its own keeps that", async () => {
    const customer = await shop.customer();
    const { id } = await shop.subscribe(customer, [shop.price.basic]);
    const own = await shop.useCard(customer, "pays");
    await shop.stripe.subscriptions.update(id, { default_payment_method: own });
    const url = await open(customer, { flow_data: { type: "payment_method_update" } });
    const card = (number: string) => submit(url, "card", { card_number: number, card_expiry: "12/34", card_cvc: "1" });
    expect((await card(CARD.declines)).text).toContain("Your card was declined.");
    expect((await card("1234")).text).toContain("incorrect");
    expect(await card(CARD.failsLater)).toMatchObject({ status: 303, location: BACK });
    const asked = await card(CARD.asksOnce);
    expect((await submit(url, "refuse")).text).toContain("unable to authenticate");
    await submit(url, "confirm", { payment_method: hidden(asked, "payment_method") });
    const now = await shop.stripe.customers.retrieve(customer, { expand: ["invoice_settings.default_payment_method"] });
    expect(now).toMatchObject({ invoice_settings: { default_payment_method: { card: { last4: "3155" } } } });
    expect((await shop.subscription(id)).default_payment_method).toBe(own);
    await shop.stripe.subscriptions.update(id, { default_payment_method: "" });
    shop.advance(31 * DAY);
    expect((await shop.subscription(id)).status).toBe("active");
  });

  test("shows no other customer's subscription, does nothing that its configuration does not allow, and ends after an hour", async () => {
    const customer = await shop.customer();
    const other = await shop.subscribe(await shop.customer(), [shop.price.basic]);
    const url = await open(customer);
    expect(await submit(url, "cancel", { subscription: other.id })).toMatchObject({ status: 404 });
    expect((await shop.subscription(other.id)).cancel_at).toBeNull();
    expect(await submit(url, "tax_id", { tax_id_type: "ke_pin", tax_id: "x" })).toMatchObject({ status: 200 });
    expect(await submit(url, "tax_id", { tax_id_type: "ke_pin", tax_id: "P051234567X" })).toMatchObject({
      status: 303,
    });
    const { id } = await shop.stripe.billingPortal.configurations.create({
      features: { invoice_history: { enabled: true } },
    });
    const bare = (await shop.stripe.billingPortal.sessions.create({ customer, configuration: id })).url;
    expect((await submit(bare, "card", { card_number: CARD.pays })).text).toContain("not possible here");
    shop.advance(HOUR);
    expect(await openPage(url)).toMatchObject({ status: 410 });
  });
});
