import type { SchemaDifference, SchemaFingerprint } from "@pharmasight/core/ports/schemas";

const DIFFERENCES_MAX = 200;
/** Kinds of objects that belong to a relation: their names begin with its. */
const OF_RELATION = /^(?:column|constraint|trigger|rule|policy|grant) ([^\s.]+\.[^\s.]+)/;
const RELATION = /^(?:table|view|materialized view|foreign table|sequence|type) (.+)$/;

/**
 * What differs between two schemas, by name, at most 200. Of a table that is missing or unexpected as a whole, its
 * columns and the like are not told one by one. Empty exactly when the hashes are equal.
 */
export function differencesBetween(expected: SchemaFingerprint, found: SchemaFingerprint): readonly SchemaDifference[] {
  if (expected.hash === found.hash) return [];
  const names = new Set([...Object.keys(expected.objects), ...Object.keys(found.objects)]);
  const all = [...names].sort().flatMap((object): SchemaDifference[] => {
    const [wanted, there] = [expected.objects[object], found.objects[object]];
    if (wanted === there) return [];
    return [{ object, is: there === undefined ? "missing" : wanted === undefined ? "unexpected" : "different" }];
  });
  const whole = new Set(
    all
      .filter(({ is }) => is !== "different")
      .flatMap(({ object, is }) => {
        const relation = RELATION.exec(object)?.[1];
        return relation === undefined ? [] : [`${is} ${relation}`];
      }),
  );
  return all.filter(({ object, is }) => !whole.has(`${is} ${OF_RELATION.exec(object)?.[1]}`)).slice(0, DIFFERENCES_MAX);
}

/** For a sentence: the first few by name. */
export function describeDifferences(differences: readonly SchemaDifference[]): string {
  const shown = differences.slice(0, 5).map(({ object, is }) => `${object} is ${is}`);
  const more = differences.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
