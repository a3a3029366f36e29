import { Decimal } from "decimal.js";
import { isBlank, isFormulaError, quote, type Reading, read, unreadable } from "./cells.ts";

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
}

/**
 * An amount as lists write it: with thousands separators or a decimal comma where only one reading is possible, with the
 * name of the currency before or after it. Blank, also as NaN, N/A, nil or a dash, is null.
 */
export function readAmount(text: string, { what, example, currency }: AmountContext): Reading<Exact | null> {
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
  if (positive !== null && decimalOf(positive.slice(1).find((part) => part !== undefined) ?? "") !== undefined) {
    return unreadable(`${quote(text)} is below zero. A ${what} is zero or more.`);
  }
  const plain = decimalOf(sum.replace(/^\+/, ""));
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

/** The ways to write a number of which each has one reading. `$1` and so on are put together to a plain decimal. */
const notations: readonly (readonly [RegExp, (text: string) => string])[] = [
  [/^(\d{1,16}(\.\d{0,20})?|\.\d{1,20})$/, (text) => text],
  // 0,125 is no thousands: no number begins with a group that is zero.
  [/^0,\d{1,20}$/, (text) => text.replace(",", ".")],
  // 1,234,567.50, and 12,34,567.50 as in India
  [/^\d{1,3}(,\d{3})+(\.\d{0,20})?$|^\d{1,2}(,\d{2})+,\d{3}(\.\d{0,20})?$/, (text) => text.replaceAll(",", "")],
  // 1.234,50
  [/^\d{1,3}(\.\d{3})+,\d{1,20}$/, (text) => text.replaceAll(".", "").replace(",", ".")],
  // 1.234.567
  [/^\d{1,3}(\.\d{3}){2,}$/, (text) => text.replaceAll(".", "")],
  // 1 234.50, 1'234,50
  [/^\d{1,3}([ '’]\d{3})+([.,]\d{1,20})?$/, (text) => text.replaceAll(/[ '’]/g, "").replace(",", ".")],
  // 12,5 and 1234,567: a group of thousands has three digits, and at most three stand before it.
  [/^\d{1,16},(\d{1,2}|\d{4,20})$|^\d{4,16},\d{3}$/, (text) => text.replace(",", ".")],
];

function decimalOf(text: string): string | undefined {
  const spaced = text.replaceAll(/\s/g, " ").trim();
  const plain = notations.find(([pattern]) => pattern.test(spaced))?.[1](spaced);
  return plain === undefined || /^\d{17}/.test(plain) ? undefined : plain;
}

/** Names and signs of currencies, and which code they stand for; null where several currencies are called so. */
const currencies: Readonly<Record<string, string | null>> = {
  "/=": null,
  "/-": null,
  sh: null,
  shs: null,
  shillings: null,
  ksh: "KES",
  kshs: "KES",
  tsh: "TZS",
  ush: "UGX",
  us$: "USD",
  $: "USD",
  "€": "EUR",
  "£": "GBP",
  "₦": "NGN",
  "₹": "INR",
  ...Object.fromEntries(
    ["KES", "TZS", "UGX", "RWF", "ETB", "NGN", "GHS", "ZMW", "ZAR", "USD", "EUR", "GBP", "INR"].map((code) => [
      code.toLowerCase(),
      code,
    ]),
  ),
};

function withoutCurrency(text: string): { readonly sum: string; readonly code: string | undefined } {
  let sum = text.trim();
  let code: string | undefined;
  // One before and one behind: Ksh 1,200/=
  for (const pattern of [
    /^(?<name>us\$|[$€£₦₹]|[a-z]{2,9}(?![a-z]))[.:]?\s*/i,
    /\s*(?<name>\/[=-]|us\$|[$€£₦₹]|[a-z]{2,9})\.?$/i,
  ]) {
    const name = pattern.exec(sum)?.groups?.name?.toLowerCase();
    if (name === undefined || !Object.hasOwn(currencies, name)) continue;
    sum = sum.replace(pattern, "");
    code ??= currencies[name] ?? undefined;
  }
  return { sum, code };
}
