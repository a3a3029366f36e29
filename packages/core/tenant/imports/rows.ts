import * as z from "zod";
import { checkNewItem, type NewItem, taxClasses } from "../items/new-item.ts";
import { Exact, kept, readAmount } from "./amounts.ts";
import { isBlank, quote, type Reading, read, readYesNo, unreadable, westernDigits } from "./cells.ts";
import { dateOrders, readExpiry } from "./dates.ts";
import { decimalMarks } from "./decimal-marks.ts";
import { type Field, importFields, type Mapping } from "./mapping.ts";
import { readTaxClass } from "./tax.ts";
import { readUnits, type Units, type UnitTier, unitTiers } from "./units.ts";

/** What a file does not say about its rows, and a person decides once for all of them. */
export const rowSettingsSchema = z
  .object({
    /** Decimal text that every price is multiplied by: 1 when the file is in the pharmacy's own currency. */
    rate: z
      .string()
      .trim()
      .regex(/^\d{1,9}(\.\d{1,8})?$/, "Write a number above zero, like 129.50.")
      .refine((rate) => /[1-9]/.test(rate), "Write a number above zero, like 129.50."),
    /** ISO 4217 code of the pharmacy's currency: a price with another one in its cell needs a rate. */
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .default("KES"),
    /** For rows that name no tax class. Null: they wait for the pharmacist, or are refused. */
    taxClass: z.enum(taxClasses, "Choose one of the tax classes.").nullable(),
    missingTaxClass: z.enum(["parked", "refused"]).default("parked"),
    /** The unit that one retail price, one cost and one of a quantity in stock is of. Never guessed from the rows. */
    priceUnit: z.enum(unitTiers, "Say of which unit the retail price is."),
    costUnit: z.enum(unitTiers, "Say of which unit the cost price is."),
    stockUnit: z.enum(unitTiers, "Say in which unit stock is counted."),
    dateOrder: z.enum(dateOrders, "Say in which order dates are written."),
    /** Null: nobody has said it, and numbers with two readings are refused. Imports from before there was a choice had a point. */
    decimalMark: z.enum(decimalMarks, "Say what stands before decimals.").nullable().default("point"),
    /** Today in the pharmacy's time zone, `yyyy-mm-dd`: what expired before it is not brought in. */
    today: z.iso.date(),
  })
  .readonly();
export type RowSettings = z.infer<typeof rowSettingsSchema>;

/** Stock that a row brings in. */
export interface OpeningStock {
  /** Decimal text, in base units, above zero. */
  readonly quantity: string;
  /** Blank: the row names none. */
  readonly batchNumber: string;
  /** Last day of use; null: does not expire, or nobody knows. */
  readonly expiresOn: string | null;
  /** As written in the row; null: the branch that the import is for. */
  readonly branchCode: string | null;
}

export type RowResult =
  | {
      readonly ok: true;
      readonly item: NewItem;
      readonly stock: OpeningStock | null;
      /** Fields that the row says something about: all that an update may change. */
      readonly given: readonly Field[];
    }
  /** Everything that is wrong with the row, in sentences. */
  | { readonly ok: false; readonly reason: string };

