import type Stripe from "stripe";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CARD, DAY, HOUR, hidden, openPage, type Shop, startShop, submit } from "./shop.ts";

let shop: Shop;
let customer: string;

beforeEach(async () => {
  shop = await startShop();
  customer = (await shop.stripe.customers.create({ name: "Duka la Dawa", email: "owner@example.com" })).id;
});
afterEach(() => shop.stop());

const SUCCESS = "https://duka.pharmasight.example/billing/done?session={CHECKOUT_SESSION_ID}";
const CANCEL = "https://duka.pharmasight.example/billing";

const start = (more: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
  shop.stripe.checkout.sessions.create({
    mode: "subscription",
    customer,
    line_items: [
      { price: shop.price.basic, quantity: 1 },
      { price: shop.price.module, quantity: 1 },
    ],
    success_url: SUCCESS,
    cancel_url: CANCEL,
    client_reference_id: "tenant-1",
    subscription_data: { metadata: { tenant_id: "tenant-1" }, billing_mode: { type: "flexible" } },
    ...more,
  });

const pay = ({ url }: Stripe.Checkout.Session, number: string, more: Record<string, string> = {}) =>
  submit(url ?? "", "pay", { card_number: number, card_expiry: "12/34", card_cvc: "123", name: "Asha", ...more });

const session = (id: string) => shop.stripe.checkout.sessions.retrieve(id, { expand: ["line_items", "subscription"] });

test("a card that pays makes the subscription, and leads back with the session's id", async () => {
  const open = await start();
  expect(open).toMatchObject({ status: "open", payment_status: "unpaid", amount_total: 4400, subscription: null });
  const shown = await openPage(open.url ?? "");
  for (const text of ["Basic", "Insurance claims", "USD 44.00", "owner@example.com", CANCEL]) {
    expect(shown.text).toContain(text);
  }
  shop.newEvents();
  expect(await pay(open, CARD.pays)).toMatchObject({
    status: 303,
    location: SUCCESS.replace("{CHECKOUT_SESSION_ID}", open.id),
  });
  expect(await session(open.id)).toMatchObject({
    status: "complete",
    payment_status: "paid",
    url: null,
    line_items: { data: [{ amount_total: 2900 }, { amount_total: 1500 }] },
    subscription: {
      status: "active",
      metadata: { tenant_id: "tenant-1" },
      billing_mode: { type: "flexible" },
      items: { data: [{ price: { id: shop.price.basic } }, { price: { id: shop.price.module } }] },
    },
  });
  const events = shop.newEvents();
  expect(events[events.indexOf("customer.subscription.created") - 1]).toBe("payment_method.attached");
  expect(events.slice(-3)).toEqual([
    "invoice.payment_succeeded",
    "customer.subscription.updated",
    "checkout.session.completed",
  ]);
  const created = shop.standIn.world.all("events").find(({ type }) => type === "customer.subscription.created");
  expect(created?.data.object).toMatchObject({ status: "incomplete" });
  expect((await openPage(open.url ?? "")).text).toContain("was completed");
  await pay(open, CARD.pays);
  expect((await shop.stripe.subscriptions.list({ customer })).data).toHaveLength(1);
});

test("a card that is declined is told so; the session stays open, nothing is left behind, and another card pays", async () => {
  const open = await start();
  shop.newEvents();
  for (const [number, words] of [
    [CARD.declines, "Your card was declined."],
    ["4000 0000 0000 9995", "Your card has insufficient funds."],
    [CARD.failsLater, "Your card was declined."],
    ["1234", "Your card number is incorrect."],
  ] as const) {
    expect((await pay(open, number)).text).toContain(words);
  }
  expect((await pay(open, CARD.pays, { card_expiry: "01/20" })).text).toContain("Your card has expired.");
  expect((await pay(open, CARD.pays, { card_expiry: "13/34" })).text).toContain("expiration date is incomplete");
  expect(shop.newEvents()).toEqual([]);
  expect(await session(open.id)).toMatchObject({ status: "open", subscription: null });
  expect(await pay(open, CARD.pays)).toMatchObject({ status: 303 });
});

test("a card that asks pays when its holder confirms, and not before", async () => {
  const open = await start();
  const url = open.url ?? "";
  const asked = await pay(open, CARD.asksOnce);
  expect(asked.text).toContain("Complete authentication");
  expect((await session(open.id)).status).toBe("open");
  const method = { payment_method: hidden(asked, "payment_method") };
  expect((await submit(url, "refuse", method)).text).toContain("unable to authenticate");
  expect((await submit(url, "confirm", { payment_method: "pm_other" })).status).toBe(200);
  expect((await session(open.id)).status).toBe("open");
  expect(await submit(url, "confirm", method)).toMatchObject({ status: 303 });
  shop.advance(31 * DAY);
  expect((await shop.stripe.subscriptions.list({ customer })).data).toMatchObject([{ status: "active" }]);
});

test("a trial collects the card and charges nothing until its end, whatever that card does then", async () => {
  const open = await start({ subscription_data: { trial_end: shop.now() + 5 * DAY } });
  expect(open.amount_total).toBe(0);
  expect((await openPage(open.url ?? "")).text).toContain("Start trial");
  expect(await pay(open, CARD.failsLater)).toMatchObject({ status: 303 });
  expect(await session(open.id)).toMatchObject({
    payment_status: "no_payment_required",
    subscription: { status: "trialing" },
  });
  shop.advance(5 * DAY + HOUR);
  expect((await shop.stripe.subscriptions.list({ customer })).data).toMatchObject([{ status: "past_due" }]);
});

test("nobody pays: it expires at its moment, or by a call, and cannot be paid any more", async () => {
  const [one, other] = [await start({ expires_at: shop.now() + HOUR }), await start()];
  shop.newEvents();
  shop.advance(HOUR);
  await shop.stripe.checkout.sessions.expire(other.id);
  expect(shop.newEvents()).toEqual(["checkout.session.expired", "checkout.session.expired"]);
  for (const { id, url } of [one, other]) {
    expect(await session(id)).toMatchObject({ status: "expired", url: null });
    expect((await submit(url ?? "", "pay", { card_number: CARD.pays })).text).toContain("has ended");
  }
  expect((await shop.stripe.checkout.sessions.list({ customer, status: "open" })).data).toEqual([]);
  await expect(shop.stripe.checkout.sessions.expire(one.id)).rejects.toMatchObject({ statusCode: 400 });
});

test("a customer with two open sessions can pay both: Stripe does not prevent it", async () => {
  const sessions = [await start(), await start()];
  for (const one of sessions) expect(await pay(one, CARD.pays)).toMatchObject({ status: 303 });
  expect((await shop.stripe.subscriptions.list({ customer })).data).toHaveLength(2);
});

describe("what is typed beside the card", () => {
  const business = {
    billing_address_collection: "required",
    tax_id_collection: { enabled: true },
    customer_update: { name: "auto", address: "auto" },
  } as const;
  const typed = {
    business_name: "Duka Ltd",
    tax_id_type: "ke_pin",
    tax_id: "P051234567X",
    country: "KE",
    line1: "Moi Avenue 1",
  };

  test("address, business name and tax id go to the customer and onto the invoice", async () => {
    const open = await start(business);
    expect((await pay(open, CARD.pays)).text).toContain("billing address is incomplete");
    const refused = await pay(open, CARD.pays, { ...typed, tax_id: "nonsense" });
    for (const text of ["Invalid value for ke_pin", "Moi Avenue 1", "Duka Ltd"]) expect(refused.text).toContain(text);
    expect(await pay(open, CARD.pays, typed)).toMatchObject({ status: 303 });
    expect(await shop.stripe.customers.retrieve(customer)).toMatchObject({
      name: "Duka Ltd",
      address: { country: "KE", line1: "Moi Avenue 1" },
    });
    const [invoice] = (await shop.stripe.invoices.list({ customer })).data;
    expect(invoice).toMatchObject({
      customer_name: "Duka Ltd",
      customer_tax_ids: [{ type: "ke_pin", value: "P051234567X" }],
    });
    expect(await session(open.id)).toMatchObject({ customer_details: { business_name: "Duka Ltd" } });
  });

  test("hostile text is only text", async () => {
    await shop.stripe.customers.update(customer, { name: `"><script>alert(1)</script>` });
    expect((await openPage((await start(business)).url ?? "")).text).not.toContain("<script>alert");
  });
});

describe("promotion codes", () => {
  const code = async (more: Partial<Stripe.CouponCreateParams> = {}) => {
    const coupon = await shop.stripe.coupons.create({ percent_off: 100, duration: "once", ...more });
    return shop.stripe.promotionCodes.create({ promotion: { type: "coupon", coupon: coupon.id }, code: "KARIBU" });
  };

  test("are typed on the page and lower what is due; a free first month still saves the card", async () => {
    const { id } = await code();
    const open = await start({ allow_promotion_codes: true });
    expect((await submit(open.url ?? "", "code", { promotion_code: "nope" })).text).toContain("This code is invalid.");
    expect((await submit(open.url ?? "", "code", { promotion_code: "karibu" })).text).toContain("USD 0.00");
    expect(await pay(open, CARD.pays)).toMatchObject({ status: 303 });
    expect(await session(open.id)).toMatchObject({ amount_total: 0, discounts: [{ promotion_code: id }] });
    const { data } = await shop.stripe.invoices.list({ customer });
    expect(data).toMatchObject([{ total: 0, status: "paid" }]);
    shop.advance(31 * DAY);
    expect((await shop.stripe.invoices.list({ customer })).data[0]).toMatchObject({ total: 4400, status: "paid" });
    expect((await shop.stripe.promotionCodes.retrieve(id)).times_redeemed).toBe(1);
  });

  test("that are used up meanwhile are told on the page, and nothing is charged", async () => {
    await code({ max_redemptions: 1 });
    const sessions = [await start({ allow_promotion_codes: true }), await start({ allow_promotion_codes: true })];
    for (const { url } of sessions) await submit(url ?? "", "code", { promotion_code: "KARIBU" });
    const [one, other] = sessions;
    if (one === undefined || other === undefined) throw new Error("There are two.");
    expect(await pay(one, CARD.pays)).toMatchObject({ status: 303 });
    expect((await pay(other, CARD.pays)).text).toContain("cannot be redeemed");
    expect((await shop.stripe.subscriptions.list({ customer })).data).toHaveLength(1);
    expect((await session(one.id)).line_items?.data).toHaveLength(2);
  });

  test("and a coupon that comes with the session is on the subscription", async () => {
    const coupon = await shop.stripe.coupons.create({ amount_off: 400, currency: "usd", duration: "forever" });
    const open = await start({ discounts: [{ coupon: coupon.id }] });
    expect(open).toMatchObject({ amount_subtotal: 4400, amount_total: 4000, total_details: { amount_discount: 400 } });
    await pay(open, CARD.pays);
    const { data } = await shop.stripe.subscriptions.list({ customer, expand: ["data.discounts"] });
    expect(data[0]?.discounts).toMatchObject([{ source: { coupon: coupon.id }, checkout_session: open.id }]);
  });
});

test("what Stripe refuses to open is refused", async () => {
  for (const more of [
    { allow_promotion_codes: true, discounts: [{ coupon: "x" }] },
    { expires_at: shop.now() + 60 },
    { expires_at: shop.now() + 25 * HOUR },
    { tax_id_collection: { enabled: true } },
    { subscription_data: { trial_end: shop.now() + DAY } },
    { line_items: [{ price: shop.price.basic }, { price: shop.price.moduleYear }] },
    { customer: "cus_unknown" },
  ]) {
    await expect(start(more)).rejects.toMatchObject({ type: "StripeInvalidRequestError" });
  }
  expect((await shop.stripe.checkout.sessions.list()).data).toEqual([]);
});
