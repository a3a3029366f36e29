import type Stripe from "stripe";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTestStripe, type TestStripe } from "./harness.ts";

let world: TestStripe;
let stripe: Stripe;

beforeEach(async () => {
  world = await startTestStripe();
  stripe = world.stripe;
});
afterEach(() => world.stop());

describe("products and prices", () => {
  const monthly = (unit_amount: number, more: Partial<Stripe.PriceCreateParams> = {}) =>
    stripe.prices.create({
      product: "growth",
      currency: "usd",
      unit_amount,
      recurring: { interval: "month" },
      ...more,
    });

  beforeEach(() => stripe.products.create({ id: "growth", name: "Growth" }));

  test("a product with an id of one's own is made once", async () => {
    await expect(stripe.products.create({ id: "growth", name: "Again" })).rejects.toMatchObject({
      code: "resource_already_exists",
    });
    await stripe.products.update("growth", { name: "Growth 2", marketing_features: [{ name: "Branches" }] });
    expect(await stripe.products.retrieve("growth")).toMatchObject({
      name: "Growth 2",
      marketing_features: [{ name: "Branches" }],
    });
  });

  test("a lookup key leads to one price and moves only when asked", async () => {
    const first = await monthly(1000, { lookup_key: "growth_month" });
    await expect(monthly(1200, { lookup_key: "growth_month" })).rejects.toMatchObject({ param: "lookup_key" });
    const second = await monthly(1200, { lookup_key: "growth_month", transfer_lookup_key: true });
    expect((await stripe.prices.retrieve(first.id)).lookup_key).toBeNull();
    const found = await stripe.prices.list({ lookup_keys: ["growth_month"], expand: ["data.product"] });
    expect(found.data).toMatchObject([{ id: second.id, product: { id: "growth", name: "Growth" } }]);
    expect(String(found.data[0]?.unit_amount_decimal)).toBe("1200");
    await stripe.prices.update(first.id, { lookup_key: "growth_month", transfer_lookup_key: true, active: false });
    expect((await stripe.prices.list({ lookup_keys: ["growth_month"], active: true })).data).toEqual([]);
    expect((await stripe.prices.list({ product: "growth" })).data.map(({ lookup_key: key }) => key)).toEqual([
      null,
      "growth_month",
    ]);
  });

  test("a list is walked to its end in both directions, and says when there is more", async () => {
    const made: string[] = [];
    for (let amount = 1; amount <= 7; amount += 1) made.unshift((await monthly(amount)).id);
    const walked: string[] = [];
    for await (const { id } of stripe.prices.list({ limit: 3 })) walked.push(id);
    expect(walked).toEqual(made);
    const back = await stripe.prices.list({ limit: 3, ending_before: made[5] ?? "" });
    expect(back.data.map(({ id }) => id)).toEqual(made.slice(2, 5));
    expect(back.has_more).toBe(true);
    expect((await stripe.prices.list({ limit: 5, ending_before: made[5] ?? "" })).has_more).toBe(false);
    expect((await stripe.prices.list({ limit: 7 })).has_more).toBe(false);
    await expect(stripe.prices.list({ starting_after: "price_x" })).rejects.toMatchObject({ code: "resource_missing" });
    await expect(stripe.prices.list({ limit: 101 })).rejects.toMatchObject({ param: "limit" });
  });

  test("unknown parameters, missing ones, wrong values and wrong expansions are refused by name", async () => {
    const refused = (params: object, path = "/v1/prices") =>
      stripe.rawRequest("POST", path, params as Record<string, unknown>).then(
        () => "accepted",
        ({ code, param }: { code?: string; param?: string }) => [code, param],
      );
    const good = { product: "growth", currency: "usd", unit_amount: 1 };
    expect(await refused({ ...good, colour: "blue" })).toEqual(["parameter_unknown", "colour"]);
    expect(await refused({ ...good, recurring: { interval: "month", colour: 1 } })).toEqual([
      "parameter_unknown",
      "recurring[colour]",
    ]);
    expect(await refused({ product: "growth", unit_amount: 1 })).toEqual(["parameter_missing", "currency"]);
    expect(await refused({ ...good, unit_amount: -1 })).toEqual([undefined, "unit_amount"]);
    expect(await refused({ ...good, product: "nothing" })).toEqual(["resource_missing", "product"]);
    expect(await refused({ ...good, expand: ["currency"] })).toEqual([undefined, "expand"]);
    expect(await refused({ ...good, expand: ["constructor"] })).toEqual([undefined, "expand"]);
    expect(await refused({ ...good, expand: ["product.default_price.product.default_price.product"] })).toEqual([
      undefined,
      "expand",
    ]);
    expect((await stripe.prices.list()).data).toEqual([]);
    expect((await stripe.events.list({ type: "price.created" })).data).toEqual([]);
  });
});

