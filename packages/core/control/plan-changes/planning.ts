import { Decimal } from "decimal.js";
import { DomainError, invalidInput } from "../../kernel/errors.ts";
import { type CountedLimit, Entitlements, type Excess, type Terms } from "../../registry/entitlements/entitlements.ts";
import { type Item, Prices, type Sold, type SoldAddOn, type SoldPlan } from "../prices/prices.ts";
import { planOf } from "./current.ts";

/** What an owner wants of the subscription. */
export type Wish =
  | { readonly kind: "plan"; readonly priceId: string }
  /** As many as there are to be; 0: none any more. */
  | { readonly kind: "add_on"; readonly code: string; readonly quantity: number };

/** A change, before it has a price. */
export interface PlannedChange {
  /** All items as they will be, the plan first. */
  readonly items: readonly Item[];
  /** More begins now and is paid for now; less begins when what is paid for has run out. */
  readonly kind: "now" | "at_period_end";
}

/**
 * What a wish makes of the items. A change of plan edits the plan's item; add-ons stay as they are, at the price that
 * they were bought for, unless the new plan includes them or is paid by another interval.
 * @param from the items that the wish starts from: those of now, or those that were already planned
 * @param offered what is sold now
 * @throws DomainError `invalid_input` for what is not sold, `conflict` for what is there already
 */
export function plan(from: readonly Item[], wish: Wish, offered: readonly Sold[]): PlannedChange {
  const present = planOf(from);
  if (present === undefined) throw new DomainError("conflict", "Choose a plan first.");
  const items =
    wish.kind === "plan" ? withPlan(from, present, wish.priceId, offered) : withAddOn(from, present, wish, offered);
  if (areSame(from, items)) throw new DomainError("conflict", "You have exactly this already.");
  return { items, kind: beginningOf(from, items, wish) };
}

/** Whether two lists are the same items, in whatever order. */
export function areSame(one: readonly Item[], other: readonly Item[]): boolean {
  const keys = (items: readonly Item[]) => items.map(({ sold, quantity }) => `${sold.priceId} ${quantity}`).toSorted();
  return keys(one).join() === keys(other).join();
}

/**
 * What the pharmacy has too much of for a change, where the change takes room away. A limit that stays as it is blocks
 * nothing, even if it is overstepped.
 */
export function excessesOf(
  from: readonly Item[],
  to: readonly Item[],
  used: Readonly<Record<CountedLimit, number>>,
  at: Date,
): readonly Excess[] {
  const [before, after] = [termsOf(from), termsOf(to)];
  return Entitlements.excesses(after, used, at).filter(({ limit, max }) => {
    const had = Entitlements.limit(before, limit, at);
    return had === null || max < had;
  });
}

/** As `excessesOf`, for a pharmacy that buys its first plan. */
export const excessesOfFirst = (
  to: readonly Item[],
  used: Readonly<Record<CountedLimit, number>>,
  at: Date,
): readonly Excess[] => Entitlements.excesses(termsOf(to), used, at);

/** What a renewal of these items costs at a moment, with what a coupon takes off; never below zero. */
export function renewalOf(
  items: readonly Item[],
  {
    percent,
    amount,
    endsAt,
  }: { readonly percent: string | null; readonly amount: string | null; readonly endsAt: Date | null },
  at: Date | null,
): string {
  const sum = Prices.sumOf(items);
  const isOver = endsAt !== null && at !== null && endsAt <= at;
  if (isOver) return sum.toFixed(2);
  if (percent !== null)
    return sum.minus(sum.times(percent).div(100).toDecimalPlaces(2, Decimal.ROUND_HALF_UP)).toFixed(2);
  if (amount !== null) return Decimal.max(0, sum.minus(amount)).toFixed(2);
  return sum.toFixed(2);
}

function withPlan(
  from: readonly Item[],
  present: SoldPlan,
  priceId: string,
  offered: readonly Sold[],
): readonly Item[] {
  const wanted = offered.find((sold) => sold.kind === "plan" && sold.priceId === priceId);
  if (wanted?.kind !== "plan") throw invalidInput("This price is no longer offered. Choose one of the plans.");
  if (wanted.currency !== present.currency) {
    throw invalidInput(`You pay in ${present.currency}, and keep paying in it. Choose a price in ${present.currency}.`);
  }
  const addOns = from.flatMap(({ sold, quantity }) => {
    if (sold.kind === "plan" || isIncluded(sold, wanted)) return [];
    if (sold.interval === wanted.interval) return [{ sold, quantity }];
    return [{ sold: addOnFor(offered, sold.code, wanted), quantity }];
  });
  return [{ sold: wanted, quantity: 1 }, ...addOns];
}

function withAddOn(
  from: readonly Item[],
  present: SoldPlan,
  { code, quantity }: Extract<Wish, { kind: "add_on" }>,
  offered: readonly Sold[],
): readonly Item[] {
  const had = from.find(({ sold }) => sold.kind === "add_on" && sold.code === code);
  const others = from.filter((item) => item !== had);
  if (quantity === 0) return others;
  const wanted = had?.sold.kind === "add_on" ? had.sold : addOnFor(offered, code, present);
  if (isIncluded(wanted, present)) throw new DomainError("conflict", `${wanted.name} is part of your plan.`);
  if (!Number.isInteger(quantity) || quantity < 0 || quantity > MAX_QUANTITY) {
    throw invalidInput(`Write a whole number from 0 to ${MAX_QUANTITY}.`);
  }
  if (quantity > 1 && !wanted.isCountable) throw invalidInput(`${wanted.name} can be bought once.`);
  return [...others, { sold: wanted, quantity }];
}

const MAX_QUANTITY = 100;

/** A module that comes with the plan is not paid for twice. Room beyond a limit is always room beyond it. */
export const isIncluded = ({ module }: SoldAddOn, { modules }: Pick<SoldPlan, "modules">): boolean =>
  module !== null && modules.includes(module);

/** @throws DomainError `invalid_input` where it is not sold for the interval and currency of the plan */
function addOnFor(offered: readonly Sold[], code: string, { interval, currency }: SoldPlan): SoldAddOn {
  const found = offered.find(
    (sold) => sold.kind === "add_on" && sold.code === code && sold.interval === interval && sold.currency === currency,
  );
  if (found?.kind === "add_on") return found;
  throw invalidInput(`This is not sold by the ${interval} in ${currency}. Write to us if you need it.`);
}

/** A dearer plan, or the same one for a longer time, begins now; so does anything that is bought beside it. */
function beginningOf(from: readonly Item[], to: readonly Item[], wish: Wish): PlannedChange["kind"] {
  if (wish.kind === "add_on") {
    return Prices.sumOf(to).gt(Prices.sumOf(from)) ? "now" : "at_period_end";
  }
  const [before, after] = [planOf(from), planOf(to)];
  if (before === undefined || after === undefined) return "now";
  if (before.planId === after.planId && before.interval !== after.interval) {
    return after.interval === "year" ? "now" : "at_period_end";
  }
  return Prices.aMonth(after).gt(Prices.aMonth(before)) ? "now" : "at_period_end";
}

/** What items give, as if nothing else were there. */
function termsOf(items: readonly Item[]): Terms {
  const sold = planOf(items);
  const raises = items.flatMap(({ sold: one, quantity }) => {
    if (one.kind !== "add_on" || one.raises === null) return [];
    return [{ limit: one.raises.limit, by: one.raises.by * quantity, expiresAt: null }];
  });
  return {
    state: "active",
    plan: sold === undefined ? null : { name: sold.name, modules: sold.modules, limits: sold.limits },
    grants: [],
    raises,
  };
}
