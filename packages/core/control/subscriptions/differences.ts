type Column = string | number | boolean | Date | null | undefined;

/** Names of the columns in which a row has another value than is wanted. Dates are the same when their moments are. */
export function differences(
  row: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, Column>>,
): readonly string[] {
  return Object.entries(wanted).flatMap(([name, value]) => (plain(row[name]) === plain(value) ? [] : [name]));
}

export const differs = (row: Readonly<Record<string, unknown>>, wanted: Readonly<Record<string, Column>>): boolean =>
  differences(row, wanted).length > 0;

const plain = (value: unknown): unknown => (value instanceof Date ? value.getTime() : (value ?? null));
