import * as z from "zod";
import { type Field, fields, wordsByField } from "./fields.ts";
import { COLUMNS_MAX } from "./files/file-rows.ts";
import type { UnitTier } from "./units.ts";

export { type Field, type ImportField, importFields } from "./fields.ts";

/** Index of the column of each field; those that are not in the file are left out. */
export type Mapping = Readonly<Partial<Record<Field, number>>>;

export const fieldSchema = z.enum(fields);
export const mappingSchema = z
  .partialRecord(
    fieldSchema,
    z
      .number()
      .int()
      .min(0)
      .max(COLUMNS_MAX - 1),
  )
  .readonly();

const HEADING_CHARACTERS_MAX = 200;

/** A heading as headings are compared and remembered: lower case, with blanks for all but letters and digits. */
export const normaliseHeading = (text: string): string =>
  text
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim()
    .slice(0, HEADING_CHARACTERS_MAX)
    .trim();

/** The columns that our file of rows not taken puts in front of those of the list. */
export const ownHeadings = ["Row", "Reason"] as const;

/** How many columns at the beginning are ours, because the file is that one: they say nothing about an item. */
export const ownColumns = (header: readonly string[]): number =>
  ownHeadings.every((own, column) => normaliseHeading(header[column] ?? "") === own.toLowerCase())
    ? ownHeadings.length
    : 0;

const HEADER_ROWS_LOOKED_AT = 50;

/** How many fields the most telling of the first rows names. */
export const headingScore = (rows: readonly { readonly cells: readonly string[] }[]): number =>
  Math.max(0, ...rows.slice(0, HEADER_ROWS_LOOKED_AT).map((row) => fieldsNamed(row.cells)));

/**
 * Index of the row that names the columns, below whatever titles and dates stand above it: the one of the first fifty
 * that names most fields. Where none names two, the first of those with the most texts.
 */
export function guessHeader(rows: readonly { readonly cells: readonly string[] }[]): number {
  const first = rows.slice(0, HEADER_ROWS_LOOKED_AT);
  const named = first.map((row) => fieldsNamed(row.cells));
  const texts = first.map((row) => new Set(row.cells.filter((cell) => /\p{L}/u.test(cell))).size);
  const scores = Math.max(0, ...named) >= 2 ? named : texts;
  return Math.max(0, scores.indexOf(Math.max(0, ...scores)));
}

/**
 * Which column is which field: as a person matched the heading last time, else by what files call it. A heading that was
 * left out last time (null) is left out again, and our own columns always are; each column serves once.
 */
export function guessMapping(header: readonly string[], remembered: ReadonlyMap<string, Field | null>): Mapping {
  const mapping: Partial<Record<Field, number>> = {};
  const own = ownColumns(header);
  const free = new Set([...header.keys()].slice(own));
  for (const column of free) {
    const heading = header[column] ?? "";
    const field = remembered.get(normaliseHeading(heading));
    if (field === undefined) continue;
    if (field !== null && mapping[field] !== undefined) continue;
    if (field !== null) mapping[field] = column;
    free.delete(column);
  }
  const forms = header.map(formsOf);
  // All headings are understood literally before the first is understood without a part of it.
  for (const form of formLevels) {
    const best = new Map<Field, { readonly column: number; readonly rank: number }>();
    for (const column of free) {
      const meaning = meanings.get(forms[column]?.[form] ?? "");
      if (meaning === undefined || mapping[meaning.field] !== undefined) continue;
      if (meaning.rank < (best.get(meaning.field)?.rank ?? Number.POSITIVE_INFINITY)) {
        best.set(meaning.field, { column, rank: meaning.rank });
      }
    }
    for (const [field, { column }] of best) {
      mapping[field] = column;
      free.delete(column);
    }
  }
  return mapping;
}

/**
 * What is wrong with a mapping, by field, in words that say what to do; nothing when items can be read by it.
 * @param header the headings of the file
 */
export function checkMapping(mapping: Mapping, header: readonly string[]): Readonly<Record<string, string>> {
  const errors: Record<string, string> = {};
  if (mapping.name === undefined && mapping.genericName === undefined) {
    errors.name = "Say which column has the item's name, or its generic name.";
  }
  const usedBy = new Map<number, Field>();
  for (const field of fields) {
    const column = mapping[field];
    if (column === undefined) continue;
    const other = usedBy.get(column);
    if (column >= header.length) errors[field] = "The file has no such column. Choose another.";
    else if (column < ownColumns(header)) {
      errors[field] = "This column is of our file of rows that were not taken. Leave it out.";
    } else if (other !== undefined) {
      errors[field] = `This column is taken by ${wordsByField[other].title} already. Choose another, or leave it out.`;
    } else usedBy.set(column, field);
  }
  for (const [field, needed, message] of pairs) {
    if (mapping[field] !== undefined && mapping[needed] === undefined) errors[needed] ??= message;
  }
  return errors;
}

