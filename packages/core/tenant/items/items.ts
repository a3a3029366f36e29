export * as Items from "./items.ts";

import { type Expression, type RawBuilder, type SqlBool, sql } from "kysely";
import { DomainError, invalidInput, notFound } from "../../kernel/errors.ts";
import { idSchema, newId } from "../../kernel/ids.ts";
import type { ApiKey, Job, Member } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";
import { type Cursor, readCursor, writeCursor } from "./cursors.ts";
import { type Item, itemColumns, itemSchema } from "./item.ts";
import { type NewItem, type NewItemInput, parseNewItem } from "./new-item.ts";
import { containsAll, differenceRank, prefixRank, resemblesAll, WORD_SIMILARITY_MIN, wordsOf } from "./search.ts";

export { type Item, isSetupComplete } from "./item.ts";

export interface ItemPage {
  readonly items: readonly Item[];
  /** Items that match, on all pages. */
  readonly total: number;
  /** Where the next page begins; absent on the last one. */
  readonly next?: string;
}

export interface ListOptions {
  readonly search?: string | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  /** 1 to 200, default 50. */
  readonly limit?: number | undefined;
}

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;

/**
 * Adds an item under the next number.
 * @throws DomainError `forbidden` for roles that only read, `invalid_input` by field, `conflict` when the name or the
 *   barcode is another item's
 */
export async function create(tenant: TenantScope<Member | ApiKey>, input: NewItemInput): Promise<Item> {
  requireEditor(tenant.actor);
  const item = parseNewItem(input);
  return tenant.tx(async (tx) => {
    const [id] = await insert(tx, [item]);
    if (id === undefined) throw await taken(tx, item);
    await TenantAudit.append(tx, { action: "item.created", after: { id, ...item } });
    return read(tx, id);
  });
}

/**
 * Inserts checked items and leaves out those whose name or barcode an item has already, in the table or earlier in
 * the list.
 * @returns ids of the inserted ones
 */
export async function insert(
  tenant: TenantScope<Member | ApiKey | Job>,
  items: readonly NewItem[],
): Promise<readonly string[]> {
  if (items.length === 0) return [];
  const now = tenant.clock.now();
  const numbers = await sql<{ number: string }>`
    select nextval('item_sku_numbers')::text as number from generate_series(1, ${items.length}::integer)
  `.execute(tenant.db);
  const rows = items.map((item, index) => ({
    ...item,
    id: newId(tenant.clock),
    sku: skuOf(numbers.rows[index]?.number ?? ""),
    createdAt: now,
    updatedAt: now,
  }));
  const inserted = await tenant.db
    .insertInto("items")
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .execute();
  return inserted.map((row) => row.id);
}

/** @throws DomainError `not_found`, or `forbidden` for a key that may not read items */
export async function get(tenant: TenantScope<Member | ApiKey>, id: string): Promise<Item> {
  requireReader(tenant.actor);
  return read(tenant, id);
}

/** Items on the shelf list, archived ones left out. */
export async function count(tenant: TenantScope<Member | ApiKey>): Promise<number> {
  requireReader(tenant.actor);
  const row = await tenant.db
    .selectFrom("items")
    .select((e) => e.fn.countAll<string>().as("count"))
    .where("archivedAt", "is", null)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/**
 * One page of the items, by name. A search wants all its words (or what they abbreviate) in an item's names, number or
 * barcode and puts names that begin with it first; when nothing has them all, words that look like the typed ones
 * count, the most alike first.
 * @throws DomainError `invalid_input` for a limit out of range or a page mark that is not ours, `forbidden` for a key
 *   that may not read items
 */
export async function list(tenant: TenantScope<Member | ApiKey>, options: ListOptions = {}): Promise<ItemPage> {
  requireReader(tenant.actor);
  const limit = options.limit ?? LIMIT_DEFAULT;
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    throw invalidInput(`Ask for 1 to ${LIMIT_MAX} items.`, { limit: `Use a number from 1 to ${LIMIT_MAX}.` });
  }
  const after = options.after === undefined ? undefined : readCursor(options.after);
  const words = wordsOf(options.search ?? "");
  if (words.length === 0) return pageByName(tenant, after, limit);
  if (after?.similar !== true) {
    const match = { where: containsAll(words), rank: prefixRank(words), similar: false };
    const page = await pageByRank(tenant, match, after, limit);
    if (page.total > 0 || after !== undefined) return page;
  }
  return tenant.tx(async (tx) => {
    // Only inside a transaction: behind a pooler the connection is somebody else's afterwards. The planner takes the
    // likeness of texts for as cheap as an equality, and would compute it for every row rather than ask the index.
    await sql`
      select set_config('pg_trgm.word_similarity_threshold', ${String(WORD_SIMILARITY_MIN)}, true),
        set_config('enable_seqscan', 'off', true)
    `.execute(tx.db);
    const match = { where: resemblesAll(words), rank: differenceRank(words), similar: true };
    return pageByRank(tx, match, after, limit);
  });
}

