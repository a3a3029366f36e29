import { finalizeInvoice, voidInvoice } from "./collection.ts";
import { draftInvoice } from "./invoice-drafts.ts";
import { dropPendingUpdate } from "./pending-updates.ts";
import { creditAll } from "./proration.ts";
import { periodOf, type Subscription } from "./subscription-items.ts";
import { hasEnded, invoicesOf, keepSubscription } from "./subscription-status.ts";
import type { World } from "./world.ts";

/** What the customer said about it. */
export interface Words {
  readonly comment?: string | null | undefined;
  readonly feedback?: string | null | undefined;
}

/**
 * Plans the end, or with null takes the plan back.
 * @param cancelAt seconds since 1970; `period-end` also sets the older flag
 */
export function planCancellation(
  world: World,
  subscription: Subscription,
  cancelAt: number | "period-end" | null,
  words: Words = {},
): Subscription {
  const isPeriodEnd = cancelAt === "period-end";
  const at = isPeriodEnd ? periodOf(subscription).end : cancelAt;
  const { comment = null, feedback = null } = words;
  return keepSubscription(world, {
    ...subscription,
    cancel_at: at,
    cancel_at_period_end: isPeriodEnd,
    canceled_at: at === null ? null : world.now(),
    cancellation_details: {
      comment: at === null ? null : comment,
      feedback: at === null ? null : feedback,
      feedback_option: null,
      reason: at === null ? null : "cancellation_requested",
    },
  });
}

/**
 * Ends the subscription now. What is open stays open, but is no longer collected. Nothing is refunded.
 * @param refundUnused invoices the unused time as a credit to the customer's balance first
 */
export function cancelNow(
  world: World,
  id: string,
  how: {
    readonly words?: Words;
    readonly refundUnused?: boolean;
    readonly reason?: "cancellation_requested" | null;
  } = {},
): Subscription {
  dropPendingUpdate(world, world.get("subscriptions", id));
  const subscription = world.get("subscriptions", id);
  if (how.refundUnused === true) creditUnused(world, subscription);
  for (const invoice of invoicesOf(world, subscription).filter(
    ({ status }) => status === "open" || status === "draft",
  )) {
    const still = { auto_advance: false, automatically_finalizes_at: null, next_payment_attempt: null };
    world.change("invoices", { ...invoice, ...still }, "invoice.updated");
  }
  const now = world.now();
  const { comment = null, feedback = null } = how.words ?? subscription.cancellation_details ?? {};
  const reason = subscription.cancellation_details?.reason ?? how.reason ?? null;
  const ended: Subscription = {
    ...world.get("subscriptions", id),
    canceled_at: subscription.canceled_at ?? now,
    cancellation_details: { comment, feedback, feedback_option: null, reason },
    ended_at: now,
    schedule: null,
    status: "canceled",
  };
  cancelSchedule(world, subscription);
  const kept = world.put("subscriptions", ended);
  world.emit("customer.subscription.deleted", kept);
  return kept;
}

/** A first payment that did not come within 23 hours. */
export function expireIncomplete(world: World, subscription: Subscription): void {
  keepSubscription(world, { ...subscription, ended_at: world.now(), status: "incomplete_expired" });
  for (const invoice of invoicesOf(world, subscription).filter(({ status }) => status === "open")) {
    voidInvoice(world, invoice.id);
  }
}

/** Deleting a customer ends what it has subscribed to. Called before the customer goes. */
export function cancelSubscriptionsOf(world: World, customerId: string): void {
  for (const subscription of world.all("subscriptions")) {
    if (subscription.customer === customerId && !hasEnded(subscription)) cancelNow(world, subscription.id);
  }
}

function creditUnused(world: World, subscription: Subscription): void {
  const lines = creditAll(world, subscription, world.now());
  if (lines.length === 0) return;
  const period = { start: world.now(), end: world.now() };
  const content = { subscription, lines, reason: "subscription_update", period } as const;
  finalizeInvoice(world, draftInvoice(world, content, false).id);
}

function cancelSchedule(world: World, { schedule: id }: Subscription): void {
  if (id === null) return;
  const canceled = world.put("schedules", {
    ...world.get("schedules", id),
    canceled_at: world.now(),
    current_phase: null,
    status: "canceled",
  });
  world.emit("subscription_schedule.canceled", canceled);
}
