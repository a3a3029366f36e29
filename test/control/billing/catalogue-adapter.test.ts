import { API_VERSION } from "@pharmasight/adapters/stripe/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isStandIn, type StripeWorld, startStripeWorld } from "./stripe.ts";

let world: StripeWorld;
beforeEach(async () => {
  world = await startStripeWorld();
});
afterEach(async () => {
  await world.stop();
});

const starter = {
  product: "plan:starter",
  name: "PharmaSight Starter",
  description: "1 branch, 5 people, 10,000 items",
  key: "starter_month_kes",
  amount: "12900.00",
  currency: "KES",
  interval: "month",
} as const;

// What is published stays at Stripe, and would not be new for the next run.
describe.runIf(isStandIn)("prices", () => {
  test("are made once, under a key and with what they sell, and found again", async () => {
    const made = await world.catalogue.publish(starter);
    expect(made.outcome).toBe("made");
    expect(await world.catalogue.publish(starter)).toEqual({ priceId: made.priceId, outcome: "found" });
    expect(await world.sdk.prices.retrieve(made.priceId, { expand: ["product"] })).toMatchObject({
      unit_amount: 1_290_000,
      currency: "kes",
      recurring: { interval: "month", interval_count: 1 },
      lookup_key: "starter_month_kes",
      metadata: { sells: "plan:starter" },
      product: { id: "pharmasight_plan_starter", name: "PharmaSight Starter" },
    });
  });

  test("that differ replace the one under their key, and who has the old one keeps it", async () => {
    const customerId = await world.customer();
    const old = await world.catalogue.publish({ ...starter, key: "own", currency: "USD", amount: "99.00" });
    await world.subscribe(customerId, old.priceId);
    const dearer = await world.catalogue.publish({ ...starter, key: "own", currency: "USD", amount: "109.00" });
    expect(dearer.outcome).toBe("replaced");
    expect(await world.sdk.prices.retrieve(old.priceId)).toMatchObject({ active: false, lookup_key: null });
    const { subscriptions } = await world.subscriptions.read(customerId);
    expect(subscriptions[0]?.items).toMatchObject([{ priceId: old.priceId, unitAmount: "99.00" }]);
    // And back: a new price, as the first one is out of sale.
    const back = await world.catalogue.publish({ ...starter, key: "own", currency: "USD", amount: "99.00" });
    expect(back.outcome).toBe("replaced");
    expect([old.priceId, dearer.priceId]).not.toContain(back.priceId);
  });

  test("are made once by many at a time, and also when a reply was lost", async () => {
    world.stripe?.faults.add({ on: "POST /v1/prices", action: "lost-reply" });
    const all = await Promise.all(Array.from({ length: 5 }, () => world.catalogue.publish(starter)));
    expect(new Set(all.map(({ priceId }) => priceId)).size).toBe(1);
  });

  test("are withdrawn, and products called as they are called now", async () => {
    const { priceId } = await world.catalogue.publish(starter);
    await world.catalogue.withdraw(priceId);
    await world.catalogue.withdraw(priceId);
    expect((await world.sdk.prices.retrieve(priceId)).active).toBe(false);
    await world.catalogue.publish({ ...starter, key: "other", name: "PharmaSight Small" });
    expect((await world.sdk.products.retrieve("pharmasight_plan_starter")).name).toBe("PharmaSight Small");
  });
});

describe.runIf(isStandIn)("the endpoint", () => {
  const url = "https://hooks.pharmasight.com/stripe";

  test("is made once, in the version of the SDK, and its secret is told once", async () => {
    const made = await world.catalogue.ensureEndpoint(url);
    expect(made.secret).toMatch(/^whsec_/);
    expect(await world.catalogue.ensureEndpoint(url)).toEqual({ endpointId: made.endpointId, secret: undefined });
    const { data } = await world.sdk.webhookEndpoints.list();
    expect(data).toMatchObject([{ url, api_version: API_VERSION, status: "enabled" }]);
    expect(data[0]?.enabled_events).toContain("invoice.payment_action_required");
  });

  test("of another version is replaced, and others are left alone", async () => {
    const old = await world.sdk.webhookEndpoints.create({ url, enabled_events: ["*"], api_version: "2020-08-27" });
    const other = await world.sdk.webhookEndpoints.create({ url: "https://other.example.com", enabled_events: ["*"] });
    const { endpointId, secret } = await world.catalogue.ensureEndpoint(url);
    expect(secret).toMatch(/^whsec_/);
    const { data } = await world.sdk.webhookEndpoints.list();
    expect(data.map(({ id }) => id).toSorted()).toEqual([endpointId, other.id].toSorted());
    expect(data.map(({ id }) => id)).not.toContain(old.id);
  });
});

describe.runIf(isStandIn)("coupons", () => {
  const half = { code: "HALF3", percentOff: "50", amountOff: null, months: 3, expiresAt: null, redemptionsMax: 10 };

  test("are made once with the code that people type", async () => {
    expect(await world.catalogue.ensureCoupon(half)).toEqual({ outcome: "made" });
    expect(await world.catalogue.ensureCoupon(half)).toEqual({ outcome: "found" });
    const { data } = await world.sdk.promotionCodes.list();
    expect(data).toMatchObject([{ code: "HALF3", max_redemptions: 10, promotion: { coupon: "HALF3" } }]);
  });

  test("of the same code and other terms are refused", async () => {
    await world.catalogue.ensureCoupon(half);
    for (const other of [
      { percentOff: "40" },
      { months: null },
      { percentOff: null, amountOff: { amount: "10.00", currency: "USD" } },
    ]) {
      await expect(world.catalogue.ensureCoupon({ ...half, ...other })).rejects.toMatchObject({ code: "conflict" });
    }
  });
});
