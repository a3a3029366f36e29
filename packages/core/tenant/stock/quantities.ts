import { Decimal } from "decimal.js";

/** For amounts with sixteen digits before the point and four after it: sums and products without a rounding on the way. */
export const Exact = Decimal.clone({ precision: 60 });

/** The sum of decimal texts, as decimal text. */
export const sumOf = (amounts: readonly string[]): string =>
  amounts.reduce((sum, amount) => sum.plus(amount), new Exact(0)).toFixed();
