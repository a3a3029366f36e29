import { formatQuantity } from "../shared/formats.ts";

/** Measures and abbreviations, which have no plural. */
const unchanging = /^(ml|l|g|kg|mg|mcg|µg|iu|cc|oz|lb|m|cm|pc|dz|.{0,2})$/i;

/** Some of a unit as people say it: `1 box`, `2 boxes`, `30 ml`. `count` is decimal text. */
export function countOfUnit(count: string, unit: string): string {
  const amount = formatQuantity(count);
  return `${amount} ${amount === "1" ? unit : plural(unit)}`;
}

/** Only words in plain letters, such as `tablet`, are put in the plural; whatever else people call a unit stays. */
export function plural(unit: string): string {
  if (!/[a-z]$/i.test(unit) || unchanging.test(unit) || (/s$/i.test(unit) && !/ss$/i.test(unit))) return unit;
  const isUpper = unit === unit.toUpperCase();
  const ending = (text: string) => (isUpper ? text.toUpperCase() : text);
  if (/(s|x|z|ch|sh)$/i.test(unit)) return `${unit}${ending("es")}`;
  if (/[^aeiou]y$/i.test(unit)) return `${unit.slice(0, -1)}${ending("ies")}`;
  return `${unit}${ending("s")}`;
}
