import { Decimal } from "decimal.js";
import { invalidInput } from "../../kernel/errors.ts";
import { checkNewItem, type NewItem, type TaxClass } from "../items/new-item.ts";

/**
 * Headings under which files call a field, most telling first; compared in lower case with everything but letters and
 * digits taken for a space. A description serves as the name only where there is no better column.
 */
const headings = {
  name: [
    "item name",
    "product name",
    "medicine name",
    "drug name",
    "name",
    "item",
    "product",
    "medicine",
    "description",
  ],
  genericName: ["generic name", "generic", "inn"],
  brandNames: ["brand names", "brand name", "brands", "brand"],
  strength: ["strength"],
  form: ["dosage form", "form", "formulation"],
  barcode: ["barcode", "bar code", "ean", "gtin"],
  baseUnit: ["retail unit", "base unit", "unit of measure", "uom", "units", "unit"],
  wholesaleUnit: ["wholesale unit"],
  basePerWholesale: ["pack size", "retail per wholesale", "base per wholesale"],
  supplierUnit: ["supplier unit"],
  wholesalePerSupplier: ["wholesale units per supplier", "wholesale per supplier"],
  price: ["retail price", "selling price", "unit price", "price", "reference price usd", "reference price"],
  tax: ["tax class", "vat category", "tax category", "vat rate", "tax rate", "vat", "tax"],
} as const satisfies Record<string, readonly string[]>;

const BRANDS_CHARACTERS_MAX = 500;

type Field = keyof typeof headings;
export type ColumnMap = Readonly<Partial<Record<Field, number>>>;

export interface RowOptions {
  /** Decimal text that every price is multiplied by: 1 when the file is in the pharmacy's own currency. */
  readonly rate: string;
  /** For rows that name no tax class. Null: the pharmacist decides later. */
  readonly taxClass: TaxClass | null;
}

export type RowResult = { readonly ok: true; readonly item: NewItem } | { readonly ok: false; readonly reason: string };

/**
 * Where each field stands in the file.
 * @throws DomainError `invalid_input` when no column says what an item is called
 */
export function matchColumns(header: readonly string[]): ColumnMap {
  const names = header.map(normalise);
  const map: Partial<Record<Field, number>> = {};
  for (const field of fields) {
    const heading = headings[field].find((candidate) => names.includes(candidate));
    if (heading !== undefined) map[field] = names.indexOf(heading);
  }
  if (map.name === undefined && map.genericName === undefined) {
    const message = "The first row must name the columns, with at least Item name or Generic name among them.";
    throw invalidInput(message, { file: message });
  }
  return map;
}

/** One row as a new item, or why it cannot be one. */
export function readRow(cells: readonly string[], columns: ColumnMap, options: RowOptions): RowResult {
  const cell = (field: Field): string => {
    const index = columns[field];
    return index === undefined ? "" : (cells[index] ?? "").trim();
  };
  const form = cell("form");
  const described = [cell("genericName"), cell("strength"), form].filter((part) => part !== "").join(" ");
  const name = cell("name") || (cell("genericName") === "" ? "" : described);
  if (name === "") return { ok: false, reason: "The row names no item." };
  const price = readPrice(cell("price"), options.rate);
  if (price === undefined) return { ok: false, reason: `“${clip(cell("price"))}” is not a price.` };
  const taxClass = readTaxClass(cell("tax"), options.taxClass);
  if (taxClass === undefined) return { ok: false, reason: `“${clip(cell("tax"))}” is not a tax class or rate.` };
  const result = checkNewItem({
    name,
    genericName: cell("genericName"),
    brandNames: fittingBrands(cell("brandNames")),
    strength: cell("strength"),
    form,
    barcode: cell("barcode"),
    baseUnit: cell("baseUnit") || baseUnitOf(form),
    ...packs(cell),
    retailPrice: price,
    taxClass,
  });
  return result.ok ? result : { ok: false, reason: Object.values(result.fields).join(" ") };
}

/**
 * What one unit of a dosage form is called, where the file does not say. Price lists of medicines (the International
 * Medical Products Price Guide among them) count liquids by the millilitre, creams and powders by the gram and
 * everything else by the piece; `tab-cap` is their word for a tablet or a capsule.
 */
export function baseUnitOf(form: string): string {
  const words = form.toLowerCase();
  return unitsByForm.find(([pattern]) => pattern.test(words))?.[1] ?? "unit";
}

