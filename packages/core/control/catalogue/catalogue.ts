export * as Catalogue from "./catalogue.ts";

import type { ControlScope } from "../scope.ts";
import { pricesSold, type SoldPrice } from "./sold-prices.ts";

export { offerCoupon } from "./coupons.ts";
export { announceEndpoint } from "./endpoint.ts";
export { changePrice, type NewPrice, withdrawPrice } from "./pricing.ts";
export { type Publication, publish, publishPrice } from "./publishing.ts";
export type { SoldPrice } from "./sold-prices.ts";

/**
 * What is sold to everybody in a currency: plans first, the cheapest of them first, then add-ons in the order of the
 * page.
 */
export const listSold = (control: ControlScope, currency: string): Promise<readonly SoldPrice[]> =>
  pricesSold(control)
    .where("prices.isCurrent", "=", true)
    .where("prices.currency", "=", currency)
    .where("plans.tenantId", "is", null)
    .orderBy("addOns.place", (order) => order.asc().nullsFirst())
    .orderBy("prices.amount")
    .execute();
