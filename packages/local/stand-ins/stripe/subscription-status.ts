import type { Invoice } from "./invoice-lines.ts";
import { type Subscription, withTodaysPrices } from "./subscription-items.ts";
import type { EventType, World } from "./world.ts";

/** How paying, failing and voiding an invoice moves its subscription. */

/** Keeps the subscription and tells what changed. */
export function keepSubscription(
  world: World,
  subscription: Subscription,
  type: EventType = "customer.subscription.updated",
): Subscription {
  const items = { ...subscription.items, data: withTodaysPrices(world, subscription.items.data) };
  return world.change("subscriptions", { ...subscription, items }, type);
}

export const hasEnded = ({ status }: Subscription): boolean => status === "canceled" || status === "incomplete_expired";

/** The subscription of an invoice. */
export const subscriptionOf = (world: World, invoice: Invoice): Subscription =>
  world.get("subscriptions", invoice.parent?.subscription_details?.subscription ?? "");

/** Newest first. */
export const invoicesOf = (world: World, subscription: Subscription): Invoice[] =>
  world.all("invoices").filter(({ parent }) => parent?.subscription_details?.subscription === subscription.id);

/**
 * A first payment activates; so does paying the latest invoice of one that is behind. An older one does not, as with
 * Stripe. Paying what an update waits for applies it.
 */
export function afterPaid(world: World, invoice: Invoice): void {
  const subscription = subscriptionOf(world, invoice);
  if (hasEnded(subscription)) return;
  const applied = appliedBy(world, subscription, invoice);
  const isBehind = ["incomplete", "past_due", "unpaid"].includes(subscription.status);
  const isLatest = latestOf(world, subscription)?.id === invoice.id;
  const kept = keepSubscription(world, { ...applied, status: isBehind && isLatest ? "active" : applied.status });
  if (applied !== subscription) world.emit("customer.subscription.pending_update_applied", kept);
}

/** @param isLast whether it will not be tried again by itself; the account then marks the subscription unpaid */
export function afterFailure(world: World, invoice: Invoice, isLast: boolean): void {
  const subscription = subscriptionOf(world, invoice);
  if (isForUpdate(world, subscription, invoice) || invoice.billing_reason === "subscription_create") return;
  if (subscription.status === "active" || (isLast && subscription.status === "past_due")) {
    keepSubscription(world, { ...subscription, status: isLast ? "unpaid" : "past_due" });
  }
}

/** Voiding forgives: the subscription is as its other invoices say. */
export function afterVoid(world: World, invoice: Invoice): void {
  const subscription = subscriptionOf(world, invoice);
  if (hasEnded(subscription)) return;
  if (isForUpdate(world, subscription, invoice)) {
    const kept = keepSubscription(world, { ...subscription, pending_update: null });
    world.emit("customer.subscription.pending_update_expired", kept);
    return;
  }
  const isBehind = subscription.status === "past_due" || subscription.status === "unpaid";
  const latest = latestOf(world, subscription);
  if (isBehind && (latest === undefined || latest.status === "paid")) {
    keepSubscription(world, { ...subscription, status: "active" });
  }
}

/** Whether the invoice is what a pending update waits for, or is being made for one. */
export const isForUpdate = (world: World, subscription: Subscription, invoice: Invoice): boolean =>
  world.secretOf(subscription.id).pendingInvoice === invoice.id;

/** The invoice that decides the status; a void one decides nothing. */
const latestOf = (world: World, subscription: Subscription): Invoice | undefined =>
  invoicesOf(world, subscription).find(({ status }) => status !== "void");

function appliedBy(world: World, subscription: Subscription, invoice: Invoice): Subscription {
  const update = subscription.pending_update;
  if (update === null || !isForUpdate(world, subscription, invoice)) return subscription;
  return {
    ...subscription,
    billing_cycle_anchor: update.billing_cycle_anchor ?? subscription.billing_cycle_anchor,
    items: { ...subscription.items, data: update.subscription_items ?? subscription.items.data },
    pending_update: null,
  };
}
