import { sql } from "kysely";
import * as z from "zod";
import type { Job, Member } from "../actors.ts";
import type { TenantScope } from "../scope.ts";

/** The rows of a file as they wait in the database for the steps of an import. */
export interface StagedRow {
  /** As a spreadsheet shows it, from 1. */
  readonly number: number;
  readonly cells: readonly string[];
}

/** Rows in one statement. */
const PIECE_ROWS = 1000;

const stagedSchema = z.object({ number: z.number(), cells: z.array(z.string()) });

/** Stages the rows of a file in place of what was staged before. */
export async function replaceStaged(tx: TenantScope<Job>, importId: string, rows: readonly StagedRow[]): Promise<void> {
  await tx.db.deleteFrom("itemImportRows").where("importId", "=", importId).execute();
  for (let from = 0; from < rows.length; from += PIECE_ROWS) {
    const piece = rows.slice(from, from + PIECE_ROWS).map(({ number, cells }) => ({ number, cells: cells.map(plain) }));
    await sql`
      insert into item_import_rows (import_id, row_number, cells)
      select ${importId}::uuid, staged.number, staged.cells
      from jsonb_to_recordset(${piece}::jsonb) as staged (number integer, cells jsonb)
    `.execute(tx.db);
  }
}

/** Rows after the one numbered `afterRow`, in the order of the file, at most `limit`. */
export async function stagedAfter(
  tenant: TenantScope<Member | Job>,
  importId: string,
  afterRow: number,
  limit: number,
): Promise<readonly StagedRow[]> {
  const rows = await tenant.db
    .selectFrom("itemImportRows")
    .select(["rowNumber as number", "cells"])
    .where("importId", "=", importId)
    .where("rowNumber", ">", afterRow)
    .orderBy("rowNumber")
    .limit(limit)
    .execute();
  return rows.map((row) => stagedSchema.parse(row));
}

/** How many rows stand below the one numbered `afterRow`. */
export async function countStagedAfter(
  tenant: TenantScope<Member | Job>,
  importId: string,
  afterRow: number,
): Promise<number> {
  const { count } = await tenant.db
    .selectFrom("itemImportRows")
    .select((e) => e.fn.countAll<string>().as("count"))
    .where("importId", "=", importId)
    .where("rowNumber", ">", afterRow)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Forgets the rows up to a number, and what the dry run noted of the file: they were worked off. */
export async function forgetStaged(tx: TenantScope<Member | Job>, importId: string, upToRow?: number): Promise<void> {
  let rows = tx.db.deleteFrom("itemImportRows").where("importId", "=", importId);
  if (upToRow !== undefined) rows = rows.where("rowNumber", "<=", upToRow);
  await rows.execute();
  await tx.db.deleteFrom("itemImportKeys").where("importId", "=", importId).execute();
}

/** Postgres keeps no null characters and no halves of a character in a document. */
const plain = (cell: string): string => cell.replaceAll("\u0000", "").toWellFormed();
