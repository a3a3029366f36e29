import { nextBoundary } from "./calendar.ts";
import { cancelNow } from "./cancellation.ts";
import { collectNow } from "./collection.ts";
import { discountsInForce } from "./discounts.ts";
import { draftInvoice, type InvoiceContent } from "./invoice-drafts.ts";
import { periodLines } from "./invoice-lines.ts";
import { firstItem, type Item, periodOf, rhythmOf, type Subscription, withPeriod } from "./subscription-items.ts";
import { keepSubscription } from "./subscription-status.ts";
import type { World } from "./world.ts";

/**
 * The next period begins: its invoice is a draft for an hour, then final and collected, as with Stripe. A trial that ends
 * goes on only if there is something to pay with, or if its settings say so. An unpaid subscription goes on too, but its
 * invoices stay drafts.
 */
export function renew(world: World, { id }: Subscription): void {
  const subscription = world.get("subscriptions", id);
  if (subscription.status === "trialing" && !hasMethod(world, subscription)) {
    const behavior = subscription.trial_settings?.end_behavior.missing_payment_method;
    if (behavior === "cancel") return void cancelNow(world, id);
    if (behavior === "pause") return void keepSubscription(world, { ...subscription, status: "paused" });
  }
  const { items, content } = nextPeriod(world, subscription, subscription.items.data);
  const renewed = keepSubscription(world, {
    ...subscription,
    items: { ...subscription.items, data: items },
    status: subscription.status === "trialing" ? "active" : subscription.status,
  });
  draftInvoice(world, { ...content, subscription: renewed }, subscription.status !== "unpaid");
}

/** The items with their next period, and the invoice for it. */
export function nextPeriod(
  world: World,
  subscription: Subscription,
  items: readonly Item[],
): { readonly items: Item[]; readonly content: InvoiceContent } {
  const { start, end } = periodOf(subscription);
  const next = nextBoundary(subscription.billing_cycle_anchor, rhythmOf(firstItem(items)), end);
  const renewed = withPeriod(items, { start: end, end: next });
  return {
    items: renewed,
    content: {
      subscription,
      lines: periodLines(world, renewed),
      discounts: discountsInForce(world, subscription.discounts, end),
      reason: "subscription_cycle",
      period: { start, end },
    },
  };
}

/** The hour is over: the draft becomes final and is collected. */
export const collectDraft = (world: World, id: string): void => void collectNow(world, id);

function hasMethod(
  world: World,
  { default_payment_method: own, customer, collection_method: how }: Subscription,
): boolean {
  if (how === "send_invoice" || own !== null) return true;
  return world.get("customers", customer).invoice_settings.default_payment_method !== null;
}
