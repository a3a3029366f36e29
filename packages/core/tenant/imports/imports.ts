export * as Imports from "./imports.ts";

import { createHash } from "node:crypto";
import { type SqlBool, sql } from "kysely";
import { DomainError, invalidInput, notFound } from "../../kernel/errors.ts";
import { idSchema, newId } from "../../kernel/ids.ts";
import type { Member } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";
import { amountColumns, exampleOf, type TwoReadings } from "./amount-cells.ts";
import type { Mapping } from "./mapping.ts";
import { emitTurn, nudge } from "./moves.ts";
import { type Import, importColumns, parseImport, requireImporter } from "./record.ts";
import { maySeeRows, requireRows } from "./rejections.ts";
import { type RowOutcome, rowReader } from "./row-reader.ts";
import { type StagedRow, stagedAfter } from "./staged-rows.ts";
import { openChanges } from "./steps.ts";

export type { TwoReadings } from "./amount-cells.ts";
export { decimalMarkFor, type MappingInput } from "./mapping-input.ts";
export { type Import, type ImportSettings, type KnownChoice, knownChoices } from "./record.ts";
export { maySeeRows, type Rejection, rejections } from "./rejections.ts";
export { type RejectionsPart, rejectionsFile, rejectionsParts } from "./rejections-file.ts";
export type { RowOutcome } from "./row-reader.ts";
export type { StagedRow } from "./staged-rows.ts";
export { isWorking } from "./stages.ts";
export {
  back,
  cancel,
  check,
  chooseHeader,
  chooseSheet,
  keep,
  pause,
  resume,
  saveMapping,
  start,
  undo,
} from "./steps.ts";

/** What API Gateway lets through, with room for the form around the file. */
export const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** An import with who began it. */
export interface NamedImport extends Import {
  readonly createdByName: string;
}

export interface ImportDetails extends NamedImport {
  /** Whether this person may see what is in the file. */
  readonly showsRows: boolean;
  /** Changes that can be undone. */
  readonly openChanges: number;
  /** The import of the same file before this one, unless that came to nothing. */
  readonly sameFile: NamedImport | null;
}

export interface ImportPage {
  readonly imports: readonly NamedImport[];
  /** Mark of the next page; absent on the last one. */
  readonly next?: string;
}

const RECENT_MAX = 10;
const PAGE_IMPORTS = 20;
/** Rows from which a person chooses the one that names the columns. */
const FIRST_ROWS = 20;

/**
 * Takes a CSV or XLSX file of items and has it read in the background. Nothing is imported before somebody has matched its
 * columns and seen what a run would do.
 * @throws DomainError `forbidden`, `too_large` above 4 MB, `invalid_input` on `file`
 * @returns the import's id
 */
export async function upload(
  tenant: TenantScope<Member>,
  { fileName, content }: { readonly fileName: string; readonly content: Uint8Array },
): Promise<string> {
  requireImporter(tenant.actor);
  if (content.byteLength === 0) throw invalidInput("The file is empty.", { file: "The file is empty." });
  if (content.byteLength > FILE_BYTES_MAX) {
    const message =
      "The file is larger than 4 MB. Save it as an Excel workbook (.xlsx), which is smaller, without pictures and other sheets; or split it and import the parts one after another.";
    throw new DomainError("too_large", message, { fields: { file: message } });
  }
  const id = newId(tenant.clock);
  const name = plainFileName(fileName);
  await tenant.tx(async (tx) => {
    const now = tx.clock.now();
    await tx.db
      .insertInto("itemImports")
      .values({
        id,
        fileName: name,
        content: Buffer.from(content),
        fileDigest: createHash("sha256").update(content).digest("hex"),
        options: {},
        state: "waiting",
        turn: 1,
        hintedAt: now,
        stageStartedAt: now,
        createdBy: tx.actor.userId,
        createdAt: now,
      })
      .execute();
    await TenantAudit.append(tx, { action: "import.uploaded", after: { id, fileName: name } });
    await emitTurn(tx, id, 1, "");
  });
  return id;
}

/**
 * An import and how far it is. One that should work and stands still is asked to go on.
 * @throws DomainError `forbidden`, `not_found`
 */
export async function get(tenant: TenantScope<Member>, importId: string): Promise<ImportDetails> {
  requireImporter(tenant.actor);
  const run = idSchema.safeParse(importId).success
    ? await named(tenant).where("itemImports.id", "=", importId).executeTakeFirst()
    : undefined;
  if (run === undefined) throw notFound("import");
  const found = parseNamed(run);
  await nudge(tenant, found);
  return {
    ...found,
    showsRows: maySeeRows(tenant.actor, found),
    openChanges: await openChanges(tenant, importId),
    sameFile: await sameFile(tenant, found),
  };
}

/**
 * The latest imports, the newest first, at most ten; none for somebody who may not import. Those that should work and stand
 * still are asked to go on, so that what rested while the pharmacy was suspended goes on when one of its people comes back.
 */