const unitsByForm: readonly (readonly [RegExp, string])[] = [
  [/tab|^pill/, "tablet"],
  [/caps/, "capsule"],
  [/vial/, "vial"],
  [/amp/, "ampoule"],
  [/suppos/, "suppository"],
  [/pessar/, "pessary"],
  [/inhal/, "inhaler"],
  [/sachet/, "sachet"],
  [/syringe/, "syringe"],
  [/strip|strp/, "strip"],
  [/disc|patch/, "patch"],
  [/solution|soln|respsol|suspen|syrup|elixir|liquid|lotion|drop|spray|spr$|mixture/, "ml"],
  [/cream|oint|gel|paste|powder|granul/, "g"],
];

/** Fields are read in the order of the table above. */
const fields = [
  "name",
  "genericName",
  "brandNames",
  "strength",
  "form",
  "barcode",
  "baseUnit",
  "wholesaleUnit",
  "basePerWholesale",
  "supplierUnit",
  "wholesalePerSupplier",
  "price",
  "tax",
] as const satisfies readonly Field[];

const normalise = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .trim();

/** Names and sizes of the larger units: a size without its name, or a name without its size, says nothing. */
function packs(cell: (field: Field) => string) {
  const wholesale = cell("wholesaleUnit") !== "" && cell("basePerWholesale") !== "";
  const supplier = wholesale && cell("supplierUnit") !== "" && cell("wholesalePerSupplier") !== "";
  return {
    wholesaleUnit: wholesale ? cell("wholesaleUnit") : null,
    basePerWholesale: wholesale ? cell("basePerWholesale") : null,
    supplierUnit: supplier ? cell("supplierUnit") : null,
    wholesalePerSupplier: supplier ? cell("wholesalePerSupplier") : null,
  };
}

/** A list of brands, shortened by whole names to what an item holds: no reason to refuse the medicine. */
function fittingBrands(text: string): string {
  // A list without a space after its separators cannot be broken into lines.
  let fitting = text.replaceAll(/;\s*/g, "; ").trim();
  while (fitting.length > BRANDS_CHARACTERS_MAX) fitting = fitting.slice(0, Math.max(0, fitting.search(/[;,][^;,]*$/)));
  return fitting;
}

/** Blank is no price yet. Rounded half up to the four decimals that are kept. @returns undefined when unreadable */
function readPrice(text: string, rate: string): string | null | undefined {
  if (text === "") return null;
  const plain = /^\d{1,3}(,\d{3})+(\.\d+)?$/.test(text) ? text.replaceAll(",", "") : text;
  if (!/^(\d{1,16}(\.\d{0,12})?|\.\d{1,12})$/.test(plain)) return undefined;
  const price = new Exact(plain).times(rate).toDecimalPlaces(4, Decimal.ROUND_HALF_UP);
  return price.lessThan("1e16") ? price.toFixed() : undefined;
}

/** Forty digits: sixteen before the point and twelve after it, times a rate, without a rounding on the way. */
const Exact = Decimal.clone({ precision: 60 });

const taxWords: Readonly<Record<string, TaxClass>> = {
  standard: "standard",
  "standard rated": "standard",
  "standard rate": "standard",
  vatable: "standard",
  s: "standard",
  zero: "zero_rated",
  "zero rated": "zero_rated",
  z: "zero_rated",
  exempt: "exempt",
  exempted: "exempt",
  e: "exempt",
  "out of scope": "out_of_scope",
  "non vat": "out_of_scope",
};

/**
 * A tax class by its word or its rate: 16, 16% and 0.16 all say standard. A rate of 0 does not tell zero-rated from
 * exempt, which differ in the tax that a pharmacy may claim back, so it is left to the pharmacist.
 * @returns undefined when unreadable
 */
function readTaxClass(text: string, fallback: TaxClass | null): TaxClass | null | undefined {
  if (text === "") return fallback;
  const bare = text.replace(/vat|%/gi, " ").trim();
  if (/^(\d{1,2}(\.\d{1,4})?|100)$/.test(bare)) return new Decimal(bare).isZero() ? fallback : "standard";
  const words = normalise(text);
  return (
    taxWords[words] ??
    taxWords[
      words
        .replace(/\b(vat|\d+)\b/g, "")
        .replace(/ +/g, " ")
        .trim()
    ]
  );
}

const clip = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
