import { Decimal } from "decimal.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SubscriptionItem, SubscriptionSnapshot } from "../../ports/subscriptions.ts";
import { type Movement, type Mrr, MrrMovements } from "./mrr.ts";

const at = new Date("2026-11-24T00:00:00Z");
const item = (unitAmount: string, interval: "month" | "year" = "month", quantity = 1): SubscriptionItem => ({
  itemId: "si_1",
  priceId: "price_1",
  quantity,
  unitAmount,
  interval,
  periodStart: at,
  periodEnd: at,
});
const subscription = (changes: Partial<SubscriptionSnapshot> = {}): SubscriptionSnapshot => ({
  subscriptionId: "sub_1",
  customerId: "cus_1",
  tenantId: "t",
  status: "active",
  currency: "USD",
  collection: "automatic",
  createdAt: at,
  items: [item("99.00")],
  endsAt: null,
  endedAt: null,
  pending: null,
  scheduled: null,
  card: null,
  discount: null,
  latestInvoiceId: null,
  ...changes,
});
const percentOff = (percent: string, endsAt: Date | null = null) => ({ percent, amount: null, endsAt });

describe("what a subscription pays a month", () => {
  test.each<[string, Partial<SubscriptionSnapshot>, string | null]>([
    ["its plan and its add-ons by their quantity", { items: [item("99.00"), item("15.00", "month", 2)] }, "129.00"],
    ["a twelfth of a year", { items: [item("990.00", "year")] }, "82.50"],
    ["less what is taken off for ever", { discount: percentOff("25") }, "74.25"],
    ["less an amount for ever", { discount: { percent: null, amount: "9.00", endsAt: null } }, "90.00"],
    [
      "less an amount of each year",
      { items: [item("990.00", "year")], discount: { percent: null, amount: "120.00", endsAt: null } },
      "72.50",
    ],
    ["but not less what ends: a free month is no loss", { discount: percentOff("100", at) }, "99.00"],
    ["never below nothing", { discount: { percent: null, amount: "200.00", endsAt: null } }, "0.00"],
    ["all of it while a payment is overdue", { status: "past_due" }, "99.00"],
    ["all of it until a cancelled one has ended", { endsAt: at }, "99.00"],
    ["nothing once the provider gave up", { status: "unpaid" }, null],
    ["nothing before it is paid for", { status: "incomplete" }, null],
    ["nothing after its end", { status: "canceled" }, null],
  ])("is %s", (_, changes, expected) => {
    expect(MrrMovements.mrrOf(subscription(changes))?.mrr ?? null).toBe(expected);
  });
});

describe("the ledger", () => {
  const usd = (mrr: string): Mrr => ({ mrr, currency: "USD" });
  const walk = (...steps: readonly (Mrr | null)[]): readonly Movement[] => {
    const ledger: Movement[] = [];
    for (const now of steps) ledger.push(...MrrMovements.movementsTo(ledger.at(-1), now));
    return ledger;
  };

  test("names each change, and again the same is none", () => {
    const kinds = walk(
      null,
      usd("99.00"),
      usd("99.00"),
      usd("299.00"),
      usd("99.00"),
      null,
      null,
      usd("299.00"),
      usd("0.00"),
      usd("99.00"),
    ).map(({ kind, amount }) => [kind, amount]);
    expect(kinds).toEqual([
      ["new", "99.00"],
      ["expansion", "200.00"],
      ["contraction", "-200.00"],
      ["churn", "-99.00"],
      ["reactivation", "299.00"],
      // Given away for ever, it still runs.
      ["contraction", "-299.00"],
      ["expansion", "99.00"],
    ]);
  });

  test("a change of the currency ends the one and begins the other", () => {
    expect(walk(usd("99.00"), { mrr: "12900.00", currency: "KES" })).toMatchObject([
      { kind: "new", currency: "USD" },
      { kind: "churn", currency: "USD", amount: "-99.00" },
      { kind: "reactivation", currency: "KES", amount: "12900.00" },
    ]);
  });

  test("its steps add up to what is paid, in each currency, whatever happens", () => {
    const amount = fc.integer({ min: 0, max: 100_000 }).map((cents) => new Decimal(cents).div(100).toFixed(2));
    const step = fc.option(fc.record({ mrr: amount, currency: fc.constantFrom("USD", "KES") }), { freq: 4 });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const ledger = walk(...steps);
        const now = steps.at(-1) ?? null;
        for (const currency of ["USD", "KES"]) {
          const sum = ledger
            .filter((movement) => movement.currency === currency)
            .reduce((total, movement) => total.plus(movement.amount), new Decimal(0));
          expect(sum.toFixed(2)).toBe(now?.currency === currency ? now.mrr : "0.00");
        }
        for (const { amount: moved, kind } of ledger) {
          const grows = kind === "new" || kind === "expansion" || kind === "reactivation";
          expect(new Decimal(moved).isZero()).toBe(false);
          expect(new Decimal(moved).isPositive()).toBe(grows);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
