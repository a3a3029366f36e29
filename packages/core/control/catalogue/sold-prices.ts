import type { ControlScope } from "../scope.ts";

/** Prices with what they are the price of: columns of a plan or of an add-on, the others null. */
export const pricesSold = (control: ControlScope) =>
  control.db
    .selectFrom("prices")
    .leftJoin("subscriptionPlans as plans", "plans.id", "prices.planId")
    .leftJoin("addOns", "addOns.code", "prices.addOnCode")
    .select([
      "prices.id as priceId",
      "prices.amount",
      "prices.currency",
      "prices.billingInterval as interval",
      "prices.isCurrent",
      "prices.stripePriceId",
      "plans.id as planId",
      "plans.code as planCode",
      "plans.name as planName",
      "plans.maxBranches",
      "plans.maxUsers",
      "plans.maxItems",
      "plans.tenantId",
      "addOns.code as addOnCode",
      "addOns.name as addOnName",
      "addOns.description as addOnDescription",
    ]);

/** A price of ours. Amounts are decimal text for the interval; `stripePriceId` is null until it was published. */
export type SoldPrice = Readonly<Awaited<ReturnType<ReturnType<typeof pricesSold>["execute"]>>[number]>;

/** What the price is for, in a word or two. */
export const nameOf = ({ planName, addOnName }: SoldPrice): string => planName ?? addOnName ?? "";
