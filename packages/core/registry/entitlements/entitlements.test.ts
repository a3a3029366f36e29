import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RegistryEntry } from "../registry.ts";
import { type Act, type Because, Entitlements, GRACE_MODULES, type Grant, type Terms } from "./entitlements.ts";

const now = new Date("2026-11-24T09:00:00Z");
const later = new Date("2026-12-24T09:00:00Z");
const before = new Date("2026-10-24T09:00:00Z");
const starter: Terms = {
  state: "active",
  plan: {
    name: "Starter",
    modules: ["inventory", "sales", "purchases"],
    limits: { branches: 1, users: 5, items: 10_000, api_requests_per_minute: 0 },
  },
  grants: [],
  raises: [],
};
const granted = (...grants: Grant[]): Terms => ({ ...starter, grants });

describe("a module", () => {
  test.each<[string, Terms, string, boolean, object]>([
    ["of the plan", starter, "sales", true, { rule: "plan", plan: "Starter" }],
    ["of another plan", starter, "reports", false, { rule: "not_included", plan: "Starter" }],
    [
      "that was bought",
      granted({ module: "reports", source: "add_on", expiresAt: null }),
      "reports",
      true,
      { rule: "add_on", until: null },
    ],
    [
      "on trial",
      granted({ module: "reports", source: "trial", expiresAt: later }),
      "reports",
      true,
      { rule: "trial", until: later },
    ],
    [
      "whose trial has ended",
      granted({ module: "reports", source: "trial", expiresAt: before }),
      "reports",
      false,
      { rule: "expired", source: "trial", at: before },
    ],
    [
      "that ends this moment",
      granted({ module: "reports", source: "grant", expiresAt: now }),
      "reports",
      false,
      { rule: "expired", source: "grant", at: now },
    ],
    [
      "with an ended trial and a gift",
      granted(
        { module: "reports", source: "trial", expiresAt: before },
        { module: "reports", source: "grant", expiresAt: later },
      ),
      "reports",
      true,
      { rule: "grant", until: later },
    ],
    [
      "of its own making",
      granted({ module: "loyalty", source: "custom", expiresAt: null }),
      "loyalty",
      true,
      { rule: "custom", until: null },
    ],
    [
      "of a till, while a payment is overdue",
      { ...starter, state: "past_due" },
      "sales",
      true,
      { rule: "plan", plan: "Starter" },
    ],
    [
      "beyond the till, while a payment is overdue",
      { ...granted({ module: "reports", source: "add_on", expiresAt: null }), state: "past_due" },
      "reports",
      false,
      { rule: "payment_overdue" },
    ],
    [
      "that is not the plan's, while a payment is overdue",
      { ...starter, state: "past_due" },
      "reports",
      false,
      { rule: "not_included", plan: "Starter" },
    ],
    ["of a suspended pharmacy", { ...starter, state: "suspended" }, "sales", false, { rule: "suspended" }],
    [
      "of one that is cancelled and paid for",
      { ...starter, state: "cancelled" },
      "sales",
      true,
      { rule: "plan", plan: "Starter" },
    ],
    ["of a closed one", { ...starter, state: "closed" }, "sales", false, { rule: "not_open" }],
    ["without a plan", { ...starter, plan: null }, "sales", false, { rule: "not_included", plan: undefined }],
  ])("%s", (_, terms, name, isAllowed, because) => {
    expect(Entitlements.module(terms, name, now)).toEqual({ isAllowed, because });
  });
});

test.each<[Terms["state"], readonly Act[]]>([
  ["trial", ["sign_in", "see_billing", "read_records", "export", "finish_document", "work", "grow"]],
  ["past_due", ["sign_in", "see_billing", "read_records", "export", "finish_document", "work"]],
  ["suspended", ["sign_in", "see_billing", "read_records", "export"]],
  ["closed", []],
  ["provisioning", []],
])("what may be done in %s", (state, expected) => {
  const acts: readonly Act[] = ["sign_in", "see_billing", "read_records", "export", "finish_document", "work", "grow"];
  expect(acts.filter((act) => Entitlements.act({ ...starter, state }, act).isAllowed)).toEqual(expected);
});

describe("limits", () => {
  const room: Terms = {
    ...starter,
    raises: [
      { limit: "users", by: 5, expiresAt: null },
      { limit: "users", by: 5, expiresAt: before },
      { limit: "branches", by: 1, expiresAt: later },
    ],
  };

  test("what was bought counts while it runs, and unlimited stays unlimited", () => {
    expect(Entitlements.limit(room, "users", now)).toBe(10);
    expect(Entitlements.limit(room, "branches", now)).toBe(2);
    expect(Entitlements.limit(room, "branches", later)).toBe(1);
    const unlimited: Terms = {
      ...room,
      plan: {
        name: "Enterprise",
        modules: [],
        limits: { branches: null, users: null, items: null, api_requests_per_minute: null },
      },
    };
    expect(Entitlements.limit(unlimited, "users", now)).toBeNull();
    expect(Entitlements.limit({ ...room, plan: null }, "items", now)).toBe(0);
  });

  test("the last one fits and the next does not; what is too much is listed", () => {
    expect([9, 10, 11].map((used) => Entitlements.fits(room, "users", used, now))).toEqual([true, false, false]);
    expect(Entitlements.excesses(starter, { branches: 3, users: 5, items: 10_001 }, now)).toEqual([
      { limit: "branches", used: 3, max: 1 },
      { limit: "items", used: 10_001, max: 10_000 },
    ]);
  });
});