async function read(tenant: TenantScope<Member | ApiKey>, id: string): Promise<Item> {
  if (!idSchema.safeParse(id).success) throw notFound("item");
  const row = await tenant.db
    .selectFrom("items")
    .select(itemColumns)
    .where("id", "=", id)
    .where("archivedAt", "is", null)
    .executeTakeFirst();
  if (row === undefined) throw notFound("item");
  return itemSchema.parse(row);
}

async function pageByName(
  tenant: TenantScope<Member | ApiKey>,
  after: Cursor | undefined,
  limit: number,
): Promise<ItemPage> {
  let query = tenant.db
    .selectFrom("items")
    .select(itemColumns)
    .select(sql<string>`lower(name)`.as("key"))
    .where("archivedAt", "is", null)
    .orderBy(sql`lower(name)`)
    .orderBy("id")
    .limit(limit + 1);
  if (after !== undefined) {
    query = query.where(sql<SqlBool>`(lower(name), id) > (${after.key}::text, ${after.id}::uuid)`);
  }
  const rows = await query.execute();
  return pageOf(
    rows.map((row) => ({ ...row, rank: 0 })),
    await count(tenant),
    limit,
    false,
  );
}

interface Match {
  readonly where: Expression<SqlBool>;
  readonly rank: RawBuilder<number>;
  readonly similar: boolean;
}

async function pageByRank(
  tenant: TenantScope<Member | ApiKey>,
  match: Match,
  after: Cursor | undefined,
  limit: number,
): Promise<ItemPage> {
  // The offset keeps the two conditions apart: together they would let the planner walk any index of the active items
  // and test the text of every one. Counted in the same pass, because to find the matches is what a search costs.
  const found = tenant.db
    .selectFrom("items")
    .select(["id", "name", "searchText", "archivedAt"])
    .where(match.where)
    .offset(0);
  const matches = tenant.db
    .selectFrom(found.as("found"))
    .select([
      "id",
      sql<string>`lower(name)`.as("key"),
      match.rank.as("rank"),
      sql<string>`count(*) over ()`.as("total"),
    ])
    .where("archivedAt", "is", null);
  let page = tenant.db
    .selectFrom(matches.as("matches"))
    .select(["matches.id", "matches.key", "matches.rank", "matches.total"])
    .orderBy("matches.rank")
    .orderBy("matches.key")
    .orderBy("matches.id")
    .limit(limit + 1);
  if (after !== undefined) {
    page = page.where(
      sql<SqlBool>`(matches.rank, matches.key, matches.id)
        > (${after.rank}::integer, ${after.key}::text, ${after.id}::uuid)`,
    );
  }
  const rows = await tenant.db
    .selectFrom(page.as("page"))
    .innerJoin("items", "items.id", "page.id")
    .select(itemColumns.map((column) => `items.${column}` as const))
    .select(["page.key", "page.rank", "page.total"])
    .orderBy("page.rank")
    .orderBy("page.key")
    .orderBy("page.id")
    .execute();
  return pageOf(rows, Number(rows[0]?.total ?? 0), limit, match.similar);
}

interface PageRow {
  readonly id: string;
  readonly key: string;
  readonly rank: number;
}

function pageOf(rows: readonly PageRow[], total: number, limit: number, similar: boolean): ItemPage {
  const shown = rows.slice(0, limit);
  const items = shown.map((row) => itemSchema.parse(row));
  const last = shown.at(-1);
  if (rows.length <= limit || last === undefined) return { items, total };
  return { items, total, next: writeCursor({ similar, rank: last.rank, key: last.key, id: last.id }) };
}

/** `A00001`; numbers beyond five digits simply grow. */
const skuOf = (number: string): string => `A${number.padStart(5, "0")}`;

/** Which of the unique fields of an item that was not inserted is another item's. */
async function taken(tenant: TenantScope<Member | ApiKey>, item: NewItem): Promise<DomainError> {
  const namesake = await tenant.db
    .selectFrom("items")
    .select("id")
    .where("archivedAt", "is", null)
    .where(sql<SqlBool>`lower(name) = lower(${item.name}::text)`)
    .executeTakeFirst();
  const fields: Record<string, string> =
    namesake === undefined
      ? { barcode: "Another item has this barcode." }
      : { name: "There is an item of this name already." };
  return new DomainError("conflict", Object.values(fields).join(" "), { fields });
}

/** Whether a person's rights, or a key's scopes, let them add and change items. */
export const mayEdit = (actor: Member | ApiKey): boolean =>
  actor.kind === "api_key" ? actor.scopes.includes("items:write") : Permissions.may(actor, "items.edit");

/** @throws DomainError `forbidden` */
export function requireEditor(actor: Member | ApiKey): void {
  if (mayEdit(actor)) return;
  const message =
    actor.kind === "api_key"
      ? "This API key may not change items. Issue one with the scope items:write."
      : "Your role lets you look at items. Ask the owner if you need to change them.";
  throw new DomainError("forbidden", message);
}

/** Items belong to all branches: whoever may see them in one sees them. A key only with its scope. */
function requireReader(actor: Member | ApiKey): void {
  if (actor.kind === "member") Permissions.requireSomewhere(actor, "items.view");
  else if (!actor.scopes.includes("items:read"))
    throw new DomainError("forbidden", "This API key may not read items. Issue one with the scope items:read.");
}
