import { Decimal } from "decimal.js";
import { isBlank, isFormulaError, quote, type Reading, read, unreadable } from "./cells.ts";
import { withoutCurrency } from "./currencies.ts";
import { type DecimalMark, decimalOf, hasTwoReadings } from "./decimal-marks.ts";

/**
 * Digits enough that nothing is rounded on the way: sixteen before the point and twenty after it, times a rate of
 * seventeen.
 */
export const Exact = Decimal.clone({ precision: 80, toExpNeg: -60, toExpPos: 60 });
export type Exact = Decimal;

export interface AmountContext {
  /** What the amount is, as in “is not a price”. */
  readonly what: string;
  readonly example: string;
  /**
   * ISO 4217 code that a sign or word of money in the cell must agree with; null where every currency is converted by
   * a rate. Undefined: this is not money, and no such sign is understood.
   */
  readonly currency?: string | null;
  /** What the file writes before decimals; null while nobody has said so: then no number with two readings is taken. */
  readonly decimalMark: DecimalMark | null;
}

/**
 * An amount as lists write it: with thousands separators, a decimal comma or the name of the currency before or after it.
 * Where two readings are possible, the mark of the file decides. Blank, also as NaN, N/A, nil or a dash, is null.
 */
export function readAmount(
  text: string,
  { what, example, currency, decimalMark }: AmountContext,
): Reading<Exact | null> {
  if (isBlank(text)) return read(null);
  if (isFormulaError(text)) {
    return unreadable(`${quote(text)} is a formula that failed. Write the ${what} itself, like ${example}.`);
  }
  if (text.startsWith("=")) {
    return unreadable(
      `${quote(text)} is a formula without its result. Open the file in your spreadsheet program, save it, and upload it again.`,
    );
  }
  const money = currency === undefined ? { sum: text, code: undefined } : withoutCurrency(text);
  if (money.code !== undefined && typeof currency === "string" && money.code !== currency) {
    return unreadable(
      `${quote(text)} is in ${money.code}, not in ${currency}. Give the rate that the file's prices are multiplied by, or write the ${what} in ${currency}.`,
    );
  }
  const sum = money.sum.trim();
  const positive = /^\((.+)\)$|^[-−](.+)$|^(.+)[-−]$/.exec(sum);
  if (
    positive !== null &&
    decimalOf(positive.slice(1).find((part) => part !== undefined) ?? "", "point") !== undefined
  ) {
    return unreadable(`${quote(text)} is below zero. A ${what} is zero or more.`);
  }
  const number = sum.replace(/^\+/, "");
  if (decimalMark === null && hasTwoReadings(number)) {
    return unreadable(
      `${quote(text)} has two readings. Say whether the file writes decimals after a point or a comma.`,
    );
  }
  const plain = decimalOf(number, decimalMark);
  return plain === undefined
    ? unreadable(`${quote(text)} is not a ${what}. Write only the number, like ${example}.`)
    : read(new Exact(plain));
}

/**
 * Rounded half up to the four decimals that are kept.
 * @returns undefined for more than sixteen digits before the point
 */
export function kept(amount: Exact): string | undefined {
  const rounded = amount.toDecimalPlaces(4, Decimal.ROUND_HALF_UP);
  return rounded.lessThan("1e16") ? rounded.toFixed() : undefined;
}
