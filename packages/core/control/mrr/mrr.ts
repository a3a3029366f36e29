export * as MrrMovements from "./mrr.ts";

import { Decimal } from "decimal.js";
import { newId } from "../../kernel/ids.ts";
import type { Discount, SubscriptionItem, SubscriptionSnapshot } from "../../ports/subscriptions.ts";
import type { ControlScope } from "../scope.ts";

/** What a pharmacy pays a month, were every month like this one. */
export interface Mrr {
  /** Decimal text with two digits. */
  readonly mrr: string;
  /** ISO 4217. */
  readonly currency: string;
}

export type MovementKind = "new" | "expansion" | "contraction" | "churn" | "reactivation";

/** A step of the ledger: `mrr` is the sum after it. */
export interface Movement extends Mrr {
  readonly kind: MovementKind;
  /** The difference to the step before: below zero for contraction and churn. */
  readonly amount: string;
}

/** While a payment is overdue the subscription still runs; given up by the provider, or paused, it does not. */
const RUNNING: readonly SubscriptionSnapshot["status"][] = ["active", "past_due"];
const MONTHS_A_YEAR = 12;

/**
 * The monthly recurring revenue of a subscription: each item's price by its quantity, a year's price by twelve, less what
 * is taken off for ever. A discount that ends is not counted: a free month is no loss, and its end no growth.
 * @returns null for none that runs
 */
export function mrrOf(snapshot: SubscriptionSnapshot | null): Mrr | null {
  if (snapshot === null || !RUNNING.includes(snapshot.status)) return null;
  const full = snapshot.items.reduce((sum, item) => sum.plus(monthlyOf(item)), new Decimal(0));
  const discounted = less(full, snapshot.discount, snapshot.items[0]?.interval === "year" ? MONTHS_A_YEAR : 1);
  return { mrr: Decimal.max(discounted, 0).toFixed(2), currency: snapshot.currency };
}

/**
 * What leads from the last step of a pharmacy's ledger to what it pays now. The amounts of all steps in one currency add
 * up to what is paid in it.
 * @param last undefined where there is none yet
 * @param now null when nothing runs
 */
export function movementsTo(last: Movement | undefined, now: Mrr | null): readonly Movement[] {
  if (now === null) return last === undefined ? [] : churnOf(last);
  // Prices of two currencies have no difference: what was paid in the one ends, and the other begins.
  const ended = last !== undefined && last.currency !== now.currency ? churnOf(last) : [];
  const before = ended.at(-1) ?? last;
  const amount = new Decimal(now.mrr).minus(before === undefined || ended.length > 0 ? 0 : before.mrr);
  if (amount.isZero()) return ended;
  return [...ended, { ...now, kind: kindOf(before, amount), amount: amount.toFixed(2) }];
}

/**
 * Appends what has changed since the last step. Belongs into the transaction that holds the pharmacy's subscription row,
 * so that steps come one after another.
 * @param snapshot the pharmacy's subscription as it is now; null: it has none
 */
export async function record(tx: ControlScope, tenantId: string, snapshot: SubscriptionSnapshot | null): Promise<void> {
  const last = await tx.db
    .selectFrom("mrrMovements")
    .select(["number", "kind", "amount", "mrr", "currency"])
    .where("tenantId", "=", tenantId)
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  const found = movementsTo(last, mrrOf(snapshot));
  if (found.length === 0) return;
  await tx.db
    .insertInto("mrrMovements")
    .values(
      found.map((movement, index) => ({
        id: newId(tx.clock),
        tenantId,
        number: (last?.number ?? 0) + index + 1,
        at: tx.clock.now(),
        ...movement,
        stripeSubscriptionId: snapshot?.subscriptionId ?? null,
      })),
    )
    .execute();
}

/** What all pharmacies paid a month at a moment, by currency: the sum of all steps until then. */
export async function asOf(control: ControlScope, at: Date): Promise<readonly Mrr[]> {
  const rows = await control.db
    .selectFrom("mrrMovements")
    .select((select) => ["currency", select.fn.sum<string>("amount").as("mrr")])
    .where("at", "<=", at)
    .groupBy("currency")
    .orderBy("currency")
    .execute();
  return rows.map(({ currency, mrr }) => ({ currency, mrr: new Decimal(mrr).toFixed(2) }));
}

function monthlyOf({ unitAmount, quantity, interval }: SubscriptionItem): Decimal {
  return new Decimal(unitAmount).times(quantity).div(interval === "year" ? MONTHS_A_YEAR : 1);
}

/** @param months that one invoice is for: an amount is taken off each */
function less(full: Decimal, discount: Discount | null, months: number): Decimal {
  if (discount === null || discount.endsAt !== null) return full;
  if (discount.percent !== null) return full.times(new Decimal(100).minus(discount.percent)).div(100);
  return discount.amount === null ? full : full.minus(new Decimal(discount.amount).div(months));
}

/** Nothing where nothing was paid any more, or a discount had taken all. */
function churnOf(last: Movement): readonly Movement[] {
  if (new Decimal(last.mrr).isZero()) return [];
  return [{ kind: "churn", amount: new Decimal(last.mrr).negated().toFixed(2), mrr: "0.00", currency: last.currency }];
}

function kindOf(before: Movement | undefined, amount: Decimal): MovementKind {
  if (before === undefined) return "new";
  if (before.kind === "churn") return "reactivation";
  return amount.isPositive() ? "expansion" : "contraction";
}
