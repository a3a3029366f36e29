import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import type { InvoiceSnapshot, SubscriptionItem, SubscriptionSnapshot } from "../../ports/subscriptions.ts";
import { ownSubscription, secondSubscriptions } from "./choosing.ts";
import { type KnownPrices, mirror } from "./mirror.ts";

const start = new Date("2026-11-24T09:00:00Z");
const day = (count: number): Date => secondsAfter(start, count * DAY_SECONDS);

const prices: KnownPrices = new Map([
  ["price_starter", { id: "starter", planId: "plan-starter", addOnCode: null }],
  ["price_professional", { id: "professional", planId: "plan-professional", addOnCode: null }],
  ["price_reports", { id: "reports", planId: null, addOnCode: "reports" }],
  ["price_branch", { id: "branch", planId: null, addOnCode: "extra_branch" }],
  ["price_branch_new", { id: "branch-new", planId: null, addOnCode: "extra_branch" }],
]);

const item = (priceId: string, changes: Partial<SubscriptionItem> = {}): SubscriptionItem => ({
  itemId: `si_${priceId}`,
  priceId,
  quantity: 1,
  unitAmount: "99.00",
  interval: "month",
  periodStart: day(0),
  periodEnd: day(30),
  ...changes,
});

const subscription = (changes: Partial<SubscriptionSnapshot> = {}): SubscriptionSnapshot => ({
  subscriptionId: "sub_1",
  customerId: "cus_1",
  tenantId: undefined,
  status: "active",
  currency: "USD",
  collection: "automatic",
  createdAt: day(0),
  items: [item("price_starter")],
  endsAt: null,
  endedAt: null,
  pending: null,
  scheduled: null,
  card: null,
  discount: null,
  latestInvoiceId: "in_1",
  ...changes,
});

const invoice = (changes: Partial<InvoiceSnapshot> = {}): InvoiceSnapshot => ({
  invoiceId: "in_1",
  customerId: "cus_1",
  subscriptionId: "sub_1",
  number: "0001",
  status: "paid",
  currency: "USD",
  total: "99.00",
  amountDue: "99.00",
  amountPaid: "99.00",
  amountRefunded: "0.00",
  amountCredited: "0.00",
  createdAt: day(0),
  periodStart: day(0),
  periodEnd: day(30),
  dueAt: null,
  paidAt: day(0),
  attempts: 1,
  nextAttemptAt: null,
  needsConfirmation: false,
  isDisputed: false,
  hostedUrl: null,
  pdfUrl: null,
  ...changes,
});

describe("a row is what the provider says", () => {
  test("the period, the interval and the item are the plan's, wherever it stands among the items", () => {
    const reports = item("price_reports", { periodStart: day(-300), periodEnd: day(65), interval: "year" });
    const { subscription: row, addOns } = mirror(
      subscription({ items: [reports, item("price_professional")] }),
      [],
      prices,
    );
    expect(row).toMatchObject({
      planId: "plan-professional",
      priceId: "professional",
      stripePlanItemId: "si_price_professional",
      billingInterval: "month",
      currentPeriodStart: day(0),
      currentPeriodEnd: day(30),
    });
    expect(addOns).toEqual([
      { addOnCode: "reports", quantity: 1, priceId: "reports", stripeItemId: "si_price_reports" },
    ]);
  });

  test("the same add-on by two items is one with both quantities", () => {
    const items = [
      item("price_starter"),
      item("price_branch", { quantity: 2 }),
      item("price_branch_new", { itemId: "si_other", quantity: 3 }),
    ];
    expect(mirror(subscription({ items }), [], prices).addOns).toEqual([
      { addOnCode: "extra_branch", quantity: 5, priceId: "branch", stripeItemId: "si_price_branch" },
    ]);
  });

  test("a price that is not ours leaves the plan as it is, and is told", () => {
    const mirrored = mirror(subscription({ items: [item("price_by_hand")] }), [], prices);
    expect(mirrored.subscription).not.toHaveProperty("planId");
    expect(mirrored).toMatchObject({ unknownPriceIds: ["price_by_hand"], subscription: { currentPeriodEnd: day(30) } });
  });

  test("a change that waits for its payment changes neither plan nor modules", () => {
    const pending = { priceIds: ["price_reports", "price_professional"], until: day(1), url: "https://pay" };
    const mirrored = mirror(subscription({ pending }), [], prices);
    expect(mirrored).toMatchObject({
      addOns: [],
      subscription: {
        planId: "plan-starter",
        pendingPriceId: "professional",
        pendingUntil: day(1),
        pendingUrl: "https://pay",
      },
    });
  });

  test.each(["incomplete", "incomplete_expired"] as const)("%s changes neither plan nor modules", (status) => {
    const items = [item("price_professional"), item("price_reports")];
    const mirrored = mirror(subscription({ status, items }), [], prices);
    expect(mirrored.subscription).not.toHaveProperty("planId");
    expect(mirrored.addOns).toBeUndefined();
  });

  test("an end is an end, be it told as a date or as the period's end", () => {
    expect(mirror(subscription({ endsAt: day(30) }), [], prices)).toMatchObject({
      subscription: { endsAt: day(30), cancelAtPeriodEnd: true },
      facts: { status: "active", endsAt: day(30) },
    });
  });
});

