import { sql } from "kysely";
import type { Job } from "../actors.ts";
import { Numbering } from "../numbering/numbering.ts";
import type { TenantScope } from "../scope.ts";
import { Stock } from "../stock/stock.ts";

/*
 * The rule of opening stock: a batch of an item (its number and expiry, blank ones among them) is opened once in a branch.
 * The same file again, another copy of it at the same time or a row that is in the file twice therefore never doubles
 * stock, and the parts of a list that was split add up. An opening that was undone may be opened again.
 */

/** A batch that a row of a file brings, of an item that is known by now. */
export interface WantedBatch {
  readonly itemId: string;
  readonly branchId: string;
  readonly batchNumber: string;
  readonly expiresOn: string | null;
  /** The smallest unit as the row names it; null when it names none. */
  readonly unit: string | null;
}

/** A batch with what there is of it. */
interface WantedOpening extends Omit<WantedBatch, "unit"> {
  /** Decimal text, base units. */
  readonly quantity: string;
  readonly unitCost: string | null;
}

export const openedReason =
  "The item is taken, its stock is not: this batch has opening stock in that branch already. Correct it as a stock count.";

/**
 * For each wanted batch why it cannot be opened, undefined when it can: it was opened before, by an earlier one of the list
 * too, or its item is counted in another unit than the row, so that the quantity would mean something else.
 */
export async function reasonsToLeave(
  tx: TenantScope<Job>,
  wanted: readonly WantedBatch[],
): Promise<readonly (string | undefined)[]> {
  if (wanted.length === 0) return [];
  const itemIds = [...new Set(wanted.map(({ itemId }) => itemId))];
  const { rows } = await sql<Omit<WantedBatch, "unit">>`
    select movement.item_id, movement.branch_id, batch.batch_number, batch.expires_on
    from stock_movements movement
    join batches batch on batch.id = movement.batch_id
    where movement.item_id = any (${itemIds}::uuid[])
      and movement.kind in ('opening_balance', 'opening_balance_undone')
    group by movement.item_id, movement.branch_id, batch.batch_number, batch.expires_on
    having sum(movement.quantity) <> 0
  `.execute(tx.db);
  const items = await tx.db.selectFrom("items").select(["id", "baseUnit"]).where("id", "in", itemIds).execute();
  const unitOf = new Map(items.map(({ id, baseUnit }) => [id, baseUnit]));
  const opened = new Set(rows.map(keyOf));
  return wanted.map((one) => {
    const unit = unitOf.get(one.itemId);
    if (one.unit !== null && unit !== undefined && singular(one.unit) !== singular(unit)) {
      return `The item is taken, its stock is not: the row counts “${one.unit}”, the item is counted in “${unit}”.`;
    }
    const key = keyOf(one);
    if (opened.has(key)) return openedReason;
    opened.add(key);
    return undefined;
  });
}

/** Tablets are counted by the tablet. */
const singular = (unit: string): string => unit.trim().toLowerCase().replace(/s$/, "");

/**
 * Books the stock of a chunk: one document for each branch, under the number that the import has there or the next one.
 * @returns the import's numbers by branch
 */
export async function open(
  tx: TenantScope<Job>,
  importId: string,
  openings: readonly WantedOpening[],
  numbers: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const known: Record<string, string> = { ...numbers };
  for (const branchId of [...new Set(openings.map((one) => one.branchId))].toSorted()) {
    const documentNumber = known[branchId] ?? (await Numbering.take(tx, branchId, "OPN"));
    known[branchId] = documentNumber;
    const lines = openings.filter((one) => one.branchId === branchId).map(({ branchId: _, ...line }) => line);
    await Stock.open(tx, { branchId, documentNumber, sourceId: importId, lines });
  }
  return known;
}

/** As the ledger writes a batch's number. */
const keyOf = (one: Omit<WantedBatch, "unit">): string =>
  [one.itemId, one.branchId, one.batchNumber.replace(/\s+/g, " ").trim(), one.expiresOn ?? ""].join("\n");
