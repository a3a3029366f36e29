import * as z from "zod";
import { invalidInput } from "../../kernel/errors.ts";
import { once } from "../../kernel/once.ts";

export const taxClasses = ["standard", "zero_rated", "exempt", "out_of_scope"] as const;
export type TaxClass = (typeof taxClasses)[number];

/** Exact decimals as the database keeps them: 16 digits before the point and 4 after it. */
const decimal = (example: string) =>
  z
    .string()
    .trim()
    .regex(
      /^\d{1,16}(\.\d{1,4})?$/,
      `Write a number like ${example}, with at most 4 decimals and no thousands separator.`,
    );

// Control characters cannot be printed on a label, and Postgres refuses the first of them in a text; halves of a
// character, which JSON can carry, it refuses in a document.
const text = (what: string, longest: number) =>
  z
    .string()
    .transform((value) => value.toWellFormed().replace(/\s+/g, " ").trim())
    .pipe(
      z
        .string()
        .max(longest, `Use at most ${longest} characters for the ${what}.`)
        .regex(/^\P{Cc}*$/u, `The ${what} has characters that cannot be printed.`),
    );

const blankToNull = (value: unknown) => (typeof value === "string" && value.trim() === "" ? null : (value ?? null));
const optionalText = (what: string, longest: number) => z.preprocess(blankToNull, text(what, longest).nullable());
const optionalDecimal = (example: string) => z.preprocess(blankToNull, decimal(example).nullable());
const factor = () =>
  z.preprocess(
    blankToNull,
    decimal("30")
      .refine((value) => /[1-9]/.test(value), "Write a number above zero.")
      .nullable(),
  );

/**
 * A new item as a person, a file or a program gives it: blank means not known. Made when the first one comes: most
 * processes only read items when they start.
 */
const newItemSchema = once(() =>
  z
    .object({
      name: text("name", 300).pipe(z.string().min(1, "Give the item a name.")),
      genericName: optionalText("generic name", 200),
      brandNames: optionalText("brand names", 500),
      strength: optionalText("strength", 100),
      form: optionalText("form", 100),
      barcode: optionalText("barcode", 64),
      baseUnit: text("unit", 40).pipe(z.string().min(1, "Say what one unit is, for example tablet.")),
      wholesaleUnit: optionalText("wholesale unit", 40),
      basePerWholesale: factor(),
      supplierUnit: optionalText("supplier unit", 40),
      wholesalePerSupplier: factor(),
      retailPrice: optionalDecimal("12.50"),
      costPrice: optionalDecimal("8.75"),
      taxClass: z.preprocess(blankToNull, z.enum(taxClasses, "Choose one of the tax classes.").nullable()),
      isControlled: z.boolean().default(false),
      isPrescriptionOnly: z.boolean().default(false),
      isColdChain: z.boolean().default(false),
    })
    .superRefine((item, context) => {
      const need = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
      if (item.wholesaleUnit !== null && item.basePerWholesale === null) {
        need("basePerWholesale", `Say how many units one ${item.wholesaleUnit} holds.`);
      }
      if (item.wholesaleUnit === null && item.basePerWholesale !== null)
        need("wholesaleUnit", "Name the wholesale unit.");
      if (item.supplierUnit !== null && item.wholesalePerSupplier === null) {
        need("wholesalePerSupplier", `Say how many wholesale units one ${item.supplierUnit} holds.`);
      }
      if (item.supplierUnit === null && item.wholesalePerSupplier !== null)
        need("supplierUnit", "Name the supplier unit.");
      if (item.supplierUnit !== null && item.wholesaleUnit === null) {
        need("wholesaleUnit", "A supplier unit is made of wholesale units: name the wholesale unit too.");
      }
    }),
);

export type NewItem = Readonly<z.infer<ReturnType<typeof newItemSchema>>>;

/** What `parseNewItem` takes: every field but name and unit may be missing, null or blank. */
export interface NewItemInput {
  readonly name: string;
  readonly baseUnit: string;
  readonly genericName?: string | null | undefined;
  readonly brandNames?: string | null | undefined;
  readonly strength?: string | null | undefined;
  readonly form?: string | null | undefined;
  readonly barcode?: string | null | undefined;
  readonly wholesaleUnit?: string | null | undefined;
  readonly basePerWholesale?: string | null | undefined;
  readonly supplierUnit?: string | null | undefined;
  readonly wholesalePerSupplier?: string | null | undefined;
  /** Decimal text: one base unit, without tax, in the company's currency. */
  readonly retailPrice?: string | null | undefined;
  /** As the price: what one base unit costs the pharmacy. */
  readonly costPrice?: string | null | undefined;
  readonly taxClass?: string | null | undefined;
  readonly isControlled?: boolean | undefined;
  readonly isPrescriptionOnly?: boolean | undefined;
  readonly isColdChain?: boolean | undefined;
}

export type NewItemResult =
  | { readonly ok: true; readonly item: NewItem }
  | { readonly ok: false; readonly fields: Readonly<Record<string, string>> };

/** Checks a new item; mistakes come back by field, in words that say what to do. */
export function checkNewItem(input: NewItemInput): NewItemResult {
  const result = newItemSchema().safeParse(input);
  if (result.success) return { ok: true, item: result.data };
  const fields: Record<string, string> = {};
  for (const issue of result.error.issues) fields[issue.path.join(".")] ??= issue.message;
  return { ok: false, fields };
}

/** @throws DomainError `invalid_input` with a message for each field that is wrong */
export function parseNewItem(input: NewItemInput): NewItem {
  const result = checkNewItem(input);
  if (!result.ok) throw invalidInput("Some of the item's fields need a change.", result.fields);
  return result.item;
}