/** One row as a new item with its opening stock, or why it cannot be one. Throws nothing. */
export function readRow(cells: readonly string[], mapping: Mapping, settings: RowSettings): RowResult {
  const column = (field: Field): string | undefined => {
    const index = mapping[field];
    return index === undefined ? undefined : (cells[index] ?? "").trim();
  };
  const cell = (field: Field): string => column(field) ?? "";
  const text = (field: Field): string => (isBlank(cell(field)) ? "" : cell(field));
  const reasons: string[] = [];
  const take = <Value>(reading: Reading<Value>): Value | undefined => {
    if (reading.ok) return reading.value;
    reasons.push(reading.reason);
    return undefined;
  };

  for (const field of textFields) {
    const lost = text(field);
    if (LOST_LETTERS.test(lost)) {
      reasons.push(
        `Letters of ${quote(lost)} were lost when the file was saved. Save it as an Excel workbook or as “CSV UTF-8”, or write them again.`,
      );
    }
  }
  const name = take(readName(text));
  const units = take(
    readUnits({
      baseUnit: column("baseUnit"),
      wholesaleUnit: column("wholesaleUnit"),
      basePerWholesale: column("basePerWholesale"),
      supplierUnit: column("supplierUnit"),
      wholesalePerSupplier: column("wholesalePerSupplier"),
      form: text("form"),
      decimalMark: settings.decimalMark,
    }),
  );
  const costPrice = take(
    readPrice({ text: cell("costPrice"), what: "cost price", unit: settings.costUnit }, units, settings),
  );
  const retailPrice = take(
    readPrice({ text: cell("retailPrice"), what: "retail price", unit: settings.priceUnit }, units, settings),
  );
  const taxClass = take(readRequiredTaxClass(cell("taxClass"), settings));
  const barcode = take(readBarcode(text("barcode")));
  const isControlled = take(readYesNo(cell("isControlled"), "is controlled"));
  const isPrescriptionOnly = take(readYesNo(cell("isPrescriptionOnly"), "needs a prescription"));
  const isColdChain = take(readYesNo(cell("isColdChain"), "is kept in the cold chain"));
  const stock = take(readStock(cell, units, settings));

  // Texts too long or with what cannot be printed are found here, also in a row that has other mistakes.
  const result = checkNewItem({
    name: name ?? "?",
    genericName: text("genericName"),
    brandNames: fittingBrands(text("brandNames")),
    strength: text("strength"),
    form: text("form"),
    barcode: barcode ?? null,
    baseUnit: units?.baseUnit ?? "?",
    wholesaleUnit: units?.wholesaleUnit ?? null,
    basePerWholesale: units?.basePerWholesale ?? null,
    supplierUnit: units?.supplierUnit ?? null,
    wholesalePerSupplier: units?.wholesalePerSupplier ?? null,
    costPrice: costPrice ?? null,
    retailPrice: retailPrice ?? null,
    taxClass: taxClass ?? null,
    isControlled,
    isPrescriptionOnly,
    isColdChain,
  });
  if (!result.ok) reasons.push(...Object.values(result.fields));
  if (reasons.length > 0 || !result.ok) return { ok: false, reason: [...new Set(reasons)].join(" ") };
  const given = importFields.map(({ key }) => key).filter((field) => text(field) !== "");
  return { ok: true, item: result.item, stock: stock ?? null, given };
}

const textFields = ["name", "genericName", "brandNames", "strength", "form"] as const satisfies readonly Field[];
/** What is left of letters that an encoding does not have, of Amharic in a plain CSV for one. */
const LOST_LETTERS = /\ufffd|\?{3}/;

/** The name, or what is in it: generic name, strength and form. */
function readName(text: (field: Field) => string): Reading<string> {
  const described = [text("genericName"), text("strength"), text("form")].filter((part) => part !== "").join(" ");
  const name = text("name") || (text("genericName") === "" ? "" : described);
  return name === ""
    ? unreadable("The row names no item. Write its name; of merged cells, only the first row has the text.")
    : read(name);
}

interface PriceCell {
  readonly text: string;
  readonly what: string;
  readonly unit: UnitTier;
}

/** The price of one base unit, rounded half up to the four decimals that are kept. Blank is no price yet. */
function readPrice(cell: PriceCell, units: Units | undefined, settings: RowSettings): Reading<string | null> {
  const isConverted = !new Exact(settings.rate).equals(1);
  const amount = readAmount(cell.text, {
    what: cell.what,
    example: "1250.50",
    currency: isConverted ? null : settings.currency,
    decimalMark: settings.decimalMark,
  });
  if (!amount.ok) return amount;
  // Where the units are wrong, that is said already.
  if (amount.value === null || units === undefined) return read(null);
  const held = units.baseUnitsPer[cell.unit];
  if (held === null) return withoutUnit(`The ${cell.what} ${quote(cell.text)} is of one ${cell.unit} unit`, cell.unit);
  const price = kept(amount.value.times(settings.rate).dividedBy(held));
  if (price === undefined) return unreadable(`${quote(cell.text)} is too large for a ${cell.what}.`);
  if (price === "0" && !amount.value.isZero()) {
    return unreadable(
      `The ${cell.what} ${quote(cell.text)} comes to less than 0.00005 for one ${units.baseUnit}. Check the pack size, or count the item in a larger unit.`,
    );
  }
  return read(price);
}

const withoutUnit = (what: string, unit: UnitTier): Reading<never> =>
  unreadable(`${what}, and the row has none. Give the ${unit} unit and how much it holds, or leave the cell blank.`);

