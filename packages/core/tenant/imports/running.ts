import type { Job } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { BulkItems, type KnownItem } from "../items/bulk.ts";
import type { NewItem } from "../items/new-item.ts";
import { lockCatalogue } from "../items/writing.ts";
import { Limits } from "../limits/limits.ts";
import type { TenantScope } from "../scope.ts";
import { ambiguousReason } from "./checking.ts";
import { move } from "./moves.ts";
import type { Import } from "./record.ts";
import { insertRejections, type Rejection, rejection } from "./rejections.ts";
import { type ReadRow, rowReader } from "./row-reader.ts";
import { identitySights, repeatsAmong } from "./sights.ts";
import { forgetStaged, stagedAfter } from "./staged-rows.ts";
import { insertChanges, openStock, type Taken } from "./taken-rows.ts";

/** Rows of one transaction. */
const CHUNK_ROWS = 500;

const changedReason =
  "The item was changed after the check, by somebody or by another import. Look at it, then import this row again.";
const takenReason = "Its name or barcode is another item’s.";

/**
 * Takes the next rows of a file into items and stock, in one transaction that holds the import and the catalogue. Another
 * import waits for the end of the chunk and finds the items known then, so that no two ever double anything.
 */
export async function runChunk(tx: TenantScope<Job>, run: Import): Promise<void> {
  await lockCatalogue(tx);
  const rows = await stagedAfter(tx, run.id, run.position, CHUNK_ROWS);
  const last = rows.at(-1);
  if (last === undefined) {
    await finish(tx, run);
    return;
  }
  const read = await rowReader(tx, run);
  const chunk = new Chunk();
  let open: ReadRow[] = [];
  for (const outcome of rows.map(read)) {
    if (outcome.ok) open.push(outcome);
    else chunk.rejected.push(rejection(outcome.row, "rejected", outcome.reason));
  }
  while (open.length > 0) {
    const later = await takeRound(tx, run, open, chunk);
    // No row of a round was taken: what is left is refused for a reason that nothing here can see.
    if (later.length === open.length) {
      for (const { row } of later) chunk.rejected.push(rejection(row, "rejected", takenReason));
      break;
    }
    open = later;
  }
  const { documentNumbers, stocked, left } = await openStock(tx, run, chunk.taken);
  await insertChanges(tx, run.id, chunk.taken, stocked);
  await insertRejections(tx, run.id, [...chunk.rejected, ...left]);
  const count = (result: Taken["result"]) => chunk.taken.filter((taken) => taken.result === result).length;
  const parked = chunk.taken.filter(({ result, entry }) => result === "added" && entry.item.taxClass === null);
  await move(tx, run, "chunk", {
    position: last.number,
    rowsRead: run.rowsRead + rows.length,
    rowsAdded: run.rowsAdded + count("added"),
    rowsUpdated: run.rowsUpdated + count("updated"),
    rowsSkipped: run.rowsSkipped + count("skipped"),
    rowsRejected: run.rowsRejected + chunk.rejected.length,
    rowsParked: run.rowsParked + parked.length,
    rowsStocked: run.rowsStocked + stocked.size,
    rowsStockLeft: run.rowsStockLeft + left.length,
    documentNumbers: { ...documentNumbers },
  });
}

/** What became of the rows of a chunk so far. */
class Chunk {
  readonly taken: Taken[] = [];
  readonly rejected: Rejection[] = [];

  /** Items that these rows added or updated. */
  get ownItems(): ReadonlySet<string> {
    return new Set(this.taken.filter(({ result }) => result !== "skipped").map(({ itemId }) => itemId));
  }
}

/**
 * Takes those of the rows whose names, barcodes and items no earlier row of the round changes. The others have to see
 * what became of that row first.
 * @returns the rows for the next round
 */
async function takeRound(
  tx: TenantScope<Job>,
  run: Import,
  entries: readonly ReadRow[],
  chunk: Chunk,
): Promise<ReadRow[]> {
  const known = await BulkItems.findKnown(
    tx,
    entries.map(({ item }) => item),
  );
  const own = new Set([...chunk.ownItems, ...(await changedBefore(tx, run.id, known))]);
  const repeats = await repeatsAmong(tx, run.id, entries.flatMap(identitySights));
  const claimed = new Set<string>();
  const later: ReadRow[] = [];
  const adding: { entry: ReadRow; item: NewItem }[] = [];
  const updating: { entry: ReadRow; found: KnownItem }[] = [];
  for (const [index, entry] of entries.entries()) {
    const found = known[index];
    const { item, row } = entry;
    const keys = [
      `name ${item.name.toLowerCase()}`,
      ...(item.barcode === null ? [] : [`barcode ${item.barcode}`]),
      ...(found === undefined ? [] : [`item ${found.id}`]),
    ];
    if (keys.some((key) => claimed.has(key))) {
      later.push(entry);
      continue;
    }
    const isRepeat = repeats.has(row.number) || (found !== undefined && own.has(found.id));
    const decision = decide(run, entry, found, isRepeat);
    if (decision === "reject") chunk.rejected.push(rejection(row, "rejected", ambiguousReason(found?.name ?? "")));
    else if (decision === "skip" && found !== undefined) {
      chunk.taken.push({ entry, itemId: found.id, result: "skipped", before: null, changedAt: null });
    } else {
      for (const key of keys) claimed.add(key);
      if (decision === "update" && found !== undefined) updating.push({ entry, found });
      else adding.push({ entry, item: found === undefined ? item : { ...item, barcode: null } });
    }
  }
  const room = adding.length === 0 ? 0 : await Limits.left(tx, "items");
  later.push(...(await add(tx, adding.slice(0, room), chunk)));
  for (const { entry } of adding.slice(room)) {
    // What was added may have turned out to be known, and have left room: the next round tells.
    if (room > 0) later.push(entry);
    else chunk.rejected.push(rejection(entry.row, "rejected", Limits.rowRefusal(tx)));
  }
  await update(tx, run, updating, chunk);
  return later.toSorted((one, other) => one.row.number - other.row.number);
}

