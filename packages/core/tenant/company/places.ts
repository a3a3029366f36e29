/** Currencies of ISO 4217 and time zones of IANA, as this version of the runtime knows them. */
export const currencies: readonly string[] = Intl.supportedValuesOf("currency");

/** `UTC` besides the places, for whoever has a reason. */
export const timeZones: readonly string[] = [...Intl.supportedValuesOf("timeZone"), "UTC"];

const byName = new Map(timeZones.map((zone) => [zone.toLowerCase(), zone]));

/**
 * The time zone that somebody means: its name in any case, with blanks for underscores, or its city alone.
 * @returns undefined when there is none or the city is not the only one of its name
 */
export function findTimeZone(text: string): string | undefined {
  const wanted = text.trim().toLowerCase().replaceAll(" ", "_");
  const exact = byName.get(wanted);
  if (exact !== undefined || wanted === "") return exact;
  const cities = timeZones.filter((zone) => zone.toLowerCase().endsWith(`/${wanted}`));
  return cities.length === 1 ? cities[0] : undefined;
}
