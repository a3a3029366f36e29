export * as Lifecycle from "./lifecycle.ts";

import { DAY_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { nextTimeOfDay } from "../../kernel/local-time.ts";
import type { LifecycleState } from "../../registry/registry.ts";

/**
 * What a pharmacy may do follows from one state, and the state from facts: when the trial ends, what the payment
 * provider says of the subscription, and the time. Pure: the caller reads the facts, and writes what comes out.
 */

/** The payment provider's own words: https://docs.stripe.com/api/subscriptions/object#subscription_object-status */
export type SubscriptionStatus =
  | "trialing"
  | "active"
  | "past_due"
  | "unpaid"
  | "canceled"
  | "incomplete"
  | "incomplete_expired"
  | "paused";

export interface SubscriptionFacts {
  readonly status: SubscriptionStatus;
  /** Until when it ends without being renewed: it was cancelled at the end of its period, or has ended. */
  readonly endsAt: Date | null;
  /** Since when a payment is owed; absent or null: since we heard of it. */
  readonly overdueSince?: Date | null;
}

export type SuspensionCause = "trial_ended" | "unpaid" | "subscription_ended" | "operator";

/** Everything that decides. */
export interface Standing {
  readonly state: LifecycleState;
  /** IANA name: timed changes act in the night of the pharmacy. */
  readonly timeZone: string;
  readonly trialEndsAt: Date | null;
  /** Null: never had one. */
  readonly subscription: SubscriptionFacts | null;
  /** Since when a payment is overdue; null: none is. */
  readonly pastDueSince: Date | null;
  /** Until when access stays although a payment is overdue; an operator may move it. */
  readonly graceEndsAt: Date | null;
  /** Until when a cancelled one is paid for. */
  readonly accessEndsAt: Date | null;
  readonly suspension: SuspensionCause | null;
}

export type Occurrence =
  | { readonly kind: "subscription_changed"; readonly subscription: SubscriptionFacts | null }
  | { readonly kind: "time_passed" }
  | { readonly kind: "suspended_by_operator" }
  | { readonly kind: "resumed_by_operator" }
  | { readonly kind: "trial_extended"; readonly until: Date }
  | { readonly kind: "grace_extended"; readonly until: Date };

/** Mails that a change itself calls for; those that only the calendar calls for are in `reminders.ts`. */
export type ChangeMail = "payment_failed" | "recovered" | "suspended" | "cancelled";

export interface Change {
  readonly standing: Standing;
  /** Why, for the audit log; in the past tense. */
  readonly because: string;
  readonly mails: readonly ChangeMail[];
}

export const GRACE_DAYS = 7;
/** However late we hear of a failed payment, nobody is shut out without having been told so long before. */
const NOTICE_DAYS = 3;
/** When timed changes act, on the pharmacy's clock: nobody sells then. */
export const ACTS_AT = { hour: 3, minute: 0 } as const;

/**
 * What an occurrence does. The same facts again change nothing, so that duplicates and any order of messages end alike.
 * @returns undefined when everything stays as it is
 */
export function change(standing: Standing, occurrence: Occurrence, at: Date): Change | undefined {
  switch (occurrence.kind) {
    case "subscription_changed":
      return bySubscription(standing, occurrence.subscription, at);
    case "time_passed":
      return byTime(standing, at);
    case "suspended_by_operator":
      return suspendedByOperator(standing);
    case "resumed_by_operator":
      return resumedByOperator(standing, at);
    case "trial_extended":
      return trialExtended(standing, occurrence.until, at);
    case "grace_extended":
      return graceExtended(standing, occurrence.until, at);
  }
}

/**
 * When the next timed change acts: at three in the pharmacy's night, not before what runs out has run out.
 * @returns undefined when only somebody's act changes anything
 */
export function nextChangeAt(standing: Standing): Date | undefined {
  const end = endOf(standing);
  return end === null ? undefined : nextTimeOfDay(end, standing.timeZone, ACTS_AT);
}

/** When what the state rests on runs out. */
function endOf({ state, trialEndsAt, graceEndsAt, accessEndsAt }: Standing): Date | null {
  switch (state) {
    case "trial":
      return trialEndsAt;
    case "past_due":
      return graceEndsAt;
    case "cancelled":
      return accessEndsAt;
    default:
      return null;
  }
}

function byTime(standing: Standing, at: Date): Change | undefined {
  const due = nextChangeAt(standing);
  if (due === undefined || at < due) return undefined;
  const causes = { trial: "trial_ended", past_due: "unpaid", cancelled: "subscription_ended" } as const;
  const { state } = standing;
  if (state !== "trial" && state !== "past_due" && state !== "cancelled") return undefined;
  return suspended(standing, causes[state]);
}

/** What a subscription is good for at a moment. */
type Right = "paid" | "ending" | "overdue" | "ended" | "none";

function rightOf(subscription: SubscriptionFacts | null, at: Date): Right {
  if (subscription === null) return "none";
  const { status, endsAt } = subscription;
  switch (status) {
    case "incomplete":
    case "incomplete_expired":
      return "none";
    case "past_due":
    case "unpaid":
      return "overdue";
    case "paused":
      return "ended";
    case "canceled":
    case "trialing":
    case "active":
      if (endsAt === null) return status === "canceled" ? "ended" : "paid";
      return endsAt > at ? "ending" : "ended";
  }
}

function bySubscription(before: Standing, subscription: SubscriptionFacts | null, at: Date): Change | undefined {
  const standing = { ...before, subscription };
  const isKnown = sameSubscription(before.subscription, subscription);
  const stays = isKnown ? undefined : { standing, because: "the subscription changed", mails: [] };
  // Setting up is the saga's, closing is for good, and what an operator suspended only an operator opens.
  if (!isOpen(before) || (before.state === "suspended" && before.suspension === "operator")) return stays;
  switch (rightOf(subscription, at)) {
    case "paid":
      return before.state === "active" ? stays : paid(standing);
    case "ending":
      return ending(standing, subscription?.endsAt ?? at) ?? stays;
    case "overdue":
      return before.state === "past_due" || before.state === "suspended" ? stays : overdue(standing, at);
    case "ended":
    case "none":
      // A trial is a right of its own; grace and what was paid run out by the calendar, in the night.
      return before.state === "active" ? ended(standing, at) : stays;
  }
}

const isOpen = ({ state }: Standing): boolean =>
  state !== "provisioning" && state !== "provisioning_failed" && state !== "closed";

/** What belongs to a state that is left. */
const settled = { pastDueSince: null, graceEndsAt: null, accessEndsAt: null, suspension: null } as const;

function paid(standing: Standing): Change {
  const wasShort = standing.state === "past_due" || standing.state === "suspended";
  return {
    standing: { ...standing, ...settled, state: "active" },
    because: wasShort ? "the payment arrived" : "the subscription was paid",
    mails: wasShort ? ["recovered"] : [],
  };
}

function ended(standing: Standing, at: Date): Change {
  if (standing.trialEndsAt === null || standing.trialEndsAt <= at) return suspended(standing, "subscription_ended");
  const because = "the subscription ended, and the trial goes on";
  return { standing: { ...standing, ...settled, state: "trial" }, because, mails: [] };
}

function ending(standing: Standing, accessEndsAt: Date): Change | undefined {
  const isCancelled = standing.state === "cancelled";
  if (isCancelled && standing.accessEndsAt?.getTime() === accessEndsAt.getTime()) return undefined;
  return {
    standing: { ...standing, ...settled, state: "cancelled", accessEndsAt },
    because: "the subscription was cancelled and runs to its end",
    mails: isCancelled ? [] : ["cancelled"],
  };
}

/** The grace counts from the day that was not paid, not from the one that a notice arrived. */
function overdue(standing: Standing, at: Date): Change {
  const owed = standing.subscription?.overdueSince ?? at;
  const pastDueSince = owed < at ? owed : at;
  const graceEndsAt = later(
    secondsAfter(pastDueSince, GRACE_DAYS * DAY_SECONDS),
    secondsAfter(at, NOTICE_DAYS * DAY_SECONDS),
  );
  return {
    standing: { ...standing, ...settled, state: "past_due", pastDueSince, graceEndsAt },
    because: "a payment failed",
    mails: ["payment_failed"],
  };
}

const later = (one: Date, other: Date): Date => (one > other ? one : other);

const reasons: Readonly<Record<SuspensionCause, string>> = {
  trial_ended: "the trial ended without a subscription",
  unpaid: "the payment did not arrive in time",
  subscription_ended: "the subscription ended",
  operator: "an operator suspended it",
};

function suspended(standing: Standing, suspension: SuspensionCause): Change {
  return {
    standing: { ...standing, ...settled, state: "suspended", suspension },
    because: reasons[suspension],
    mails: ["suspended"],
  };
}

function suspendedByOperator(standing: Standing): Change | undefined {
  const isDone = standing.state === "suspended" && standing.suspension === "operator";
  return !isOpen(standing) || isDone ? undefined : { ...suspended(standing, "operator"), mails: [] };
}

/** What it would be if nobody had suspended it: its subscription decides, else what is left of its trial. */
function resumedByOperator(standing: Standing, at: Date): Change | undefined {
  if (standing.state !== "suspended" || standing.suspension !== "operator") return undefined;
  const because = "an operator resumed it";
  // What was left of its grace, and time enough to pay.
  if (rightOf(standing.subscription, at) === "overdue") return { ...overdue(standing, at), because, mails: [] };
  const hasTrial = standing.trialEndsAt !== null && standing.trialEndsAt > at;
  const free: Standing = hasTrial
    ? { ...standing, state: "trial", suspension: null }
    : { ...standing, suspension: standing.subscription === null ? "trial_ended" : "subscription_ended" };
  const decided = bySubscription(free, standing.subscription, at)?.standing ?? free;
  return { standing: decided, because, mails: [] };
}

/** One that was suspended only because its time had run out gets it back. */
function trialExtended(standing: Standing, until: Date, at: Date): Change | undefined {
  const hasEnded = standing.state === "suspended" && standing.suspension === "trial_ended";
  const isDone = standing.trialEndsAt?.getTime() === until.getTime() && !hasEnded;
  if (until <= at || isDone || !(standing.state === "trial" || hasEnded)) return undefined;
  const extended: Standing = { ...standing, state: "trial", trialEndsAt: until, suspension: null };
  return { standing: extended, because: "an operator extended the trial", mails: [] };
}

function graceExtended(standing: Standing, until: Date, at: Date): Change | undefined {
  const hasEnded = standing.state === "suspended" && standing.suspension === "unpaid";
  const isDone = standing.graceEndsAt?.getTime() === until.getTime() && !hasEnded;
  if (until <= at || isDone || !(standing.state === "past_due" || hasEnded)) return undefined;
  const pastDueSince = standing.pastDueSince ?? at;
  const extended: Standing = { ...standing, state: "past_due", pastDueSince, graceEndsAt: until, suspension: null };
  return { standing: extended, because: "an operator extended the grace", mails: [] };
}

const sameSubscription = (one: SubscriptionFacts | null, other: SubscriptionFacts | null): boolean =>
  one?.status === other?.status && one?.endsAt?.getTime() === other?.endsAt?.getTime();
