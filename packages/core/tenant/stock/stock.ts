export * as Stock from "./stock.ts";

import { sql } from "kysely";
import { notFound } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import type { Job, Member } from "../actors.ts";
import { lockCatalogue } from "../items/writing.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";
import {
  type Amount,
  addToBalances,
  batchesOf,
  batchKey,
  holdItems,
  lockBalances,
  lockItems,
  takeFromBalances,
} from "./balances.ts";
import { piecesOf } from "./ledger.ts";
import { checkedLines, type Opening } from "./opening.ts";
import { Exact, sumOf } from "./quantities.ts";

export { type BatchStock, type BranchStock, type Expiry, type ItemStock, ofItem } from "./item-stock.ts";
export type { Opening, OpeningLine } from "./opening.ts";

/*
 * The ledger: movements are added and never changed, and a balance is changed in the transaction of its movements, under
 * a lock of its row. Locks are always taken in one order, so that two transactions never wait for each other: the
 * catalogue (by whoever changes items), items by id, batches, then balances by item, branch and batch.
 */

/**
 * Books stock that was there before the pharmacy began to count, inside the caller's transaction.
 * @throws DomainError `forbidden`, `not_found` for an unknown item or a branch that is not open, `invalid_input`
 */
export async function open(tx: TenantScope<Member | Job>, opening: Opening): Promise<void> {
  requireKeeper(tx.actor);
  const { branchId, documentNumber, sourceId } = opening;
  const lines = checkedLines(opening);
  if (lines.length === 0) return;
  await requireBranch(tx, branchId);
  await holdItems(tx, [...new Set(lines.map(({ itemId }) => itemId))]);
  const entries = (await batchesOf(tx, lines)).map((line) => ({ ...line, branchId }));
  await addToBalances(tx, entries);
  const at = tx.clock.now();
  for (const piece of piecesOf(entries)) {
    const movements = piece.map(({ itemId, batchId, quantity, unitCost }) => ({
      id: newId(tx.clock),
      branchId,
      itemId,
      batchId,
      kind: "opening_balance" as const,
      quantity,
      unitCost,
      documentNumber,
      sourceId,
      ...actorOf(tx.actor),
      at,
    }));
    await tx.db.insertInto("stockMovements").values(movements).execute();
  }
}

/**
 * Takes openings of a source back by movements that undo them; the openings stay in the ledger. An item is left alone
 * when less than its opening is left of any batch. Doing it again changes nothing. Items that were added with the stock
 * can be archived after it, in the same transaction.
 * @returns aligned with `itemIds`; `undone` says whether nothing of the source's opening is left, also when there was none
 */
export async function undoOpening(
  tx: TenantScope<Member | Job>,
  { sourceId, itemIds }: { readonly sourceId: string; readonly itemIds: readonly string[] },
): Promise<readonly { readonly itemId: string; readonly undone: boolean }[]> {
  requireKeeper(tx.actor);
  const wanted = [...new Set(itemIds)].toSorted();
  await lockCatalogue(tx);
  await lockItems(tx, wanted);
  const undone = new Set<string>();
  for (const piece of piecesOf(wanted)) {
    const left = await lockBalances(tx, piece);
    const openings = await openingsOf(tx, sourceId, piece);
    const short = new Set(
      [...sumsByBatch(openings)]
        .filter(([key, { quantity }]) => new Exact(left.get(key) ?? 0).lessThan(quantity))
        .map(([, { itemId }]) => itemId),
    );
    for (const itemId of piece) if (!short.has(itemId)) undone.add(itemId);
    await reverse(
      tx,
      sourceId,
      openings.filter(({ itemId }) => undone.has(itemId)),
    );
  }
  return itemIds.map((itemId) => ({ itemId, undone: undone.has(itemId) }));
}

/** A balance that is not the sum of its movements. Both as decimal text. */
export interface Difference {
  readonly branchId: string;
  readonly itemId: string;
  readonly batchId: string;
  readonly balance: string;
  readonly movements: string;
}