/**
 * What a row wants. An item is changed by one row of a file; another row of it only brings stock, as lists by batch have
 * them. Two items on the lists never have one name, so that “add as a new item” is possible only where the barcode alone
 * is known: the new item goes without it.
 */
function decide(
  { onKnown }: Import,
  { item }: ReadRow,
  found: KnownItem | undefined,
  isRepeat: boolean,
): "add" | "update" | "skip" | "reject" {
  if (found === undefined) return "add";
  if (found.isAmbiguous) return "reject";
  if (isRepeat) return "skip";
  if (onKnown === "update") return "update";
  const isNamesake = found.matchedBy === "name" || found.name.toLowerCase() === item.name.toLowerCase();
  return onKnown === "create" && !isNamesake ? "add" : "skip";
}

/** @returns rows that turned out to be known after all */
async function add(
  tx: TenantScope<Job>,
  adding: readonly { readonly entry: ReadRow; readonly item: NewItem }[],
  chunk: Chunk,
): Promise<readonly ReadRow[]> {
  const ids = await BulkItems.insertMany(
    tx,
    adding.map(({ item }) => item),
  );
  const times = await lockTimes(
    tx,
    ids.filter((id) => id !== undefined),
  );
  const known: ReadRow[] = [];
  for (const [index, { entry }] of adding.entries()) {
    const itemId = ids[index];
    const changedAt = itemId === undefined ? undefined : times.get(itemId);
    if (itemId === undefined || changedAt === undefined) known.push(entry);
    else chunk.taken.push({ entry, itemId, result: "added", before: null, changedAt });
  }
  return known;
}

/**
 * Changes known items. What a person or another import changed since the check began is left alone: nobody chose to
 * overwrite that.
 */
async function update(
  tx: TenantScope<Job>,
  { checkedAt }: Import,
  updating: readonly { readonly entry: ReadRow; readonly found: KnownItem }[],
  chunk: Chunk,
): Promise<void> {
  const times = await lockTimes(
    tx,
    updating.map(({ found }) => found.id),
  );
  const isUntouched = ({ found }: { found: KnownItem }) => {
    const changedAt = times.get(found.id);
    return checkedAt !== null && changedAt !== undefined && changedAt < checkedAt;
  };
  const results = await BulkItems.updateMany(
    tx,
    updating.filter(isUntouched).map(({ entry, found }) => ({ id: found.id, fields: entry.given })),
  );
  const byId = new Map(results.map((result) => [result.id, result]));
  for (const { entry, found } of updating) {
    const result = byId.get(found.id);
    if (result === undefined) chunk.rejected.push(rejection(entry.row, "rejected", changedReason));
    else if (result.refused !== null) chunk.rejected.push(rejection(entry.row, "rejected", result.refused));
    else if (result.updatedAt.getTime() === times.get(found.id)?.getTime()) {
      chunk.taken.push({ entry, itemId: found.id, result: "skipped", before: null, changedAt: null });
    } else {
      const { before, updatedAt: changedAt } = result;
      chunk.taken.push({ entry, itemId: found.id, result: "updated", before, changedAt });
    }
  }
}

/** When items were changed last; nobody changes them until the transaction ends. */
async function lockTimes(tx: TenantScope<Job>, ids: readonly string[]): Promise<ReadonlyMap<string, Date>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.db
    .selectFrom("items")
    .select(["id", "updatedAt"])
    .where("id", "in", ids)
    .where("archivedAt", "is", null)
    .orderBy("id")
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.id, row.updatedAt]));
}

/** Those of the known items that earlier chunks of this import added or updated. */
async function changedBefore(
  tx: TenantScope<Job>,
  importId: string,
  known: readonly (KnownItem | undefined)[],
): Promise<readonly string[]> {
  const ids = known.flatMap((found) => (found === undefined ? [] : [found.id]));
  if (ids.length === 0) return [];
  const rows = await tx.db
    .selectFrom("itemImportChanges")
    .select("itemId")
    .where("importId", "=", importId)
    .where("itemId", "in", ids)
    .where("change", "<>", "stocked")
    .execute();
  return rows.map(({ itemId }) => itemId);
}

async function finish(tx: TenantScope<Job>, run: Import): Promise<void> {
  await forgetStaged(tx, run.id);
  await move(tx, run, "finish", { finishedAt: tx.clock.now(), content: null });
  const { id, rowsAdded, rowsUpdated, rowsSkipped, rowsRejected, rowsStocked } = run;
  const after = { id, rowsAdded, rowsUpdated, rowsSkipped, rowsRejected, rowsStocked };
  await TenantAudit.append(tx, { action: "import.finished", after });
}
