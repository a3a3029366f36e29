export * as Numbering from "./numbering.ts";

import { DomainError, notFound } from "../../kernel/errors.ts";
import type { Job, Member } from "../actors.ts";
import type { TenantScope } from "../scope.ts";
import { type DocumentType, documentTypes } from "./document-types.ts";

export { type DocumentType, documentTypes } from "./document-types.ts";

/** One branch's numbers of one kind of document. */
export interface Series {
  readonly type: DocumentType;
  /** What the documents are called. */
  readonly title: string;
  readonly next: number;
  /** Whether a number was taken: from then on the series goes on by itself. */
  readonly isUsed: boolean;
}

/**
 * Takes the next number of a branch for a kind of document: `INV-HQ-000001`. The series stays locked until the
 * transaction ends, so that numbers are without gaps and without doubles: a transaction that rolls back gives its
 * number back. To be called in `tx`, as late in it as possible.
 * @throws DomainError `not_found` for an unknown branch, `conflict` for an archived one
 */
export async function take(
  tx: TenantScope<Member | Job>,
  branchId: string,
  documentType: DocumentType,
): Promise<string> {
  const code = await lockCode(tx, branchId);
  const now = tx.clock.now();
  // One statement, so that two first documents at once find one series.
  const { nextNumber } = await tx.db
    .insertInto("documentSeries")
    .values({ branchId, documentType, nextNumber: "2", usedAt: now })
    .onConflict((conflict) =>
      conflict.columns(["branchId", "documentType"]).doUpdateSet((e) => ({
        nextNumber: e("documentSeries.nextNumber", "+", "1"),
        usedAt: now,
      })),
    )
    .returning("nextNumber")
    .executeTakeFirstOrThrow();
  return format(documentType, code, Number(nextNumber) - 1);
}

/** A document's number as people write it: six digits, more when six are not enough. */
export function format(type: DocumentType, branchCode: string, number: number): string {
  return `${type}-${branchCode}-${String(number).padStart(6, "0")}`;
}

/** All series of a branch, in the order of the document types; those that nobody touched begin at 1. */
export async function ofBranch(tenant: TenantScope<Member>, branchId: string): Promise<readonly Series[]> {
  const rows = await seriesRows(tenant).where("branchId", "=", branchId).execute();
  return complete(rows);
}

/** As `ofBranch`, of every branch, by the branch's id. A branch without a row has all its series at 1. */
export async function ofAllBranches(tenant: TenantScope<Member>): Promise<(branchId: string) => readonly Series[]> {
  const rows = await seriesRows(tenant).execute();
  return (branchId) => complete(rows.filter((row) => row.branchId === branchId));
}

/** Whether a document of this branch has a number: its code stays then, because the number contains it. */
export async function isUsed(tenant: TenantScope<Member>, branchId: string): Promise<boolean> {
  const used = await tenant.db
    .selectFrom("documentSeries")
    .select("documentType")
    .where("branchId", "=", branchId)
    .where("usedAt", "is not", null)
    .limit(1)
    .executeTakeFirst();
  return used !== undefined;
}

/**
 * Sets the number that a series begins with, while none was taken: who comes from another program goes on from there.
 * To be called in `tx`.
 * @throws DomainError `conflict` on `next<TYPE>` when a number was taken meanwhile
 */
export async function start(
  tx: TenantScope<Member>,
  branchId: string,
  type: DocumentType,
  next: number,
): Promise<void> {
  const row = await tx.db
    .insertInto("documentSeries")
    .values({ branchId, documentType: type, nextNumber: String(next) })
    .onConflict((conflict) =>
      conflict
        .columns(["branchId", "documentType"])
        .doUpdateSet({ nextNumber: String(next) })
        .where("documentSeries.usedAt", "is", null),
    )
    .returning("documentType")
    .executeTakeFirst();
  if (row !== undefined) return;
  const message = "A document was numbered meanwhile: this series goes on by itself now.";
  throw new DomainError("conflict", message, { fields: { [`next${type}`]: message } });
}

interface SeriesRow {
  readonly branchId: string;
  readonly documentType: string;
  readonly nextNumber: string;
  readonly usedAt: Date | null;
}

const seriesRows = (tenant: TenantScope<Member>) =>
  tenant.db.selectFrom("documentSeries").select(["branchId", "documentType", "nextNumber", "usedAt"]);

function complete(rows: readonly SeriesRow[]): readonly Series[] {
  return documentTypes.map(({ type, title }) => {
    const row = rows.find(({ documentType }) => documentType === type);
    return { type, title, next: Number(row?.nextNumber ?? 1), isUsed: row !== undefined && row.usedAt !== null };
  });
}

/**
 * The branch's code, kept as it is until the transaction ends: a change of the code waits, and sees the number then.
 * Transactions that only number documents do not wait for each other here.
 */
async function lockCode(tx: TenantScope<Member | Job>, branchId: string): Promise<string> {
  const branch = await tx.db
    .selectFrom("branches")
    .select(["code", "archivedAt"])
    .where("id", "=", branchId)
    .forKeyShare()
    .executeTakeFirst();
  if (branch === undefined) throw notFound("branch");
  if (branch.archivedAt !== null) {
    throw new DomainError("conflict", "This branch is archived: it gets no new documents.");
  }
  return branch.code;
}
