import * as fc from "fast-check";
import type Stripe from "stripe";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { amounts, DAY, HOUR, itemWith, periodOf, type Shop, startShop } from "./shop.ts";

let shop: Shop;

beforeEach(async () => {
  shop = await startShop();
});
afterEach(() => shop.stop());

type Items = Stripe.SubscriptionUpdateParams.Item[];

const preview = (subscription: string, items: Items, prorationDate: number) =>
  shop.stripe.invoices.createPreview({
    subscription,
    subscription_details: { items, proration_behavior: "always_invoice", proration_date: prorationDate },
  });

/** @returns the invoice that the change made */
async function change(subscription: string, items: Items, prorationDate?: number): Promise<Stripe.Invoice> {
  const { latest_invoice: invoice } = await shop.stripe.subscriptions.update(subscription, {
    items,
    proration_behavior: "always_invoice",
    payment_behavior: "pending_if_incomplete",
    expand: ["latest_invoice"],
    ...(prorationDate === undefined ? {} : { proration_date: prorationDate }),
  });
  if (invoice === null || typeof invoice === "string") throw new Error("The invoice was asked for.");
  return invoice;
}

test("an upgrade in the middle of a period of 30 days: half of the old comes back, half of the new is charged", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.basic, shop.price.module]);
  const item = itemWith(subscription, shop.price.basic);
  shop.advance(15 * DAY);
  const invoice = await change(subscription.id, [{ id: item, price: shop.price.growth }]);
  expect(amounts(invoice)).toEqual([-1450, 4950]);
  expect(invoice).toMatchObject({ status: "paid", billing_reason: "subscription_update", amount_paid: 3500 });
  const [credit, charge] = invoice.lines.data;
  const { end } = periodOf(subscription);
  for (const line of [credit, charge]) expect(line?.period).toEqual({ start: shop.now(), end });
  const [first] = (await shop.invoices(subscription.id)).toReversed();
  expect(credit?.parent?.subscription_item_details?.proration_details?.credited_items).toEqual({
    invoice: first?.id,
    invoice_line_items: [first?.lines.data[0]?.id],
  });
  const after = await shop.subscription(subscription.id);
  expect(itemWith(after, shop.price.growth)).toBe(item);
  expect(periodOf(after)).toEqual(periodOf(subscription));
});

test("rounds each line to the nearest cent, counted by the second", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.basic]);
  shop.advance(10 * DAY + 7 * HOUR + 13);
  const left = (30 * DAY - (10 * DAY + 7 * HOUR + 13)) / (30 * DAY);
  const invoice = await change(subscription.id, [
    { id: itemWith(subscription, shop.price.basic), price: shop.price.growth },
  ]);
  expect(amounts(invoice)).toEqual([-Math.round(2900 * left), Math.round(9900 * left)]);
  expect(amounts(invoice)).toEqual([-1905, 6504]);
});

test("a preview with its moment is the later invoice to the cent, whatever changed and whenever", {
  timeout: 120_000,
}, async () => {
  const moment = fc.integer({ min: 0, max: 29 * DAY });
  const steps = fc.array(fc.tuple(moment, fc.constantFrom("plan", "add", "remove", "yearly")), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const { id } = await shop.subscribe(await shop.customer(), [shop.price.basic]);
      for (const [seconds, kind] of list) {
        const { start, end } = periodOf(await shop.subscription(id));
        const target = Math.min(start + seconds, end - 2 * HOUR);
        if (target > shop.now()) shop.advance(target - shop.now());
        const items = changeOf(await shop.subscription(id), kind);
        if (items.length === 0) continue;
        const prorationDate = shop.now();
        const expected = await preview(id, items, prorationDate);
        shop.advance(600);
        const invoice = await change(id, items, prorationDate);
        expect(amounts(invoice)).toEqual(amounts(expected));
        expect([invoice.total, invoice.amount_due]).toEqual([expected.total, expected.amount_due]);
        expect(invoice.lines.data.map(({ description }) => description)).toEqual(
          expected.lines.data.map(({ description }) => description),
        );
      }
    }),
    { numRuns: 40 },
  );
});

function changeOf(subscription: Stripe.Subscription, kind: string): Items {
  const prices = subscription.items.data.map(({ price }) => price.id);
  const isYearly = prices.some((id) => id === shop.price.basicYear || id === shop.price.growthYear);
  const { basic, growth, basicYear, growthYear, module, moduleYear } = shop.price;
  const plan = prices.find((id) => id !== module && id !== moduleYear) ?? "";
  const addOn = prices.find((id) => id === module || id === moduleYear);
  const planItem = itemWith(subscription, plan);
  if (kind === "plan") {
    const other = { [basic]: growth, [growth]: basic, [basicYear]: growthYear, [growthYear]: basicYear }[plan];
    return [{ id: planItem, price: other ?? "" }];
  }
  if (kind === "add") return addOn === undefined ? [{ price: isYearly ? moduleYear : module }] : [];
  if (kind === "remove") return addOn === undefined ? [] : [{ id: itemWith(subscription, addOn), deleted: true }];
  if (isYearly) return [];
  return [
    { id: planItem, price: basicYear },
    ...(addOn === undefined ? [] : [{ id: itemWith(subscription, addOn), price: moduleYear }]),
  ];
}

test("what came and went within a period is paid for exactly as long as it was there", async () => {
  const { id } = await shop.subscribe(await shop.customer(), [shop.price.basic]);
  shop.advance(6 * DAY);
  const added = await change(id, [{ price: shop.price.module }]);
  expect(amounts(added)).toEqual([1200]);
  shop.advance(12 * DAY);
  const removed = await change(id, [{ id: itemWith(await shop.subscription(id), shop.price.module), deleted: true }]);
  expect(amounts(removed)).toEqual([-600]);
});

