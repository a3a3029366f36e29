import { type Expression, type RawBuilder, type SqlBool, sql } from "kysely";
import { invalidInput } from "../../kernel/errors.ts";
import type { ApiKey, Member } from "../actors.ts";
import type { TenantScope } from "../scope.ts";
import { type Cursor, readCursor, writeCursor } from "./cursors.ts";
import { type Item, itemColumnsFor, itemSchema } from "./item.ts";
import { maySeeCosts, requireReader } from "./rights.ts";
import {
  containsAll,
  differenceRank,
  prefixRank,
  resemblesAll,
  type SearchedColumn,
  WORD_SIMILARITY_MIN,
  wordsOf,
} from "./search.ts";

/**
 * Which items a list shows: those on the lists, those of them that wait for the pharmacist's tax class or for a price,
 * or the archived ones.
 */
export const itemFilters = ["all", "no_tax_class", "no_price", "archived"] as const;
export type ItemFilter = (typeof itemFilters)[number];

export interface ItemPage {
  readonly items: readonly Item[];
  /** Items that match, on all pages. */
  readonly total: number;
  /** Where the next page begins; absent on the last one. */
  readonly next?: string;
  /** Where the page before this one ends; absent on the first one. */
  readonly previous?: string;
}

export interface ListOptions {
  readonly search?: string | undefined;
  /** Default `all`. */
  readonly filter?: ItemFilter | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  /** `previous` of the page after. */
  readonly before?: string | undefined;
  /** 1 to 200, default 50. */
  readonly limit?: number | undefined;
}

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;

/**
 * Items that a filter shows.
 * @throws DomainError `forbidden` for somebody who may not see items
 */
export async function count(tenant: TenantScope<Member | ApiKey>, filter: ItemFilter = "all"): Promise<number> {
  requireReader(tenant.actor);
  const row = await tenant.db
    .selectFrom("items")
    .select((e) => e.fn.countAll<string>().as("count"))
    .where(shownBy(filter))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/**
 * One page of the items, by name. A search wants all its words (or what they abbreviate) in an item's names, strength,
 * form, number or barcode and puts names that begin with it first; when nothing has them all, words that look like the typed ones
 * count, the most alike first. A page mark whose items are gone leads to the first page.
 * @throws DomainError `invalid_input` for a limit out of range or a page mark that is not ours, `forbidden` for somebody
 *   who may not see items
 */
export async function list(tenant: TenantScope<Member | ApiKey>, options: ListOptions = {}): Promise<ItemPage> {
  requireReader(tenant.actor);
  const view = {
    filter: options.filter ?? "all",
    limit: checkedLimit(options.limit),
    place: placeOf(options),
  } as const;
  const words = wordsOf(options.search ?? "");
  if (words.length === 0) return pageByName(tenant, view);
  const column: SearchedColumn = tenant.supports("itemSearchWords") ? "search_words" : "search_text";
  if (view.place?.cursor.similar !== true) {
    const match = { where: containsAll(words, column), rank: prefixRank(words), similar: false };
    const page = await pageByRank(tenant, match, view);
    if (page.total > 0) return page;
  }
  return tenant.tx(async (tx) => {
    // Only inside a transaction: behind a pooler the connection is somebody else's afterwards. The planner takes the
    // likeness of texts for as cheap as an equality, and would compute it for every row rather than ask the index.
    await sql`
      select set_config('pg_trgm.word_similarity_threshold', ${String(WORD_SIMILARITY_MIN)}, true),
        set_config('enable_seqscan', 'off', true)
    `.execute(tx.db);
    const match = { where: resemblesAll(words, column), rank: differenceRank(words, column), similar: true };
    return pageByRank(tx, match, view);
  });
}

/** The page that begins after a cursor, or the one that ends before it. */
interface Place {
  readonly cursor: Cursor;
  readonly backwards: boolean;
}

interface View {
  readonly filter: ItemFilter;
  readonly limit: number;
  readonly place: Place | undefined;
}

function checkedLimit(limit = LIMIT_DEFAULT): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw invalidInput(`Ask for 1 to ${LIMIT_MAX} items.`, { limit: `Use a number from 1 to ${LIMIT_MAX}.` });
}

function placeOf({ after, before }: ListOptions): Place | undefined {
  if (after !== undefined && before !== undefined) {
    throw invalidInput("A page follows one mark, not two.", { before: "Leave one of after and before out." });
  }
  if (after !== undefined) return { cursor: readCursor(after), backwards: false };
  if (before !== undefined) return { cursor: readCursor(before), backwards: true };
  return undefined;
}