function readRequiredTaxClass(text: string, settings: RowSettings): Reading<NewItem["taxClass"]> {
  const taxClass = readTaxClass(text, settings.taxClass);
  if (!taxClass.ok || taxClass.value !== null || settings.missingTaxClass === "parked") return taxClass;
  return unreadable(
    isBlank(text)
      ? "The row has no tax class. Write standard, zero-rated, exempt or out of scope."
      : `${quote(text)} does not tell whether the item is zero-rated or exempt. Write zero-rated, exempt or out of scope.`,
  );
}

/** Digits as digits. A spreadsheet that took a barcode for a number has lost some of them. */
function readBarcode(text: string): Reading<string | null> {
  if (/^\d([.,]\d+)?e\+?\d+$/i.test(text)) {
    return unreadable(
      `The barcode ${quote(text)} has lost its last digits. Format the column as text, enter the barcode again, and save.`,
    );
  }
  const barcode = westernDigits(text)
    .replace(/^(\d+)\.0+$/, "$1")
    .replaceAll(/\s+/g, "");
  return read(/^0*$/.test(barcode) ? null : barcode);
}

const BATCH_CHARACTERS_MAX = 64;
/** Nothing in a pharmacy lasts so long: a year was mistyped. */
const EXPIRY_YEARS_MAX = 30;

/** The opening stock; null without a quantity, whatever the batch says. */
function readStock(
  cell: (field: Field) => string,
  units: Units | undefined,
  settings: RowSettings,
): Reading<OpeningStock | null> {
  const written = cell("stockQuantity");
  const amount = readAmount(written, {
    what: "quantity in stock",
    example: "240",
    decimalMark: settings.decimalMark,
  });
  if (!amount.ok) return amount;
  if (amount.value === null || amount.value.isZero() || units === undefined) return read(null);
  const held = units.baseUnitsPer[settings.stockUnit];
  if (held === null) {
    return withoutUnit(`The quantity ${quote(written)} counts ${settings.stockUnit} units`, settings.stockUnit);
  }
  const quantity = amount.value.times(held);
  if (quantity.decimalPlaces() > 4) {
    return unreadable(
      `The quantity ${quote(written)} comes to ${quantity.toDecimalPlaces(6).toFixed()} ${units.baseUnit}, and stock is kept with at most 4 decimals. Write a quantity that comes out even.`,
    );
  }
  if (quantity.greaterThanOrEqualTo("1e12"))
    return unreadable(`${quote(written)} is too large for a quantity in stock.`);
  const expiresOn = readFutureExpiry(cell("expiryDate"), settings);
  if (!expiresOn.ok) return expiresOn;
  const batchNumber = isBlank(cell("batchNumber")) ? "" : cell("batchNumber").replaceAll(/\s+/g, " ");
  if (batchNumber.length > BATCH_CHARACTERS_MAX) {
    return unreadable(`The batch number ${quote(batchNumber)} is longer than ${BATCH_CHARACTERS_MAX} characters.`);
  }
  const branchCode = isBlank(cell("branchCode")) ? null : cell("branchCode");
  return read({ quantity: quantity.toFixed(), batchNumber, expiresOn: expiresOn.value, branchCode });
}

function readFutureExpiry(text: string, { dateOrder, today }: RowSettings): Reading<string | null> {
  const expiry = readExpiry(text, dateOrder);
  if (!expiry.ok || expiry.value === null) return expiry;
  if (expiry.value < today) {
    return unreadable(
      `The batch expired on ${expiry.value} (${quote(text)}). Expired stock is not brought in: correct the date, or leave the quantity blank.`,
    );
  }
  if (Number(expiry.value.slice(0, 4)) - Number(today.slice(0, 4)) > EXPIRY_YEARS_MAX) {
    return unreadable(`The batch would expire on ${expiry.value} (${quote(text)}). Check the year.`);
  }
  return expiry;
}

const BRANDS_CHARACTERS_MAX = 500;

/** A list of brands, shortened by whole names to what an item holds: no reason to refuse the medicine. */
function fittingBrands(text: string): string {
  // A list without a space after its separators cannot be broken into lines.
  const spaced = text.replaceAll(/;\s*/g, "; ").trim();
  if (spaced.length <= BRANDS_CHARACTERS_MAX) return spaced;
  const fitting = spaced.slice(0, BRANDS_CHARACTERS_MAX + 1);
  return fitting.slice(0, Math.max(0, fitting.search(/[;,][^;,]*$/)));
}
