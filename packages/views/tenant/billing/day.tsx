import { formatDay, formatMoment } from "../../shared/formats.ts";

/** A day in the pharmacy's time zone; the minute shows on hover. */
export function Day({ at, timeZone }: { at: Date; timeZone: string }) {
  return (
    <time datetime={at.toISOString()} title={`${formatMoment(at, timeZone)} (${timeZone})`} class="whitespace-nowrap">
      {formatDay(at, timeZone)}
    </time>
  );
}
