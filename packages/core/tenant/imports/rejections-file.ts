import { sql } from "kysely";
import { notFound } from "../../kernel/errors.ts";
import type { Member } from "../actors.ts";
import type { TenantScope } from "../scope.ts";
import { CsvWriting } from "./files/csv-writing.ts";
import { ownColumns, ownHeadings } from "./mapping.ts";
import { type Import, readImport, requireImporter } from "./record.ts";
import { type Rejection, rejectionsAfter, requireRows } from "./rejections.ts";
import { stagedAfter } from "./staged-rows.ts";

/** A file to download: as many rows as one answer may carry. */
export interface RejectionsPart {
  readonly rows: number;
  readonly firstRow: number;
  readonly lastRow: number;
}

export interface RejectionsFile {
  readonly content: string;
  /** Of how many parts this is one. */
  readonly parts: number;
}

/** What Lambda returns is 6 MB with everything around it. */
const PART_BYTES = 4 * 1024 * 1024;
/** Rows that are read at once. */
const PAGE_ROWS = 1000;

const NOT_REACHED = "Not reached: the import was stopped before this row.";

/**
 * Into which files the rows that were not taken go, in the order of the rows; none when all were taken. Of a run that was
 * stopped early, the rows that it did not come to are in them too.
 * @throws DomainError `forbidden`, also for who may not see the file
 */
export async function rejectionsParts(tenant: TenantScope<Member>, run: Import): Promise<readonly RejectionsPart[]> {
  requireImporter(tenant.actor);
  requireRows(tenant.actor, run);
  // A row as JSON, with quotation marks and a blank between cells, is never shorter than it is as CSV.
  const { rows } = await sql<RejectionsPart>`
    select count(*)::int as rows, min(row_number) as first_row, max(row_number) as last_row
    from (
      select row_number, (sum(bytes) over (order by row_number) - bytes) / ${PART_BYTES}::bigint as part
      from (
        select row_number, octet_length(reason) + octet_length(cells::text) + 40 as bytes
        from item_import_rejections where import_id = ${run.id}::uuid
        union all
        select row_number, ${NOT_REACHED.length + 40}::int + octet_length(cells::text)
        from item_import_rows
        where import_id = ${run.id}::uuid and ${isStopped(run)}::boolean and row_number > ${run.position}::int
      ) sized
    ) placed
    group by part
    order by part
  `.execute(tenant.db);
  return rows;
}

/**
 * One of those files, as CSV to correct and upload again: the row's number, the reason, then the row as it was.
 * @param part from 1
 * @throws DomainError `forbidden`, `not_found`
 */
export async function rejectionsFile(
  tenant: TenantScope<Member>,
  importId: string,
  part: number,
): Promise<RejectionsFile> {
  requireImporter(tenant.actor);
  const run = await readImport(tenant, importId);
  const parts = await rejectionsParts(tenant, run);
  const chosen = parts[part - 1];
  if (chosen === undefined && part !== 1) throw notFound("file");
  const own = ownColumns(run.header ?? []);
  const lines: string[] = [CsvWriting.write([[...ownHeadings, ...(run.header ?? []).slice(own)]])];
  const readers = [rejectionsAfter, ...(isStopped(run) ? [notReachedAfter(run)] : [])];
  const { firstRow, lastRow } = chosen ?? { firstRow: 1, lastRow: 0 };
  for (const read of readers) {
    let afterRow = firstRow - 1;
    while (afterRow < lastRow) {
      const page = await read(tenant, importId, { afterRow, limit: PAGE_ROWS });
      const last = page.at(-1);
      if (last === undefined) break;
      const rows = page.filter(({ rowNumber }) => rowNumber <= lastRow);
      lines.push(CsvWriting.write(rows.map((row) => [String(row.rowNumber), row.reason, ...row.cells.slice(own)])));
      afterRow = last.rowNumber;
    }
  }
  return { content: lines.join(""), parts: Math.max(1, parts.length) };
}

/** Whether a person ended the run before its last row. */
const isStopped = ({ state, rowsRead, rowsTotal }: Import): boolean => state === "done" && rowsRead < (rowsTotal ?? 0);

function notReachedAfter({ position }: Import) {
  return async (
    tenant: TenantScope<Member>,
    importId: string,
    { afterRow, limit }: { readonly afterRow: number; readonly limit: number },
  ): Promise<readonly Rejection[]> => {
    const rows = await stagedAfter(tenant, importId, Math.max(afterRow, position), limit);
    return rows.map(({ number, cells }) => ({
      rowNumber: number,
      kind: "rejected",
      reason: NOT_REACHED,
      cells: [...cells],
    }));
  };
}
