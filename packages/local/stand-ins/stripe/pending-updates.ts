import { HOUR_SECONDS } from "@pharmasight/core/kernel/clock";
import { collectNow, voidInvoice } from "./collection.ts";
import { draftInvoice } from "./invoice-drafts.ts";
import type { Line } from "./invoice-lines.ts";
import { invalid } from "./replies.ts";
import { type Item, periodOf, type Subscription } from "./subscription-items.ts";
import { keepSubscription } from "./subscription-status.ts";
import type { World } from "./world.ts";

/** What a change of items makes of the subscription once it is in force. */
export interface PlannedChange {
  readonly items: Item[];
  readonly anchor: number;
  /** What is invoiced for it at once. */
  readonly lines: Line[];
  readonly prorationDate: number;
}

const LIFE_HOURS = 23;

/** All that may be sent with `payment_behavior=pending_if_incomplete`, https://docs.stripe.com/billing/subscriptions/pending-updates-reference. */
const SUPPORTED = ["items", "payment_behavior", "proration_behavior", "proration_date"];

/** @throws Refusal that names a parameter which cannot wait for a payment */
export function requireSupported(params: object): void {
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || SUPPORTED.includes(name)) continue;
    throw invalid(`You cannot pass \`${name}\` when \`payment_behavior=pending_if_incomplete\`.`, { param: name });
  }
}

/**
 * Bills the change now and puts it in force when that is paid. Until then, and at most for 23 hours or to the end of the
 * period, the subscription stays as it is and shows what is pending.
 */
export function updateWhenPaid(world: World, subscription: Subscription, change: PlannedChange): Subscription {
  dropPendingUpdate(world, subscription);
  const { id } = subscription;
  const { items, anchor, lines, prorationDate } = change;
  const period = { start: world.now(), end: world.now() };
  const content = { subscription, lines, reason: "subscription_update", period, prorationDate } as const;
  const invoice = draftInvoice(world, content, false);
  world.keepSecret(id, { pendingInvoice: invoice.id });
  const outcome = collectNow(world, invoice.id);
  const now = world.get("subscriptions", id);
  if (outcome.kind === "paid") {
    return keepSubscription(world, { ...now, billing_cycle_anchor: anchor, items: { ...now.items, data: items } });
  }
  return keepSubscription(world, {
    ...now,
    pending_update: {
      billing_cycle_anchor: anchor === now.billing_cycle_anchor ? null : anchor,
      cancel_at_period_end: null,
      discount: null,
      discounts: null,
      expires_at: Math.min(world.now() + LIFE_HOURS * HOUR_SECONDS, periodOf(now).end),
      metadata: null,
      subscription_items: items,
      trial_end: null,
      trial_from_plan: null,
    },
  });
}

/** Gives up what is pending, if anything is, by voiding its invoice. */
export function dropPendingUpdate(world: World, { id, pending_update }: Subscription): void {
  const { pendingInvoice } = world.secretOf(id);
  if (pending_update !== null && pendingInvoice !== undefined) voidInvoice(world, pendingInvoice);
}
