export * as Money from "./money.ts";

import { Decimal } from "decimal.js";

/**
 * Currencies that the payment provider counts in whole units: https://docs.stripe.com/currencies#zero-decimal
 * UGX is not among them: it is sent with two decimals that have to be 00.
 */
const WITHOUT_MINOR = new Set(["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV"]);
WITHOUT_MINOR.add("XAF").add("XOF").add("XPF");

/** Of three digits, which our amounts do not have: https://docs.stripe.com/currencies#three-decimal */
const WITH_THREE = new Set(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]);
/** Has digits at the provider, which have to be 00. */
const WHOLE = "UGX";

/** Whether an amount can be charged in a currency, to its last digit. */
export function isChargeable(amount: string, currency: string): boolean {
  if (WITH_THREE.has(currency.toUpperCase())) return false;
  const isWhole = currency.toUpperCase() === WHOLE || digitsOf(currency) === 0;
  return !isWhole || new Decimal(amount).isInteger();
}

/** Digits after the point. */
const digitsOf = (currency: string): number => (WITHOUT_MINOR.has(currency.toUpperCase()) ? 0 : 2);

/** What the payment provider calls an amount: 9900 for 99.00 USD. @throws Error for more digits than the currency has */
export function toMinor(amount: string, currency: string): number {
  const minor = new Decimal(amount).times(new Decimal(10).pow(digitsOf(currency)));
  if (!minor.isInteger()) throw new Error(`${amount} has more digits than ${currency} has.`);
  return minor.toNumber();
}

/** Decimal text of an amount of the payment provider: 99.00 USD for 9900. */
export function fromMinor(minor: number, currency: string): string {
  return new Decimal(minor).div(new Decimal(10).pow(digitsOf(currency))).toFixed(2);
}

/** As people of a place read it: `$99.00`, `KES 12,900.00`. */
export function format(amount: string, currency: string, locale = "en"): string {
  return new Intl.NumberFormat(locale, { style: "currency", currency }).format(Number(amount));
}