test("changed again, only what was billed last comes back", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.basic]);
  const id = itemWith(subscription, shop.price.basic);
  shop.advance(15 * DAY);
  expect(amounts(await change(subscription.id, [{ id, price: shop.price.growth }]))).toEqual([-1450, 4950]);
  shop.advance(5 * DAY);
  expect(amounts(await change(subscription.id, [{ id, price: shop.price.basic }]))).toEqual([-3300, 967]);
  shop.advance(5 * DAY);
  expect(amounts(await change(subscription.id, [{ id, quantity: 3 }]))).toEqual([-484, 1450]);
});

test("a module that a bigger plan includes goes with credit in the same call", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.basic, shop.price.module]);
  shop.advance(15 * DAY);
  const invoice = await change(subscription.id, [
    { id: itemWith(subscription, shop.price.basic), price: shop.price.growth },
    { id: itemWith(subscription, shop.price.module), deleted: true },
  ]);
  expect(amounts(invoice)).toEqual([-1450, -750, 4950]);
  expect((await shop.subscription(subscription.id)).items.data).toHaveLength(1);
});

test("from months to years the period begins now, and the whole year is charged", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.basic, shop.price.module]);
  shop.advance(15 * DAY);
  const invoice = await change(subscription.id, [
    { id: itemWith(subscription, shop.price.basic), price: shop.price.basicYear },
    { id: itemWith(subscription, shop.price.module), price: shop.price.moduleYear },
  ]);
  expect(amounts(invoice)).toEqual([-1450, -750, 29_000, 15_000]);
  const after = await shop.subscription(subscription.id);
  expect(after.billing_cycle_anchor).toBe(shop.now());
  expect(periodOf(after)).toEqual({ start: shop.now(), end: shop.now() + 365 * DAY });
});

describe("what is left over", () => {
  test("a downgrade at once becomes credit, which later invoices use before the card", async () => {
    const customer = await shop.customer();
    const subscription = await shop.subscribe(customer, [shop.price.growth]);
    shop.advance(15 * DAY);
    const invoice = await change(subscription.id, [
      { id: itemWith(subscription, shop.price.growth), price: shop.price.basic },
    ]);
    expect(invoice).toMatchObject({ total: -3500, amount_due: 0, status: "paid", ending_balance: -3500 });
    expect(await shop.stripe.customers.retrieve(customer)).toMatchObject({ balance: -3500 });
    const next = await shop.stripe.invoices.createPreview({ subscription: subscription.id });
    expect(next).toMatchObject({ total: 2900, amount_due: 0, starting_balance: -3500 });
    shop.advance(15 * DAY + 2 * HOUR);
    expect((await shop.invoices(subscription.id))[0]).toMatchObject({ amount_due: 0, ending_balance: -600 });
    shop.advance(31 * DAY);
    expect((await shop.invoices(subscription.id))[0]).toMatchObject({
      total: 2900,
      amount_due: 2300,
      amount_paid: 2300,
    });
    expect(await shop.stripe.customers.retrieve(customer)).toMatchObject({ balance: 0 });
  });

  test("credit is for what was billed after discounts", async () => {
    const coupon = await shop.stripe.coupons.create({ duration: "once", percent_off: 50 });
    const subscription = await shop.subscribe(await shop.customer(), [shop.price.basic], {
      discounts: [{ coupon: coupon.id }],
    });
    shop.advance(15 * DAY);
    const invoice = await change(subscription.id, [
      { id: itemWith(subscription, shop.price.basic), price: shop.price.growth },
    ]);
    expect(amounts(invoice)).toEqual([-725, 4950]);
  });
});

test("during a trial nothing is charged for a change", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.basic], {
    trial_end: shop.now() + 14 * DAY,
  });
  shop.advance(5 * DAY);
  await change(subscription.id, [{ id: itemWith(subscription, shop.price.basic), price: shop.price.growth }]);
  expect(await shop.invoices(subscription.id)).toHaveLength(1);
  shop.advance(9 * DAY + HOUR);
  expect((await shop.invoices(subscription.id))[0]).toMatchObject({ total: 9900, status: "paid" });
});

test("changes that make no sense are refused and change nothing", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.basic, shop.price.module]);
  const { id } = subscription;
  const plan = itemWith(subscription, shop.price.basic);
  const module = itemWith(subscription, shop.price.module);
  const before = await shop.subscription(id);
  const update = (params: Stripe.SubscriptionUpdateParams) =>
    shop.stripe.subscriptions.update(id, { proration_behavior: "always_invoice", ...params });
  await expect(update({ items: [{ price: shop.price.module }] })).rejects.toThrow("multiple subscription items");
  await expect(update({ items: [{ id: "si_x", deleted: true }] })).rejects.toMatchObject({ code: "resource_missing" });
  await expect(update({ items: [{ id: module, price: shop.price.moduleYear }] })).rejects.toThrow("intervals");
  await expect(
    update({
      items: [
        { id: module, deleted: true },
        { id: plan, deleted: true },
      ],
    }),
  ).rejects.toThrow("at least one");
  await expect(
    update({ items: [{ id: plan, price: shop.price.growth }], proration_date: shop.now() - DAY }),
  ).rejects.toMatchObject({ param: "proration_date" });
  await shop.stripe.prices.update(shop.price.growth, { active: false });
  await expect(update({ items: [{ id: plan, price: shop.price.growth }] })).rejects.toThrow("inactive");
  expect(await shop.subscription(id)).toEqual(before);
  expect(await shop.invoices(id)).toHaveLength(1);
});