/** Each filter has an index of its own, in the order of the list. */
function shownBy(filter: ItemFilter): RawBuilder<SqlBool> {
  switch (filter) {
    case "all":
      return sql`archived_at is null`;
    case "no_tax_class":
      return sql`archived_at is null and tax_class is null`;
    case "no_price":
      return sql`archived_at is null and retail_price is null`;
    case "archived":
      return sql`archived_at is not null`;
  }
}

async function pageByName(tenant: TenantScope<Member | ApiKey>, view: View): Promise<ItemPage> {
  const { filter, limit, place } = view;
  const direction = place?.backwards === true ? "desc" : "asc";
  let query = tenant.db
    .selectFrom("items")
    .select(itemColumnsFor(maySeeCosts(tenant.actor)))
    .select(sql<string>`lower(name)`.as("key"))
    .where(shownBy(filter))
    .orderBy(sql`lower(name)`, direction)
    .orderBy("id", direction)
    .limit(limit + 1);
  if (place !== undefined) {
    const { key, id } = place.cursor;
    query = query.where(sql<SqlBool>`(lower(name), id) ${beyond(place)} (${key}::text, ${id}::uuid)`);
  }
  const rows = await query.execute();
  if (rows.length === 0 && place !== undefined) return pageByName(tenant, { ...view, place: undefined });
  return pageOf(
    rows.map((row) => ({ ...row, rank: 0 })),
    await count(tenant, filter),
    view,
    false,
  );
}

interface Match {
  readonly where: Expression<SqlBool>;
  readonly rank: RawBuilder<number>;
  readonly similar: boolean;
}

async function pageByRank(tenant: TenantScope<Member | ApiKey>, match: Match, view: View): Promise<ItemPage> {
  const { filter, limit, place } = view;
  const direction = place?.backwards === true ? "desc" : "asc";
  // The offset keeps the two conditions apart: together they would let the planner walk any index of the active items
  // and test the text of every one. Counted in the same pass, because to find the matches is what a search costs.
  const found = tenant.db
    .selectFrom("items")
    .select(["id", "name", "archivedAt", "taxClass", "retailPrice", match.rank.as("rank")])
    .where(match.where)
    .offset(0);
  const matches = tenant.db
    .selectFrom(found.as("items"))
    .select(["id", sql<string>`lower(name)`.as("key"), "rank", sql<string>`count(*) over ()`.as("total")])
    .where(shownBy(filter));
  let page = tenant.db
    .selectFrom(matches.as("matches"))
    .select(["matches.id", "matches.key", "matches.rank", "matches.total"])
    .orderBy("matches.rank", direction)
    .orderBy("matches.key", direction)
    .orderBy("matches.id", direction)
    .limit(limit + 1);
  if (place !== undefined) {
    const { rank, key, id } = place.cursor;
    page = page.where(
      sql<SqlBool>`(matches.rank, matches.key, matches.id) ${beyond(place)} (${rank}::integer, ${key}::text, ${id}::uuid)`,
    );
  }
  const rows = await tenant.db
    .selectFrom(page.as("page"))
    .innerJoin("items", "items.id", "page.id")
    .select(itemColumnsFor(maySeeCosts(tenant.actor)).map((column) => `items.${column}` as const))
    .select(["page.key", "page.rank", "page.total"])
    .orderBy("page.rank", direction)
    .orderBy("page.key", direction)
    .orderBy("page.id", direction)
    .execute();
  if (rows.length === 0 && place !== undefined) return pageByRank(tenant, match, { ...view, place: undefined });
  return pageOf(rows, Number(rows[0]?.total ?? 0), view, match.similar);
}

const beyond = ({ backwards }: Place): RawBuilder<unknown> => (backwards ? sql`<` : sql`>`);

interface PageRow {
  readonly id: string;
  readonly key: string;
  readonly rank: number;
}

/** @param rows one more than fits, if there is one, in the order in which they were looked for */
function pageOf(rows: readonly PageRow[], total: number, { limit, place }: View, similar: boolean): ItemPage {
  const hasMore = rows.length > limit;
  const shown = rows.slice(0, limit);
  if (place?.backwards === true) shown.reverse();
  const first = shown.at(0);
  const last = shown.at(-1);
  const items = shown.map((row) => itemSchema.parse(row));
  if (first === undefined || last === undefined) return { items, total };
  const mark = ({ rank, key, id }: PageRow) => writeCursor({ similar, rank, key, id });
  const hasNext = place?.backwards === true || hasMore;
  const hasPrevious = place?.backwards === true ? hasMore : place !== undefined;
  return { items, total, ...(hasNext ? { next: mark(last) } : {}), ...(hasPrevious ? { previous: mark(first) } : {}) };
}
