/**
 * What Stripe puts beside a changed object: the old values of the fields that differ, to any depth of objects; a list
 * as a whole. A field that is new has the old value `null`.
 */
export function previousAttributes(before: object, after: object): Record<string, unknown> {
  const previous: Record<string, unknown> = {};
  const old = new Map(Object.entries(before));
  const now = new Map(Object.entries(after));
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    const [was, is] = [old.get(key), now.get(key)];
    if (isObject(was) && isObject(is)) {
      const inner = previousAttributes(was, is);
      if (Object.keys(inner).length > 0) previous[key] = inner;
    } else if (JSON.stringify(was) !== JSON.stringify(is)) {
      previous[key] = was ?? null;
    }
  }
  return previous;
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
