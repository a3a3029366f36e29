import { sql } from "kysely";
import { notFound } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import type { Job, Member } from "../actors.ts";
import type { TenantScope } from "../scope.ts";
import { piecesOf } from "./ledger.ts";
import { lineKey, type OpeningLine } from "./opening.ts";
import { sumOf } from "./quantities.ts";

/** Keeps the items' units as they are until the transaction ends, without keeping other stock out. */
export const holdItems = (tx: TenantScope<Member | Job>, itemIds: readonly string[]): Promise<void> =>
  lockRows(tx, itemIds, "key share");

/** Keeps everybody else from the items and from booking stock of them until the transaction ends. */
export const lockItems = (tx: TenantScope<Member | Job>, itemIds: readonly string[]): Promise<void> =>
  lockRows(tx, itemIds, "update");

async function lockRows(
  tx: TenantScope<Member | Job>,
  itemIds: readonly string[],
  strength: "key share" | "update",
): Promise<void> {
  for (const piece of piecesOf(itemIds)) {
    const query = tx.db.selectFrom("items").select("id").where("id", "in", piece).orderBy("id");
    const locked = await (strength === "update" ? query.forUpdate() : query.forKeyShare()).execute();
    if (locked.length < piece.length) throw notFound("item");
  }
}

/** The lines with the ids of their batches, which are made where they are new. */
export async function batchesOf(
  tx: TenantScope<Member | Job>,
  lines: readonly OpeningLine[],
): Promise<readonly (OpeningLine & { readonly batchId: string })[]> {
  const batches = [...new Map(lines.map((line) => [lineKey(line), line])).values()];
  const ids = new Map<string, string>();
  const createdAt = tx.clock.now();
  for (const piece of piecesOf(batches)) {
    const rows = piece.map(({ itemId, batchNumber, expiresOn }) => ({
      id: newId(tx.clock),
      itemId,
      batchNumber,
      expiresOn,
      createdAt,
    }));
    await tx.db
      .insertInto("batches")
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const list = piece.map(({ itemId, batchNumber, expiresOn }, position) => ({
      position,
      itemId,
      batchNumber,
      expiresOn,
    }));
    const found = await sql<{ position: number; id: string }>`
      select wanted.position, batches.id
      from jsonb_to_recordset(${list}::jsonb) as wanted (
        position integer, "itemId" uuid, "batchNumber" text, "expiresOn" date
      )
      join batches on batches.item_id = wanted."itemId" and batches.batch_number = wanted."batchNumber"
        and batches.expires_on is not distinct from wanted."expiresOn"
    `.execute(tx.db);
    for (const { position, id } of found.rows) {
      const line = piece[position];
      if (line !== undefined) ids.set(lineKey(line), id);
    }
  }
  return lines.map((line) => {
    const batchId = ids.get(lineKey(line));
    if (batchId === undefined) throw new Error("a batch was neither made nor found");
    return { ...line, batchId };
  });
}

/** So much of a batch in a branch; `quantity` is decimal text, in base units. */
export interface Amount {
  readonly branchId: string;
  readonly itemId: string;
  readonly batchId: string;
  readonly quantity: string;
}

/** The same for two amounts of one balance. */
export const batchKey = ({ branchId, batchId }: Pick<Amount, "branchId" | "batchId">): string =>
  `${branchId} ${batchId}`;

/** Adds amounts to their balances, in the order in which balances are locked. */
export async function addToBalances(tx: TenantScope<Member | Job>, amounts: readonly Amount[]): Promise<void> {
  const sums = new Map<string, Amount>();
  for (const { branchId, itemId, batchId, quantity } of amounts) {
    const key = [itemId, branchId, batchId].join(" ");
    sums.set(key, { branchId, itemId, batchId, quantity: sumOf([sums.get(key)?.quantity ?? "0", quantity]) });
  }
  const rows = [...sums.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row);
  for (const piece of piecesOf(rows)) {
    await tx.db
      .insertInto("stockBalances")
      .values(piece)
      .onConflict((conflict) =>
        conflict.columns(["itemId", "branchId", "batchId"]).doUpdateSet((e) => ({
          quantity: e("stockBalances.quantity", "+", e.ref("excluded.quantity")),
        })),
      )
      .execute();
  }
}

/** What is left of every batch of the items, by `batchKey`, kept so until the transaction ends. */
export async function lockBalances(
  tx: TenantScope<Member | Job>,
  itemIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.db
    .selectFrom("stockBalances")
    .select(["branchId", "batchId", "quantity"])
    .where("itemId", "in", itemIds)
    .orderBy("itemId")
    .orderBy("branchId")
    .orderBy("batchId")
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [batchKey(row), row.quantity]));
}

/** Takes amounts, 500 at most, from balances that are locked and have as much. */
export async function takeFromBalances(tx: TenantScope<Member | Job>, amounts: readonly Amount[]): Promise<void> {
  const list = amounts.map(({ branchId, itemId, batchId, quantity }) => ({ branchId, itemId, batchId, quantity }));
  await sql`
    update stock_balances set quantity = stock_balances.quantity - taken.quantity
    from jsonb_to_recordset(${list}::jsonb) as taken (
      "branchId" uuid, "itemId" uuid, "batchId" uuid, quantity numeric
    )
    where stock_balances.item_id = taken."itemId" and stock_balances.branch_id = taken."branchId"
      and stock_balances.batch_id = taken."batchId"
  `.execute(tx.db);
}
