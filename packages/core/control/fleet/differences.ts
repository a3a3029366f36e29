import type { SchemaDifference, SchemaFingerprint } from "../../ports/schemas.ts";

/** A database that has nothing in common with ours would fill pages. */
const DIFFERENCES_MAX = 200;

/** What a schema has that it should not, or the other way round, by name; nothing when they are equal. */
export function differencesBetween(expected: SchemaFingerprint, found: SchemaFingerprint): readonly SchemaDifference[] {
  if (expected.hash === found.hash) return [];
  const names = [...new Set([...Object.keys(expected.objects), ...Object.keys(found.objects)])].sort();
  const differences = names.flatMap((object): SchemaDifference[] => {
    const should = expected.objects[object];
    const is = found.objects[object];
    if (should === is) return [];
    return [{ object, is: is === undefined ? "missing" : should === undefined ? "unexpected" : "different" }];
  });
  // Never empty for hashes that differ: no difference would read as none.
  return differences.length === 0 ? [unnamedDifference] : differences.slice(0, DIFFERENCES_MAX);
}

/** When it is known that a schema differs, and not in what. */
export const unnamedDifference: SchemaDifference = { object: "schema", is: "different" };
