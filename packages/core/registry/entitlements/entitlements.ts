export * as Entitlements from "./entitlements.ts";

import type { LifecycleState, RegistryEntry } from "../registry.ts";

export { moduleTitles, titleOf } from "./titles.ts";
export { sentence } from "./words.ts";

/**
 * What a pharmacy may use, and why: one function of its plan, what it bought and was given, its lifecycle state and the
 * time. Pages, the API, jobs, navigation and the operators' console ask here and nowhere else, so that a button is never
 * there for what is then refused.
 */

/** Limits of what there may be at once: active rows. */
export const countedLimits = ["branches", "users", "items"] as const;
export type CountedLimit = (typeof countedLimits)[number];
export type LimitName = CountedLimit | "api_requests_per_minute";

/** Null: unlimited. */
export type Limits = Readonly<Record<LimitName, number | null>>;

/** A module that is not the plan's own. */
export interface Grant {
  readonly module: string;
  /** `add_on` is paid for; `grant` is a gift; `trial` is one of fourteen days; `custom` was made for this pharmacy. */
  readonly source: "add_on" | "grant" | "trial" | "custom";
  /** The name of one that was made for this pharmacy. */
  readonly title?: string | null;
  /** Null: until it is taken away. */
  readonly expiresAt: Date | null;
}

/** Room that was bought beyond the plan's. */
export interface Raise {
  readonly limit: LimitName;
  readonly by: number;
  readonly expiresAt: Date | null;
}

export interface Terms {
  readonly state: LifecycleState;
  readonly plan: { readonly name: string; readonly modules: readonly string[]; readonly limits: Limits } | null;
  readonly grants: readonly Grant[];
  readonly raises: readonly Raise[];
}

/** What somebody wants to do, beyond using a module. */
export type Act =
  | "sign_in"
  | "see_billing"
  | "read_records"
  | "export"
  | "finish_document"
  | "work"
  /** People, branches, modules and keys. */
  | "grow";

/** Why the answer is what it is, for the person who asks and for the operator who explains it. */
export type Because =
  | { readonly rule: "plan"; readonly plan: string }
  | { readonly rule: Grant["source"]; readonly until: Date | null }
  /** Was there, and ran out. */
  | { readonly rule: "expired"; readonly source: Grant["source"]; readonly at: Date }
  | { readonly rule: "not_included"; readonly plan: string | undefined }
  /** The plan has it; a payment is overdue, and until it arrives only what a till needs works. */
  | { readonly rule: "payment_overdue" }
  | { readonly rule: "suspended" }
  | { readonly rule: "not_open" }
  | { readonly rule: "open" };

export interface Answer {
  readonly isAllowed: boolean;
  readonly because: Because;
}

/** What works while a payment is overdue. */
export const GRACE_MODULES: readonly string[] = ["inventory", "sales", "purchases"];

/** What the registry says of a pharmacy. Remembered with the entry: a request asks several times. */
export function termsOf(entry: RegistryEntry): Terms {
  const known = termsByEntry.get(entry);
  if (known !== undefined) return known;
  const terms = readTerms(entry);
  termsByEntry.set(entry, terms);
  return terms;
}

/**
 * Whether somebody may work with a module, or only read its records: for that it is enough to have it, whatever is
 * overdue.
 */
export function module(terms: Terms, name: string, at: Date, wanted: Act = "work"): Answer {
  const allowed = act(terms, wanted);
  if (!allowed.isAllowed) return allowed;
  const owned = ownership(terms, name, at);
  if (!owned.isAllowed || reading.has(wanted)) return owned;
  return terms.state === "past_due" && !GRACE_MODULES.includes(name)
    ? { isAllowed: false, because: { rule: "payment_overdue" } }
    : owned;
}

/** Whether the lifecycle state lets somebody do something, whatever the plan has. */
export function act({ state }: Terms, wanted: Act): Answer {
  const standing = standings[state];
  return standing.acts.includes(wanted)
    ? { isAllowed: true, because: { rule: "open" } }
    : { isAllowed: false, because: { rule: standing.because } };
}