export async function recent(tenant: TenantScope<Member>): Promise<readonly NamedImport[]> {
  if (!Permissions.may(tenant.actor, "items.import")) return [];
  const rows = await newestFirst(tenant).limit(RECENT_MAX).execute();
  const runs = rows.map(parseNamed);
  for (const run of runs) {
    // Whoever looks at a list does not wait for a queue, and is not told when it does not answer.
    await nudge(tenant, run).catch((error: unknown) =>
      tenant.log.warn("an import was not asked to go on", { importId: run.id, error: String(error) }),
    );
  }
  return runs;
}

/**
 * One page of all imports, the newest first.
 * @param after `next` of the page before
 * @throws DomainError `forbidden`
 */
export async function list(tenant: TenantScope<Member>, after?: string): Promise<ImportPage> {
  requireImporter(tenant.actor);
  let query = newestFirst(tenant).limit(PAGE_IMPORTS + 1);
  if (after !== undefined && idSchema.safeParse(after).success) {
    // Ids are made in the order of time, and the mark is the id of the last one shown.
    query = query.where(
      sql<SqlBool>`(item_imports.created_at, item_imports.id) <
        (select mark.created_at, mark.id from item_imports mark where mark.id = ${after}::uuid)`,
    );
  }
  const rows = (await query.execute()).map(parseNamed);
  const imports = rows.slice(0, PAGE_IMPORTS);
  const last = imports.at(-1);
  return rows.length > PAGE_IMPORTS && last !== undefined ? { imports, next: last.id } : { imports };
}

/**
 * The first rows of the file, the heading and what stands above it among them.
 * @throws DomainError `forbidden`, also for who may not see the file
 */
export async function firstRows(tenant: TenantScope<Member>, run: Import): Promise<readonly StagedRow[]> {
  requireImporter(tenant.actor);
  requireRows(tenant.actor, run);
  return stagedAfter(tenant, run.id, 0, FIRST_ROWS);
}

/**
 * The first rows below the heading as they would be read by the import's mapping.
 * @throws DomainError `forbidden`, also for who may not see the file
 */
export async function preview(tenant: TenantScope<Member>, run: Import, limit: number): Promise<readonly RowOutcome[]> {
  requireImporter(tenant.actor);
  requireRows(tenant.actor, run);
  const read = await rowReader(tenant, run);
  const rows = await stagedAfter(tenant, run.id, run.headerRow ?? 0, limit);
  return rows.map(read);
}

/**
 * The first amount of the file that means one thing after a decimal point and another after a decimal comma; undefined
 * when the mark does not matter.
 * @param mapping as the person sees it now
 * @throws DomainError `forbidden`, also for who may not see the file
 */
export async function twoReadings(
  tenant: TenantScope<Member>,
  run: Import,
  mapping: Mapping,
): Promise<TwoReadings | undefined> {
  requireImporter(tenant.actor);
  requireRows(tenant.actor, run);
  return exampleOf(tenant, run, amountColumns(mapping));
}

/** A change that could not be undone. */
export interface KeptChange {
  readonly rowNumber: number;
  readonly itemId: string;
  readonly itemName: string;
  readonly reason: string;
}

/** What an undo has left as it was, in the order of the file; at most `limit`. @throws DomainError `forbidden` */
export async function keptChanges(
  tenant: TenantScope<Member>,
  importId: string,
  limit: number,
): Promise<readonly KeptChange[]> {
  requireImporter(tenant.actor);
  const rows = await tenant.db
    .selectFrom("itemImportChanges")
    .innerJoin("items", "items.id", "itemImportChanges.itemId")
    .select(["itemImportChanges.rowNumber", "items.id as itemId", "items.name as itemName", "keptReason as reason"])
    .where("importId", "=", importId)
    .where("keptReason", "is not", null)
    .orderBy("rowNumber")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, reason: row.reason ?? "" }));
}

const named = (tenant: TenantScope<Member>) =>
  tenant.db
    .selectFrom("itemImports")
    .innerJoin("users", "users.id", "itemImports.createdBy")
    .select(importColumns.map((column) => `itemImports.${column}` as const))
    .select("users.name as createdByName");

const newestFirst = (tenant: TenantScope<Member>) =>
  named(tenant).orderBy("itemImports.createdAt", "desc").orderBy("itemImports.id", "desc");

const parseNamed = (row: { readonly createdByName: string }): NamedImport => ({
  ...parseImport(row),
  createdByName: row.createdByName,
});

/** Only imports before this one: the first of two says nothing. */
async function sameFile(tenant: TenantScope<Member>, run: Import): Promise<NamedImport | null> {
  if (run.fileDigest === null) return null;
  const row = await newestFirst(tenant)
    .where("itemImports.fileDigest", "=", run.fileDigest)
    .where("itemImports.state", "not in", ["cancelled", "failed", "undone"])
    .where("itemImports.createdAt", "<=", run.createdAt)
    .where("itemImports.id", "<>", run.id)
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : parseNamed(row);
}

/** The last part of whatever path a browser sent, without what cannot be printed. */
function plainFileName(name: string): string {
  const last = name.split(/[\\/]/).at(-1) ?? "";
  return (
    last
      .toWellFormed()
      .replace(/\p{Cc}+/gu, "")
      .trim()
      .slice(0, 200) || "items"
  );
}
