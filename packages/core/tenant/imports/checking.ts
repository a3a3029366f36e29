import type { Job } from "../actors.ts";
import { BulkItems } from "../items/bulk.ts";
import { Limits } from "../limits/limits.ts";
import type { TenantScope } from "../scope.ts";
import { move } from "./moves.ts";
import { openedReason, reasonsToLeave } from "./openings.ts";
import type { Import } from "./record.ts";
import { insertRejections, type Rejection, rejection } from "./rejections.ts";
import { type ReadRow, rowReader } from "./row-reader.ts";
import { identitySights, noteSights, stockSight } from "./sights.ts";
import { stagedAfter } from "./staged-rows.ts";

/** Rows of one transaction. */
const CHUNK_ROWS = 500;

export const ambiguousReason = (name: string): string =>
  `The barcode is that of “${name}”, and another item has this name. Correct one of the two.`;

/** A row that a run would take. */
interface Taken {
  readonly entry: ReadRow;
  /** The item that it is, when there is one. */
  readonly itemId: string | undefined;
  readonly isNew: boolean;
}

/** Finds out of the next rows what a run would do with them. Nothing is written to items or stock. */
export async function checkChunk(tx: TenantScope<Job>, run: Import): Promise<void> {
  const rows = await stagedAfter(tx, run.id, run.position, CHUNK_ROWS);
  const last = rows.at(-1);
  if (last === undefined) {
    await move(tx, run, "finish");
    return;
  }
  const read = await rowReader(tx, run);
  const rejected: Rejection[] = [];
  const good: ReadRow[] = [];
  for (const outcome of rows.map(read)) {
    if (outcome.ok) good.push(outcome);
    else rejected.push(rejection(outcome.row, "rejected", outcome.reason));
  }
  const repeats = await noteSights(tx, run.id, good.flatMap(identitySights));
  const known = await BulkItems.findKnown(
    tx,
    good.map(({ item }) => item),
  );
  const taken: Taken[] = [];
  let room = (await Limits.left(tx, "items")) - run.rowsNew;
  for (const [index, entry] of good.entries()) {
    const found = known[index];
    const isNew = found === undefined && !repeats.has(entry.row.number);
    if (found?.isAmbiguous) rejected.push(rejection(entry.row, "rejected", ambiguousReason(found.name)));
    else if (isNew && room <= 0) rejected.push(rejection(entry.row, "rejected", Limits.rowRefusal(tx)));
    else taken.push({ entry, itemId: found?.id, isNew });
    if (isNew) room -= 1;
  }
  const left = await stockLeft(tx, run.id, taken);
  const rowsNew = taken.filter(({ isNew }) => isNew).length;
  await insertRejections(tx, run.id, [...rejected, ...left]);
  await move(tx, run, "chunk", {
    position: last.number,
    rowsChecked: run.rowsChecked + rows.length,
    rowsNew: run.rowsNew + rowsNew,
    rowsKnown: run.rowsKnown + taken.length - rowsNew,
    rowsBad: run.rowsBad + rejected.length,
    rowsParked: run.rowsParked + taken.filter(({ isNew, entry }) => isNew && entry.item.taxClass === null).length,
    rowsStocked: run.rowsStocked + taken.filter(({ entry }) => entry.stock !== null).length - left.length,
    rowsStockLeft: run.rowsStockLeft + left.length,
  });
}

/** The rows whose stock would be left out, with the reason. */
async function stockLeft(
  tx: TenantScope<Job>,
  importId: string,
  taken: readonly Taken[],
): Promise<readonly Rejection[]> {
  const wanted = taken.flatMap(({ entry, itemId }) =>
    entry.stock === null || itemId === undefined
      ? []
      : [{ entry, batch: { ...entry.stock, itemId, unit: entry.given.baseUnit ?? null } }],
  );
  const found = await reasonsToLeave(
    tx,
    wanted.map(({ batch }) => batch),
  );
  const reasons = new Map(wanted.map(({ entry }, index) => [entry.row.number, found[index]]));
  const repeated = await noteSights(
    tx,
    importId,
    taken.flatMap(({ entry, itemId }) => stockSight(entry, itemId)),
  );
  return taken.flatMap(({ entry: { row } }) => {
    const reason = reasons.get(row.number) ?? (repeated.has(row.number) ? openedReason : undefined);
    return reason === undefined ? [] : [rejection(row, "stock_left", reason)];
  });
}
