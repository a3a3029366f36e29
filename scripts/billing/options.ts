import { DAY_SECONDS, secondsAfter } from "@pharmasight/core/kernel/clock";
import { timeOnDay } from "@pharmasight/core/kernel/local-time";
import { type Options, textOf } from "../operators/options.ts";
import { UsageError } from "../operators/usage.ts";

/** As `parseArgs` wants them. */
export const definitions = {
  help: { type: "boolean", short: "h", default: false },
  json: { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
  operator: { type: "string" },
  reason: { type: "string" },
  plan: { type: "string" },
  "add-on": { type: "string", multiple: true },
  currency: { type: "string" },
  interval: { type: "string" },
  amount: { type: "string" },
  percent: { type: "string" },
  months: { type: "string" },
  redemptions: { type: "string" },
  expires: { type: "string" },
  term: { type: "string" },
  branches: { type: "string" },
  users: { type: "string" },
  items: { type: "string" },
  requests: { type: "string" },
  modules: { type: "string" },
  days: { type: "string" },
  reference: { type: "string" },
  memo: { type: "string" },
  "end-subscription": { type: "boolean", default: false },
  until: { type: "string" },
  at: { type: "string" },
  state: { type: "string" },
  customer: { type: "string" },
  limit: { type: "string" },
} as const;

/** @throws UsageError without it */
export function requiredOf(options: Options, name: string, what: string): string {
  const text = textOf(options, name)?.trim() ?? "";
  if (text !== "") return text;
  throw new UsageError(`Say ${what}, with --${name}.`);
}

/** @throws UsageError */
export function intervalOf(options: Options): "month" | "year" {
  const interval = requiredOf(options, "interval", "for how long: month or year");
  if (interval === "month" || interval === "year") return interval;
  throw new UsageError(`--interval is month or year, not "${interval}".`);
}

export const currencyOf = (options: Options): string => (textOf(options, "currency") ?? "USD").trim().toUpperCase();

/** How many there may be; null: unlimited. @throws UsageError for anything but a whole number or `unlimited` */
export function roomOf(options: Options, name: string): number | null {
  const text = textOf(options, name) ?? "unlimited";
  if (text === "unlimited") return null;
  if (/^\d{1,8}$/.test(text)) return Number(text);
  throw new UsageError(`--${name} is a whole number or "unlimited", not "${text}".`);
}

export function addOnsOf(options: Options): readonly string[] {
  const addOns = options["add-on"];
  return Array.isArray(addOns) ? addOns : [];
}

/**
 * The end of a day of the calendar.
 * @param timeZone whose calendar, as an IANA name
 * @throws UsageError for anything but a day such as 2026-12-31
 */
export function endOfDayOf(options: Options, name: string, timeZone: string): Date {
  const text = requiredOf(options, name, "until which day");
  const noon = new Date(`${text}T12:00:00Z`);
  const isDay =
    /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(noon.getTime()) && noon.toISOString().startsWith(text);
  if (!isDay) throw new UsageError(`--${name} is a day such as 2026-12-31, not "${text}".`);
  const end = timeOnDay(noon, timeZone, { hour: 0, minute: 0 }, 1);
  // East of the date line it is the next day already at noon in Greenwich.
  return end.getTime() - noon.getTime() > DAY_SECONDS * 1000 ? secondsAfter(end, -DAY_SECONDS) : end;
}
