import { invalidInput } from "../../kernel/errors.ts";
import type { Member } from "../actors.ts";
import { Branches } from "../branches/branches.ts";
import { maySeeCosts } from "../items/rights.ts";
import type { TenantScope } from "../scope.ts";
import { amountColumns, guessMarkOf } from "./amount-cells.ts";
import { quote } from "./cells.ts";
import type { DecimalMark } from "./decimal-marks.ts";
import { checkMapping, type Field, fieldSchema, importFields, type Mapping } from "./mapping.ts";
import { type Import, type ImportSettings, settingsSchema } from "./record.ts";

/** How a person matched the columns of a file, as texts of a form. */
export interface MappingInput {
  /** For each column of the file the field that it is; blank: left out. */
  readonly columns: readonly string[];
  readonly rate: string;
  /** A tax class, `parked` or `refused`. */
  readonly taxClass: string;
  readonly priceUnit: string;
  readonly costUnit: string;
  readonly stockUnit: string;
  readonly dateOrder: string;
  /** `point` or `comma`; blank: not said. */
  readonly decimalMark: string;
  /** The columns of amounts, by commas, whose cells the person saw when choosing that: see `decimalMarkFor`. */
  readonly decimalMarkFor: string;
  readonly branchId: string;
}

/** What a form says beside the choice of a mark: for which columns it was made. */
export const decimalMarkFor = (mapping: Mapping): string => amountColumns(mapping).join(",");

/**
 * Checks what a person decided about a file.
 * @throws DomainError `invalid_input` by field: `column-3` for the fourth column, `columns` for what concerns none of them
 */
export async function readMapping(
  tenant: TenantScope<Member>,
  run: Import,
  input: MappingInput,
): Promise<{ readonly mapping: Mapping; readonly settings: ImportSettings }> {
  const errors: Record<string, string> = {};
  const header = run.header ?? [];
  const mapping = readColumns(tenant, input.columns.slice(0, header.length), errors);
  for (const [field, message] of Object.entries(checkMapping(mapping, header))) {
    const column = Object.entries(mapping).find(([mapped]) => mapped === field)?.[1];
    errors[column === undefined ? "columns" : `column-${column}`] ??= message;
  }
  const settings = await readSettings(tenant, run, mapping, input, errors);
  if (settings === undefined || Object.keys(errors).length > 0) {
    throw invalidInput("Some things need a change before the file can be read.", errors);
  }
  return { mapping, settings };
}

function readColumns(
  { actor }: TenantScope<Member>,
  columns: readonly string[],
  errors: Record<string, string>,
): Mapping {
  const mapping: Partial<Record<Field, number>> = {};
  for (const [column, text] of columns.entries()) {
    if (text === "") continue;
    const field = fieldSchema.safeParse(text);
    if (!field.success) errors[`column-${column}`] = "Choose one of the fields, or leave the column out.";
    else if (mapping[field.data] !== undefined) {
      const title = importFields.find(({ key }) => key === field.data)?.title ?? "";
      errors[`column-${column}`] = `“${title}” is chosen for an earlier column. Leave one of the two out.`;
    } else if (field.data === "costPrice" && !maySeeCosts(actor)) {
      errors[`column-${column}`] =
        "Your role does not let you see what items cost, so you cannot import it. Leave it out.";
    } else mapping[field.data] = column;
  }
  return mapping;
}

async function readSettings(
  tenant: TenantScope<Member>,
  run: Import,
  mapping: Mapping,
  input: MappingInput,
  errors: Record<string, string>,
): Promise<ImportSettings | undefined> {
  const { columns: _, decimalMarkFor: __, taxClass, ...texts } = input;
  const result = settingsSchema.safeParse({
    ...texts,
    rate: input.rate.trim() || "1",
    taxClass: taxClass === "parked" || taxClass === "refused" ? null : taxClass,
    missingTaxClass: taxClass === "refused" ? "refused" : "parked",
    stockUnit: input.stockUnit === "" ? null : input.stockUnit,
    decimalMark: input.decimalMark === "" ? null : input.decimalMark,
  });
  if (!result.success) {
    for (const issue of result.error.issues) errors[issue.path.join(".")] ??= issue.message;
    return undefined;
  }
  if (mapping.stockQuantity !== undefined) {
    if (result.data.stockUnit === null) {
      errors["stockUnit"] = "Say what the quantities count: ten boxes or ten tablets?";
    }
    const branches = await Branches.list(tenant);
    if (!branches.some(({ id }) => id === result.data.branchId)) errors["branchId"] = "Choose the branch of the stock.";
  }
  return {
    ...result.data,
    decimalMark: await decideMark(tenant, run, mapping, { input, chosen: result.data.decimalMark, errors }),
  };
}

interface MarkChoice {
  readonly input: MappingInput;
  readonly chosen: DecimalMark | null;
  readonly errors: Record<string, string>;
}

/**
 * The mark that the person chose. One that stood there for other columns was chosen without sight of the cells of these:
 * where the file does not confirm it, the person is asked once more.
 */
async function decideMark(
  tenant: TenantScope<Member>,
  run: Import,
  mapping: Mapping,
  { input, chosen, errors }: MarkChoice,
): Promise<DecimalMark | null> {
  if (chosen !== null && input.decimalMarkFor === decimalMarkFor(mapping)) return chosen;
  const { mark, matters, example } = await guessMarkOf(tenant, run, amountColumns(mapping));
  if (matters && (mark === undefined || (chosen !== null && chosen !== mark))) {
    const cell = example === undefined ? "" : `${quote(example.text)} in row ${example.rowNumber} may be either. `;
    errors["decimalMark"] = `${cell}Say what stands before decimals in this file.`;
  }
  return chosen ?? mark ?? null;
}
