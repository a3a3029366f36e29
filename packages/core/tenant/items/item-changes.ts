import { Decimal } from "decimal.js";
import type { ItemFields } from "./item.ts";
import { checkNewItem, type NewItem, type NewItemInput } from "./new-item.ts";

export type FieldName = keyof ItemFields;

/** Some fields of an item, as a person or program typed them. A field that is there replaces the item's. */
export type ItemInput = Partial<Omit<NewItemInput, "name" | "baseUnit">> & {
  readonly name?: string | undefined;
  readonly baseUnit?: string | undefined;
};

/** What one item becomes: all its fields, and which of them differ from before. */
export type PlannedChange =
  | { readonly ok: true; readonly after: NewItem; readonly changed: readonly FieldName[] }
  | { readonly ok: false; readonly fields: Readonly<Record<string, string>> };

/** Checks an item's fields with some of them replaced. */
export function planChange(before: ItemFields, replaced: ItemInput): PlannedChange {
  const { name = before.name, baseUnit = before.baseUnit } = replaced;
  const result = checkNewItem({ ...before, ...replaced, name, baseUnit });
  if (!result.ok) return result;
  return { ok: true, after: result.item, changed: differingFields(before, result.item) };
}

/** The fields in which two states of an item differ; 12.5 and 12.5000 are the same amount. */
export function differingFields(one: Partial<ItemFields>, other: Partial<ItemFields>): readonly FieldName[] {
  return fieldNames.filter((name) => !isSame(name, one[name] ?? null, other[name] ?? null));
}

/**
 * What a change alters of the units that stock is counted in, with the words for each: not allowed once there are stock
 * movements.
 */
export const unitChanges = (before: ItemFields, changed: readonly FieldName[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    changed.filter((name) => isCountedIn(before, name)).map((name) => [name, lockedMessage(name, before)]),
  );

/**
 * Stock is counted in the base unit and packs are made of it, so that another base or factor would give every recorded
 * quantity another meaning. A larger unit may still be added or called by another name.
 */
function isCountedIn(before: ItemFields, name: FieldName): boolean {
  if (name === "baseUnit") return true;
  return (name === "basePerWholesale" || name === "wholesalePerSupplier") && before[name] !== null;
}

function lockedMessage(name: FieldName, before: ItemFields): string {
  const why = `Stock of this item is recorded in “${before.baseUnit}” already`;
  return name === "baseUnit"
    ? `${why}: the unit stays. If it is wrong, archive this item and add another.`
    : `${why}, counted by this pack: its size stays. If the pack has changed, add another item for the new one.`;
}

const decimals: ReadonlySet<FieldName> = new Set([
  "basePerWholesale",
  "wholesalePerSupplier",
  "retailPrice",
  "costPrice",
] as const);

function isSame(name: FieldName, one: string | boolean | null, other: string | boolean | null): boolean {
  if (one === other || typeof one !== "string" || typeof other !== "string" || !decimals.has(name)) {
    return one === other;
  }
  return new Decimal(one).equals(other);
}

const fieldNames = [
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
  "retailPrice",
  "costPrice",
  "taxClass",
  "isControlled",
  "isPrescriptionOnly",
  "isColdChain",
] as const satisfies readonly FieldName[];
