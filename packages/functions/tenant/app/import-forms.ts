import { type ImportDetails, Imports, type MappingInput } from "@pharmasight/core/tenant/imports/imports";
import { fieldSchema, type Mapping } from "@pharmasight/core/tenant/imports/mapping";
import type { PostedForm } from "../forms.ts";

/** The decisions about a file as they were posted. */
export const mappingInput = (form: PostedForm, columns: number): MappingInput => ({
  columns: Array.from({ length: columns }, (_, column) => form.text(`column-${column}`)),
  rate: form.text("rate").slice(0, 60),
  taxClass: form.text("taxClass"),
  priceUnit: form.text("priceUnit"),
  costUnit: form.text("costUnit"),
  stockUnit: form.text("stockUnit"),
  dateOrder: form.text("dateOrder"),
  decimalMark: form.text("decimalMark"),
  decimalMarkFor: form.text("decimalMarkFor").slice(0, 100),
  branchId: form.text("branchId"),
});

/** The decisions about a file as they are kept or proposed. A cost is nobody's who may not see costs. */
export function savedInput({ header, mapping, settings }: ImportDetails, seesCosts: boolean): MappingInput {
  const fieldOf = new Map(Object.entries(mapping ?? {}).map(([field, column]) => [column, field]));
  const columns = (header ?? []).map((_, column) => fieldOf.get(column) ?? "");
  return {
    columns: columns.map((field) => (field === "costPrice" && !seesCosts ? "" : field)),
    rate: settings?.rate ?? "1",
    taxClass: settings?.taxClass ?? settings?.missingTaxClass ?? "parked",
    priceUnit: settings?.priceUnit ?? "base",
    costUnit: settings?.costUnit ?? "base",
    stockUnit: settings?.stockUnit ?? "",
    dateOrder: settings?.dateOrder ?? "dmy",
    decimalMark: settings?.decimalMark ?? "",
    decimalMarkFor: Imports.decimalMarkFor(mapping ?? {}),
    branchId: settings?.branchId ?? "",
  };
}

/** Which field each column is on the form, as far as that can be told: what is no field, or one twice, is left out. */
export function shownMapping(columns: MappingInput["columns"]): Mapping {
  const fields = columns.map((text, column) => ({ field: fieldSchema.safeParse(text).data, column }));
  return Object.fromEntries(fields.flatMap(({ field, column }) => (field === undefined ? [] : [[field, column]])));
}

/** A small file that shows every kind of column. */
export const sampleFile = [
  [
    "item_name",
    "generic_name",
    "strength",
    "dosage_form",
    "unit",
    "wholesale_unit",
    "pack_size",
    "retail_price",
    "cost_price",
    "barcode",
    "vat_category",
    "stock_quantity",
    "batch_number",
    "expiry_date",
    "branch_code",
  ],
  ...[
    "Panadol 500 mg tablets|Paracetamol|500 mg|tablet|tablet|box|100|5.00|3.20||zero-rated|240|B2417|2028-06-30|HQ",
    "Amoxil 250 mg/5 ml syrup|Amoxicillin|250 mg/5 ml|syrup|bottle|||320.00|210.00||zero-rated|12|AX88|2028-01-31|HQ",
    "Hand cream 50 g|||cream|tube|||450.00|300.00|6161100000017|standard|||| ",
  ].map((line) => line.split("|").map((cell) => cell.trim())),
];
