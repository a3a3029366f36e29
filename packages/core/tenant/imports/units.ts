import { Exact, readAmount } from "./amounts.ts";
import { isBlank, quote, type Reading, read, unreadable, westernDigits } from "./cells.ts";
import type { DecimalMark } from "./decimal-marks.ts";

/** Cells of a row that say how an item is packed. Undefined: the file has no such column. */
export interface UnitCells {
  readonly baseUnit: string | undefined;
  readonly wholesaleUnit: string | undefined;
  readonly basePerWholesale: string | undefined;
  readonly supplierUnit: string | undefined;
  readonly wholesalePerSupplier: string | undefined;
  readonly form: string;
  /** By which sizes are read. */
  readonly decimalMark: DecimalMark | null;
}

export const unitTiers = ["base", "wholesale", "supplier"] as const;
export type UnitTier = (typeof unitTiers)[number];

/** Units of an item, and how many base units each holds; null where it has no such unit. */
export interface Units {
  readonly baseUnit: string;
  readonly wholesaleUnit: string | null;
  readonly basePerWholesale: string | null;
  readonly supplierUnit: string | null;
  readonly wholesalePerSupplier: string | null;
  readonly baseUnitsPer: Readonly<Record<UnitTier, Exact | null>>;
}

const one = new Exact(1);

/**
 * How an item is packed. A unit without its size, and a size without its unit, say nothing and are refused; but a file
 * that has only a column of pack sizes means packs. A number where a unit is expected is a pack size only where nothing
 * else says one.
 */
export function readUnits(cells: UnitCells): Reading<Units> {
  const base = readBaseUnit(cells);
  if (!base.ok) return base;
  const wholesale = readTier(
    { unit: cells.wholesaleUnit, size: cells.basePerWholesale, nameless: "pack" },
    { smaller: base.value, title: "wholesale unit", decimalMark: cells.decimalMark },
  );
  if (!wholesale.ok) return wholesale;
  const supplier = readTier(
    { unit: cells.supplierUnit, size: cells.wholesalePerSupplier, nameless: undefined },
    { smaller: wholesale.value?.unit ?? base.value, title: "supplier unit", decimalMark: cells.decimalMark },
  );
  if (!supplier.ok) return supplier;
  const perWholesale = wholesale.value?.size ?? null;
  const perSupplier = supplier.value === null ? null : supplier.value.size.times(perWholesale ?? one);
  const supplierUnit = supplier.value?.unit ?? null;
  // Of a syrup that is sold by the bottle, the wholesale unit is the bottle too: cartons are made of it.
  const wholesaleUnit = wholesale.value?.unit ?? (supplierUnit !== null && perWholesale !== null ? base.value : null);
  if (supplierUnit !== null && wholesaleUnit === null) {
    return unreadable(
      `The supplier unit ${quote(supplierUnit)} is made of wholesale units: give the wholesale unit and the pack size too.`,
    );
  }
  if (supplierUnit !== null && isSameUnit(supplierUnit, base.value) && perSupplier?.equals(one) !== true) {
    return unreadable(
      `${quote(base.value)} is both the smallest unit and the supplier unit. Give the larger one another name, for example carton.`,
    );
  }
  return read({
    baseUnit: base.value,
    wholesaleUnit,
    basePerWholesale: wholesaleUnit === null ? null : (perWholesale?.toFixed() ?? null),
    supplierUnit,
    wholesalePerSupplier: supplierUnit === null ? null : (supplier.value?.size.toFixed() ?? null),
    baseUnitsPer: { base: one, wholesale: perWholesale, supplier: perSupplier },
  });
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
  [/caps|soft ?gel/, "capsule"],
  [/vial/, "vial"],
  [/(?<![a-z])amp/, "ampoule"],
  [/suppos/, "suppository"],
  [/pessar/, "pessary"],
  [/inhal/, "inhaler"],
  [/sachet/, "sachet"],
  [/syringe/, "syringe"],
  [/strip|strp/, "strip"],
  [/disc|patch/, "patch"],
  [/solution|soln|respsol|suspen|syrup|elixir|liquid|lotion|shampoo|drop|spray|spr$|mixture/, "ml"],
  [/cream|oint|gel|paste|powder|granul/, "g"],
];

function readBaseUnit({ baseUnit = "", form }: UnitCells): Reading<string> {
  if (isBlank(baseUnit)) return read(baseUnitOf(form));
  if (!isSize(baseUnit) && /\p{L}/u.test(baseUnit)) return read(baseUnit.trim());
  return unreadable(
    `${quote(baseUnit)} is not the name of a unit. Write what one piece is called, for example tablet.`,
  );
}

