import * as z from "zod";
import { DomainError } from "../../kernel/errors.ts";
import type { Job, Member } from "../actors.ts";
import { maySeeCosts } from "../items/rights.ts";
import type { TenantScope } from "../scope.ts";
import { CsvWriting } from "./files/csv-writing.ts";
import { type Import, readImport, requireImporter } from "./record.ts";
import type { StagedRow } from "./staged-rows.ts";

const rejectionSchema = z.object({
  rowNumber: z.number(),
  /** `stock_left`: the item was taken, its opening stock was not. */
  kind: z.enum(["rejected", "stock_left"]),
  reason: z.string(),
  cells: z.array(z.string()),
});
/** A row of the file that was not taken, or not whole, and why. */
export type Rejection = Readonly<z.infer<typeof rejectionSchema>>;

/** Rows of one page of the file that is downloaded. */
const PAGE_ROWS = 1000;
/** A file whose every row is wrong is wrong as a whole; more would not fit through the gateway. */
const FILE_ROWS_MAX = 20_000;

/**
 * Whether somebody may see what is in the file: who uploaded it has it, and who may see costs may see all of it. Nobody
 * else, since any column may hold costs, whatever it is called.
 */
export const maySeeRows = (actor: Member, run: Pick<Import, "createdBy">): boolean =>
  run.createdBy === actor.userId || maySeeCosts(actor);

/** @throws DomainError `forbidden` */
export function requireRows(actor: Member, run: Pick<Import, "createdBy">): void {
  if (maySeeRows(actor, run)) return;
  throw new DomainError(
    "forbidden",
    "The file may hold costs, which your role does not let you see. Ask whoever uploaded it, or the owner.",
  );
}

/**
 * Rows that were not taken, by the dry run or by the run, in the order of the file, from the one after `afterRow`; at most
 * `limit`.
 * @throws DomainError `forbidden`, `not_found`
 */
export async function rejections(
  tenant: TenantScope<Member>,
  importId: string,
  page: { readonly afterRow: number; readonly limit: number },
): Promise<readonly Rejection[]> {
  requireImporter(tenant.actor);
  requireRows(tenant.actor, await readImport(tenant, importId));
  return pageOf(tenant, importId, page);
}

/**
 * The rows that were not taken as a CSV file to correct and upload again: the row's number, the reason, then the row as it
 * was. Of a run that was stopped early, the rows that it did not come to are in it too.
 * @throws DomainError `forbidden`, `not_found`
 */
export async function rejectionsFile(tenant: TenantScope<Member>, importId: string): Promise<string> {
  requireImporter(tenant.actor);
  const run = await readImport(tenant, importId);
  requireRows(tenant.actor, run);
  const rows: string[][] = [["Row", "Reason", ...(run.header ?? [])]];
  const pages = [(page: Page) => pageOf(tenant, importId, page), ...(isStopped(run) ? [notReached(tenant, run)] : [])];
  for (const read of pages) {
    let afterRow = 0;
    while (rows.length <= FILE_ROWS_MAX) {
      const page = await read({ afterRow, limit: PAGE_ROWS });
      rows.push(...page.map((row) => [String(row.rowNumber), row.reason, ...row.cells]));
      const last = page.at(-1);
      if (last === undefined) break;
      afterRow = last.rowNumber;
    }
  }
  return CsvWriting.write(rows);
}

/** A row that is not taken, or not whole. */
export const rejection = ({ number, cells }: StagedRow, kind: Rejection["kind"], reason: string): Rejection => ({
  rowNumber: number,
  kind,
  reason,
  cells: [...cells],
});

/** Forgets what a pass found, because another one begins. */
export async function clearRejections(tx: TenantScope<Member>, importId: string): Promise<void> {
  await tx.db.deleteFrom("itemImportRejections").where("importId", "=", importId).execute();
}

export async function insertRejections(
  tx: TenantScope<Job>,
  importId: string,
  rows: readonly Rejection[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.db
    .insertInto("itemImportRejections")
    .values(rows.map((row) => ({ ...row, importId, cells: [...row.cells] })))
    .execute();
}

interface Page {
  readonly afterRow: number;
  readonly limit: number;
}

/** Whether a person ended the run before its last row. */
const isStopped = ({ state, rowsRead, rowsTotal }: Import): boolean => state === "done" && rowsRead < (rowsTotal ?? 0);

async function pageOf(tenant: TenantScope<Member>, importId: string, page: Page): Promise<readonly Rejection[]> {
  const rows = await tenant.db
    .selectFrom("itemImportRejections")
    .select(["rowNumber", "kind", "reason", "cells"])
    .where("importId", "=", importId)
    .where("rowNumber", ">", page.afterRow)
    .orderBy("rowNumber")
    .limit(page.limit)
    .execute();
  return rows.map((row) => rejectionSchema.parse(row));
}

function notReached(tenant: TenantScope<Member>, { id, position }: Import) {
  return async ({ afterRow, limit }: Page): Promise<readonly Rejection[]> => {
    const rows = await tenant.db
      .selectFrom("itemImportRows")
      .select(["rowNumber", "cells"])
      .where("importId", "=", id)
      .where("rowNumber", ">", Math.max(afterRow, position))
      .orderBy("rowNumber")
      .limit(limit)
      .execute();
    const reason = "Not reached: the import was stopped before this row.";
    return rows.map((row) => rejectionSchema.parse({ ...row, kind: "rejected", reason }));
  };
}
