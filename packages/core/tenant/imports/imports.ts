export * as Imports from "./imports.ts";

import * as z from "zod";
import { DomainError, invalidInput, notFound } from "../../kernel/errors.ts";
import { idSchema, newId } from "../../kernel/ids.ts";
import type { Job, Member } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { Items } from "../items/items.ts";
import { type NewItem, taxClasses } from "../items/new-item.ts";
import type { TenantScope } from "../scope.ts";
import { Csv } from "./csv.ts";
import { matchColumns, readRow } from "./item-rows.ts";

/** What API Gateway lets through, with room for the form around the file. */
export const FILE_BYTES_MAX = 4 * 1024 * 1024;
const CHUNK_ROWS = 500;

export interface NewImport {
  readonly fileName: string;
  readonly content: Uint8Array;
  /** Decimal text that prices are multiplied by; blank for 1. */
  readonly rate: string;
  /** Tax class of rows that name none; blank when the pharmacist decides later. */
  readonly taxClass: string;
}

const optionsSchema = z.object({
  rate: z.string(),
  taxClass: z.enum(taxClasses).nullable(),
  header: z.array(z.string()),
});

const importSchema = z.object({
  id: z.string(),
  fileName: z.string(),
  state: z.enum(["waiting", "running", "done", "failed"]),
  rowsTotal: z.number().nullable(),
  rowsRead: z.number(),
  rowsAdded: z.number(),
  rowsSkipped: z.number(),
  rowsRejected: z.number(),
  error: z.string().nullable(),
  createdAt: z.date(),
  startedAt: z.date().nullable(),
  finishedAt: z.date().nullable(),
});
/** An import and how far it is. */
export type Import = Readonly<z.infer<typeof importSchema>>;

const rejectionSchema = z.object({ rowNumber: z.number(), reason: z.string(), cells: z.array(z.string()) });
export type Rejection = Readonly<z.infer<typeof rejectionSchema>>;

const columns = [
  "id",
  "fileName",
  "state",
  "rowsTotal",
  "rowsRead",
  "rowsAdded",
  "rowsSkipped",
  "rowsRejected",
  "error",
  "createdAt",
  "startedAt",
  "finishedAt",
] as const;

/**
 * Takes a CSV file of items and has it read in the background.
 * @throws DomainError `forbidden`, `too_large` above 4 MB, `invalid_input` on `file`, `rate` or `taxClass`
 * @returns the import's id
 */
export async function start(tenant: TenantScope<Member>, upload: NewImport): Promise<string> {
  Items.requireEditor(tenant.actor);
  if (upload.content.byteLength > FILE_BYTES_MAX) {
    const message = "The file is larger than 4 MB. Split it and upload the parts one after another.";
    throw new DomainError("too_large", message, { fields: { file: message } });
  }
  const options = readOptions(upload);
  const file = Csv.read(upload.content);
  matchColumns(file.header);
  const id = newId(tenant.clock);
  await tenant.tx(async (tx) => {
    await tx.db
      .insertInto("itemImports")
      .values({
        id,
        fileName: plainFileName(upload.fileName),
        content: Buffer.from(upload.content),
        options: { ...options, header: [...file.header] },
        state: "waiting",
        rowsTotal: file.rows.length,
        createdBy: tx.actor.userId,
        createdAt: tx.clock.now(),
      })
      .execute();
    await TenantAudit.append(tx, { action: "import.started", after: { id, rows: file.rows.length } });
    await emitChunk(tx, id, 0);
  });
  return id;
}

/**
 * Reads the next rows of an import that has read `fromRow` rows, and asks for the chunk after them, in one transaction
 * that holds the import's row. A message that comes twice, late or out of order finds another number of rows read and
 * changes nothing.
 */
export async function readChunk(tenant: TenantScope<Job>, importId: string, fromRow: number): Promise<void> {
  await tenant.tx(async (tx) => {
    const run = await tx.db
      .selectFrom("itemImports")
      .select(["content", "options", "rowsRead", "startedAt"])
      .where("id", "=", importId)
      .where("state", "in", ["waiting", "running"])
      .forUpdate()
      .executeTakeFirst();
    if (run === undefined || run.content === null || run.rowsRead !== fromRow) return;
    const options = optionsSchema.parse(run.options);
    const file = Csv.read(run.content);
    const mapping = matchColumns(file.header);
    const chunk = file.rows.slice(fromRow, fromRow + CHUNK_ROWS);
    const items: NewItem[] = [];
    const rejections: Rejection[] = [];
    for (const row of chunk) {
      const result = readRow(row.cells, mapping, options);
      if (result.ok) items.push(result.item);
      else rejections.push({ rowNumber: row.number, reason: result.reason, cells: [...row.cells] });
    }
    const added = await Items.insert(tx, items);
    await insertRejections(tx, importId, rejections);
    const rowsRead = fromRow + chunk.length;
    const isDone = rowsRead >= file.rows.length;
    const now = tx.clock.now();
    await tx.db
      .updateTable("itemImports")
      .set((e) => ({
        state: isDone ? "done" : "running",
        rowsRead,
        rowsAdded: e("rowsAdded", "+", added.length),
        rowsSkipped: e("rowsSkipped", "+", items.length - added.length),
        rowsRejected: e("rowsRejected", "+", rejections.length),
        startedAt: run.startedAt ?? now,
        ...(isDone ? { finishedAt: now, content: null } : {}),
      }))
      .where("id", "=", importId)
      .execute();
    if (!isDone) await emitChunk(tx, importId, rowsRead);
  });
}

