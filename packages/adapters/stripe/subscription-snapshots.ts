import { Money } from "@pharmasight/core/kernel/money";
import type {
  Card,
  Discount,
  ProviderStatus,
  SubscriptionItem,
  SubscriptionSnapshot,
} from "@pharmasight/core/ports/subscriptions";
import type Stripe from "stripe";
import { dateOf, dateOrNull, expanded, idOf, received, unlessMissing } from "./client.ts";

/**
 * What a snapshot needs beside the subscription itself; four levels are the most that Stripe follows. The customer's own
 * payment method is not among them: one who was deleted has no field that could lead there.
 */
export const SUBSCRIPTION_EXPANSIONS = [
  "customer",
  "default_payment_method",
  "discounts.source.coupon",
  "latest_invoice",
  "schedule",
] as const;

/** Noted at Stripe on each price of ours, and on its product: `plan:starter` or `add_on:reports`. */
export const SELLS = "sells";

/** A subscription in our words. One that somebody made by hand at Stripe is translated as well as it can be. */
export async function subscriptionSnapshot(stripe: Stripe, reply: Stripe.Subscription): Promise<SubscriptionSnapshot> {
  const subscription = received("subscription", reply);
  const items = subscription.items.data.map((item) => itemOf(item));
  return {
    subscriptionId: subscription.id,
    customerId: idOf(subscription.customer),
    tenantId: subscription.metadata.tenant_id,
    status: statusOf(subscription.status),
    currency: subscription.currency.toUpperCase(),
    collection: subscription.collection_method === "send_invoice" ? "invoice" : "automatic",
    createdAt: dateOf(subscription.created),
    items,
    endsAt: endOf(subscription, items),
    endedAt: dateOrNull(subscription.ended_at),
    pending: pendingOf(subscription),
    scheduled: scheduledOf(subscription),
    card: await cardOf(stripe, subscription),
    discount: discountOf(subscription),
    latestInvoiceId: subscription.latest_invoice === null ? null : idOf(subscription.latest_invoice),
  };
}

/** The item of the plan: the one whose price says so or, made by hand, the oldest. */
export function planItemOf(items: readonly Stripe.SubscriptionItem[]): Stripe.SubscriptionItem | undefined {
  const oldest = items.toSorted((one, other) => one.created - other.created).at(0);
  return items.find(({ price }) => price.metadata[SELLS]?.startsWith("plan:")) ?? oldest;
}

function itemOf(item: Stripe.SubscriptionItem): SubscriptionItem {
  const { price } = item;
  return {
    itemId: item.id,
    priceId: price.id,
    quantity: item.quantity ?? 1,
    // Null for prices in tiers or in fractions of a cent, neither of which we make.
    unitAmount: Money.fromMinor(price.unit_amount ?? 0, price.currency),
    interval: price.recurring?.interval === "year" ? "year" : "month",
    // Only items have a period: their subscription's own was removed in 2025.
    periodStart: dateOf(item.current_period_start),
    periodEnd: dateOf(item.current_period_end),
  };
}

/** A state that is new at Stripe is taken for one in which nothing is paid yet: it gives no access and takes none. */
function statusOf(status: Stripe.Subscription.Status): ProviderStatus {
  const known: readonly ProviderStatus[] = [
    "trialing",
    "active",
    "past_due",
    "unpaid",
    "canceled",
    "incomplete",
    "incomplete_expired",
    "paused",
  ];
  return known.find((one) => one === status) ?? "incomplete";
}

/** The portal cancels by a date and leaves the flag alone; our own way sets the flag. Either ends it. */
function endOf({ cancel_at, cancel_at_period_end }: Stripe.Subscription, items: readonly SubscriptionItem[]) {
  if (cancel_at !== null) return dateOf(cancel_at);
  if (!cancel_at_period_end || items.length === 0) return null;
  return new Date(Math.max(...items.map(({ periodEnd }) => periodEnd.getTime())));
}

function pendingOf({ pending_update, latest_invoice }: Stripe.Subscription): SubscriptionSnapshot["pending"] {
  if (pending_update === null) return null;
  const invoice = expanded(latest_invoice);
  return {
    priceIds: (pending_update.subscription_items ?? []).map(({ price }) => price.id),
    until: dateOf(pending_update.expires_at),
    url: invoice?.status === "open" ? (invoice.hosted_invoice_url ?? null) : null,
  };
}

/** The phase after the present one. The last phase of a schedule plans nothing any more. */
function scheduledOf({ schedule: reference }: Stripe.Subscription): SubscriptionSnapshot["scheduled"] {
  const schedule = expanded(reference);
  const present = schedule?.current_phase ?? null;
  if (schedule === undefined || present === null || schedule.status !== "active") return null;
  const next = schedule.phases.find(({ start_date }) => start_date >= present.end_date);
  if (next === undefined) return null;
  const priceIds = next.items.map(({ price }) => idOf(price));
  return { scheduleId: schedule.id, priceIds, at: dateOf(next.start_date) };
}

/** What the next invoice is charged to: the subscription's own method or, where it has none, the customer's. */
async function cardOf(stripe: Stripe, subscription: Stripe.Subscription): Promise<Card | null> {
  const own = expanded(subscription.default_payment_method);
  const card = (own ?? (await methodOf(stripe, expanded(subscription.customer))))?.card;
  if (card === undefined) return null;
  const { brand, last4, exp_year, exp_month } = card;
  // Months count from 0 in JavaScript, so this is the first moment of the month after.
  return { brand, last4, expiresAt: new Date(Date.UTC(exp_year, exp_month, 1)) };
}

async function methodOf(
  stripe: Stripe,
  customer: Stripe.Customer | Stripe.DeletedCustomer | undefined,
): Promise<Stripe.PaymentMethod | undefined> {
  const method = customer === undefined || customer.deleted ? null : customer.invoice_settings.default_payment_method;
  return method === null ? undefined : unlessMissing(stripe.paymentMethods.retrieve(idOf(method)));
}

/** The first that is taken off more than one invoice. */
function discountOf({ discounts, currency }: Stripe.Subscription): Discount | null {
  for (const reference of discounts) {
    const discount = expanded(reference);
    const coupon = expanded(discount?.source.coupon);
    if (discount === undefined || coupon === undefined || coupon.duration === "once") continue;
    return {
      percent: coupon.percent_off === null ? null : String(coupon.percent_off),
      amount: coupon.amount_off === null ? null : Money.fromMinor(coupon.amount_off, coupon.currency ?? currency),
      endsAt: dateOrNull(discount.end),
    };
  }
  return null;
}
