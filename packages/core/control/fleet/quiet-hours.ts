/** When a pharmacy is closed, by its own clock. */
export interface QuietHours {
  /** HH:MM. */
  readonly from: string;
  /** HH:MM; before `from` when the hours go over midnight, the same when the whole day is quiet. */
  readonly until: string;
  /** IANA name. */
  readonly timeZone: string;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
/** Hours that a change of the clock swallows on one day are there on the next. */
const SEARCHED_MINUTES = 2 * DAY_MINUTES + 180;
const STEP_MINUTES = 15;

export function isQuiet(at: Date, { from, until, timeZone }: QuietHours): boolean {
  const begin = minutesOf(from);
  const end = minutesOf(until);
  const now = localMinutes(at, timeZone);
  return begin < end ? now >= begin && now < end : now >= begin || now < end;
}

/**
 * When the quiet hours begin next: `at` itself while they last. Found by the wall clock of the place and not by adding
 * up, so that days of 23 and 25 hours are right.
 */
export function nextQuiet(at: Date, hours: QuietHours): Date {
  if (isQuiet(at, hours)) return at;
  const start = at.getTime() - (at.getTime() % MINUTE_MS);
  const moment = (minutes: number): Date => new Date(start + minutes * MINUTE_MS);
  const step = Math.min(STEP_MINUTES, lengthMinutes(hours));
  let found = step;
  while (found < SEARCHED_MINUTES && !isQuiet(moment(found), hours)) found += step;
  while (isQuiet(moment(found - 1), hours)) found -= 1;
  return moment(found);
}

function lengthMinutes({ from, until }: QuietHours): number {
  return (minutesOf(until) - minutesOf(from) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
}

function minutesOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  return hour * 60 + minute;
}

/** Making one takes a hundred times as long as using it. */
const formats = new Map<string, Intl.DateTimeFormat>();

function localMinutes(at: Date, timeZone: string): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = formatOf(timeZone);
    formats.set(timeZone, format);
  }
  return minutesOf(format.format(at));
}

/** A zone that this runtime does not know is taken as UTC: hours that are somewhat wrong are better than none. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  try {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone });
  } catch {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
  }
}
