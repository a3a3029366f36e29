import * as z from "zod";
import { type Period, sameRhythm } from "./calendar.ts";
import { flag, integer, mergeMetadata, metadataChanges } from "./form.ts";
import { invalid, missing } from "./replies.ts";
import type { Stored, World } from "./world.ts";

export type Subscription = Stored["subscriptions"];
export type Item = Stored["subscriptionItems"];
export type Price = Stored["prices"];
type Recurring = NonNullable<Price["recurring"]>;

const quantity = integer.refine((value) => value >= 1, "This value must be greater than or equal to 1.");

/** `items` of a new subscription. */
export const newItemsParameter = z
  .array(z.strictObject({ price: z.string(), quantity: quantity.optional(), metadata: metadataChanges.optional() }))
  .min(1)
  .max(20);

/** `items` of a change: those with an `id` change or go, those without are added, and the others stay. */
export const itemChangesParameter = z
  .array(
    z.strictObject({
      id: z.string().optional(),
      price: z.string().optional(),
      quantity: quantity.optional(),
      metadata: metadataChanges.optional(),
      deleted: flag.optional(),
    }),
  )
  .min(1)
  .max(20);
export type ItemChange = z.output<typeof itemChangesParameter>[number];

/** How often this item is charged. */
export function rhythmOf(item: { readonly price: Price }): Recurring {
  const { recurring } = item.price;
  if (recurring === null)
    throw invalid("The price specified is set to `type=one_time` but this field only accepts recurring prices.");
  return recurring;
}

/** The first of the items; a subscription always has one, and all of its items have the same period. */
export function firstItem(items: readonly Item[]): Item {
  const [first] = items;
  if (first === undefined) throw invalid("A subscription must have at least one item.", { param: "items" });
  return first;
}

/** What the subscription is paid for, or is on trial for, now. */
export function periodOf(subscription: Subscription): Period {
  const { current_period_start, current_period_end } = firstItem(subscription.items.data);
  return { start: current_period_start, end: current_period_end };
}

export const withPeriod = (items: readonly Item[], { start, end }: Period): Item[] =>
  items.map((item) => ({ ...item, current_period_start: start, current_period_end: end }));

/** What the item costs for a whole period, in minor units and before discounts. */
export const fullAmount = ({ price, quantity }: Item): number => (price.unit_amount ?? 0) * (quantity ?? 1);

/** An item that is not part of its subscription yet. */
export function newItem(
  world: World,
  subscription: string,
  asked: { readonly price: string; readonly quantity?: number | undefined; readonly metadata?: ItemChange["metadata"] },
  period: Period,
): Item {
  const price = activePrice(world, asked.price);
  return {
    id: world.id("si"),
    object: "subscription_item",
    billing_thresholds: null,
    created: world.now(),
    current_period_start: period.start,
    current_period_end: period.end,
    current_trial: null,
    discounts: [],
    metadata: mergeMetadata({}, asked.metadata),
    plan: planOf(price),
    price,
    quantity: asked.quantity ?? 1,
    subscription,
    tax_rates: [],
  };
}

/** The items after the changes. An item whose price changes keeps its id. @throws Refusal when they make no sense */
export function changedItems(world: World, subscription: Subscription, changes: readonly ItemChange[]): Item[] {
  const items = new Map(subscription.items.data.map((item) => [item.id, item]));
  for (const [index, change] of changes.entries()) {
    const { id, price: asked } = change;
    if (id === undefined) {
      const param = `items[${index}][price]`;
      if (asked === undefined) throw invalid(`Missing required param: ${param}.`, { code: "parameter_missing", param });
      const item = newItem(world, subscription.id, { ...change, price: asked }, periodOf(subscription));
      items.set(item.id, item);
      continue;
    }
    const item = items.get(id);
    if (item === undefined) throw missing("subscription_item", id, `items[${index}][id]`);
    if (change.deleted === true) {
      items.delete(id);
      continue;
    }
    const price = asked === undefined ? item.price : activePrice(world, asked);
    const metadata = mergeMetadata(item.metadata, change.metadata);
    items.set(id, { ...item, price, plan: planOf(price), quantity: change.quantity ?? item.quantity ?? 1, metadata });
  }
  return fitting([...items.values()]);
}

/** @throws Refusal when a price comes twice, or when the prices differ in currency or rhythm */
export function fitting(items: Item[]): Item[] {
  const first = firstItem(items);
  for (const [index, item] of items.entries()) {
    if (items.findIndex(({ price }) => price.id === item.price.id) !== index) {
      throw invalid(`Cannot add multiple subscription items with the same plan: \`${item.price.id}\``, {
        param: "items",
      });
    }
    if (item.price.currency !== first.price.currency) {
      throw invalid("All prices on a subscription must have the same currency.", { param: "items" });
    }
    if (!sameRhythm(rhythmOf(item), rhythmOf(first))) {
      throw invalid("The stand-in does not mix billing intervals in one subscription.", { param: "items" });
    }
  }
  return items;
}

/** The items with their prices as they are today: a lookup key may have moved on. */
export const withTodaysPrices = (world: World, items: readonly Item[]): Item[] =>
  items.map((item) => {
    const price = world.find("prices", item.price.id) ?? item.price;
    return { ...item, price, plan: planOf(price) };
  });

function activePrice(world: World, id: string): Price {
  const price = world.get("prices", id, "items[0][price]");
  if (!price.active) throw invalid("The price specified is inactive. This field only accepts active prices.");
  rhythmOf({ price });
  return price;
}

/** The older form of a price, which items still carry. */
function planOf(price: Price): Item["plan"] {
  const recurring = rhythmOf({ price });
  return {
    id: price.id,
    object: "plan",
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: recurring.interval,
    interval_count: recurring.interval_count,
    livemode: false,
    metadata: price.metadata,
    meter: null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: recurring.usage_type,
  };
}
