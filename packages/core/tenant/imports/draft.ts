import type { Job, Member } from "../actors.ts";
import { Branches } from "../branches/branches.ts";
import type { TenantScope } from "../scope.ts";
import { amountColumns, guessMarkOf } from "./amount-cells.ts";
import { guessDateOrder } from "./dates.ts";
import {
  type Field,
  fieldSchema,
  guessMapping,
  guessUnits,
  type Mapping,
  normaliseHeading,
  ownColumns,
} from "./mapping.ts";
import type { Import, ImportSettings } from "./record.ts";
import type { StagedRow } from "./staged-rows.ts";

/** What is proposed for a file before a person has looked at it. */
export interface Draft {
  readonly headerRow: number;
  /** A name for every column of the first rows; blank where the heading is. */
  readonly header: readonly string[];
  readonly mapping: Mapping;
  readonly settings: ImportSettings;
}

/** Rows that a proposal is made from. */
export const SAMPLE_ROWS = 200;

/**
 * Proposes how the columns of a file match: as people matched such headings last time, else by their words. Its rows are
 * staged already. Settings that somebody chose for another heading of the same file stay, but for what the columns tell.
 * @param samples rows below the heading
 */
export async function draftOf(
  tenant: TenantScope<Member | Job>,
  { id, format, settings: before }: Pick<Import, "id" | "format" | "settings">,
  heading: StagedRow,
  samples: readonly StagedRow[],
): Promise<Draft> {
  const columns = Math.max(heading.cells.length, ...samples.map(({ cells }) => cells.length));
  const header = Array.from({ length: columns }, (_, column) => heading.cells[column] ?? "");
  const mapping = guessMapping(header, await remembered(tenant, header));
  const { expiryDate } = mapping;
  const dates = expiryDate === undefined ? [] : samples.map(({ cells }) => cells[expiryDate] ?? "");
  const rows = { id, format, headerRow: heading.number };
  const { mark } = await guessMarkOf(tenant, rows, amountColumns(mapping));
  const [headquarters] = await Branches.list(tenant);
  const settings: ImportSettings = {
    rate: "1",
    taxClass: null,
    missingTaxClass: "parked",
    branchId: headquarters?.id ?? null,
    ...before,
    dateOrder: guessDateOrder(dates) ?? before?.dateOrder ?? "dmy",
    decimalMark: mark ?? null,
    priceUnit: "base",
    costUnit: "base",
    stockUnit: null,
    ...guessUnits(header, mapping),
  };
  return { headerRow: heading.number, header, mapping, settings };
}

/** Remembers how a person matched these headings. */
export async function remember(tx: TenantScope<Member>, header: readonly string[], mapping: Mapping): Promise<void> {
  const fieldOf = new Map(Object.entries(mapping).map(([field, column]) => [column, field]));
  const headings = new Map<string, string | null>();
  for (const [column, text] of header.entries()) {
    if (column < ownColumns(header)) continue;
    const heading = normaliseHeading(text);
    // Of two columns under one heading, the one that is used says what it means.
    if (heading !== "") headings.set(heading, headings.get(heading) ?? fieldOf.get(column) ?? null);
  }
  const changedAt = tx.clock.now();
  const rows = [...headings].map(([heading, field]) => ({ heading, field, changedAt }));
  if (rows.length === 0) return;
  await tx.db
    .insertInto("importHeadings")
    .values(rows.toSorted((one, other) => (one.heading < other.heading ? -1 : 1)))
    .onConflict((conflict) =>
      conflict.column("heading").doUpdateSet((e) => ({ field: e.ref("excluded.field"), changedAt })),
    )
    .execute();
}

/** How these headings were matched last time. A field that this version does not know is not one any more. */
async function remembered(
  tenant: TenantScope<Member | Job>,
  header: readonly string[],
): Promise<ReadonlyMap<string, Field | null>> {
  const headings = [...new Set(header.map(normaliseHeading))];
  const rows = await tenant.db
    .selectFrom("importHeadings")
    .select(["heading", "field"])
    .where("heading", "in", headings)
    .execute();
  const known = new Map<string, Field | null>();
  for (const { heading, field } of rows) {
    const parsed = fieldSchema.nullable().safeParse(field);
    if (parsed.success) known.set(heading, parsed.data);
  }
  return known;
}