/** Fields that say nothing without another one. A pack size alone is allowed: its unit is then called a pack. */
const pairs: readonly (readonly [Field, Field, string])[] = [
  ["wholesaleUnit", "basePerWholesale", "Say which column has the pack size, or leave the wholesale unit out."],
  ["supplierUnit", "wholesalePerSupplier", "Say how many wholesale units it holds, or leave the supplier unit out."],
  ["wholesalePerSupplier", "supplierUnit", "Say which column names the supplier unit, or leave its size out."],
  ["supplierUnit", "basePerWholesale", "Say which column has the pack size, or leave the supplier unit out."],
  ["batchNumber", "stockQuantity", "Say which column has the quantity, or leave the batch out."],
  ["expiryDate", "stockQuantity", "Say which column has the quantity, or leave the expiry date out."],
  ["branchCode", "stockQuantity", "Say which column has the quantity, or leave the branch out."],
];

/**
 * Of which unit the headings say that prices and quantities are (“per wholesale unit”, “/tablet”), where they do. A
 * piece may be either, so it says nothing.
 */
export function guessUnits(
  header: readonly string[],
  mapping: Mapping,
): { readonly priceUnit?: UnitTier; readonly costUnit?: UnitTier; readonly stockUnit?: UnitTier } {
  const unitOf = (field: Field) => {
    const column = mapping[field];
    return column === undefined ? undefined : unitNamedBy(header[column] ?? "");
  };
  const priceUnit = unitOf("retailPrice");
  const costUnit = unitOf("costPrice");
  const stockUnit = unitOf("stockQuantity");
  return {
    ...(priceUnit === undefined ? {} : { priceUnit }),
    ...(costUnit === undefined ? {} : { costUnit }),
    ...(stockUnit === undefined ? {} : { stockUnit }),
  };
}

function unitNamedBy(heading: string): UnitTier | undefined {
  const words = normaliseHeading(heading.replaceAll("/", " per "));
  const named =
    /\b(?:per|in|by)\b (?:the |1 |one )?(.+)$/.exec(words)?.[1] ??
    /[([](.+)[)\]]/.exec(heading)?.[1]?.toLowerCase() ??
    "";
  return unitWords.find(([pattern]) => pattern.test(named))?.[1];
}

const unitWords: readonly (readonly [RegExp, UnitTier])[] = [
  [/^(supplier|purchase|buying|ordering|order) unit|^(carton|case|crate|outer)s?\b/, "supplier"],
  [/^wholesale( unit)?|^(box|boxes|pack|packs|packet|packets)\b/, "wholesale"],
  [/^(retail|base|smallest) unit|^(tablet|tab|capsule|cap|ml)s?\b/, "base"],
];

const fieldsNamed = (cells: readonly string[]): number => Object.keys(guessMapping(cells, new Map())).length;

const formLevels = [0, 1, 2, 3] as const;

/** The ways to understand a heading, the most exact first: in full, without remarks in brackets, without its unit. */
function formsOf(heading: string): readonly [string, string, string, string] {
  const bare = heading.replaceAll(/[([]([^)\]]*)[)\]]/g, (remark, words) =>
    CHANGING_WORDS.test(words) ? remark : " ",
  );
  const withoutUnit = bare.replace(/(?:\bper\b|_per_|\/|@).*$/i, " ");
  const withoutCurrency = withoutUnit.replaceAll(CURRENCY_WORDS, " ");
  return [keyOf(heading), keyOf(bare), keyOf(withoutUnit), keyOf(withoutCurrency)];
}

/** Remarks that make another thing of a price or a quantity. */
const CHANGING_WORDS = /wholesale|w\/?sale|trade|value|total|margin|old|min|max/i;
const CURRENCY_WORDS = /(?<![a-z])(kes|kshs?|tzs|ugx|usd|eur|gbp|shs?|in)(?![a-z])/gi;

/** Words in any order: “price retail” is the retail price. */
const keyOf = (heading: string): string => normaliseHeading(heading).split(" ").sort().join(" ");

/** What a heading means, and how telling it is among those of its field: 0 is the most. */
const meanings: ReadonlyMap<string, { readonly field: Field; readonly rank: number }> = new Map(
  fields.flatMap((field) =>
    wordsByField[field].headings.map((heading, rank) => [keyOf(heading), { field, rank }] as const),
  ),
);
