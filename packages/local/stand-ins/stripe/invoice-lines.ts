import type { Period } from "./calendar.ts";
import { fullAmount, type Item, rhythmOf } from "./subscription-items.ts";
import type { Stored, World } from "./world.ts";

export type Invoice = Stored["invoices"];
export type Line = Invoice["lines"]["data"][number];

/** One line per item for a whole period. A trial costs nothing. */
export const periodLines = (world: World, items: readonly Item[], isTrial = false): Line[] =>
  items.map((item) => {
    const period = { start: item.current_period_start, end: item.current_period_end };
    if (isTrial)
      return lineOf(world, { item, amount: 0, period, text: `Trial period for ${productName(world, item)}` });
    const { interval } = rhythmOf(item);
    const price = `${money(item.price.unit_amount ?? 0, item.price.currency)} / ${interval}`;
    const text = `${item.quantity ?? 1} × ${productName(world, item)} (at ${price})`;
    return lineOf(world, { item, amount: fullAmount(item), period, text });
  });

/** What the customer gets back of a line that was billed, from the moment on. */
export function creditLine(world: World, item: Item, billed: Billed, at: number, amount: number): Line {
  const { line, invoice } = billed;
  return lineOf(world, {
    item,
    amount,
    period: { start: at, end: line.period.end },
    text: `Unused time on ${productName(world, item)} after ${dayOf(at)}`,
    isProration: true,
    credited: { invoice, invoice_line_items: [line.id] },
  });
}

/** What the rest of the period costs with this item. */
export const chargeLine = (world: World, item: Item, period: Period, amount: number): Line =>
  lineOf(world, {
    item,
    amount,
    period,
    text: `Remaining time on ${productName(world, item)} after ${dayOf(period.start)}`,
    isProration: true,
  });

/** A line together with the invoice that it is on. */
export interface Billed {
  readonly invoice: string;
  readonly line: Line;
}

/** Which line of which invoice this one gives back, or null. */
export const creditedBy = (line: Line) =>
  line.parent?.subscription_item_details?.proration_details?.credited_items ?? null;

/** Minor units as people read them: `USD 12.50`. Every currency that is sold here has two decimals. */
export const money = (minor: number, currency: string): string =>
  `${currency.toUpperCase()} ${(minor / 100).toLocaleString("en-US", { minimumFractionDigits: 2 })}`;

/** A day in UTC: `5 Mar 2027`. */
export const dayOf = (seconds: number): string =>
  new Date(seconds * 1000).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });

interface Content {
  readonly item: Item;
  readonly amount: number;
  readonly period: Period;
  readonly text: string;
  readonly isProration?: boolean;
  readonly credited?: NonNullable<ReturnType<typeof creditedBy>>;
}

function lineOf(world: World, { item, amount, period, text, isProration = false, credited }: Content): Line {
  const quantity = item.quantity ?? 1;
  return {
    id: world.id("il"),
    object: "line_item",
    amount,
    currency: item.price.currency,
    description: text,
    discount_amounts: [],
    // What is given back was billed after its discounts already.
    discountable: credited === undefined,
    discounts: [],
    invoice: null,
    livemode: false,
    metadata: {},
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: isProration,
        proration_details: isProration ? { credited_items: credited ?? null } : null,
        subscription: item.subscription,
        subscription_item: item.id,
      },
      type: "subscription_item_details",
    },
    period,
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: item.price.id, product: item.price.product },
      type: "price_details",
      unit_amount_decimal: String(item.price.unit_amount ?? 0),
    },
    quantity,
    quantity_decimal: String(quantity),
    subscription: item.subscription,
    subtotal: amount,
    taxes: [],
  };
}

const productName = (world: World, { price }: Item): string =>
  world.find("products", price.product)?.name ?? price.product;
