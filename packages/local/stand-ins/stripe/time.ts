import { DAY_SECONDS, HOUR_SECONDS } from "@pharmasight/core/kernel/clock";
import { cancelNow, expireIncomplete } from "./cancellation.ts";
import { expireSession } from "./checkout-sessions.ts";
import { attemptPayment } from "./collection.ts";
import type { Invoice } from "./invoice-lines.ts";
import { dropPendingUpdate } from "./pending-updates.ts";
import { collectDraft, renew } from "./renewals.ts";
import { advanceSchedule } from "./schedules.ts";
import { periodOf, type Subscription } from "./subscription-items.ts";
import { hasEnded, keepSubscription, subscriptionOf } from "./subscription-status.ts";
import type { World } from "./world.ts";

/** Something that happens by itself. */
interface Due {
  readonly at: number;
  readonly run: () => void;
}

const TRIAL_NOTICE_DAYS = 3;
const FIRST_PAYMENT_HOURS = 23;
/** More than a lifetime of any test; reaching it means that something does not get done by being done. */
const MAX_TURNS = 100_000;

/**
 * Does everything that has become due, each at its own moment, the earliest first. Of what falls on one moment an end
 * goes before a new phase, and that before a renewal.
 */
export function letTimePass(world: World): void {
  for (let turns = 0; turns < MAX_TURNS; turns += 1) {
    const next = earliest(agenda(world));
    if (next === undefined || next.at > world.now()) return;
    world.at(next.at, next.run);
  }
  throw new Error("Time does not pass in the stand-in for Stripe.");
}

/** The first of the earliest. */
const earliest = (list: readonly Due[]): Due | undefined =>
  list.reduce<Due | undefined>((first, due) => (first === undefined || due.at < first.at ? due : first), undefined);

function agenda(world: World): Due[] {
  const living = world.all("subscriptions").filter((one) => !hasEnded(one));
  return [
    ...living.flatMap((subscription) => endsOf(world, subscription)),
    ...world
      .all("schedules")
      .filter(({ status }) => status === "active")
      .map((one) => ({ at: one.current_phase?.end_date ?? Infinity, run: () => advanceSchedule(world, one) })),
    ...living.flatMap((subscription) => renewalsOf(world, subscription)),
    ...world.all("invoices").flatMap((invoice) => collectionsOf(world, invoice)),
    ...world
      .all("checkoutSessions")
      .filter(({ status }) => status === "open")
      .map((one) => ({ at: one.expires_at, run: () => void expireSession(world, one.id) })),
  ];
}

function endsOf(world: World, subscription: Subscription): Due[] {
  const { id, cancel_at, created, pending_update, status } = subscription;
  const list: Due[] = [];
  if (status === "incomplete") {
    list.push({ at: created + FIRST_PAYMENT_HOURS * HOUR_SECONDS, run: () => expireIncomplete(world, subscription) });
  }
  if (cancel_at !== null) list.push({ at: cancel_at, run: () => void cancelNow(world, id) });
  if (pending_update !== null) {
    list.push({ at: pending_update.expires_at, run: () => dropPendingUpdate(world, subscription) });
  }
  return list;
}

function renewalsOf(world: World, subscription: Subscription): Due[] {
  const { id, created, status, trial_end: trialEnd } = subscription;
  if (status === "incomplete" || status === "paused") return [];
  const renewal = { at: periodOf(subscription).end, run: () => renew(world, subscription) };
  if (status !== "trialing" || trialEnd === null || world.secretOf(id).trialNotice !== undefined) return [renewal];
  const notice = {
    at: Math.max(created, trialEnd - TRIAL_NOTICE_DAYS * DAY_SECONDS),
    run: () => {
      world.keepSecret(id, { trialNotice: "sent" });
      world.emit("customer.subscription.trial_will_end", world.get("subscriptions", id));
    },
  };
  return [notice, renewal];
}

function collectionsOf(world: World, invoice: Invoice): Due[] {
  const { id, automatically_finalizes_at: finalizes, due_date: dueDate, next_payment_attempt: next, status } = invoice;
  if (status === "draft" && finalizes !== null) return [{ at: finalizes, run: () => collectDraft(world, id) }];
  if (status !== "open") return [];
  if (next !== null) return [{ at: next, run: () => void attemptPayment(world, id, { automatic: true }) }];
  const subscription = subscriptionOf(world, invoice);
  if (dueDate === null || subscription.status !== "active") return [];
  return [{ at: dueDate, run: () => void keepSubscription(world, { ...subscription, status: "past_due" }) }];
}
