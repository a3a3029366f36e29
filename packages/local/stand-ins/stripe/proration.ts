import { sameRhythm } from "./calendar.ts";
import { netOf } from "./discounts.ts";
import { type Billed, chargeLine, creditedBy, creditLine, type Line, periodLines } from "./invoice-lines.ts";
import { firstItem, fullAmount, type Item, rhythmOf, type Subscription } from "./subscription-items.ts";
import type { World } from "./world.ts";

/** What a change of items costs at once. */
export interface ItemsChange {
  readonly subscription: Subscription;
  /** All items after it, each with its period. */
  readonly items: readonly Item[];
  /** The moment that unused and remaining time are counted from. */
  readonly at: number;
}

/** Whether the change begins a new period, as going from months to years does. */
export const resetsPeriod = (before: readonly Item[], after: readonly Item[]): boolean =>
  !sameRhythm(rhythmOf(firstItem(before)), rhythmOf(firstItem(after)));

/**
 * Credits for the unused time of what goes and charges for the remaining time of what comes, by the second, each line
 * rounded to the nearest minor unit. Where a new period begins, everything old is credited and a whole new period is
 * charged. During a trial nothing is.
 */
export function prorate(world: World, { subscription, items, at }: ItemsChange): Line[] {
  if (subscription.status === "trialing") return [];
  const before = subscription.items.data;
  if (resetsPeriod(before, items)) {
    const credits = before.flatMap((item) => creditsOf(world, subscription, item, at));
    return [...credits, ...periodLines(world, items)];
  }
  const going = before.filter((item) => !items.some((other) => costsTheSame(item, other)));
  const coming = items.filter((item) => !before.some((other) => costsTheSame(item, other)));
  return [
    ...going.flatMap((item) => creditsOf(world, subscription, item, at)),
    ...coming.map((item) => {
      const { current_period_start: start, current_period_end: end } = item;
      return chargeLine(world, item, { start: at, end }, share(fullAmount(item), { start, end }, at));
    }),
  ];
}

/** Credits for all that is unused at the moment, for a subscription that ends before its period does. */
export const creditAll = (world: World, subscription: Subscription, at: number): Line[] =>
  subscription.items.data.flatMap((item) => creditsOf(world, subscription, item, at));

/**
 * What was billed for the item and reaches beyond the moment comes back in part: what was billed, after its discounts,
 * and not what the price says today. Billed is also what is not paid yet, as with Stripe.
 */
function creditsOf(world: World, subscription: Subscription, item: Item, at: number): Line[] {
  return billedLines(world, subscription, item)
    .filter(({ line }) => line.period.end > at && netOf(line) > 0)
    .map((billed) => creditLine(world, item, billed, at, -share(netOf(billed.line), billed.line.period, at)));
}

/** The lines that charge for this item and that no other line has given back. */
function billedLines(world: World, subscription: Subscription, { id }: Item): Billed[] {
  const pending = subscription.pending_update === null ? undefined : world.secretOf(subscription.id).pendingInvoice;
  const invoices = world
    .all("invoices")
    .filter((invoice) => invoice.parent?.subscription_details?.subscription === subscription.id)
    .filter((invoice) => invoice.status !== "void" && invoice.id !== pending);
  const billed = invoices.flatMap((invoice) => invoice.lines.data.map((line) => ({ invoice: invoice.id, line })));
  const givenBack = new Set(billed.flatMap(({ line }) => creditedBy(line)?.invoice_line_items ?? []));
  return billed.filter(
    ({ line }) =>
      line.parent?.subscription_item_details?.subscription_item === id &&
      creditedBy(line) === null &&
      !givenBack.has(line.id),
  );
}

/** The part of the amount that falls after the moment, to the nearest minor unit. */
const share = (amount: number, { start, end }: { readonly start: number; readonly end: number }, at: number): number =>
  Math.round((amount * (end - Math.max(at, start))) / (end - start));

const costsTheSame = (a: Item, b: Item): boolean =>
  a.id === b.id && a.price.id === b.price.id && (a.quantity ?? 1) === (b.quantity ?? 1);
