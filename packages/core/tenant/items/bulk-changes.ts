import { sql } from "kysely";
import type { Job, Member } from "../actors.ts";
import type { TenantScope } from "../scope.ts";
import { itemsWithMovements } from "../stock/ledger.ts";
import { type ItemFields, itemColumns, itemFieldsSchema } from "./item.ts";
import { type FieldName, type ItemInput, planChange, unitChanges } from "./item-changes.ts";
import type { NewItem } from "./new-item.ts";
import { writeFields } from "./writing.ts";

/** An item that is locked until the transaction ends. */
export interface LockedItem {
  readonly fields: ItemFields;
  readonly updatedAt: Date;
}

export interface Outcome {
  readonly updatedAt: Date;
  /** Why nothing was changed, in words for the person; null when it was. */
  readonly refused: string | null;
}

/** Those of the items that are on the lists, locked in the order of their ids; one statement. */
export async function lockItems(
  tx: TenantScope<Member | Job>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, LockedItem>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.db
    .selectFrom("items")
    .select(itemColumns)
    .where("id", "in", ids)
    .where("archivedAt", "is", null)
    .orderBy("id")
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.id, { fields: itemFieldsSchema.parse(row), updatedAt: row.updatedAt }]));
}

/** Changes locked items, each id once; refuses some and goes on with the others; three statements. */
export async function applyChanges(
  tx: TenantScope<Member | Job>,
  items: ReadonlyMap<string, LockedItem>,
  changes: readonly { readonly id: string; readonly fields: ItemInput }[],
): Promise<ReadonlyMap<string, Outcome>> {
  const refused = new Map<string, string>();
  const plans: Plan[] = [];
  for (const { id, fields } of changes) {
    const before = items.get(id)?.fields;
    if (before === undefined) continue;
    const plan = planChange(before, fields);
    if (plan.ok) plans.push({ id, after: plan.after, changed: plan.changed, units: unitChanges(before, plan.changed) });
    else refused.set(id, Object.values(plan.fields).join(" "));
  }
  const ofUnits = plans.filter(({ units }) => Object.keys(units).length > 0);
  const counted = await itemsWithMovements(
    tx,
    ofUnits.map(({ id }) => id),
  );
  for (const { id, units } of ofUnits) if (counted.has(id)) refused.set(id, Object.values(units).join(" "));
  const isOpen = ({ id }: Plan) => !refused.has(id);
  for (const [id, words] of await takenNames(tx, plans.filter(isOpen))) refused.set(id, words);
  const written = await writeFields(
    tx,
    plans.filter(isOpen).filter(({ changed }) => changed.length > 0),
  );
  const outcomes = new Map<string, Outcome>();
  for (const { id } of changes) {
    const item = items.get(id);
    if (item === undefined) continue;
    outcomes.set(id, { updatedAt: written.get(id) ?? item.updatedAt, refused: refused.get(id) ?? null });
  }
  return outcomes;
}

interface Plan {
  readonly id: string;
  readonly after: NewItem;
  readonly changed: readonly FieldName[];
  /** What it alters of the units that stock is counted in. */
  readonly units: Readonly<Record<string, string>>;
}

/** Changes whose new name or barcode is another item's, or of another of the changes, with the words for each. */
async function takenNames(tx: TenantScope<Member | Job>, plans: readonly Plan[]): Promise<ReadonlyMap<string, string>> {
  const renamed = plans.filter(({ changed }) => changed.includes("name") || changed.includes("barcode"));
  if (renamed.length === 0) return new Map();
  const list = renamed.map(({ id, after }, position) => ({ position, id, name: after.name, barcode: after.barcode }));
  const { rows } = await sql<{
    id: string;
    name: string;
    barcode: string | null;
    nameTaken: boolean;
    barcodeTaken: boolean;
  }>`
    select wanted.id, lower(wanted.name) as name, wanted.barcode,
      exists (
        select from items where lower(items.name) = lower(wanted.name) and archived_at is null and items.id <> wanted.id
      ) as name_taken,
      exists (
        select from items where items.barcode = wanted.barcode and archived_at is null and items.id <> wanted.id
      ) as barcode_taken
    from jsonb_to_recordset(${list}::jsonb) as wanted (position integer, id uuid, name text, barcode text)
    order by wanted.position
  `.execute(tx.db);
  const taken = new Map<string, string>();
  const names = new Set<string>();
  const barcodes = new Set<string>();
  for (const { id, name, barcode, nameTaken, barcodeTaken } of rows) {
    if (nameTaken || names.has(name)) taken.set(id, "Another item has this name.");
    else if (barcodeTaken || (barcode !== null && barcodes.has(barcode)))
      taken.set(id, "Another item has this barcode.");
    names.add(name);
    if (barcode !== null) barcodes.add(barcode);
  }
  return taken;
}
