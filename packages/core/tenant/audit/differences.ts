/** One thing that an action changed, for people. */
export interface Difference {
  /** The field's name in words. */
  readonly field: string;
  /** Absent: it was not there before. */
  readonly from?: string;
  /** Absent: it is not there any more. */
  readonly to?: string;
}

export interface Reading {
  /** Names by id, of people, branches and whatever else is referred to. */
  readonly names: ReadonlyMap<string, string>;
  /** IANA name: moments are read in it. */
  readonly timeZone: string;
}

type Values = Readonly<Record<string, unknown>>;

const VALUE_LENGTH_MAX = 300;
/** Nothing that lets anybody in is ever written down; should it happen all the same, it is not shown. */
const SECRET = /password|secret|token|hash$|recovery|cookie|^link$/i;
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$/;
const HIDDEN = "(not shown)";

/**
 * What stands differently after an action. Of something new or gone all that is said; the id of what was acted upon is
 * left out.
 */
export function differencesOf(before: Values | null, after: Values | null, reading: Reading): readonly Difference[] {
  const keys = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  keys.delete("id");
  return [...keys].flatMap((key) => {
    const from = textOf(key, before?.[key], reading);
    const to = textOf(key, after?.[key], reading);
    if (from === to) return isHiddenChange(before?.[key], after?.[key], to) ? [{ field: labelOf(key), to }] : [];
    return [{ field: labelOf(key), ...(from === "" ? {} : { from }), ...(to === "" ? {} : { to }) }];
  });
}

const isHiddenChange = (from: unknown, to: unknown, text: string): boolean => text === HIDDEN && from !== to;

/** A key of ours in words: `timeZone` is `Time zone`, `branchId` is `Branch`. */
export function labelOf(key: string): string {
  const words = key
    .replace(/(?<=[a-z])Id$/, "")
    .replaceAll(/[_-]+/g, " ")
    .replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, " ")
    .split(" ")
    .map((word) => (/^[A-Z]{2,}$/.test(word) ? word : word.toLowerCase()))
    .join(" ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A value in words; blank for what is not there. */
export function textOf(key: string, value: unknown, reading: Reading): string {
  if (value === null || value === undefined || value === "") return "";
  if (SECRET.test(key)) return HIDDEN;
  const text = plain(value, reading);
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}…` : text;
}

function plain(value: unknown, reading: Reading): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "string") return plainText(value, reading);
  if (Array.isArray(value)) return value.map((one: unknown) => plain(one, reading)).join(", ");
  if (typeof value !== "object" || value === null) return "";
  return Object.entries(value)
    .map(([key, one]) => [key, textOf(key, one, reading)] as const)
    .filter(([, text]) => text !== "")
    .map(([key, text]) => `${labelOf(key)}: ${text}`)
    .join("; ");
}

function plainText(text: string, { names, timeZone }: Reading): string {
  const name = names.get(text);
  if (name !== undefined) return name;
  if (!MOMENT.test(text)) return text;
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone }).format(new Date(text));
}
