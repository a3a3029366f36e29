import type Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DAY, HOUR, itemWith, periodOf, type Shop, startShop } from "./shop.ts";

let shop: Shop;

beforeEach(async () => {
  shop = await startShop();
});
afterEach(() => shop.stop());

/** Plans other items for the end of the period. */
async function plan(subscription: Stripe.Subscription, next: string[], endBehavior: "cancel" | "release" = "release") {
  const schedule = await shop.stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
  const [current] = schedule.phases;
  if (current === undefined) throw new Error("A schedule has a phase.");
  return shop.stripe.subscriptionSchedules.update(schedule.id, {
    end_behavior: endBehavior,
    phases: [
      {
        items: current.items.map(({ price, quantity }) => ({ price: String(price), quantity: quantity ?? 1 })),
        start_date: current.start_date,
        end_date: current.end_date,
      },
      { items: next.map((price) => ({ price })), duration: { interval: "month", interval_count: 1 } },
    ],
  });
}

const prices = (subscription: Stripe.Subscription) => subscription.items.data.map(({ price }) => price.id);

test("a downgrade happens with the renewal: the new period is for the new items, and the schedule lets go after it", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.growth, shop.price.module]);
  const schedule = await plan(subscription, [shop.price.basic, shop.price.module]);
  const { end } = periodOf(subscription);
  expect(schedule).toMatchObject({ status: "active", current_phase: { end_date: end }, subscription: subscription.id });
  expect((await shop.subscription(subscription.id)).schedule).toBe(schedule.id);
  const next = await shop.stripe.invoices.createPreview({ schedule: schedule.id });
  expect(next.total).toBe(4400);
  shop.advance(end - shop.now() + HOUR);
  const renewed = await shop.subscription(subscription.id);
  expect(prices(renewed)).toEqual([shop.price.basic, shop.price.module]);
  expect(itemWith(renewed, shop.price.module)).toBe(itemWith(subscription, shop.price.module));
  expect(itemWith(renewed, shop.price.basic)).not.toBe(itemWith(subscription, shop.price.growth));
  expect((await shop.invoices(subscription.id))[0]).toMatchObject({ total: 4400, status: "paid", period_end: end });
  expect(await shop.invoices(subscription.id)).toHaveLength(2);
  shop.advance(31 * DAY);
  expect(await shop.stripe.subscriptionSchedules.retrieve(schedule.id)).toMatchObject({
    status: "released",
    released_subscription: subscription.id,
    subscription: null,
  });
  expect(await shop.subscription(subscription.id)).toMatchObject({ schedule: null, status: "active" });
});

test("going down from years to months begins a month at the end of the year", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.growthYear]);
  await plan(subscription, [shop.price.basic]);
  const { end } = periodOf(subscription);
  const { lines } = await shop.stripe.invoices.createPreview({ subscription: subscription.id });
  expect(lines.data[0]?.period).toEqual({ start: end, end: end + 30 * DAY });
  shop.advance(end - shop.now() + HOUR);
  const renewed = await shop.subscription(subscription.id);
  expect(renewed.billing_cycle_anchor).toBe(end);
  expect(periodOf(renewed)).toEqual({ start: end, end: end + 30 * DAY });
  expect((await shop.invoices(subscription.id))[0]).toMatchObject({ total: 2900, status: "paid" });
});

test("a phase has the discounts that it names, and no others", async () => {
  const coupon = await shop.stripe.coupons.create({ percent_off: 50, duration: "forever" });
  for (const isCarried of [true, false]) {
    const subscription = await shop.subscribe(await shop.customer(), [shop.price.growth], {
      discounts: [{ coupon: coupon.id }],
    });
    const { id, phases } = await shop.stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    const discount = String(phases[0]?.discounts[0]?.discount);
    expect(subscription.discounts).toEqual([discount]);
    const { start, end } = periodOf(subscription);
    const carried = isCarried ? { discounts: [{ discount }] } : {};
    await shop.stripe.subscriptionSchedules.update(id, {
      phases: [
        { items: [{ price: shop.price.growth }], start_date: start, end_date: end, discounts: [{ discount }] },
        { items: [{ price: shop.price.basic }], duration: { interval: "month" }, ...carried },
      ],
    });
    const total = isCarried ? 1450 : 2900;
    expect(await shop.stripe.invoices.createPreview({ subscription: subscription.id })).toMatchObject({ total });
    shop.advance(31 * DAY);
    expect((await shop.invoices(subscription.id))[0]).toMatchObject({ total });
  }
});

test("released before, the subscription goes on as it is", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.growth]);
  const { id } = await plan(subscription, [shop.price.basic]);
  expect(await shop.stripe.subscriptionSchedules.release(id)).toMatchObject({ status: "released" });
  shop.advance(31 * DAY);
  expect(prices(await shop.subscription(subscription.id))).toEqual([shop.price.growth]);
  await expect(shop.stripe.subscriptionSchedules.release(id)).rejects.toThrow("released");
});

test("an upgrade meanwhile changes the current phase and leaves what is planned", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.growth]);
  const { id } = await plan(subscription, [shop.price.basic]);
  await shop.stripe.subscriptions.update(subscription.id, {
    items: [{ price: shop.price.module }],
    proration_behavior: "always_invoice",
  });
  const { phases } = await shop.stripe.subscriptionSchedules.retrieve(id);
  expect(phases.map(({ items }) => items.map(({ price }) => price))).toEqual([
    [shop.price.growth, shop.price.module],
    [shop.price.basic],
  ]);
  shop.advance(31 * DAY);
  expect(prices(await shop.subscription(subscription.id))).toEqual([shop.price.basic]);
});

test("the end is planned by the schedule while there is one", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.growth]);
  const { id } = await plan(subscription, [shop.price.basic], "cancel");
  await expect(shop.stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true })).rejects.toThrow(
    "managed by the subscription schedule",
  );
  await expect(shop.stripe.subscriptionSchedules.create({ from_subscription: subscription.id })).rejects.toThrow(
    "already",
  );
  shop.advance(70 * DAY);
  expect((await shop.subscription(subscription.id)).status).toBe("canceled");
  expect((await shop.stripe.subscriptionSchedules.retrieve(id)).status).toBe("completed");
});

test("canceled at once, the subscription takes its schedule along", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.growth]);
  const { id } = await plan(subscription, [shop.price.basic]);
  await shop.stripe.subscriptions.cancel(subscription.id);
  expect((await shop.stripe.subscriptionSchedules.retrieve(id)).status).toBe("canceled");
  expect((await shop.subscription(subscription.id)).schedule).toBeNull();
});

test("phases that leave a gap, end in the past or change the present are refused", async () => {
  const subscription = await shop.subscribe(await shop.customer(), [shop.price.growth]);
  const { id } = await shop.stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
  const { start, end } = periodOf(subscription);
  const items = [{ price: shop.price.growth }];
  const later = { items: [{ price: shop.price.basic }] };
  for (const phases of [
    [{ items, end_date: end }, later],
    [{ items, start_date: start, end_date: start }, later],
    [
      { items, start_date: start, end_date: end },
      { ...later, start_date: end + DAY, end_date: end + 2 * DAY },
    ],
    [{ items: later.items, start_date: start, end_date: end }],
  ]) {
    await expect(shop.stripe.subscriptionSchedules.update(id, { phases })).rejects.toMatchObject({ statusCode: 400 });
  }
});
