import { taxClasses } from "@pharmasight/core/tenant/items/new-item";
import * as z from "zod";

/**
 * What programs send. The words are for the API's description, which is made of these very schemas. Loaded with the first
 * item that is sent.
 */

export const decimal = z.string().meta({ description: "Decimal text with at most 4 decimals", example: "12.50" });

const newItemFields = {
  name: z.string().meta({ example: "Paracetamol 500 mg tablets" }),
  genericName: z.string().nullable().optional(),
  brandNames: z.string().nullable().optional(),
  strength: z.string().nullable().optional(),
  form: z.string().nullable().optional(),
  barcode: z.string().nullable().optional(),
  baseUnit: z.string().meta({ description: "What stock is counted in", example: "tablet" }),
  wholesaleUnit: z.string().nullable().optional(),
  basePerWholesale: decimal.nullable().optional(),
  supplierUnit: z.string().nullable().optional(),
  wholesalePerSupplier: decimal.nullable().optional(),
  retailPrice: decimal.nullable().optional(),
  costPrice: decimal.nullable().optional().meta({ description: "Only for people who may see costs, never for keys" }),
  taxClass: z.enum(taxClasses).nullable().optional(),
  isControlled: z.boolean().optional(),
  isPrescriptionOnly: z.boolean().optional(),
  isColdChain: z.boolean().optional(),
};
export const newItemBody = z.strictObject(newItemFields);

export const itemChangeBody = z.strictObject({
  ...newItemFields,
  name: newItemFields.name.optional(),
  baseUnit: newItemFields.baseUnit.optional(),
  updatedAt: z.iso
    .datetime()
    .meta({ description: "The item's updatedAt as you read it: 409 when somebody changed the item since" }),
});
