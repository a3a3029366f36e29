const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;
/** No zone is further from Greenwich, changes of the clock included. */
const FURTHEST_MS = 16 * 3_600_000;

/**
 * The moment at which a day begins somewhere: at midnight, or later where the clock jumps over it.
 * @param day `2026-11-24`
 * @param timeZone IANA name
 * @returns undefined for text that is no day
 */
export function startOfDay(day: string, timeZone: string): Date | undefined {
  const midnight = utcMidnight(day);
  if (midnight === undefined) return undefined;
  const dayIn = dayReader(timeZone);
  // The first moment whose day there is not an earlier one, found by halving.
  let before = midnight - FURTHEST_MS;
  let from = midnight + FURTHEST_MS;
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2);
    if (dayIn(new Date(middle)) < day) before = middle;
    else from = middle;
  }
  return new Date(from);
}

/** The day after: `2026-12-01` after `2026-11-30`. @returns undefined for text that is no day */
export function dayAfter(day: string): string | undefined {
  const midnight = utcMidnight(day);
  return midnight === undefined ? undefined : new Date(midnight + 86_400_000).toISOString().slice(0, 10);
}

function utcMidnight(day: string): number | undefined {
  const parts = DAY.exec(day);
  if (parts === null || Number(parts[1]) < 1970) return undefined;
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // A day such as 31 April is read as 1 May by some and refused by others.
  return Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day) ? undefined : midnight;
}

/** Reads the day of a moment in a zone, in a form that sorts. */
function dayReader(timeZone: string): (at: Date) => string {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  return (at) => format.format(at);
}
