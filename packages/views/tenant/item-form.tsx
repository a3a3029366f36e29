import type { FieldErrors } from "../shared/context.ts";
import type { TenantShell } from "./shell.tsx";

/** As typed by the person, and shown again when something is wrong. */
export interface ItemFormValues {
  name: string;
  genericName: string;
  brandNames: string;
  strength: string;
  form: string;
  barcode: string;
  baseUnit: string;
  wholesaleUnit: string;
  basePerWholesale: string;
  supplierUnit: string;
  wholesalePerSupplier: string;
  retailPrice: string;
  /** Empty: the pharmacist decides later. */
  taxClass: string;
}

export const emptyItemForm: ItemFormValues = {
  name: "",
  genericName: "",
  brandNames: "",
  strength: "",
  form: "",
  barcode: "",
  baseUnit: "",
  wholesaleUnit: "",
  basePerWholesale: "",
  supplierUnit: "",
  wholesalePerSupplier: "",
  retailPrice: "",
  taxClass: "",
};

export interface ItemFormPageProps {
  shell: TenantShell;
  values: ItemFormValues;
  errors: FieldErrors;
  currency: string;
}

/** Form: POST /items with the fields of `ItemFormValues` and formToken. */
export function ItemFormPage({ currency }: ItemFormPageProps) {
  return <p>{currency}</p>;
}
