import { DAY_SECONDS } from "./clock.ts";

/** A time of day, such as three in the morning. */
export interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
}

/**
 * The first moment, not before `at`, at which a clock in the zone shows this time. Where the clock jumps over it, the
 * moment as much later as the jump is long; where it shows it twice, the first.
 * @param timeZone IANA name
 */
export function nextTimeOfDay(at: Date, timeZone: string, time: TimeOfDay): Date {
  const today = timeOnDay(at, timeZone, time);
  return today >= at ? today : timeOnDay(at, timeZone, time, 1);
}

/** This time on the day that the zone has at `at`, or so many days of the calendar later. */
export function timeOnDay(at: Date, timeZone: string, { hour, minute }: TimeOfDay, daysLater = 0): Date {
  const day = wallClock(at, timeZone);
  const wanted = Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() + daysLater, hour, minute);
  // The offset of a moment nearby may differ by a change of the clock; of the two candidates the earlier true one counts.
  const candidates = [-1, 1].map((days) => wanted - offsetOf(new Date(wanted + days * DAY_SECONDS * 1000), timeZone));
  const shown = candidates.filter((candidate) => wallClock(new Date(candidate), timeZone).getTime() === wanted);
  return new Date(shown.length > 0 ? Math.min(...shown) : Math.max(...candidates));
}

const offsetOf = (at: Date, timeZone: string): number => wallClock(at, timeZone).getTime() - wholeSeconds(at);

const wholeSeconds = (at: Date): number => Math.floor(at.getTime() / 1000) * 1000;

/** What a clock in the zone shows, as if it stood in Greenwich. */
function wallClock(at: Date, timeZone: string): Date {
  const parts = formatOf(timeZone).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((one) => one.type === type)?.value);
  return new Date(Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second")));
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Kept, because making one costs more than all else here. There are some 400 zones. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  formats.set(timeZone, format);
  return format;
}
