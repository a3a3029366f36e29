import { Decimal } from "decimal.js";
import { secondsAfter } from "../../kernel/clock.ts";
import type { InvoiceSnapshot, SubscriptionItem, SubscriptionSnapshot } from "../../ports/subscriptions.ts";
import type { SubscriptionFacts } from "../lifecycle/lifecycle.ts";

/**
 * What our rows say when the payment provider says this: a pure projection, so that any order, number and loss of
 * notices ends in the same rows.
 */

/** A price of ours as the provider knows it. Exactly one of the two says what it is the price of. */
export interface KnownPrice {
  readonly id: string;
  readonly planId: string | null;
  readonly addOnCode: string | null;
}

/** By the provider's id. */
export type KnownPrices = ReadonlyMap<string, KnownPrice>;

/** The columns of `tenant_subscriptions` that the provider decides. */
export interface MirroredSubscription {
  /** Absent where the provider names no plan of ours, or nothing was paid yet: then the plan stays as it was. */
  readonly planId?: string;
  readonly priceId?: string;
  readonly status: SubscriptionSnapshot["status"];
  readonly billingInterval: "month" | "year" | null;
  readonly currentPeriodStart: Date | null;
  readonly currentPeriodEnd: Date | null;
  readonly cancelAtPeriodEnd: boolean;
  readonly stripeSubscriptionId: string;
  readonly currency: string;
  readonly collection: "automatic" | "invoice";
  readonly stripePlanItemId: string | null;
  readonly endsAt: Date | null;
  readonly endedAt: Date | null;
  readonly pendingUntil: Date | null;
  readonly pendingPriceId: string | null;
  readonly pendingUrl: string | null;
  readonly stripeScheduleId: string | null;
  readonly scheduledPriceId: string | null;
  readonly scheduledAt: Date | null;
  readonly cardBrand: string | null;
  readonly cardLast4: string | null;
  readonly cardExpiresAt: Date | null;
  readonly discountPercent: string | null;
  readonly discountAmount: string | null;
  readonly discountEndsAt: Date | null;
}

/** A row of `tenant_add_ons`, without whose and since when. */
export interface MirroredAddOn {
  readonly addOnCode: string;
  readonly quantity: number;
  readonly priceId: string;
  readonly stripeItemId: string;
}

export interface Mirrored {
  readonly subscription: MirroredSubscription;
  /** Undefined: nothing was paid yet, so that what was bought before stays. */
  readonly addOns: readonly MirroredAddOn[] | undefined;
  /** What the lifecycle goes by. */
  readonly facts: SubscriptionFacts;
  /** Items whose price is none of ours. */
  readonly unknownPriceIds: readonly string[];
}

/** @param invoices of the customer */
export function mirror(
  snapshot: SubscriptionSnapshot,
  invoices: readonly InvoiceSnapshot[],
  prices: KnownPrices,
): Mirrored {
  const plan = planItemOf(snapshot, prices);
  // Before the first payment it is a wish: the plan and the modules are those from before.
  const hasBegun = snapshot.status !== "incomplete" && snapshot.status !== "incomplete_expired";
  const endsAt = endOf(snapshot, invoices, plan);
  return {
    subscription: {
      ...(hasBegun ? planOf(plan, prices) : {}),
      status: snapshot.status,
      billingInterval: plan?.interval ?? null,
      ...periodOf(plan),
      cancelAtPeriodEnd: endsAt !== null && snapshot.endedAt === null,
      stripeSubscriptionId: snapshot.subscriptionId,
      currency: snapshot.currency,
      collection: snapshot.collection,
      stripePlanItemId: plan?.itemId ?? null,
      endsAt,
      endedAt: snapshot.endedAt,
      pendingUntil: snapshot.pending?.until ?? null,
      pendingPriceId: planPriceAmong(snapshot.pending?.priceIds, prices),
      pendingUrl: snapshot.pending?.url ?? null,
      stripeScheduleId: snapshot.scheduled?.scheduleId ?? null,
      scheduledPriceId: planPriceAmong(snapshot.scheduled?.priceIds, prices),
      scheduledAt: snapshot.scheduled?.at ?? null,
      cardBrand: snapshot.card?.brand ?? null,
      cardLast4: snapshot.card?.last4 ?? null,
      cardExpiresAt: snapshot.card?.expiresAt ?? null,
      discountPercent: inCents(snapshot.discount?.percent),
      discountAmount: inCents(snapshot.discount?.amount),
      discountEndsAt: snapshot.discount?.endsAt ?? null,
    },
    addOns: hasBegun ? addOnsOf(snapshot, prices) : undefined,
    facts: { status: snapshot.status, endsAt, overdueSince: overdueSince(snapshot, invoices) },
    unknownPriceIds: snapshot.items.map(({ priceId }) => priceId).filter((priceId) => !prices.has(priceId)),
  };
}

