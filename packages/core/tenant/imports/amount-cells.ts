import { sql } from "kysely";
import type { Job, Member } from "../actors.ts";
import type { TenantScope } from "../scope.ts";
import { type DecimalMarkGuess, guessDecimalMark, readingsOf } from "./decimal-marks.ts";
import type { Field, Mapping } from "./mapping.ts";
import type { Import } from "./record.ts";

/** A cell whose number has two readings, and what each mark makes of it, as plain decimal text. */
export interface TwoReadings {
  readonly rowNumber: number;
  readonly text: string;
  readonly point: string;
  readonly comma: string;
}

interface AmountCell {
  readonly rowNumber: number;
  readonly text: string;
}

type Rows = Pick<Import, "id" | "format" | "headerRow">;

const amountFields: readonly Field[] = [
  "basePerWholesale",
  "wholesalePerSupplier",
  "costPrice",
  "retailPrice",
  "stockQuantity",
];

/** Which columns hold amounts, in the order of the file. */
export const amountColumns = (mapping: Mapping): readonly number[] =>
  amountFields
    .map((field) => mapping[field])
    .filter((column) => column !== undefined)
    .toSorted((one, other) => one - other);

/** Which mark the file writes in these columns, and the first of its cells for which that matters. */
export async function guessMarkOf(
  tenant: TenantScope<Member | Job>,
  rows: Rows,
  columns: readonly number[],
): Promise<DecimalMarkGuess & { readonly example: TwoReadings | undefined }> {
  const cells = await amountCells(tenant, rows, columns);
  const guess = guessDecimalMark(
    cells.map(({ text }) => text),
    { isWorkbook: rows.format === "xlsx" },
  );
  return { ...guess, example: firstWithTwoReadings(cells) };
}

/** The first cell of these columns that has two readings. */
export async function exampleOf(
  tenant: TenantScope<Member | Job>,
  rows: Rows,
  columns: readonly number[],
): Promise<TwoReadings | undefined> {
  return firstWithTwoReadings(await amountCells(tenant, rows, columns));
}

function firstWithTwoReadings(cells: readonly AmountCell[]): TwoReadings | undefined {
  for (const cell of cells) {
    const readings = readingsOf(cell.text);
    if (readings !== undefined) return { ...cell, ...readings };
  }
  return undefined;
}

/** Every text with a point or comma in these columns, with the first row that has it. Longer ones are no numbers. */
async function amountCells(
  tenant: TenantScope<Member | Job>,
  { id, headerRow }: Rows,
  columns: readonly number[],
): Promise<readonly AmountCell[]> {
  if (columns.length === 0) return [];
  const { rows } = await sql<AmountCell>`
    select staged.cells ->> place as text, min(staged.row_number) as row_number
    from item_import_rows staged, unnest(${columns}::int[]) place
    where staged.import_id = ${id}::uuid
      and staged.row_number > ${headerRow ?? 0}
      and staged.cells ->> place ~ '[.,]'
      and length(staged.cells ->> place) <= 60
    group by 1
    order by 2, 1
  `.execute(tenant.db);
  return rows;
}
