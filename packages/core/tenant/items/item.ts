import * as z from "zod";
import { taxClasses } from "./new-item.ts";

/** An item as it is read. */
export const itemSchema = z.object({
  id: z.string(),
  sku: z.string(),
  name: z.string(),
  genericName: z.string().nullable(),
  brandNames: z.string().nullable(),
  strength: z.string().nullable(),
  form: z.string().nullable(),
  barcode: z.string().nullable(),
  baseUnit: z.string(),
  wholesaleUnit: z.string().nullable(),
  supplierUnit: z.string().nullable(),
  basePerWholesale: z.string().nullable(),
  wholesalePerSupplier: z.string().nullable(),
  /** Decimal text: one base unit, without tax, in the company's currency. */
  retailPrice: z.string().nullable(),
  taxClass: z.enum(taxClasses).nullable(),
  isControlled: z.boolean(),
  isPrescriptionOnly: z.boolean(),
  isColdChain: z.boolean(),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type Item = Readonly<z.infer<typeof itemSchema>>;

export const itemColumns = [
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
  "createdAt",
  "updatedAt",
] as const;

/** Whether nothing is missing before the item can be sold. */
export const isSetupComplete = (item: Item): boolean => item.retailPrice !== null && item.taxClass !== null;