/** The item that is the plan; where none is known as one, the first: its period is the subscription's all the same. */
function planItemOf({ items }: SubscriptionSnapshot, prices: KnownPrices): SubscriptionItem | undefined {
  return items.find(({ priceId }) => (prices.get(priceId)?.planId ?? null) !== null) ?? items[0];
}

function planOf(item: SubscriptionItem | undefined, prices: KnownPrices) {
  const price = item === undefined ? undefined : prices.get(item.priceId);
  return price === undefined || price.planId === null ? {} : { planId: price.planId, priceId: price.id };
}

function periodOf(item: SubscriptionItem | undefined) {
  const isPeriod = item !== undefined && item.periodStart < item.periodEnd;
  return {
    currentPeriodStart: isPeriod ? item.periodStart : null,
    currentPeriodEnd: isPeriod ? item.periodEnd : null,
  };
}

function planPriceAmong(priceIds: readonly string[] | undefined, prices: KnownPrices): string | null {
  const known = (priceIds ?? []).flatMap((priceId) => prices.get(priceId) ?? []);
  return (known.find(({ planId }) => planId !== null) ?? known[0])?.id ?? null;
}

const inCents = (amount: string | null | undefined): string | null =>
  amount === null || amount === undefined ? null : new Decimal(amount).toFixed(2);

/** The same add-on by two items, as after a change of its price, is one with both quantities. */
function addOnsOf({ items }: SubscriptionSnapshot, prices: KnownPrices): readonly MirroredAddOn[] {
  const found = new Map<string, MirroredAddOn>();
  for (const { priceId, itemId, quantity } of items) {
    const price = prices.get(priceId);
    if (price === undefined || price.addOnCode === null || quantity < 1) continue;
    const { addOnCode } = price;
    const known = found.get(addOnCode) ?? { addOnCode, quantity: 0, priceId: price.id, stripeItemId: itemId };
    found.set(addOnCode, { ...known, quantity: known.quantity + quantity });
  }
  return [...found.values()].toSorted((one, other) => (one.addOnCode < other.addOnCode ? -1 : 1));
}

/** One that was ended at once, though its period is paid, is good until that ends: nobody loses what they paid for. */
function endOf(
  snapshot: SubscriptionSnapshot,
  invoices: readonly InvoiceSnapshot[],
  plan: SubscriptionItem | undefined,
): Date | null {
  if (snapshot.status !== "canceled") return snapshot.endsAt;
  const ended = snapshot.endedAt ?? snapshot.endsAt;
  const opening = plan === undefined ? undefined : openingOf(snapshot.subscriptionId, invoices, plan);
  const isPaid = opening?.status === "paid" && !isGivenBack(opening);
  return isPaid && plan !== undefined && (ended === null || plan.periodEnd > ended) ? plan.periodEnd : ended;
}

/** An invoice may be made a moment before the period that it opens. */
const CLOCK_SECONDS = 60;

/** The invoice that the period began with: it is for the plan, and those that follow are for changes within it. */
function openingOf(
  ofSubscription: string,
  invoices: readonly InvoiceSnapshot[],
  { periodStart }: SubscriptionItem,
): InvoiceSnapshot | undefined {
  const earliest = secondsAfter(periodStart, -CLOCK_SECONDS);
  const ofPeriod = invoices.filter(
    ({ subscriptionId, createdAt, status }) =>
      subscriptionId === ofSubscription && createdAt >= earliest && status !== "draft" && status !== "void",
  );
  return ofPeriod.toSorted((one, other) => one.createdAt.getTime() - other.createdAt.getTime())[0];
}

/** A part that was settled by a credit of the customer's was not paid, and does not go back. */
function isGivenBack({ total, amountPaid, amountRefunded, amountCredited }: InvoiceSnapshot): boolean {
  const back = Decimal.max(amountRefunded, amountCredited);
  return back.gt(0) && back.gte(new Decimal(amountPaid).gt(0) ? amountPaid : total);
}

/** From when the oldest open invoice should have been paid: grace counts from there, whenever we hear of it. */
function overdueSince(snapshot: SubscriptionSnapshot, invoices: readonly InvoiceSnapshot[]): Date | null {
  if (snapshot.status !== "past_due" && snapshot.status !== "unpaid") return null;
  const open = invoices.filter(
    ({ subscriptionId, status }) =>
      subscriptionId === snapshot.subscriptionId && (status === "open" || status === "uncollectible"),
  );
  const since = open.map(({ createdAt, dueAt }) =>
    snapshot.collection === "invoice" ? (dueAt ?? createdAt) : createdAt,
  );
  const [first] = since.toSorted((one, other) => one.getTime() - other.getTime());
  return first ?? null;
}