describe("nobody loses what they paid for, nor keeps what they got back", () => {
  const ended = subscription({ status: "canceled", endedAt: day(10), endsAt: day(10) });
  test.each([
    ["paid", invoice(), day(30)],
    ["paid by a coupon", invoice({ total: "0.00", amountDue: "0.00", amountPaid: "0.00" }), day(30)],
    ["given back", invoice({ amountRefunded: "99.00" }), day(10)],
    ["given back in part", invoice({ amountRefunded: "20.00" }), day(30)],
    ["credited", invoice({ amountCredited: "99.00" }), day(10)],
    ["not paid", invoice({ status: "open" }), day(10)],
    ["paid for the period before", invoice({ createdAt: day(-30) }), day(10)],
    ["paid for another subscription", invoice({ subscriptionId: "sub_2" }), day(10)],
  ])("one that was ended at once, its period %s", (_what, paid, endsAt) => {
    expect(mirror(ended, [paid], prices).facts.endsAt).toEqual(endsAt);
  });

  test("an add-on's payment keeps no period that was given back, nor does its refund end one that is paid", () => {
    const plan = invoice({ createdAt: day(0) });
    const addOn = invoice({ invoiceId: "in_2", createdAt: day(5), total: "15.00", amountPaid: "15.00" });
    const endsAt = (...all: (typeof plan)[]) => mirror(ended, all, prices).facts.endsAt;
    expect(endsAt({ ...plan, amountRefunded: "99.00" }, addOn)).toEqual(day(10));
    expect(endsAt(plan, { ...addOn, amountRefunded: "15.00" })).toEqual(day(30));
    expect(endsAt({ ...plan, status: "open" }, addOn)).toEqual(day(10));
    // The rest of it had been settled by a credit.
    expect(endsAt({ ...plan, amountPaid: "60.00", amountRefunded: "60.00" })).toEqual(day(10));
  });

  test("a payment is owed since its invoice was made, or since it fell due where it is sent", () => {
    const open = [
      invoice({ invoiceId: "in_3", status: "open", createdAt: day(60), dueAt: day(74) }),
      invoice({ invoiceId: "in_2", status: "open", createdAt: day(30), dueAt: day(44) }),
      invoice(),
    ];
    const since = (collection: "automatic" | "invoice") =>
      mirror(subscription({ status: "past_due", collection }), open, prices).facts.overdueSince;
    expect(since("automatic")).toEqual(day(30));
    expect(since("invoice")).toEqual(day(44));
  });
});

describe("of several subscriptions one is the tenant's", () => {
  const made = (subscriptionId: string, status: SubscriptionSnapshot["status"], at: number) =>
    subscription({ subscriptionId, status, createdAt: day(at) });

  test.each([
    ["the first of two that are paid", [made("sub_b", "active", 2), made("sub_a", "active", 1)], "sub_a", ["sub_b"]],
    ["the one that is paid", [made("sub_a", "past_due", 1), made("sub_b", "active", 2)], "sub_b", ["sub_a"]],
    ["the one that runs", [made("sub_b", "incomplete", 2), made("sub_a", "unpaid", 1)], "sub_a", []],
    ["the last of those that have ended", [made("sub_a", "canceled", 1), made("sub_b", "canceled", 2)], "sub_b", []],
    ["one that may still be paid", [made("sub_a", "canceled", 1), made("sub_b", "incomplete", 0)], "sub_b", []],
    ["the same of two of one second", [made("sub_b", "active", 1), made("sub_a", "active", 1)], "sub_a", ["sub_b"]],
  ])("%s", (_what, all, own, seconds) => {
    expect(ownSubscription(all)?.subscriptionId).toBe(own);
    expect(secondSubscriptions(all).map(({ subscriptionId }) => subscriptionId)).toEqual(seconds);
  });

  test("in whatever order they are listed", () => {
    const statuses = ["active", "trialing", "past_due", "unpaid", "paused", "incomplete", "canceled"] as const;
    const some = fc.array(fc.tuple(fc.constantFrom(...statuses), fc.integer({ min: 0, max: 3 })), { maxLength: 5 });
    fc.assert(
      fc.property(
        some.chain((list) => {
          const all = list.map(([status, at], index) => made(`sub_${index}`, status, at));
          return fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }));
        }),
        ([all, shuffled]) => {
          expect(ownSubscription(shuffled)).toBe(ownSubscription(all));
          expect(new Set(secondSubscriptions(shuffled))).toEqual(new Set(secondSubscriptions(all)));
        },
      ),
    );
  });
});
