export * as Items from "./items.ts";

import { sql } from "kysely";
import * as z from "zod";
import { DomainError, invalidInput, notFound } from "../../kernel/errors.ts";
import { idSchema } from "../../kernel/ids.ts";
import type { ApiKey, Member } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { Limits } from "../limits/limits.ts";
import type { TenantScope } from "../scope.ts";
import { itemsWithMovements } from "../stock/ledger.ts";
import { insertMany } from "./bulk.ts";
import { type Item, type ItemFields, itemColumns, itemColumnsFor, itemFieldsSchema, itemSchema } from "./item.ts";
import { type FieldName, type ItemInput, planChange, unitChanges } from "./item-changes.ts";
import { type NewItem, type NewItemInput, parseNewItem, taxClasses } from "./new-item.ts";
import { maySeeCosts, requireCostSetter, requireEditor, requireReader } from "./rights.ts";
import { changedAt, lockCatalogue, writeFields } from "./writing.ts";

export { type Item, type ItemFields, isSetupComplete, itemFieldsSchema } from "./item.ts";
export { differingFields, type FieldName, type ItemInput } from "./item-changes.ts";
export { count, type ItemFilter, type ItemPage, itemFilters, type ListOptions, list } from "./listing.ts";
export { mayEdit, maySeeCosts, requireEditor } from "./rights.ts";

/** Items whose tax class can be set in one go. */
export const TAX_CLASS_ITEMS_MAX = 200;

/**
 * Adds an item under the next number.
 * @throws DomainError `forbidden` for roles that only read and for a cost from somebody who may not see costs,
 *   `invalid_input` by field, `conflict` when the name or the barcode is another item's, `limit_reached`
 */
export async function create(tenant: TenantScope<Member | ApiKey>, input: NewItemInput): Promise<Item> {
  requireEditor(tenant.actor);
  const item = parseNewItem(input);
  if (item.costPrice !== null) requireCostSetter(tenant.actor);
  return tenant.tx(async (tx) => {
    await Limits.takeRoom(tx, "items");
    const [id] = await insertMany(tx, [item]);
    if (id === undefined)
      throw (await taken(tx, item)) ?? new Error("an item was left out though nothing has its name or barcode");
    await TenantAudit.append(tx, { action: "item.created", after: { id, ...item } });
    return read(tx, id);
  });
}

/**
 * An item, an archived one too.
 * @throws DomainError `not_found`, or `forbidden` for somebody who may not see items
 */
export async function get(tenant: TenantScope<Member | ApiKey>, id: string): Promise<Item> {
  requireReader(tenant.actor);
  return read(tenant, id);
}

/**
 * Whether stock of the item is counted already, so that its units stay.
 * @throws DomainError `forbidden` for somebody who may not see items
 */
export async function hasFixedUnits(tenant: TenantScope<Member | ApiKey>, id: string): Promise<boolean> {
  requireReader(tenant.actor);
  return (await itemsWithMovements(tenant, [id])).has(id);
}

/**
 * Replaces fields of an item.
 * @param seenAt `updatedAt` of the item as whoever changes it saw it
 * @throws DomainError `conflict` without fields when the item was changed since or is archived, with fields when the new
 *   name or barcode is another item's; `invalid_input` by field, also for units that stock is counted in; `forbidden` for
 *   roles that only read and for a cost from somebody who may not see costs; `not_found`
 */
export async function update(
  tenant: TenantScope<Member | ApiKey>,
  id: string,
  input: ItemInput,
  seenAt: Date,
): Promise<Item> {
  requireEditor(tenant.actor);
  if (input.costPrice !== undefined) requireCostSetter(tenant.actor);
  return tenant.tx(async (tx) => {
    const { item, fields: before } = await lock(tx, id);
    if (item.updatedAt.getTime() !== seenAt.getTime()) {
      throw new DomainError(
        "conflict",
        "This item was changed meanwhile. Look at what it is now, then change it again.",
      );
    }
    if (item.archivedAt !== null) throw new DomainError("conflict", "This item is archived. Bring it back first.");
    const plan = planChange(before, input);
    if (!plan.ok) throw invalidInput("Some of the item's fields need a change.", plan.fields);
    const { after, changed } = plan;
    if (changed.length === 0) return read(tx, id);
    const fixed = unitChanges(before, changed);
    if (Object.keys(fixed).length > 0 && (await itemsWithMovements(tx, [id])).has(id)) {
      throw invalidInput("Stock of this item is recorded in its units: they stay.", fixed);
    }
    const conflict = await taken(tx, after, id);
    if (conflict !== undefined) throw conflict;
    await writeFields(tx, [{ id, after }]);
    await TenantAudit.append(tx, {
      action: "item.updated",
      before: { id, ...pick(before, changed) },
      after: { id, ...pick(after, changed) },
    });
    return read(tx, id);
  });
}

/**
 * Takes an item off the lists. Its name and barcode are free for another, its stock and history stay.
 * @throws DomainError `forbidden`, `not_found`
 */
