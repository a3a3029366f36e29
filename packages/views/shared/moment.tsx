import { formatMoment } from "./formats.ts";

/** A point in time in the pharmacy's time zone; the zone itself shows on hover. */
export function Moment({ at, timeZone }: { at: Date; timeZone: string }) {
  const text = formatMoment(at, timeZone);
  return (
    <time datetime={at.toISOString()} title={`${text} (${timeZone})`} class="whitespace-nowrap tabular-nums">
      {text}
    </time>
  );
}