describe("coupons and promotion codes", () => {
  test("a coupon takes off either a share or an amount, for as long as it says", async () => {
    const half = await stripe.coupons.create({ percent_off: 50, duration: "repeating", duration_in_months: 3 });
    expect(half).toMatchObject({ percent_off: 50, amount_off: null, duration_in_months: 3, valid: true });
    const wrong: Stripe.CouponCreateParams[] = [
      {},
      { percent_off: 10, amount_off: 100, currency: "usd" },
      { amount_off: 100 },
      { percent_off: 101 },
      { percent_off: 10, duration: "repeating" },
      { percent_off: 10, duration: "once", duration_in_months: 2 },
    ];
    for (const params of wrong) await expect(stripe.coupons.create(params)).rejects.toMatchObject({ statusCode: 400 });
    await stripe.coupons.del(half.id);
    await expect(stripe.coupons.retrieve(half.id)).rejects.toMatchObject({ code: "resource_missing" });
  });

  test("a code is unique whatever its case, and dies with its time and its coupon", async () => {
    const now = world.clock.now().getTime() / 1000;
    await stripe.coupons.create({ id: "launch", percent_off: 20, redeem_by: now + 200 });
    const promotion = { type: "coupon", coupon: "launch" } as const;
    const code = await stripe.promotionCodes.create({ promotion, code: "Nairobi", expires_at: now + 100 });
    await expect(stripe.promotionCodes.create({ promotion, code: "NAIROBI" })).rejects.toMatchObject({ param: "code" });
    const actives = async () => (await stripe.promotionCodes.list({ active: true, code: "nairobi" })).data.length;
    expect(await actives()).toBe(1);
    await stripe.promotionCodes.update(code.id, { active: false });
    expect(await actives()).toBe(0);
    await stripe.promotionCodes.update(code.id, { active: true });
    world.clock.advance(100);
    expect(await actives()).toBe(0);
    await stripe.promotionCodes.create({ promotion, code: "NAIROBI" });
    expect(await actives()).toBe(1);
    world.clock.advance(100);
    expect(await actives()).toBe(0);
    expect((await stripe.coupons.retrieve("launch")).valid).toBe(false);
  });
});

test("a portal configuration is changed field by field", async () => {
  const { id, features } = await stripe.billingPortal.configurations.create({
    business_profile: { headline: "PharmaSight" },
    features: {
      invoice_history: { enabled: true },
      customer_update: { enabled: true, allowed_updates: ["name", "tax_id"] },
      subscription_cancel: { enabled: true, mode: "at_period_end" },
    },
  });
  expect(features).toMatchObject({ payment_method_update: { enabled: false }, invoice_history: { enabled: true } });
  await stripe.billingPortal.configurations.update(id, { features: { payment_method_update: { enabled: true } } });
  const [kept] = (await stripe.billingPortal.configurations.list({ active: true })).data;
  expect(kept).toMatchObject({
    business_profile: { headline: "PharmaSight" },
    features: {
      payment_method_update: { enabled: true },
      customer_update: { allowed_updates: ["name", "tax_id"] },
      subscription_cancel: { enabled: true },
    },
  });
});
