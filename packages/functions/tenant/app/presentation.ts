import type { Import } from "@pharmasight/core/tenant/imports/imports";
import { type Item, Items } from "@pharmasight/core/tenant/items/items";
import { inLargerUnits } from "@pharmasight/core/tenant/items/units";
import type { Stock } from "@pharmasight/core/tenant/stock/stock";
import type { ImportRow } from "@pharmasight/views/tenant/import-runs";
import type { ItemDetails } from "@pharmasight/views/tenant/item.tsx";
import type { ItemStockProps, StockAmount } from "@pharmasight/views/tenant/item-stock.tsx";
import type { ItemRow } from "@pharmasight/views/tenant/items.tsx";
import { shownState } from "./import-presentation.ts";

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
      cost: item.costPrice ?? null,
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
    ...(item.archivedAt === null ? {} : { archivedAt: item.archivedAt }),
    createdAt: item.createdAt,
    updatedAt: item.updatedAt,
  };
}

/** What is in stock of an item, as its page shows it. */
export function itemStock(stock: Stock.ItemStock, item: Item, mayImport: boolean): ItemStockProps {
  const amount = (quantity: string): StockAmount => ({
    base: { count: quantity, unit: item.baseUnit },
    larger: inLargerUnits(quantity, item),
  });
  return {
    total: amount(stock.quantity),
    branches: stock.branches.map(({ code, name, quantity, batches }) => ({
      code,
      name,
      amount: amount(quantity),
      batches: batches.map(({ batchNumber, expiresOn, expiry, quantity: ofBatch }) => ({
        batchNumber,
        ...(expiresOn === null ? {} : { expiresOn }),
        expiry,
        amount: amount(ofBatch),
      })),
    })),
    isPartial: stock.isPartial,
    mayImport,
  };
}

export function importRow(run: Import): ImportRow {
  return {
    id: run.id,
    fileName: run.fileName,
    state: shownState(run),
    createdAt: run.createdAt,
    read: run.rowsRead,
    added: run.rowsAdded,
    skipped: run.rowsSkipped,
    rejected: run.rowsRejected,
  };
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
