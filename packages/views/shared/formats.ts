const wholeNumbers = new Intl.NumberFormat("en");

/** A count with its thousands parted: `12,345`. */
export const formatCount = (count: number): string => wholeNumbers.format(count);

/** A count with its noun: `1 item`, `2 items`. */
export const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/**
 * Decimal text for people: thousands parted, at least two decimals, further ones only where they say something
 * (`0.0197`). Works on the text, since a float would change the amount. Text that is no decimal comes back as it is.
 */
export function formatAmount(decimal: string): string {
  const parts = /^(-?)(\d+)(?:\.(\d*))?$/.exec(decimal);
  if (parts === null) return decimal;
  const [, sign = "", whole = "0", decimals = ""] = parts;
  const grouped = whole.replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+$)/g, ",");
  return `${sign}${grouped}.${decimals.replace(/0+$/, "").padEnd(2, "0")}`;
}

/** US dollars, without cents where there are none: `99.00` is `$99`. */
export const dollars = (amount: string): string => `$${formatAmount(amount).replace(/\.00$/, "")}`;

/** Decimal text without trailing zeros: `10.0000` is `10`. */
export const formatQuantity = (decimal: string): string =>
  formatAmount(decimal)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");

/** A rough length of time for people: `under a minute`, `about 3 minutes`. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return "a few seconds";
  if (seconds < 60) return "under a minute";
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `about ${countOf(minutes, "minute")}`;
  return `about ${countOf(Math.round(minutes / 60), "hour")}`;
}

/** Day and time in a time zone (IANA name): `24 Nov 2026, 03:59`. */
export const formatMoment = (at: Date, timeZone: string): string =>
  new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone }).format(at);

/** Day in a time zone (IANA name): `24 November 2026`. */
export const formatDay = (at: Date, timeZone: string): string =>
  new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone }).format(at);
