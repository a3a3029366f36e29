import * as z from "zod";
import { invalidInput } from "../../kernel/errors.ts";
import { idSchema } from "../../kernel/ids.ts";

export interface OpeningLine {
  readonly itemId: string;
  /** Blank: the supplier gave none. */
  readonly batchNumber: string;
  /** `YYYY-MM-DD`, the last day of use; null: does not expire. */
  readonly expiresOn: string | null;
  /** Decimal text above zero, in base units. */
  readonly quantity: string;
  /** Decimal text: one base unit, without tax. Null: not known. */
  readonly unitCost: string | null;
}

export interface Opening {
  readonly branchId: string;
  readonly documentNumber: string;
  /** What the stock comes from, for example an import: the key by which it is undone. */
  readonly sourceId: string;
  readonly lines: readonly OpeningLine[];
}

const lineSchema = z.object({
  itemId: idSchema,
  batchNumber: z
    .string()
    .transform((text) => text.toWellFormed().replace(/\s+/g, " ").trim())
    .pipe(
      z
        .string()
        .max(64)
        .regex(/^\P{Cc}*$/u),
    ),
  expiresOn: z.iso.date().nullable(),
  // Four digits fewer than a balance holds, so that ten thousand lines of one batch fit.
  quantity: z
    .string()
    .regex(/^\d{1,12}(\.\d{1,4})?$/)
    .refine((quantity) => /[1-9]/.test(quantity)),
  unitCost: z
    .string()
    .regex(/^\d{1,16}(\.\d{1,4})?$/)
    .nullable(),
});

const openingSchema = z.object({
  branchId: idSchema,
  documentNumber: z.string().min(1).max(40),
  sourceId: idSchema,
  lines: z.array(lineSchema),
});

/**
 * The lines of an opening in the order in which their rows are locked.
 * @throws DomainError `invalid_input`
 */
export function checkedLines(opening: Opening): readonly OpeningLine[] {
  const result = openingSchema.safeParse(opening);
  if (!result.success) {
    const places = result.error.issues.map(({ path }) => path.join(".")).join(", ");
    throw invalidInput(
      `Opening stock wants a quantity above zero with at most 4 decimals, a batch number of at most 64 characters and a date. Wrong: ${places}.`,
    );
  }
  return result.data.lines.toSorted((one, other) => order(lineKey(one), lineKey(other)));
}

/** The same for two lines of one batch. */
export const lineKey = ({ itemId, batchNumber, expiresOn }: OpeningLine): string =>
  [itemId, batchNumber, expiresOn ?? ""].join("\n");
const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
