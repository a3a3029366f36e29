import { sql } from "kysely";
import type { Job } from "../actors.ts";
import type { TenantScope } from "../scope.ts";
import type { ReadRow } from "./row-reader.ts";

/*
 * What the dry run has seen in a file, so that a row which repeats the name, the barcode or the batch of an earlier one is
 * known for that, in whichever chunk it is.
 */

interface Sight {
  readonly number: number;
  readonly kind: "name" | "barcode" | "stock";
  readonly text: string;
}

/** What tells which item a row is. */
export const identitySights = ({ row: { number }, item: { name, barcode } }: ReadRow): readonly Sight[] => [
  { number, kind: "name", text: name },
  ...(barcode === null ? [] : [{ number, kind: "barcode" as const, text: barcode }]),
];

/** What tells which batch a row brings; nothing when it brings none. */
export function stockSight({ row, item, stock }: ReadRow, itemId: string | undefined): readonly Sight[] {
  if (stock === null) return [];
  const text = [itemId ?? item.name, stock.branchId, stock.batchNumber, stock.expiresOn].join(" ");
  return [{ number: row.number, kind: "stock", text }];
}

/** Notes what was seen in a file. @returns numbers of those rows that repeat something of an earlier row */
export async function noteSights(
  tx: TenantScope<Job>,
  importId: string,
  sights: readonly Sight[],
): Promise<ReadonlySet<number>> {
  await sql`
    insert into item_import_keys (import_id, key, row_number)
    select ${importId}::uuid, ${keyOfSight}, number
    from jsonb_to_recordset(${sights}::jsonb) as sight (number integer, kind text, text text)
    order by number
    on conflict do nothing
  `.execute(tx.db);
  return repeatsAmong(tx, importId, sights);
}

/** Numbers of those rows that repeat something which was noted of an earlier row. */
export async function repeatsAmong(
  tx: TenantScope<Job>,
  importId: string,
  sights: readonly Sight[],
): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ number: number }>`
    select distinct sight.number
    from jsonb_to_recordset(${sights}::jsonb) as sight (number integer, kind text, text text)
    join item_import_keys noted on noted.import_id = ${importId}::uuid and noted.key = ${keyOfSight}
    where noted.row_number < sight.number
  `.execute(tx.db);
  return new Set(rows.map(({ number }) => number));
}

/** Names are compared in any case, like the items'. A digest, because an index takes no long keys. */
const keyOfSight = sql`sight.kind || ' ' || md5(case sight.kind when 'barcode' then sight.text else lower(sight.text) end)`;