interface TierCells {
  readonly unit: string | undefined;
  readonly size: string | undefined;
  /** What the unit is called in a file that has no column for its name. */
  readonly nameless: string | undefined;
}

interface Tier {
  /** Null: it has no name, holds one of the smaller unit, and is the same thing. */
  readonly unit: string | null;
  readonly size: Exact;
}

interface TierContext {
  /** The unit that it is made of. */
  readonly smaller: string;
  readonly title: string;
  readonly decimalMark: DecimalMark | null;
}

/** @returns null for an item without this unit */
function readTier({ unit, size, nameless }: TierCells, context: TierContext): Reading<Tier | null> {
  const { smaller, title } = context;
  const named = unit === undefined || isBlank(unit) ? "" : unit.trim();
  const stated = size === undefined || isBlank(size) ? undefined : readPackSize(size, context);
  if (stated?.ok === false) return stated;
  if (named !== "" && (isSize(named, smaller) || !/\p{L}/u.test(named))) {
    const counted = readPackSize(named, context);
    if (!counted.ok || (stated !== undefined && !counted.value.equals(stated.value))) {
      return unreadable(`${quote(named)} is not the name of a unit. Write the ${title}, for example box.`);
    }
    return read({ unit: counted.value.equals(one) ? null : "pack", size: counted.value });
  }
  if (named === "") {
    if (stated === undefined) return read(null);
    if (stated.value.equals(one)) return read({ unit: null, size: one });
    if (unit === undefined && nameless !== undefined) return read({ unit: nameless, size: stated.value });
    return unreadable(
      `The size ${quote(size ?? "")} has no unit. Give the ${title}, for example box, or leave the size blank.`,
    );
  }
  if (isSameUnit(named, smaller)) {
    if (stated === undefined || stated.value.equals(one)) return read({ unit: named, size: one });
    return unreadable(
      `${quote(named)} is both the ${title} and what it is made of. Give the larger one another name, for example box.`,
    );
  }
  if (stated === undefined) {
    return unreadable(`Say how many ${quote(smaller)} one ${quote(named)} holds, or leave the ${title} blank.`);
  }
  return read({ unit: named, size: stated.value });
}

/** A count: 100, 100's, 10x10, or 30 tablets where tablets are what is counted. */
function readPackSize(text: string, { smaller, title, decimalMark }: TierContext): Reading<Exact> {
  const cell = westernDigits(text.trim());
  const product = /^(\d{1,6})\s*[x×*]\s*(\d{1,6})\s*(?:['’]?s)?$/i.exec(cell);
  if (product !== null) return checkedSize(cell, new Exact(product[1] ?? 0).times(product[2] ?? 0));
  const counted = /^([\d.,]+)\s*(?:['’]?s|([a-z]{2,}))$/i.exec(cell);
  const isCounted = counted !== null && (counted[2] === undefined || isSameUnit(counted[2], smaller));
  const count = readAmount(isCounted ? (counted[1] ?? "") : cell, {
    what: `size of the ${title}`,
    example: "30",
    decimalMark,
  });
  if (!count.ok) return count;
  return checkedSize(cell, count.value ?? new Exact(0));
}

function checkedSize(cell: string, size: Exact): Reading<Exact> {
  if (size.isZero())
    return unreadable(`${quote(cell)} is not a pack size: a pack holds more than nothing. Write a number like 30.`);
  if (size.decimalPlaces() > 4 || size.greaterThanOrEqualTo("1e9")) {
    return unreadable(`${quote(cell)} is not a pack size. Write a number like 30, with at most 4 decimals.`);
  }
  return read(size);
}

/** `100`, `100's` and `10x10` are sizes, not names, and `30 tabs` where tablets are counted. */
function isSize(text: string, smaller?: string): boolean {
  const [, rest] = /^[\d.,]+\s*(.*)$/.exec(westernDigits(text.trim())) ?? [];
  if (rest === undefined) return false;
  return /^(['’]?s|[x×*]\s*\d+.*)?$/i.test(rest) || (smaller !== undefined && isSameUnit(rest, smaller));
}

/** `Tablets` is `tablet`. */
const isSameUnit = (one: string, other: string): boolean => singular(one) === singular(other);

const singular = (unit: string): string =>
  unit
    .trim()
    .toLowerCase()
    .replace(/\.$/, "")
    .replace(/^(tab|cap|pc)s?$/, (_, short) => ({ tab: "tablet", cap: "capsule", pc: "piece" })[String(short)] ?? "")
    .replace(/(ie)s$|(x|ch|sh)es$|([^s])s$/, (_, ie, hissing, other) => (ie ? "y" : String(hissing ?? other)));