export async function archive(tenant: TenantScope<Member | ApiKey>, id: string): Promise<void> {
  requireEditor(tenant.actor);
  await tenant.tx(async (tx) => {
    const { item } = await lock(tx, id);
    if (item.archivedAt !== null) return;
    await setArchivedAt(tx, id, tx.clock.now());
    await TenantAudit.append(tx, { action: "item.archived", after: { id, name: item.name } });
  });
}

/**
 * Brings an archived item back to the lists.
 * @throws DomainError `conflict` by field when its name or barcode is another item's by now, `limit_reached`, `forbidden`,
 *   `not_found`
 */
export async function restore(tenant: TenantScope<Member | ApiKey>, id: string): Promise<void> {
  requireEditor(tenant.actor);
  await tenant.tx(async (tx) => {
    const { item, fields } = await lock(tx, id);
    if (item.archivedAt === null) return;
    await Limits.takeRoom(tx, "items");
    const conflict = await taken(tx, fields, id);
    if (conflict !== undefined) throw conflict;
    await setArchivedAt(tx, id, null);
    await TenantAudit.append(tx, { action: "item.restored", after: { id, name: item.name } });
  });
}

const taxClassSchema = z.object({
  ids: z
    .array(idSchema)
    .min(1, "Tick at least one item.")
    .max(TAX_CLASS_ITEMS_MAX, `Set at most ${TAX_CLASS_ITEMS_MAX} items at once.`),
  taxClass: z.enum(taxClasses, "Choose one of the tax classes."),
});

/**
 * Sets the tax class of items that have none. Items that were given one meanwhile keep it.
 * @throws DomainError `forbidden`, `invalid_input` on `ids` or `taxClass`
 * @returns how many were set
 */
export async function setTaxClass(
  tenant: TenantScope<Member | ApiKey>,
  input: { readonly ids: readonly string[]; readonly taxClass: string },
): Promise<number> {
  requireEditor(tenant.actor);
  const checked = taxClassSchema.safeParse(input);
  if (!checked.success) {
    const fields: Record<string, string> = {};
    for (const issue of checked.error.issues) fields[String(issue.path[0])] ??= issue.message;
    throw invalidInput(Object.values(fields).join(" "), fields);
  }
  const { ids, taxClass } = checked.data;
  return tenant.tx(async (tx) => {
    await lockCatalogue(tx);
    const set = await tx.db
      .updateTable("items")
      .set({ taxClass, updatedAt: changedAt(tx.clock.now()) })
      .where("id", "in", ids)
      .where("taxClass", "is", null)
      .where("archivedAt", "is", null)
      .returning("id")
      .execute();
    if (set.length > 0) {
      const after = { taxClass, ids: set.map(({ id }) => id) };
      await TenantAudit.append(tx, { action: "items.tax_class_set", after });
    }
    return set.length;
  });
}

async function read(tenant: TenantScope<Member | ApiKey>, id: string): Promise<Item> {
  if (!idSchema.safeParse(id).success) throw notFound("item");
  const row = await tenant.db
    .selectFrom("items")
    .select(itemColumnsFor(maySeeCosts(tenant.actor)))
    .where("id", "=", id)
    .executeTakeFirst();
  if (row === undefined) throw notFound("item");
  return itemSchema.parse(row);
}

/** An item with all its fields, kept as it is until the transaction ends: no stock of it is counted meanwhile either. */
async function lock(tx: TenantScope<Member | ApiKey>, id: string) {
  if (!idSchema.safeParse(id).success) throw notFound("item");
  await lockCatalogue(tx);
  const row = await tx.db.selectFrom("items").select(itemColumns).where("id", "=", id).forUpdate().executeTakeFirst();
  if (row === undefined) throw notFound("item");
  return { item: itemSchema.parse(row), fields: itemFieldsSchema.parse(row) };
}

const pick = (fields: ItemFields, names: readonly FieldName[]) =>
  Object.fromEntries(names.map((name) => [name, fields[name]]));

async function setArchivedAt(tx: TenantScope<Member | ApiKey>, id: string, archivedAt: Date | null): Promise<void> {
  await tx.db
    .updateTable("items")
    .set({ archivedAt, updatedAt: changedAt(tx.clock.now()) })
    .where("id", "=", id)
    .execute();
}

/** Which of the unique fields of an item is another item's, if any. */
async function taken(
  tenant: TenantScope<Member | ApiKey>,
  item: NewItem,
  ownId?: string,
): Promise<DomainError | undefined> {
  const { rows } = await sql<{ name: boolean; barcode: boolean }>`
    select bool_or(lower(name) = lower(${item.name}::text)) as name,
      bool_or(coalesce(barcode = ${item.barcode}::text, false)) as barcode
    from items
    where archived_at is null and id is distinct from ${ownId ?? null}::uuid
      and (lower(name) = lower(${item.name}::text) or barcode = ${item.barcode}::text)
  `.execute(tenant.db);
  const fields = {
    ...(rows[0]?.name === true ? { name: "There is an item of this name already." } : {}),
    ...(rows[0]?.barcode === true ? { barcode: "Another item has this barcode." } : {}),
  };
  const messages = Object.values(fields);
  return messages.length === 0 ? undefined : new DomainError("conflict", messages.join(" "), { fields });
}