/** What would be allowed if the pharmacy paid now: the answer to “what if I pay?”. */
export function ifPaid(terms: Terms): Terms {
  const isOpen = terms.state !== "provisioning" && terms.state !== "provisioning_failed" && terms.state !== "closed";
  return isOpen ? { ...terms, state: "active" } : terms;
}

/** How many there may be: the plan's number with what was bought beyond it. Null: unlimited. Without a plan none. */
export function limit(terms: Terms, name: LimitName, at: Date): number | null {
  const included = terms.plan === null ? 0 : terms.plan.limits[name];
  if (included === null) return null;
  const raised = terms.raises.filter((raise) => raise.limit === name && isRunning(raise, at));
  return raised.reduce((sum, { by }) => sum + by, included);
}

/** Whether one more fits: counted in the transaction that adds it. */
export function fits(terms: Terms, name: LimitName, used: number, at: Date): boolean {
  const max = limit(terms, name, at);
  return max === null || used < max;
}

/** A limit that other terms would break. */
export interface Excess {
  readonly limit: CountedLimit;
  readonly used: number;
  readonly max: number;
}

/** What has to be archived before a pharmacy that uses so much fits into these terms. */
export function excesses(terms: Terms, used: Readonly<Record<CountedLimit, number>>, at: Date): readonly Excess[] {
  return countedLimits.flatMap((name) => {
    const max = limit(terms, name, at);
    return max !== null && used[name] > max ? [{ limit: name, used: used[name], max }] : [];
  });
}

const reading: ReadonlySet<Act> = new Set(["read_records", "export"] as const);

const termsByEntry = new WeakMap<RegistryEntry, Terms>();

function readTerms(entry: RegistryEntry): Terms {
  const { state, planName, includedModules, grantedModules, raises } = entry;
  // A plan without API access has none of its calls: what an add-on brings is all there is.
  const calls = entry.apiRequestsPerMinute ?? (includedModules.includes("api_access") ? null : 0);
  const limits: Limits = {
    branches: entry.maxBranches,
    users: entry.maxUsers,
    items: entry.maxItems,
    api_requests_per_minute: calls,
  };
  return {
    state,
    plan: planName === null ? null : { name: planName, modules: includedModules, limits },
    grants: grantedModules,
    // What was bought ends with its subscription, which takes it out of the registry.
    raises: raises.map((raise) => ({ ...raise, expiresAt: null })),
  };
}

const isRunning = ({ expiresAt }: { readonly expiresAt: Date | null }, at: Date): boolean =>
  expiresAt === null || expiresAt > at;

/** Of several grants the one that lasts longest. */
function ownership({ plan, grants }: Terms, name: string, at: Date): Answer {
  if (plan?.modules.includes(name)) return { isAllowed: true, because: { rule: "plan", plan: plan.name } };
  const own = grants.filter((grant) => grant.module === name);
  const [longest] = own.toSorted((one, other) => endOf(other) - endOf(one));
  if (longest === undefined) return { isAllowed: false, because: { rule: "not_included", plan: plan?.name } };
  if (isRunning(longest, at)) {
    return { isAllowed: true, because: { rule: longest.source, until: longest.expiresAt } };
  }
  const ended = { rule: "expired", source: longest.source, at: longest.expiresAt ?? at } as const;
  return { isAllowed: false, because: ended };
}

const endOf = ({ expiresAt }: Grant): number => expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;

interface Standing {
  readonly acts: readonly Act[];
  /** Why everything else is refused. */
  readonly because: "payment_overdue" | "suspended" | "not_open";
}

const everything: readonly Act[] = [
  "sign_in",
  "see_billing",
  "read_records",
  "export",
  "finish_document",
  "work",
  "grow",
];
const open: Standing = { acts: everything, because: "not_open" };
const shut: Standing = { acts: [], because: "not_open" };

const standings: Readonly<Record<LifecycleState, Standing>> = {
  provisioning: shut,
  provisioning_failed: shut,
  trial: open,
  active: open,
  past_due: { acts: everything.filter((one) => one !== "grow"), because: "payment_overdue" },
  // Paid for until its period ends; then it is suspended.
  cancelled: open,
  suspended: { acts: ["sign_in", "see_billing", "read_records", "export"], because: "suspended" },
  closed: shut,
};
