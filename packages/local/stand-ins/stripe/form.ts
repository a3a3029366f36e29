import * as z from "zod";

type Branch = Map<string, Branch | string>;

/**
 * A form with brackets as nested values: `items[0][price]=p&expand[]=x` is `{ items: [{ price: "p" }], expand: ["x"] }`.
 * Every leaf is text, as it came. Of a name that comes twice the last one counts.
 */
export function decodeForm(form: URLSearchParams): Record<string, unknown> {
  const root: Branch = new Map();
  for (const [field, value] of form) {
    const [name = "", ...rest] = field.split("[").map((part) => part.replace(/\]$/, ""));
    let branch = root;
    let key = name;
    for (const part of rest) {
      const below = branch.get(key);
      const next: Branch = below instanceof Map ? below : new Map();
      branch.set(key, next);
      branch = next;
      key = part === "" ? String(next.size) : part;
    }
    branch.set(key, value);
  }
  return Object.fromEntries([...root].map(([key, value]) => [key, unfold(value)]));
}

function unfold(value: Branch | string): unknown {
  if (typeof value === "string") return value;
  const isList = value.size > 0 && [...value.keys()].every((key, index) => key === String(index));
  return isList
    ? [...value.values()].map(unfold)
    : Object.fromEntries([...value].map(([key, inner]) => [key, unfold(inner)]));
}

/** `true` or `false`. */
export const flag = z.enum(["true", "false"]).transform((text) => text === "true");

/** A whole number; money in minor units, and moments in seconds since 1970, too. */
export const integer = z
  .string()
  .regex(/^-?\d{1,15}$/, "Invalid integer")
  .transform(Number);

export const amount = integer.refine((value) => value >= 0, "This value must be greater than or equal to 0.");

/** Nothing in the form means null: the field is to be emptied. */
export const emptyable = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === "" ? null : value), schema.nullable());

/** Keys and values as Stripe limits them. An empty value forgets its key, an empty whole forgets all. */
export const metadataChanges = emptyable(z.record(z.string().min(1).max(40), z.string().max(500)));

/** A range of moments, as lists take it: `created[gte]`. */
export const moments = z.union([
  integer.transform((value) => ({ gt: undefined, gte: value, lt: undefined, lte: value })),
  z.strictObject({
    gt: integer.optional(),
    gte: integer.optional(),
    lt: integer.optional(),
    lte: integer.optional(),
  }),
]);

/** Whether the moment lies in the range. No range holds every moment. */
export function within(seconds: number, range: z.output<typeof moments> | undefined): boolean {
  if (range === undefined) return true;
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = range;
  return seconds > gt && seconds >= gte && seconds < lt && seconds <= lte;
}

/** @returns the metadata after a change; without one, as it was */
export function mergeMetadata(
  current: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string>> | null | undefined,
): Record<string, string> {
  if (changes === null) return {};
  return Object.fromEntries(Object.entries({ ...current, ...changes }).filter(([, value]) => value !== ""));
}