describe("reading", () => {
  test("needs no more than having the module, whatever is overdue", () => {
    const bought = granted({ module: "reports", source: "add_on", expiresAt: null });
    for (const state of ["active", "past_due", "suspended"] as const) {
      const terms: Terms = { ...bought, state };
      expect(Entitlements.module(terms, "reports", now, "read_records").isAllowed).toBe(true);
      expect(Entitlements.module(terms, "stock_take", now, "read_records").isAllowed).toBe(false);
    }
    expect(Entitlements.module({ ...bought, state: "closed" }, "reports", now, "export").isAllowed).toBe(false);
  });
});

describe("what the registry says", () => {
  const entry = (changes: Partial<RegistryEntry>) =>
    ({
      state: "active",
      planName: "Starter",
      includedModules: ["inventory"],
      grantedModules: [],
      raises: [],
      maxBranches: 1,
      maxUsers: 5,
      maxItems: null,
      apiRequestsPerMinute: null,
      ...changes,
    }) as unknown as RegistryEntry;
  const callsOf = (changes: Partial<RegistryEntry>) =>
    Entitlements.limit(Entitlements.termsOf(entry(changes)), "api_requests_per_minute", now);

  test("of calls a minute: the plan's number and what was bought, none without API access, no limit by contract", () => {
    const raises: RegistryEntry["raises"] = [{ limit: "api_requests_per_minute", by: 60 }];
    expect(callsOf({})).toBe(0);
    expect(callsOf({ raises })).toBe(60);
    expect(callsOf({ apiRequestsPerMinute: 600, raises })).toBe(660);
    expect(callsOf({ includedModules: ["api_access"], raises })).toBeNull();
  });

  test("is read once for an entry, and without a plan is nothing", () => {
    const one = entry({ planName: null });
    expect(Entitlements.termsOf(one)).toBe(Entitlements.termsOf(one));
    expect(Entitlements.module(Entitlements.termsOf(one), "inventory", now).isAllowed).toBe(false);
    expect(Entitlements.limit(Entitlements.termsOf(one), "users", now)).toBe(0);
  });

  test("of a module that was made for the pharmacy has its own name", () => {
    const grantedModules: RegistryEntry["grantedModules"] = [
      { module: "loyalty", source: "custom", title: "Loyalty cards", expiresAt: null },
    ];
    const terms = Entitlements.termsOf(entry({ grantedModules }));
    expect(["loyalty", "api_access", "unheard_of"].map((name) => Entitlements.titleOf(terms, name))).toEqual([
      "Loyalty cards",
      "API access",
      "unheard_of",
    ]);
  });
});

test.each<[Because, string]>([
  [{ rule: "plan", plan: "Starter" }, "Reports is part of the plan Starter."],
  [{ rule: "add_on", until: null }, "Reports was added to the plan."],
  [{ rule: "trial", until: later }, "Reports is on trial until 24 December 2026."],
  [{ rule: "grant", until: null }, "Reports was given to you."],
  [
    { rule: "expired", source: "trial", at: before },
    "Reports is not open any more. Its trial ended on 24 October 2026. It can be had again under Billing.",
  ],
  [
    { rule: "not_included", plan: "Starter" },
    "Reports is not part of the plan Starter. Add it, or choose a larger plan, under Billing.",
  ],
  [{ rule: "payment_overdue" }, "A payment is overdue. Reports works again as soon as it is paid under Billing."],
])("a reason in words: %j", (because, words) => {
  expect(Entitlements.sentence(because, "Reports", "Africa/Nairobi")).toBe(words);
});

test("a reason tells the day that the pharmacy has", () => {
  const midnight: Because = { rule: "trial", until: new Date("2026-12-31T21:30:00Z") };
  expect(Entitlements.sentence(midnight, "Reports", "Africa/Nairobi")).toContain("1 January 2027");
});

test("paying never takes anything away, and an answer without access names what is missing", () => {
  const states = fc.constantFrom<Terms["state"]>(
    "provisioning",
    "provisioning_failed",
    "trial",
    "active",
    "past_due",
    "suspended",
    "cancelled",
    "closed",
  );
  const modules = fc.constantFrom(...GRACE_MODULES, "reports", "stock_take");
  const expiry = fc.option(fc.constantFrom(before, now, later), { nil: null });
  const grant = fc.record({
    module: modules,
    source: fc.constantFrom("add_on", "grant", "trial", "custom"),
    expiresAt: expiry,
  });
  fc.assert(
    fc.property(
      states,
      fc.subarray([...GRACE_MODULES, "reports"]),
      fc.array(grant),
      modules,
      (state, owned, grants, name) => {
        const terms: Terms = {
          ...starter,
          state,
          plan: {
            ...starter.plan,
            name: "Starter",
            limits: { branches: 1, users: 1, items: 1, api_requests_per_minute: 1 },
            modules: owned,
          },
          grants: grants as Grant[],
        };
        const today = Entitlements.module(terms, name, now);
        const paid = Entitlements.module(Entitlements.ifPaid(terms), name, now);
        if (today.isAllowed) expect(paid.isAllowed).toBe(true);
        const allowing = ["plan", "add_on", "grant", "trial", "custom"];
        expect(allowing.includes(today.because.rule)).toBe(today.isAllowed);
      },
    ),
  );
});