/** Ends an import that cannot be read on, so that nobody waits for it. What was added stays. */
export async function giveUp(tenant: TenantScope<Job>, importId: string): Promise<void> {
  await tenant.db
    .updateTable("itemImports")
    .set({
      state: "failed",
      error: "The file could not be read to its end. Upload it again: items that were added are skipped.",
      finishedAt: tenant.clock.now(),
      content: null,
    })
    .where("id", "=", importId)
    .where("state", "in", ["waiting", "running"])
    .execute();
}

/** @throws DomainError `not_found` */
export async function progress(tenant: TenantScope<Member>, importId: string): Promise<Import> {
  const row = idSchema.safeParse(importId).success
    ? await tenant.db.selectFrom("itemImports").select(columns).where("id", "=", importId).executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound("import");
  return importSchema.parse(row);
}

/** The latest imports, the newest first; at most ten. */
export async function recent(tenant: TenantScope<Member>): Promise<readonly Import[]> {
  const rows = await tenant.db
    .selectFrom("itemImports")
    .select(columns)
    .orderBy("createdAt", "desc")
    .orderBy("id", "desc")
    .limit(10)
    .execute();
  return rows.map((row) => importSchema.parse(row));
}

/** Rows that became no item, in the order of the file, from the one after `afterRow`; at most `limit`. */
export async function rejections(
  tenant: TenantScope<Member>,
  importId: string,
  page: { readonly afterRow: number; readonly limit: number },
): Promise<readonly Rejection[]> {
  const rows = await tenant.db
    .selectFrom("itemImportRejections")
    .select(["rowNumber", "reason", "cells"])
    .where("importId", "=", importId)
    .where("rowNumber", ">", page.afterRow)
    .orderBy("rowNumber")
    .limit(page.limit)
    .execute();
  return rows.map((row) => rejectionSchema.parse(row));
}

/**
 * The rejected rows as a file to correct and upload again: the row's number, the reason, then the row as it was.
 * @throws DomainError `not_found`
 */
export async function rejectionsFile(tenant: TenantScope<Member>, importId: string): Promise<string> {
  await progress(tenant, importId);
  const run = await tenant.db
    .selectFrom("itemImports")
    .select("options")
    .where("id", "=", importId)
    .executeTakeFirstOrThrow();
  const rows: string[][] = [["Row", "Reason", ...optionsSchema.parse(run.options).header]];
  let afterRow = 0;
  while (rows.length <= REJECTIONS_FILE_ROWS_MAX) {
    const page = await rejections(tenant, importId, { afterRow, limit: 1000 });
    rows.push(...page.map((row) => [String(row.rowNumber), row.reason, ...row.cells]));
    const last = page.at(-1);
    if (last === undefined) break;
    afterRow = last.rowNumber;
  }
  return Csv.write(rows);
}

/** A file whose every row is wrong is wrong as a whole; more would not fit through the gateway. */
const REJECTIONS_FILE_ROWS_MAX = 20_000;

async function emitChunk(
  tenant: TenantScope<Member> | TenantScope<Job>,
  importId: string,
  fromRow: number,
): Promise<void> {
  await tenant.emit({
    queue: "item-imports",
    payload: { importId, fromRow: String(fromRow) },
    dedupeKey: `item-import:${importId}:${fromRow}`,
  });
}

async function insertRejections(tenant: TenantScope<Job>, importId: string, rows: readonly Rejection[]): Promise<void> {
  if (rows.length === 0) return;
  await tenant.db
    .insertInto("itemImportRejections")
    .values(rows.map((row) => ({ ...row, importId, cells: [...row.cells] })))
    .execute();
}

function readOptions(upload: NewImport): { rate: string; taxClass: z.infer<typeof optionsSchema>["taxClass"] } {
  const fields: Record<string, string> = {};
  const rate = upload.rate.trim() || "1";
  if (!/^\d{1,9}(\.\d{1,8})?$/.test(rate) || !/[1-9]/.test(rate))
    fields.rate = "Write a number above zero, like 129.50.";
  const taxClass = z
    .enum(taxClasses)
    .nullable()
    .safeParse(upload.taxClass.trim() || null);
  if (!taxClass.success) fields.taxClass = "Choose one of the tax classes.";
  if (!taxClass.success || Object.keys(fields).length > 0) throw invalidInput("Check the import's settings.", fields);
  return { rate, taxClass: taxClass.data };
}

/** The last part of whatever path a browser sent, without what cannot be printed. */
function plainFileName(name: string): string {
  const last = name.split(/[\\/]/).at(-1) ?? "";
  return (
    last
      .replace(/\p{Cc}+/gu, "")
      .trim()
      .slice(0, 200) || "items.csv"
  );
}
