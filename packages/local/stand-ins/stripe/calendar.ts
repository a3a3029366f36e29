import { DAY_SECONDS } from "@pharmasight/core/kernel/clock";

/** How often a price is charged. */
export interface Rhythm {
  /** `day`, `week`, `month` or `year`. */
  readonly interval: string;
  readonly interval_count: number;
}

/** From a moment up to another that is no longer part of it, in seconds since 1970. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

export const sameRhythm = (a: Rhythm, b: Rhythm): boolean =>
  a.interval === b.interval && a.interval_count === b.interval_count;

/**
 * The moment so many intervals after the anchor, in UTC. A month that lacks the anchor's day ends on its last day, and
 * the month after it is back at the anchor's.
 */
export function boundary(anchor: number, { interval, interval_count }: Rhythm, times: number): number {
  const count = interval_count * times;
  if (interval === "day") return anchor + count * DAY_SECONDS;
  if (interval === "week") return anchor + count * 7 * DAY_SECONDS;
  const from = new Date(anchor * 1000);
  const year = from.getUTCFullYear();
  const month = from.getUTCMonth() + (interval === "year" ? count * 12 : count);
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const day = Date.UTC(year, month, Math.min(from.getUTCDate(), lastDay)) / 1000;
  return day + (anchor % DAY_SECONDS);
}

/** The first boundary after the moment; the anchor itself when it is still to come. */
export function nextBoundary(anchor: number, rhythm: Rhythm, after: number): number {
  let times = Math.max(0, Math.floor((after - anchor) / (longestDays(rhythm) * DAY_SECONDS)));
  while (boundary(anchor, rhythm, times) <= after) times += 1;
  return boundary(anchor, rhythm, times);
}

function longestDays({ interval, interval_count }: Rhythm): number {
  const days = interval === "year" ? 366 : interval === "month" ? 31 : interval === "week" ? 7 : 1;
  return days * interval_count;
}
