export * as BulkItems from "./bulk.ts";

import { sql } from "kysely";
import { newId } from "../../kernel/ids.ts";
import type { ApiKey, Job, Member } from "../actors.ts";
import type { TenantScope } from "../scope.ts";
import { itemsInStock, piecesOf } from "../stock/ledger.ts";
import { applyChanges, lockItems } from "./bulk-changes.ts";
import type { ItemFields } from "./item.ts";
import type { NewItem } from "./new-item.ts";
import { changedAt, lockCatalogue } from "./writing.ts";

/*
 * Many items at once, for imports. Lists of any length; a constant number of statements for each 500 rows. Rights were
 * checked by whoever began the job, and what was done is audited there, once.
 */

export interface KnownItem {
  readonly id: string;
  readonly name: string;
  readonly matchedBy: "barcode" | "name";
  readonly updatedAt: Date;
  /** The barcode is this item's and the name another's: only a person can tell which one is meant. */
  readonly isAmbiguous: boolean;
}

/** The items on the lists that have a barcode or, failing that, a name (in any case); aligned with `wanted`. */
export async function findKnown(
  tenant: TenantScope<Member | Job>,
  wanted: readonly { readonly name: string; readonly barcode: string | null }[],
): Promise<readonly (KnownItem | undefined)[]> {
  const known: (KnownItem | undefined)[] = [];
  for (const piece of piecesOf(wanted)) {
    const list = piece.map(({ name, barcode }, position) => ({ position, name: name.toWellFormed(), barcode }));
    const { rows } = await sql<{
      barcodeId: string | null;
      barcodeName: string | null;
      barcodeUpdatedAt: Date | null;
      nameId: string | null;
      nameName: string | null;
      nameUpdatedAt: Date | null;
    }>`
      select by_barcode.id as barcode_id, by_barcode.name as barcode_name, by_barcode.updated_at as barcode_updated_at,
        by_name.id as name_id, by_name.name as name_name, by_name.updated_at as name_updated_at
      from jsonb_to_recordset(${list}::jsonb) as wanted (position integer, name text, barcode text)
      left join items by_barcode on by_barcode.barcode = wanted.barcode and by_barcode.archived_at is null
      left join items by_name on lower(by_name.name) = lower(wanted.name) and by_name.archived_at is null
      order by wanted.position
    `.execute(tenant.db);
    for (const row of rows) {
      const byBarcode = matched(row.barcodeId, row.barcodeName, row.barcodeUpdatedAt);
      const byName = matched(row.nameId, row.nameName, row.nameUpdatedAt);
      if (byBarcode !== undefined) {
        const isAmbiguous = byName !== undefined && byName.id !== byBarcode.id;
        known.push({ ...byBarcode, matchedBy: "barcode", isAmbiguous });
      } else known.push(byName && { ...byName, matchedBy: "name", isAmbiguous: false });
    }
  }
  return known;
}

/**
 * Inserts checked items under the next numbers. An item whose name or barcode is an item's already, in the table or
 * earlier in the list, is left out.
 * @returns the new ids, aligned with `items`; undefined for what was left out
 */
export async function insertMany(
  tx: TenantScope<Member | ApiKey | Job>,
  items: readonly NewItem[],
): Promise<readonly (string | undefined)[]> {
  if (items.length === 0) return [];
  await lockCatalogue(tx);
  const ids: (string | undefined)[] = [];
  for (const piece of piecesOf(items)) ids.push(...(await insertPiece(tx, piece)));
  return ids;
}

/** What became of one wanted change. */
export interface UpdatedItem {
  readonly id: string;
  /** The item's fields before. */
  readonly before: ItemFields;
  readonly updatedAt: Date;
  /** Why nothing was changed, in words for the person; null when it was. */
  readonly refused: string | null;
}

/**
 * Replaces the given fields of items. A change is refused, and the others go on, when the result would be no valid
 * item, when it takes a name or barcode that is another item's, when it changes units that stock is counted in, or when
 * an earlier change of the list is about the same item. Ids that are no item's on the lists are left out of the result,
 * which comes in the order of ids: so are the rows locked.
 */
