import { sql } from "kysely";
import * as z from "zod";
import type { Job } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { BulkItems } from "../items/bulk.ts";
import { itemFieldsSchema } from "../items/item.ts";
import { lockCatalogue } from "../items/writing.ts";
import type { TenantScope } from "../scope.ts";
import { Stock } from "../stock/stock.ts";
import { move } from "./moves.ts";
import type { Import } from "./record.ts";

/** Items of one transaction. */
const CHUNK_ITEMS = 500;

const keptReasons = {
  changed: "Somebody has changed or archived the item since.",
  used: "Some of the opening stock has left the shelf already.",
  stocked: "The item has other stock by now and stays; the stock of this import was taken back.",
  blocked: "Its old name or barcode is another item’s by now, or its stock is counted in the new units.",
} as const;

/**
 * Undoes an import's changes of the next items: takes their opening stock back, restores what was updated and archives
 * what was added. An item is undone whole or kept whole, with the reason: kept is what somebody changed since, and what
 * was taken from its stock.
 */
export async function undoChunk(tx: TenantScope<Job>, run: Import): Promise<void> {
  await lockCatalogue(tx);
  const changes = await nextChanges(tx, run.id);
  if (changes.length === 0) {
    const now = tx.clock.now();
    await move(tx, run, "finish", { undoneAt: now });
    const { id, rowsUndone, rowsKept } = run;
    await TenantAudit.append(tx, { action: "import.undone", after: { id, rowsUndone, rowsKept } });
    return;
  }
  const itemIds = [...new Set(changes.map(({ itemId }) => itemId))];
  const kept = new Map<string, string>();
  for (const itemId of await changedSince(tx, changes)) kept.set(itemId, keptReasons.changed);
  const untouched = itemIds.filter((itemId) => !kept.has(itemId));
  for (const { itemId, undone } of await Stock.undoOpening(tx, { sourceId: run.id, itemIds: untouched })) {
    if (!undone) kept.set(itemId, keptReasons.used);
  }
  const restored = await BulkItems.restoreMany(
    tx,
    changes.flatMap(({ itemId: id, before, itemChangedAt: updatedAt }) =>
      kept.has(id) || updatedAt === null ? [] : [{ id, before, updatedAt }],
    ),
  );
  const added = new Set(changes.filter(({ change }) => change === "added").map(({ itemId }) => itemId));
  for (const { id, undone } of restored) {
    if (!undone) kept.set(id, added.has(id) ? keptReasons.stocked : keptReasons.blocked);
  }
  await settleChanges(tx, run.id, itemIds, kept);
  const rowsKept = changes.filter(({ itemId }) => kept.has(itemId)).length;
  await move(tx, run, "chunk", {
    rowsUndone: run.rowsUndone + changes.length - rowsKept,
    rowsKept: run.rowsKept + rowsKept,
  });
}

const changeSchema = z.object({
  itemId: z.string(),
  change: z.enum(["added", "updated", "stocked"]),
  before: itemFieldsSchema.nullable(),
  itemChangedAt: z.date().nullable(),
});
type Change = Readonly<z.infer<typeof changeSchema>>;

/** All changes of the next items that are neither undone nor kept. */
async function nextChanges(tx: TenantScope<Job>, importId: string): Promise<readonly Change[]> {
  const open = tx.db
    .selectFrom("itemImportChanges")
    .where("importId", "=", importId)
    .where("undoneAt", "is", null)
    .where("keptReason", "is", null);
  const rows = await open
    .select(["itemId", "change", "before", "itemChangedAt"])
    .where("itemId", "in", open.select("itemId").distinct().orderBy("itemId").limit(CHUNK_ITEMS))
    .orderBy("itemId")
    .orderBy("rowNumber")
    .execute();
  return rows.map((row) => changeSchema.parse(row));
}

/** Items that were changed or archived after the import had changed them; they stay locked. */
async function changedSince(tx: TenantScope<Job>, changes: readonly Change[]): Promise<readonly string[]> {
  const own = changes.filter((change) => change.itemChangedAt !== null);
  if (own.length === 0) return [];
  const rows = await tx.db
    .selectFrom("items")
    .select(["id", "updatedAt", "archivedAt"])
    .where(
      "id",
      "in",
      own.map(({ itemId }) => itemId),
    )
    .orderBy("id")
    .forUpdate()
    .execute();
  const current = new Map(rows.map((row) => [row.id, row]));
  return own
    .filter(({ itemId, itemChangedAt }) => {
      const item = current.get(itemId);
      return item?.archivedAt !== null || item.updatedAt.getTime() !== itemChangedAt?.getTime();
    })
    .map(({ itemId }) => itemId);
}

/** Records of each item that it was undone, or why it was kept. */
async function settleChanges(
  tx: TenantScope<Job>,
  importId: string,
  itemIds: readonly string[],
  kept: ReadonlyMap<string, string>,
): Promise<void> {
  const outcomes = itemIds.map((itemId) => ({ itemId, reason: kept.get(itemId) ?? null }));
  await sql`
    update item_import_changes set
      undone_at = case when outcome.reason is null then ${tx.clock.now()}::timestamptz end,
      kept_reason = outcome.reason
    from jsonb_to_recordset(${outcomes}::jsonb) as outcome ("itemId" uuid, reason text)
    where item_import_changes.import_id = ${importId}::uuid and item_import_changes.item_id = outcome."itemId"
      and item_import_changes.undone_at is null and item_import_changes.kept_reason is null
  `.execute(tx.db);
}
