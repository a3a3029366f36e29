import { parseJson } from "@pharmasight/core/kernel/json";
import type { Item } from "@pharmasight/core/tenant/items/items";
import {
  emptyItemForm,
  type ItemFormValues,
  itemFieldLabels,
  type MeanwhileChange,
} from "@pharmasight/views/tenant/item-form.tsx";
import { taxClassLabels } from "@pharmasight/views/tenant/tax-class.tsx";
import * as z from "zod";
import type { PostedForm } from "../forms.ts";

/** Every field as it was typed, shortened to what any field may hold. */
export function itemFormValues(form: PostedForm): ItemFormValues {
  const text = (name: keyof ItemFormValues) => form.text(name).slice(0, 1000);
  const isTicked = (name: keyof ItemFormValues) => form.text(name) === "on";
  return {
    name: text("name"),
    genericName: text("genericName"),
    brandNames: text("brandNames"),
    strength: text("strength"),
    form: text("form"),
    barcode: text("barcode"),
    baseUnit: text("baseUnit"),
    wholesaleUnit: text("wholesaleUnit"),
    basePerWholesale: text("basePerWholesale"),
    supplierUnit: text("supplierUnit"),
    wholesalePerSupplier: text("wholesalePerSupplier"),
    retailPrice: text("retailPrice"),
    costPrice: text("costPrice"),
    taxClass: text("taxClass"),
    isControlled: isTicked("isControlled"),
    isPrescriptionOnly: isTicked("isPrescriptionOnly"),
    isColdChain: isTicked("isColdChain"),
  };
}

/** What the form says of an item: nothing of its cost, where the form did not ask for it. */
export const itemInput = ({ costPrice, ...rest }: ItemFormValues, seesCosts: boolean) => ({
  ...rest,
  ...(seesCosts ? { costPrice } : {}),
});

/** An item as the form shows it for changing. */
export function valuesOf(item: Item): ItemFormValues {
  return {
    name: item.name,
    genericName: item.genericName ?? "",
    brandNames: item.brandNames ?? "",
    strength: item.strength ?? "",
    form: item.form ?? "",
    barcode: item.barcode ?? "",
    baseUnit: item.baseUnit,
    wholesaleUnit: item.wholesaleUnit ?? "",
    basePerWholesale: plainNumber(item.basePerWholesale),
    supplierUnit: item.supplierUnit ?? "",
    wholesalePerSupplier: plainNumber(item.wholesalePerSupplier),
    retailPrice: plainAmount(item.retailPrice),
    costPrice: plainAmount(item.costPrice ?? null),
    taxClass: item.taxClass ?? "",
    isControlled: item.isControlled,
    isPrescriptionOnly: item.isPrescriptionOnly,
    isColdChain: item.isColdChain,
  };
}

const plainNumber = (decimal: string | null): string => (decimal ?? "").replace(/\.0*$|(\.\d*?)0+$/, "$1");
const plainAmount = (decimal: string | null): string => (decimal ?? "").replace(/(\.\d\d\d*?)0+$/, "$1");

const seenSchema = z.object({
  updatedAt: z.iso.datetime().transform((text) => new Date(text)),
  values: z.object({
    name: z.string(),
    genericName: z.string(),
    brandNames: z.string(),
    strength: z.string(),
    form: z.string(),
    barcode: z.string(),
    baseUnit: z.string(),
    wholesaleUnit: z.string(),
    basePerWholesale: z.string(),
    supplierUnit: z.string(),
    wholesalePerSupplier: z.string(),
    retailPrice: z.string(),
    costPrice: z.string(),
    taxClass: z.string(),
    isControlled: z.boolean(),
    isPrescriptionOnly: z.boolean(),
    isColdChain: z.boolean(),
  }),
});
/** An item as a person saw it when they opened the form. */
export type SeenItem = Readonly<z.infer<typeof seenSchema>>;

/** What the form carries along, so that a change of somebody else's can be told apart from one's own. */
export const writeSeen = (item: Item): string =>
  Buffer.from(JSON.stringify({ updatedAt: item.updatedAt.toISOString(), values: valuesOf(item) })).toString(
    "base64url",
  );

/** @returns undefined for what `writeSeen` did not write */
export const readSeen = (text: string): SeenItem | undefined =>
  seenSchema.safeParse(parseJson(Buffer.from(text.slice(0, 20_000), "base64url").toString())).data;

/**
 * Brings what a person typed and what somebody else saved meanwhile together: a field that the person left alone shows
 * what it is now, one that they changed keeps what they typed.
 */
export function mergeForms(
  seen: ItemFormValues,
  typed: ItemFormValues,
  current: ItemFormValues,
): { readonly values: ItemFormValues; readonly meanwhile: readonly MeanwhileChange[] } {
  const values: ItemFormValues = { ...typed };
  const meanwhile: MeanwhileChange[] = [];
  const merge = <K extends keyof ItemFormValues>(name: K) => {
    if (current[name] === seen[name]) return;
    const keepsYours = typed[name] !== seen[name] && typed[name] !== current[name];
    if (!keepsYours) values[name] = current[name];
    const [was, now] = [wordsFor(seen[name]), wordsFor(current[name])];
    meanwhile.push({ label: itemFieldLabels[name], was, now, keepsYours });
  };
  for (const name of fieldNames) merge(name);
  return { values, meanwhile };
}

const isFieldName = (name: string): name is keyof ItemFormValues => Object.hasOwn(emptyItemForm, name);
const fieldNames = Object.keys(emptyItemForm).filter(isFieldName);

const isTaxClass = (text: string): text is keyof typeof taxClassLabels => Object.hasOwn(taxClassLabels, text);

function wordsFor(value: string | boolean): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return isTaxClass(value) ? taxClassLabels[value] : value;
}
