import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { Lifecycle, type Occurrence, type Standing, type SubscriptionFacts } from "./lifecycle.ts";

const start = new Date("2026-11-24T09:00:00Z");
const days = (count: number): Date => secondsAfter(start, count * DAY_SECONDS);
const trial: Standing = {
  state: "trial",
  timeZone: "Africa/Nairobi",
  trialEndsAt: days(14),
  subscription: null,
  pastDueSince: null,
  graceEndsAt: null,
  accessEndsAt: null,
  suspension: null,
};
const facts = (status: SubscriptionFacts["status"], endsAt: Date | null = null): SubscriptionFacts => ({
  status,
  endsAt,
});
const told = (status: SubscriptionFacts["status"], endsAt: Date | null = null): Occurrence => ({
  kind: "subscription_changed",
  subscription: facts(status, endsAt),
});

const owed = (day: number): Occurrence => ({
  kind: "subscription_changed",
  subscription: { status: "past_due", endsAt: null, overdueSince: days(day) },
});

/** The standing after occurrences, each at its day. */
function after(standing: Standing, ...happened: readonly (readonly [Occurrence, number])[]): Standing {
  return happened.reduce(
    (now, [occurrence, day]) => Lifecycle.change(now, occurrence, days(day))?.standing ?? now,
    standing,
  );
}
const passed: Occurrence = { kind: "time_passed" };
const active = after(trial, [told("active"), 1]);
const pastDue = after(active, [told("past_due"), 40]);

describe("access follows the money", () => {
  test.each<[string, Standing, readonly (readonly [Occurrence, number])[], Partial<Standing>]>([
    ["a trial that is paid becomes active", trial, [[told("active"), 3]], { state: "active" }],
    [
      "a trial goes on while the first payment waits for its second step",
      trial,
      [[told("incomplete"), 3]],
      { state: "trial" },
    ],
    ["a payment that was given up leaves the trial", trial, [[told("incomplete_expired"), 3]], { state: "trial" }],
    ["a trial without a subscription ends", trial, [[passed, 15]], { state: "suspended", suspension: "trial_ended" }],
    ["but not before its night", trial, [[passed, 14]], { state: "trial" }],
    [
      "a failed payment leaves seven days",
      active,
      [[told("past_due"), 40]],
      { state: "past_due", pastDueSince: days(40), graceEndsAt: days(47) },
    ],
    [
      "counted from the day that is owed, whenever we hear of it",
      active,
      [[owed(38), 40]],
      { state: "past_due", pastDueSince: days(38), graceEndsAt: days(45) },
    ],
    [
      "but who hears of it late has three days",
      active,
      [[owed(20), 40]],
      { state: "past_due", pastDueSince: days(20), graceEndsAt: days(43) },
    ],
    [
      "failing again does not lengthen them",
      pastDue,
      [
        [told("unpaid"), 44],
        [told("past_due"), 45],
      ],
      { state: "past_due", graceEndsAt: days(47) },
    ],
    ["they end in suspension", pastDue, [[passed, 48]], { state: "suspended", suspension: "unpaid" }],
    [
      "giving up at the provider does not end them early",
      pastDue,
      [[told("canceled", days(43)), 43]],
      { state: "past_due" },
    ],
    [
      "paying within them restores everything",
      pastDue,
      [[told("active"), 45]],
      { state: "active", graceEndsAt: null, pastDueSince: null },
    ],
    [
      "paying later does too",
      pastDue,
      [
        [passed, 48],
        [told("active"), 60],
      ],
      { state: "active", suspension: null },
    ],
    [
      "cancelled at the period's end goes on until then",
      active,
      [[told("active", days(61)), 50]],
      { state: "cancelled" },
    ],
    [
      "undone, it is active again",
      active,
      [
        [told("active", days(61)), 50],
        [told("active"), 51],
      ],
      { state: "active" },
    ],
    [
      "the provider's end of it waits for the night",
      active,
      [
        [told("active", days(61)), 50],
        [told("canceled", days(61)), 61],
      ],
      { state: "cancelled" },
    ],
    [
      "and the night ends it",
      active,
      [
        [told("active", days(61)), 50],
        [told("canceled", days(61)), 61],
        [passed, 62],
      ],
      { state: "suspended", suspension: "subscription_ended" },
    ],
    [
      "ended at once by the provider, it ends at once",
      active,
      [[told("canceled", days(50)), 50]],
      { state: "suspended", suspension: "subscription_ended" },
    ],
    [
      "a customer deleted at the provider has no subscription",
      active,
      [[{ kind: "subscription_changed", subscription: null }, 50]],
      { state: "suspended" },
    ],
    [
      "what an operator suspended stays so, whatever is paid",
      active,
      [
        [{ kind: "suspended_by_operator" }, 5],
        [told("active", days(90)), 6],
      ],
      { state: "suspended", suspension: "operator" },
    ],
    [
      "until an operator resumes it",
      active,
      [
        [{ kind: "suspended_by_operator" }, 5],
        [{ kind: "resumed_by_operator" }, 6],
      ],
      { state: "active", suspension: null },
    ],
    [
      "resumed while a payment is overdue, it has what is left of its grace, and can pay",
      pastDue,
      [
        [{ kind: "suspended_by_operator" }, 42],
        [{ kind: "resumed_by_operator" }, 43],
      ],
      { state: "past_due", suspension: null },
    ],
    [
      "one that ends within its trial has the rest of the trial",
      trial,
      [
        [told("active"), 2],
        [told("canceled", days(3)), 3],
      ],
      { state: "trial", trialEndsAt: days(14) },
    ],
    [
      "resumed in its trial, it has the rest of it",
      trial,
      [
        [{ kind: "suspended_by_operator" }, 5],
        [{ kind: "resumed_by_operator" }, 6],
      ],
      { state: "trial" },
    ],
    [
      "resumed after its trial, it stays suspended for that",
      trial,
      [
        [{ kind: "suspended_by_operator" }, 5],
        [{ kind: "resumed_by_operator" }, 20],
      ],
      { state: "suspended", suspension: "trial_ended" },
    ],
    [
      "an extended trial comes back",
      trial,
      [
        [passed, 15],
        [{ kind: "trial_extended", until: days(30) }, 16],
      ],
      { state: "trial", trialEndsAt: days(30) },
    ],
    [
      "extended grace comes back",
      pastDue,
      [
        [passed, 48],
        [{ kind: "grace_extended", until: days(55) }, 49],
      ],
      { state: "past_due", graceEndsAt: days(55) },
    ],
    [
      "grace into the past is none",
      pastDue,
      [[{ kind: "grace_extended", until: days(39) }, 41]],
      { state: "past_due", graceEndsAt: days(47) },
    ],
    [
      "what is closed stays closed",
      { ...active, state: "closed" },
      [
        [told("past_due"), 5],
        [told("active"), 6],
        [passed, 900],
      ],
      { state: "closed" },
    ],
    [
      "what is being set up is the saga's",
      { ...trial, state: "provisioning" },
      [
        [told("active"), 1],
        [passed, 90],
      ],
      { state: "provisioning" },
    ],
  ])("%s", (_, standing, happened, expected) => {
    expect(after(standing, ...happened)).toMatchObject(expected);
  });

  test("its mails: once when it fails, once when it recovers, once when it is suspended", () => {
    const mailsOf = (standing: Standing, occurrence: Occurrence, day: number) =>
      Lifecycle.change(standing, occurrence, days(day))?.mails;
    expect(mailsOf(active, told("past_due"), 40)).toEqual(["payment_failed"]);
    expect(mailsOf(pastDue, told("unpaid"), 41)).toEqual([]);
    expect(mailsOf(pastDue, told("past_due"), 41)).toBeUndefined();
    expect(mailsOf(pastDue, told("active"), 41)).toEqual(["recovered"]);
    expect(mailsOf(pastDue, passed, 48)).toEqual(["suspended"]);
  });
});

