export * as Prices from "./prices.ts";

import { Decimal } from "decimal.js";
import * as z from "zod";
import type { LimitName, Limits } from "../../registry/entitlements/entitlements.ts";
import type { ControlScope } from "../scope.ts";

export type Interval = "month" | "year";

/** A price with what is sold for it. */
export type Sold = SoldPlan | SoldAddOn;

interface Priced {
  readonly priceId: string;
  /** Null until it was published at the payment provider. */
  readonly stripePriceId: string | null;
  /** Decimal text, for the interval. */
  readonly amount: string;
  readonly currency: string;
  readonly interval: Interval;
  /** One that was replaced goes on for those who have it. */
  readonly isCurrent: boolean;
}

export interface SoldPlan extends Priced {
  readonly kind: "plan";
  readonly planId: string;
  readonly code: "starter" | "professional" | "enterprise";
  readonly name: string;
  readonly modules: readonly string[];
  readonly limits: Limits;
  /** Agreed with this tenant alone; null: sold to everybody. */
  readonly tenantId: string | null;
}

export interface SoldAddOn extends Priced {
  readonly kind: "add_on";
  readonly code: string;
  readonly name: string;
  readonly description: string;
  readonly module: string | null;
  readonly raises: { readonly limit: LimitName; readonly by: number } | null;
  /** Whether one may have several. */
  readonly isCountable: boolean;
}

/** Something that is had or wanted, so many times. */
export interface Item<S extends Sold = Sold> {
  readonly sold: S;
  readonly quantity: number;
}

/** Items as their columns keep them. */
export const itemsSchema = z.array(z.object({ priceId: z.uuid(), quantity: z.number().int().positive() }));
export type StoredItems = Readonly<z.infer<typeof itemsSchema>>;

export const stored = (items: readonly Item[]): { priceId: string; quantity: number }[] =>
  items.map(({ sold, quantity }) => ({ priceId: sold.priceId, quantity }));

/** Prices by our ids, in no order; one that is not there is left out. */
export async function find(control: ControlScope, priceIds: readonly string[]): Promise<readonly Sold[]> {
  if (priceIds.length === 0) return [];
  return (await priced(control).where("prices.id", "in", priceIds).execute()).map(soldOf);
}

/** Stored items with what they are; one whose price is gone is left out. */
export async function read(control: ControlScope, items: StoredItems): Promise<readonly Item[]> {
  const sold = new Map(
    (
      await find(
        control,
        items.map(({ priceId }) => priceId),
      )
    ).map((one) => [one.priceId, one]),
  );
  return items.flatMap(({ priceId, quantity }) => {
    const found = sold.get(priceId);
    return found === undefined ? [] : [{ sold: found, quantity }];
  });
}

/** What a tenant can buy now: plans, the cheapest first, then add-ons in the order of the page. */
export async function offered(control: ControlScope, tenantId: string): Promise<readonly Sold[]> {
  const rows = await priced(control)
    .where("prices.isCurrent", "=", true)
    .where("prices.stripePriceId", "is not", null)
    .where((where) => where.or([where("plans.tenantId", "is", null), where("plans.tenantId", "=", tenantId)]))
    .orderBy("addOns.place", (order) => order.asc().nullsFirst())
    .orderBy("prices.amount")
    .execute();
  return rows.map(soldOf);
}

/** The sum of items for the interval of each. */
export const sumOf = (items: readonly Item[]): Decimal =>
  items.reduce((sum, { sold, quantity }) => sum.plus(new Decimal(sold.amount).times(quantity)), new Decimal(0));

/** What a price is by the month: the way to compare a year's with a month's. */
export const aMonth = ({ amount, interval }: Priced): Decimal =>
  interval === "year" ? new Decimal(amount).div(12) : new Decimal(amount);

/** What a year costs less than twelve months, as decimal text; undefined when it does not. */
export function yearlySaving(month: Priced, year: Priced): string | undefined {
  const saving = new Decimal(month.amount).times(12).minus(year.amount);
  return saving.gt(0) ? saving.toFixed(2) : undefined;
}

const priced = (control: ControlScope) =>
  control.db
    .selectFrom("prices")
    .leftJoin("subscriptionPlans as plans", "plans.id", "prices.planId")
    .leftJoin("addOns", "addOns.code", "prices.addOnCode")
    .select([
      "prices.id as priceId",
      "prices.stripePriceId",
      "prices.amount",
      "prices.currency",
      "prices.billingInterval as interval",
      "prices.isCurrent",
      "plans.id as planId",
      "plans.code as planCode",
      "plans.name as planName",
      "plans.includedModules",
      "plans.maxBranches",
      "plans.maxUsers",
      "plans.maxItems",
      "plans.apiRequestsPerMinute",
      "plans.tenantId",
      "addOns.code as addOnCode",
      "addOns.name as addOnName",
      "addOns.description",
      "addOns.moduleName",
      "addOns.limitName",
      "addOns.raiseBy",
      "addOns.isCountable",
    ]);

type PricedRow = Awaited<ReturnType<ReturnType<typeof priced>["execute"]>>[number];

function soldOf(row: PricedRow): Sold {
  const { priceId, stripePriceId, amount, currency, interval, isCurrent } = row;
  const price: Priced = { priceId, stripePriceId, amount, currency, interval, isCurrent };
  if (row.planId !== null && row.planCode !== null) {
    return {
      ...price,
      kind: "plan",
      planId: row.planId,
      code: row.planCode,
      name: row.planName ?? row.planCode,
      modules: row.includedModules ?? [],
      limits: {
        branches: row.maxBranches,
        users: row.maxUsers,
        items: row.maxItems,
        api_requests_per_minute: row.apiRequestsPerMinute,
      },
      tenantId: row.tenantId,
    };
  }
  return {
    ...price,
    kind: "add_on",
    code: row.addOnCode ?? "",
    name: row.addOnName ?? "",
    description: row.description ?? "",
    module: row.moduleName,
    raises: row.limitName === null || row.raiseBy === null ? null : { limit: row.limitName, by: row.raiseBy },
    isCountable: row.isCountable ?? false,
  };
}