/** Where balances and ledger disagree: nowhere, or there is a fault in the product. At most a hundred. */
export async function differences(tenant: TenantScope<Member | Job>): Promise<readonly Difference[]> {
  if (tenant.actor.kind === "member") Permissions.requireEverywhere(tenant.actor, "audit.view");
  const { rows } = await sql<Difference>`
    select branch_id, item_id, batch_id, coalesce(b.quantity, 0)::text as balance, coalesce(m.quantity, 0)::text as movements
    from stock_balances b
    full join (
      select branch_id, item_id, batch_id, sum(quantity) as quantity from stock_movements
      group by branch_id, item_id, batch_id
    ) m using (branch_id, item_id, batch_id)
    where coalesce(b.quantity, 0) <> coalesce(m.quantity, 0)
    limit 100
  `.execute(tenant.db);
  return rows;
}

/** Opening stock comes in by imports; whoever may import may book it. */
function requireKeeper(actor: Member | Job): void {
  if (actor.kind === "member") Permissions.requireEverywhere(actor, "items.import");
}

const actorOf = (actor: Member | Job) =>
  actor.kind === "member"
    ? ({ actorKind: "member", actorId: actor.userId } as const)
    : ({ actorKind: "job", actorId: actor.name } as const);

async function requireBranch(tx: TenantScope<Member | Job>, branchId: string): Promise<void> {
  const branch = await tx.db
    .selectFrom("branches")
    .select("id")
    .where("id", "=", branchId)
    .where("archivedAt", "is", null)
    .forKeyShare()
    .executeTakeFirst();
  if (branch === undefined) throw notFound("branch");
}

interface OpenedMovement extends Amount {
  readonly unitCost: string | null;
  readonly documentNumber: string;
}

/** The openings of a source that were not undone. */
async function openingsOf(
  tx: TenantScope<Member | Job>,
  sourceId: string,
  itemIds: readonly string[],
): Promise<readonly OpenedMovement[]> {
  const rows = await tx.db
    .selectFrom("stockMovements")
    .select(["kind", "branchId", "itemId", "batchId", "quantity", "unitCost", "documentNumber"])
    .where("sourceId", "=", sourceId)
    .where("itemId", "in", itemIds)
    .orderBy("itemId")
    .orderBy("id")
    .execute();
  // Each undoing movement takes one opening of the same batch and amount away.
  const undoings = rows.filter(({ kind }) => kind === "opening_balance_undone");
  const openings: OpenedMovement[] = [];
  for (const row of rows.filter(({ kind }) => kind === "opening_balance")) {
    const undoing = undoings.findIndex(
      (one) =>
        batchKey(one) === batchKey(row) &&
        one.unitCost === row.unitCost &&
        one.documentNumber === row.documentNumber &&
        new Exact(one.quantity).negated().equals(row.quantity),
    );
    if (undoing === -1) openings.push(row);
    else undoings.splice(undoing, 1);
  }
  return openings;
}

function sumsByBatch(movements: readonly OpenedMovement[]): ReadonlyMap<string, Amount> {
  const sums = new Map<string, Amount>();
  for (const { branchId, itemId, batchId, quantity } of movements) {
    const key = batchKey({ branchId, batchId });
    sums.set(key, { branchId, itemId, batchId, quantity: sumOf([sums.get(key)?.quantity ?? "0", quantity]) });
  }
  return sums;
}

async function reverse(
  tx: TenantScope<Member | Job>,
  sourceId: string,
  openings: readonly OpenedMovement[],
): Promise<void> {
  const at = tx.clock.now();
  for (const piece of piecesOf(openings)) {
    await takeFromBalances(tx, [...sumsByBatch(piece).values()]);
    const movements = piece.map((opening) => ({
      ...opening,
      id: newId(tx.clock),
      kind: "opening_balance_undone" as const,
      quantity: new Exact(opening.quantity).negated().toFixed(),
      sourceId,
      ...actorOf(tx.actor),
      at,
    }));
    await tx.db.insertInto("stockMovements").values(movements).execute();
  }
}