export async function updateMany(
  tx: TenantScope<Member | Job>,
  changes: readonly { readonly id: string; readonly fields: Partial<NewItem> }[],
): Promise<readonly UpdatedItem[]> {
  if (changes.length === 0) return [];
  await lockCatalogue(tx);
  const firsts = firstsOf(changes);
  const updated = new Map<string, UpdatedItem>();
  for (const piece of piecesOf(inOrderOfId([...firsts.values()]))) {
    const ids = piece.map(({ id }) => id);
    const items = await lockItems(tx, ids);
    for (const [id, outcome] of await applyChanges(tx, items, piece)) {
      const item = items.get(id);
      if (item !== undefined) updated.set(id, { id, before: item.fields, ...outcome });
    }
  }
  return inOrderOfId(changes).flatMap((change) => {
    const item = updated.get(change.id);
    if (item === undefined) return [];
    return firsts.get(change.id) === change ? [item] : [{ ...item, refused: "An earlier row changes the same item." }];
  });
}

/**
 * Takes items back to `before`; null archives an item that was added. Give one entry for each item: its fields before
 * its first change, and `updatedAt` after its last one. An item stays as it is when somebody changed or archived it since
 * `updatedAt`, when its old name or barcode is another item's by now, when stock is counted in its new units, and when it
 * was added and has stock.
 * @returns aligned with `undone`
 */
export async function restoreMany(
  tx: TenantScope<Member | Job>,
  undone: readonly { readonly id: string; readonly before: ItemFields | null; readonly updatedAt: Date }[],
): Promise<readonly { readonly id: string; readonly undone: boolean }[]> {
  if (undone.length === 0) return [];
  await lockCatalogue(tx);
  const restored = new Set<string>();
  for (const piece of piecesOf(inOrderOfId([...firstsOf(undone).values()]))) {
    const items = await lockItems(
      tx,
      piece.map(({ id }) => id),
    );
    const untouched = piece.filter(({ id, updatedAt }) => items.get(id)?.updatedAt.getTime() === updatedAt.getTime());
    const added = untouched.filter(({ before }) => before === null).map(({ id }) => id);
    const inStock = await itemsInStock(tx, added);
    const removable = added.filter((id) => !inStock.has(id));
    await archiveMany(tx, removable);
    for (const id of removable) restored.add(id);
    const changes = untouched.flatMap(({ id, before }) => (before === null ? [] : [{ id, fields: before }]));
    for (const [id, { refused }] of await applyChanges(tx, items, changes)) if (refused === null) restored.add(id);
  }
  return undone.map(({ id }) => ({ id, undone: restored.has(id) }));
}

function matched(id: string | null, name: string | null, updatedAt: Date | null) {
  return id === null || name === null || updatedAt === null ? undefined : { id, name, updatedAt };
}

async function insertPiece(
  tx: TenantScope<Member | ApiKey | Job>,
  items: readonly NewItem[],
): Promise<readonly (string | undefined)[]> {
  const now = tx.clock.now();
  const numbers = await sql<{ number: string }>`
    select nextval('item_sku_numbers')::text as number from generate_series(1, ${items.length}::integer)
  `.execute(tx.db);
  const rows = items.map((item, index) => ({
    ...item,
    id: newId(tx.clock),
    sku: skuOf(numbers.rows[index]?.number ?? ""),
    createdAt: now,
    updatedAt: now,
  }));
  const inserted = await tx.db
    .insertInto("items")
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .execute();
  const ids = new Set(inserted.map((row) => row.id));
  return rows.map(({ id }) => (ids.has(id) ? id : undefined));
}

/** `A00001`; numbers beyond five digits simply grow. */
const skuOf = (number: string): string => `A${number.padStart(5, "0")}`;

const inOrderOfId = <T extends { readonly id: string }>(rows: readonly T[]): readonly T[] =>
  rows.toSorted((one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0));

/** The first row of each id. */
function firstsOf<T extends { readonly id: string }>(rows: readonly T[]): ReadonlyMap<string, T> {
  const firsts = new Map<string, T>();
  for (const row of rows) if (!firsts.has(row.id)) firsts.set(row.id, row);
  return firsts;
}

async function archiveMany(tx: TenantScope<Member | Job>, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const now = tx.clock.now();
  await tx.db
    .updateTable("items")
    .set({ archivedAt: now, updatedAt: changedAt(now) })
    .where("id", "in", ids)
    .execute();
}
