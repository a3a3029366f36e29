/** How the amounts of one column are written: the currency once in its head, the figures below it. */
export interface AmountColumn {
  /** `US$`; undefined where the column has more than one, so that each amount has to say its own. */
  readonly currency: string | undefined;
  /** An amount as its cell shows it: `99.00` under `US$`. */
  figure(amount: string): string;
}

/** @param amounts of the column, with their currency: `US$99.00`, `-KES 1,200.00` */
export function amountColumn(amounts: readonly string[]): AmountColumn {
  const currencies = new Set(amounts.map((amount) => split(amount)?.currency));
  const [currency] = currencies;
  if (currencies.size !== 1 || currency === undefined) return { currency: undefined, figure: withMinus };
  return { currency, figure: (amount) => withMinus(split(amount)?.figure ?? amount) };
}

/** Undefined for what is no amount with its currency before it. */
function split(amount: string): { currency: string; figure: string } | undefined {
  const [, sign = "", currency, digits = ""] = /^(-?)([^\d\s-]+)\s*(\d[\d.,\s]*)$/.exec(amount) ?? [];
  return currency === undefined ? undefined : { currency, figure: sign + digits };
}

/** A hyphen is shorter than the figures beside it, and screen readers skip it. */
const withMinus = (amount: string): string => amount.replace(/^-/, "−");

/** The head of a column: `Amount (US$)`. */
export const amountHead = (words: string, { currency }: AmountColumn): string =>
  currency === undefined ? words : `${words} (${currency})`;
