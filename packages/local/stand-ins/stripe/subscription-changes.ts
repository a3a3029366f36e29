import { boundary } from "./calendar.ts";
import { collectNow } from "./collection.ts";
import { draftInvoice } from "./invoice-drafts.ts";
import { periodLines } from "./invoice-lines.ts";
import { dropPendingUpdate, type PlannedChange, updateWhenPaid } from "./pending-updates.ts";
import { prorate, resetsPeriod } from "./proration.ts";
import { invalid } from "./replies.ts";
import {
  changedItems,
  firstItem,
  type ItemChange,
  periodOf,
  rhythmOf,
  type Subscription,
  withPeriod,
} from "./subscription-items.ts";
import { keepSubscription } from "./subscription-status.ts";
import type { World } from "./world.ts";

/** A change of items as it is asked for. */
export interface AskedChange {
  readonly items: readonly ItemChange[];
  readonly behavior: string | undefined;
  readonly prorationDate: number | undefined;
}

/**
 * What the change would do now. A preview and the change itself both come from here, so that they agree to the cent.
 * @throws Refusal for a moment outside of the period, and for prorations that are left for a later invoice
 */
export function planChange(world: World, subscription: Subscription, asked: AskedChange): PlannedChange {
  const { behavior } = asked;
  if (behavior !== "always_invoice" && behavior !== "none") {
    throw invalid(
      "The stand-in knows only always_invoice and none; without either, Stripe would put prorations aside.",
      {
        param: "proration_behavior",
      },
    );
  }
  const { start, end } = periodOf(subscription);
  const prorationDate = asked.prorationDate ?? world.now();
  if (prorationDate < start || prorationDate > end) {
    throw invalid("Cannot specify a proration date outside of the current period.", { param: "proration_date" });
  }
  const changed = changedItems(world, subscription, asked.items);
  const isReset = subscription.status !== "trialing" && resetsPeriod(subscription.items.data, changed);
  const anchor = isReset ? world.now() : subscription.billing_cycle_anchor;
  const items = isReset
    ? withPeriod(changed, { start: anchor, end: boundary(anchor, rhythmOf(firstItem(changed)), 1) })
    : changed;
  if (behavior === "none") {
    return { items, anchor, lines: isReset ? periodLines(world, items) : [], prorationDate };
  }
  return { items, anchor, lines: prorate(world, { subscription, items, at: prorationDate }), prorationDate };
}

/** Makes the change: at once, or with `pending_if_incomplete` when it is paid. */
export function changeItems(
  world: World,
  subscription: Subscription,
  change: PlannedChange,
  paymentBehavior: string | undefined,
): Subscription {
  if (change.lines.length > 0 && paymentBehavior === "pending_if_incomplete") {
    return amendSchedule(world, updateWhenPaid(world, subscription, change));
  }
  dropPendingUpdate(world, subscription);
  const current = world.get("subscriptions", subscription.id);
  const changed = keepSubscription(world, {
    ...current,
    billing_cycle_anchor: change.anchor,
    items: { ...current.items, data: change.items },
  });
  if (change.lines.length > 0) {
    const { lines, prorationDate } = change;
    const period = { start: world.now(), end: world.now() };
    const content = { subscription: changed, lines, reason: "subscription_update", period, prorationDate } as const;
    collectNow(world, draftInvoice(world, content, true).id);
  }
  return amendSchedule(world, world.get("subscriptions", subscription.id));
}

/** A schedule's current phase says what the subscription has; later phases stay as they were planned. */
function amendSchedule(world: World, subscription: Subscription): Subscription {
  const schedule = subscription.schedule === null ? undefined : world.get("schedules", subscription.schedule);
  if (schedule === undefined) return subscription;
  const phases = schedule.phases.map((phase) =>
    phase.start_date === schedule.current_phase?.start_date ? { ...phase, items: phaseItemsOf(subscription) } : phase,
  );
  world.change("schedules", { ...schedule, phases }, "subscription_schedule.updated");
  return subscription;
}

/** The subscription's items in the words of a schedule's phase. */
export const phaseItemsOf = ({ items }: Subscription) =>
  items.data.map(({ price, plan, quantity = 1, metadata }) => ({
    billing_thresholds: null,
    discounts: [],
    metadata,
    plan: plan.id,
    price: price.id,
    quantity,
    tax_rates: [],
  }));
