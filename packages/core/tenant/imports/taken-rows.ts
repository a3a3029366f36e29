import type { Job } from "../actors.ts";
import type { ItemFields } from "../items/item.ts";
import type { TenantScope } from "../scope.ts";
import { open, reasonsToLeave } from "./openings.ts";
import type { Import } from "./record.ts";
import { rejection } from "./rejections.ts";
import type { ReadRow } from "./row-reader.ts";

/** A row whose item is among the items now. */
export interface Taken {
  readonly entry: ReadRow;
  readonly itemId: string;
  readonly result: "added" | "updated" | "skipped";
  /** Of an update: the item's fields before. */
  readonly before: ItemFields | null;
  /** Of an addition or update: the item's time of change. */
  readonly changedAt: Date | null;
}

/** Opens the stock of rows that were taken. `stocked`: the rows whose stock was; `left`: why it was not, of the others. */
export async function openStock(tx: TenantScope<Job>, run: Import, taken: readonly Taken[]) {
  const wanted = taken
    .toSorted((one, other) => one.entry.row.number - other.entry.row.number)
    .flatMap(({ entry, itemId }) =>
      entry.stock === null
        ? []
        : [{ entry, opening: { ...entry.stock, itemId, unitCost: entry.given.costPrice ?? null } }],
    );
  const reasons = await reasonsToLeave(
    tx,
    wanted.map(({ entry, opening }) => ({ ...opening, unit: entry.given.baseUnit ?? null })),
  );
  const opened = wanted.filter((_, index) => reasons[index] === undefined);
  const documentNumbers = await open(
    tx,
    run.id,
    opened.map(({ opening }) => opening),
    run.documentNumbers,
  );
  return {
    documentNumbers,
    stocked: new Set(opened.map(({ entry }) => entry.row.number)),
    left: wanted.flatMap(({ entry: { row } }, index) => {
      const reason = reasons[index];
      return reason === undefined ? [] : [rejection(row, "stock_left", reason)];
    }),
  };
}

/** Notes what each row did, so that it can be undone. */
export async function insertChanges(
  tx: TenantScope<Job>,
  importId: string,
  taken: readonly Taken[],
  stocked: ReadonlySet<number>,
): Promise<void> {
  const changes = taken.flatMap(({ entry, itemId, result, before, changedAt: itemChangedAt }) => {
    const rowNumber = entry.row.number;
    if (result === "skipped" && !stocked.has(rowNumber)) return [];
    const change = result === "skipped" ? ("stocked" as const) : result;
    return [{ importId, rowNumber, itemId, change, before: before && { ...before }, itemChangedAt }];
  });
  if (changes.length > 0) await tx.db.insertInto("itemImportChanges").values(changes).execute();
}
