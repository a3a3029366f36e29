import { type RawBuilder, sql } from "kysely";
import type { ApiKey, Job, Member } from "../actors.ts";
import type { TenantScope } from "../scope.ts";
import type { NewItem } from "./new-item.ts";

/**
 * Lets one transaction at a time change the catalogue: two that insert or rename the same items in another order would
 * wait for each other for ever. Taken before any row is locked.
 */
export async function lockCatalogue(tx: TenantScope<Member | ApiKey | Job>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('items'))`.execute(tx.db);
}

/** When an item is changed: now, and in any case later than its last change, so that no change is overlooked. */
export const changedAt = (now: Date): RawBuilder<Date> =>
  sql<Date>`greatest(${now}::timestamptz, items.updated_at + interval '1 millisecond')`;

/** Writes whole items that are locked, 500 at most, in one statement. @returns when each was changed, by id */
export async function writeFields(
  tx: TenantScope<Member | ApiKey | Job>,
  changes: readonly { readonly id: string; readonly after: NewItem }[],
): Promise<ReadonlyMap<string, Date>> {
  if (changes.length === 0) return new Map();
  const list = changes.map(({ id, after }) => ({ ...after, id }));
  const { rows } = await sql<{ id: string; updatedAt: Date }>`
    update items set
      name = change.name,
      generic_name = change."genericName",
      brand_names = change."brandNames",
      strength = change.strength,
      form = change.form,
      barcode = change.barcode,
      base_unit = change."baseUnit",
      wholesale_unit = change."wholesaleUnit",
      base_per_wholesale = change."basePerWholesale",
      supplier_unit = change."supplierUnit",
      wholesale_per_supplier = change."wholesalePerSupplier",
      retail_price = change."retailPrice",
      cost_price = change."costPrice",
      tax_class = change."taxClass",
      is_controlled = change."isControlled",
      is_prescription_only = change."isPrescriptionOnly",
      is_cold_chain = change."isColdChain",
      updated_at = ${changedAt(tx.clock.now())}
    from jsonb_to_recordset(${list}::jsonb) as change (
      id uuid, name text, "genericName" text, "brandNames" text, strength text, form text, barcode text,
      "baseUnit" text, "wholesaleUnit" text, "basePerWholesale" numeric, "supplierUnit" text,
      "wholesalePerSupplier" numeric, "retailPrice" numeric, "costPrice" numeric, "taxClass" text,
      "isControlled" boolean, "isPrescriptionOnly" boolean, "isColdChain" boolean
    )
    where items.id = change.id
    returning items.id, items.updated_at
  `.execute(tx.db);
  return new Map(rows.map((row) => [row.id, row.updatedAt]));
}
