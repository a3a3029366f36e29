import { sql } from "kysely";
import type { TenantActor } from "../actors.ts";
import type { TenantScope } from "../scope.ts";

/** Rows that one statement reads or writes at most. */
export const ROWS_MAX = 500;

/** Rows in pieces that fit one statement. */
export function* piecesOf<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; from += ROWS_MAX) yield rows.slice(from, from + ROWS_MAX);
}

/** Those of the items whose stock was ever counted, in one statement. */
export async function itemsWithMovements(
  tenant: TenantScope<TenantActor>,
  itemIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (itemIds.length === 0) return new Set();
  const { rows } = await sql<{ id: string }>`
    select wanted.id from unnest(${[...itemIds]}::uuid[]) as wanted (id)
    where exists (select from stock_movements where stock_movements.item_id = wanted.id)
  `.execute(tenant.db);
  return new Set(rows.map((row) => row.id));
}

/** Those of the items of which something is in stock anywhere, in one statement. */
export async function itemsInStock(
  tenant: TenantScope<TenantActor>,
  itemIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (itemIds.length === 0) return new Set();
  const { rows } = await sql<{ id: string }>`
    select wanted.id from unnest(${[...itemIds]}::uuid[]) as wanted (id)
    where exists (select from stock_balances where stock_balances.item_id = wanted.id and quantity > 0)
  `.execute(tenant.db);
  return new Set(rows.map((row) => row.id));
}
