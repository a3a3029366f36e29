import type { Import, Rejection } from "@pharmasight/core/tenant/imports/imports";
import { type Item, Items } from "@pharmasight/core/tenant/items/items";
import type { ImportRow, ImportRun } from "@pharmasight/views/tenant/import-runs";
import type { ItemDetails } from "@pharmasight/views/tenant/item.tsx";
import type { ItemRow } from "@pharmasight/views/tenant/items.tsx";

/** An item as lists show it. */
export function itemRow(item: Item, currency: string): ItemRow {
  return {
    id: item.id,
    sku: item.sku,
    name: item.name,
    currency,
    unit: item.baseUnit,
    taxClass: item.taxClass,
    setupComplete: Items.isSetupComplete(item),
    ...present({
      genericName: item.genericName,
      brandNames: item.brandNames,
      strength: item.strength,
      form: item.form,
      price: item.retailPrice,
    }),
  };
}

/** An item as its own page shows it. */
export function itemDetails(item: Item, currency: string): ItemDetails {
  const { wholesaleUnit, basePerWholesale, supplierUnit, wholesalePerSupplier } = item;
  return {
    ...itemRow(item, currency),
    ...present({ barcode: item.barcode }),
    ...(wholesaleUnit === null || basePerWholesale === null
      ? {}
      : { wholesaleUnit: { name: wholesaleUnit, holds: basePerWholesale } }),
    ...(supplierUnit === null || wholesalePerSupplier === null
      ? {}
      : { supplierUnit: { name: supplierUnit, holds: wholesalePerSupplier } }),
    isControlled: item.isControlled,
    isPrescriptionOnly: item.isPrescriptionOnly,
    isColdChain: item.isColdChain,
    createdAt: item.createdAt,
    updatedAt: item.updatedAt,
  };
}

export function importRow(run: Import): ImportRow {
  return {
    id: run.id,
    fileName: run.fileName,
    state: run.state,
    createdAt: run.createdAt,
    read: run.rowsRead,
    added: run.rowsAdded,
    skipped: run.rowsSkipped,
    rejected: run.rowsRejected,
  };
}

/** An import with its pace so far, measured from its first chunk. */
export function importRun(run: Import, rejections: readonly Rejection[], now: Date): ImportRun {
  return {
    ...importRow(run),
    ...(run.rowsTotal === null ? {} : { total: run.rowsTotal }),
    ...(run.error === null ? {} : { failure: run.error }),
    ...pace(run, now),
    rejectedRows: rejections.map((row) => ({ row: row.rowNumber, text: row.cells.join(", "), reason: row.reason })),
  };
}

function pace(run: Import, now: Date): { rowsPerSecond?: number; secondsLeft?: number } {
  if (run.startedAt === null || run.rowsRead === 0) return {};
  const seconds = ((run.finishedAt ?? now).getTime() - run.startedAt.getTime()) / 1000;
  if (seconds < 1) return {};
  const rowsPerSecond = run.rowsRead / seconds;
  if (run.finishedAt !== null || run.rowsTotal === null) return { rowsPerSecond };
  return { rowsPerSecond, secondsLeft: Math.ceil((run.rowsTotal - run.rowsRead) / rowsPerSecond) };
}

/** Only the properties that have a value: pages leave out what is not known. */
function present<K extends string>(values: Readonly<Record<K, string | null>>): Partial<Record<K, string>> {
  const known: Partial<Record<K, string>> = {};
  for (const key in values) {
    const value = values[key];
    if (value !== null) known[key] = value;
  }
  return known;
}
