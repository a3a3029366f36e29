import * as z from "zod";
import { DomainError } from "../../kernel/errors.ts";
import type { Job, Member } from "../actors.ts";
import { maySeeCosts } from "../items/rights.ts";
import type { TenantScope } from "../scope.ts";
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
  return rejectionsAfter(tenant, importId, page);
}

/** As `rejections`, for whoever was let in already. */
export async function rejectionsAfter(
  tenant: TenantScope<Member>,
  importId: string,
  { afterRow, limit }: { readonly afterRow: number; readonly limit: number },
): Promise<readonly Rejection[]> {
  const rows = await tenant.db
    .selectFrom("itemImportRejections")
    .select(["rowNumber", "kind", "reason", "cells"])
    .where("importId", "=", importId)
    .where("rowNumber", ">", afterRow)
    .orderBy("rowNumber")
    .limit(limit)
    .execute();
  return rows.map((row) => rejectionSchema.parse(row));
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
