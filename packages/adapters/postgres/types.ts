/**
 * How values travel. Numbers that JavaScript cannot hold (numeric, int8) and calendar dates stay strings, which is what
 * postgres.js does with every type it does not know. Arrays are listed here instead of being asked from the server at
 * each connect (`fetch_types`): that costs 10 kB a connection, and when it fails, postgres.js leaves an unhandled
 * rejection that ends the process.
 */
type Element = (text: string) => unknown;
const same: Element = (text) => text;
const toNumber: Element = (text) => Number(text);
const toBoolean: Element = (text) => text === "t";
const toDate: Element = (text) => new Date(text);

/** Name, type, array type (pg_type.oid of the built-in types, which never change), element from text. */
const arrays = [
  ["bool", 1000, toBoolean],
  ["int2", 1005, toNumber],
  ["int4", 1007, toNumber],
  ["int8", 1016, same],
  ["text", 1009, same],
  ["varchar", 1015, same],
  ["numeric", 1231, same],
  ["float8", 1022, toNumber],
  ["date", 1182, same],
  ["timestamptz", 1185, toDate],
  ["uuid", 2951, same],
  ["name", 1003, same],
] as const;

export const types = {
  calendarDate: { to: 1082, from: [1082], serialize: same, parse: same },
  ...Object.fromEntries(
    arrays.map(([name, oid, element]) => [
      `${name}Array`,
      { to: oid, from: [oid], serialize: formatArray, parse: (text: string) => parseArray(text, element) },
    ]),
  ),
};

/** A JavaScript array as the literal that Postgres reads. @throws TypeError for a value that has no plain text */
export function formatArray(values: readonly unknown[]): string {
  const elements = values.map((value) => {
    if (value === null) return "NULL";
    if (Array.isArray(value)) return formatArray(value);
    if (value instanceof Date) return quote(value.toISOString());
    if (["string", "number", "bigint", "boolean"].includes(typeof value)) return quote(String(value));
    throw new TypeError(`A ${typeof value} cannot be an element of an array in SQL.`);
  });
  return `{${elements.join(",")}}`;
}

const quote = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** The array that Postgres wrote: braces, commas, NULL, and quotes where an element needs them. */
export function parseArray(text: string, element: Element): unknown[] {
  // An explicit lower bound comes first: [0:1]={1,2}.
  let position = text.indexOf("{") + 1;
  return elements();

  function elements(): unknown[] {
    const found: unknown[] = [];
    for (;;) {
      const char = text[position];
      if (char === undefined || char === "}") {
        position += 1;
        return found;
      }
      if (char === ",") position += 1;
      else if (char === "{") {
        position += 1;
        found.push(elements());
      } else if (char === '"') found.push(element(quoted()));
      else found.push(bare());
    }
  }

  function quoted(): string {
    let value = "";
    for (position += 1; text[position] !== '"' && position < text.length; position += 1) {
      if (text[position] === "\\") position += 1;
      value += text[position];
    }
    position += 1;
    return value;
  }

  function bare(): unknown {
    const start = position;
    while (position < text.length && text[position] !== "," && text[position] !== "}") position += 1;
    const value = text.slice(start, position);
    return value === "NULL" ? null : element(value);
  }
}
