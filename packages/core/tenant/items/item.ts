import * as z from "zod";
import { taxClasses } from "./new-item.ts";

const fields = {
  name: z.string(),
  genericName: z.string().nullable(),
  brandNames: z.string().nullable(),
  strength: z.string().nullable(),
  form: z.string().nullable(),
  barcode: z.string().nullable(),
  baseUnit: z.string(),
  wholesaleUnit: z.string().nullable(),
  basePerWholesale: z.string().nullable(),
  supplierUnit: z.string().nullable(),
  wholesalePerSupplier: z.string().nullable(),
  /** Decimal text: one base unit, without tax, in the company's currency. */
  retailPrice: z.string().nullable(),
  /** As the price: what one base unit costs the pharmacy. Has a permission of its own. */
  costPrice: z.string().nullable(),
  taxClass: z.enum(taxClasses).nullable(),
  isControlled: z.boolean(),
  isPrescriptionOnly: z.boolean(),
  isColdChain: z.boolean(),
};

/** All that people, files and programs decide about an item. */
export const itemFieldsSchema = z.object(fields);
export type ItemFields = Readonly<z.infer<typeof itemFieldsSchema>>;

/** An item as it is read. */
export const itemSchema = z.object({
  id: z.string(),
  sku: z.string(),
  ...fields,
  /** Absent for a reader who may not see costs; null when it is not known. */
  costPrice: fields.costPrice.optional(),
  /** Null: on the lists. */
  archivedAt: z.date().nullable(),
  createdAt: z.date(),
  /** Grows with every change, also with two in the same millisecond. */
  updatedAt: z.date(),
});
export type Item = Readonly<z.infer<typeof itemSchema>>;

/** What anybody who may see items may read of one. */
const openColumns = [
  "id",
  "sku",
  "name",
  "genericName",
  "brandNames",
  "strength",
  "form",
  "barcode",
  "baseUnit",
  "wholesaleUnit",
  "supplierUnit",
  "basePerWholesale",
  "wholesalePerSupplier",
  "retailPrice",
  "taxClass",
  "isControlled",
  "isPrescriptionOnly",
  "isColdChain",
  "archivedAt",
  "createdAt",
  "updatedAt",
] as const;

/** Every column of an item, costs included. */
export const itemColumns = [...openColumns, "costPrice"] as const;

/** The columns that are read for somebody: a cost that they may not see never leaves the database. */
export const itemColumnsFor = (seesCosts: boolean): readonly (typeof itemColumns)[number][] =>
  seesCosts ? itemColumns : openColumns;

/** Whether nothing is missing before the item can be sold. */
export const isSetupComplete = (item: Pick<Item, "retailPrice" | "taxClass">): boolean =>
  item.retailPrice !== null && item.taxClass !== null;