describe("whatever happens in whatever order", () => {
  const day = fc.integer({ min: 0, max: 120 });
  const status = fc.constantFrom<SubscriptionFacts["status"]>(
    "trialing",
    "active",
    "past_due",
    "unpaid",
    "canceled",
    "incomplete",
    "incomplete_expired",
    "paused",
  );
  const occurrence: fc.Arbitrary<Occurrence> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(status, fc.option(day)).map(([word, end]) => told(word, end === null ? null : days(end))),
    },
    { weight: 6, arbitrary: fc.constant(passed) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Occurrence>({ kind: "suspended_by_operator" }, { kind: "resumed_by_operator" }),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom("trial_extended" as const, "grace_extended" as const), day)
        .map(([kind, until]) => ({ kind, until: days(until) })),
    },
  );
  const history = fc.array(fc.tuple(occurrence, fc.integer({ min: 0, max: 9 })), { maxLength: 40 });

  test("the same again changes nothing, a change is a change, and what runs is dated", () => {
    fc.assert(
      fc.property(history, (steps) => {
        let now = trial;
        let today = 0;
        for (const [happened, later] of steps) {
          today += later;
          const changed = Lifecycle.change(now, happened, days(today));
          if (changed !== undefined) {
            expect(changed.standing).not.toEqual(now);
            expect(Lifecycle.change(changed.standing, happened, days(today))).toBeUndefined();
            now = changed.standing;
          }
          if (now.state === "past_due") expect(now.graceEndsAt).not.toBeNull();
          else expect(now.graceEndsAt).toBeNull();
          expect(now.suspension !== null).toBe(now.state === "suspended");
          if (now.state === "cancelled" || now.state === "trial" || now.state === "past_due") {
            expect(Lifecycle.nextChangeAt(now)).toBeInstanceOf(Date);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("access never outlives what was paid, the trial and the grace by more than a night, nor ends before", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("pay", "fail", "cancel", "undo"), fc.integer({ min: 1, max: 20 })), {
          maxLength: 20,
        }),
        (acts) => {
          let now = trial;
          // The last day that the acts give a right to; for ever while it is paid and not cancelled.
          let rightUntil = 14;
          let today = 0;
          const NIGHT = 1;
          for (const [act, later] of acts) {
            for (let step = 0; step < later; step += 1) {
              today += 1;
              now = after(now, [passed, today]);
              const hasAccess = now.state !== "suspended";
              if (today < rightUntil) expect(hasAccess).toBe(true);
              if (today > rightUntil + NIGHT) expect(hasAccess).toBe(false);
            }
            const isRunning =
              now.subscription !== null && now.subscription.status !== "canceled" && now.state !== "suspended";
            if (act === "pay" || (act === "undo" && now.state === "cancelled")) {
              now = after(now, [told("active"), today]);
              rightUntil = Number.POSITIVE_INFINITY;
            } else if (act === "fail" && isRunning && now.state === "active") {
              now = after(now, [told("past_due"), today]);
              rightUntil = today + 7;
            } else if (act === "cancel" && now.state === "active") {
              rightUntil = today + 10;
              now = after(now, [told("active", days(rightUntil)), today]);
            }
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
