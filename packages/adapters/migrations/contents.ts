import type { Session } from "../postgres/client.ts";
import type { Table } from "./locks.ts";

/** Rows of tables, for telling whether any was lost or changed: in no order, and never the values themselves. */

export interface TableContents {
  readonly rows: string;
  readonly hash: string;
}

/** The columns that each table has, by the table's name. */
export type Columns = ReadonlyMap<string, readonly string[]>;

export async function columnsOf(session: Session, tables: readonly Table[]): Promise<Columns> {
  const oids = tables.map(({ oid }) => oid).join(",");
  const rows = await session.rows(
    `select a.attrelid::text as oid, a.attname as name from pg_attribute a
     where a.attrelid = any ('{${oids}}'::oid[]) and a.attnum > 0 and not a.attisdropped order by a.attname`,
  );
  const names = new Map(tables.map(({ oid, name }) => [oid, name]));
  return Map.groupBy(rows, ({ oid }) => names.get(String(oid)) ?? "")
    .entries()
    .reduce(
      (all, [table, own]) =>
        all.set(
          table,
          own.map(({ name }) => String(name)),
        ),
      new Map<string, string[]>(),
    );
}

/** Of the columns named, those that are still there. A table that is gone is not in the result. */
export async function contentsOf(
  session: Session,
  tables: readonly Table[],
  columns: Columns,
): Promise<ReadonlyMap<string, TableContents>> {
  const there = await columnsOf(session, tables);
  const contents = new Map<string, TableContents>();
  for (const { name } of tables) {
    const now = there.get(name);
    if (now === undefined) continue;
    const kept = (columns.get(name) ?? []).filter((column) => now.includes(column));
    const [row] = await session.rows(
      `select count(*)::text as rows, coalesce(sum(hashtextextended(row(${kept.map(quoteName).join(", ")})::text, 0)::numeric), 0)::text as hash
       from ${quoteTable(name)}`,
    );
    contents.set(name, { rows: String(row?.rows), hash: String(row?.hash) });
  }
  return contents;
}

/** The first difference in words, undefined when there is none. */
export function lossBetween(
  before: ReadonlyMap<string, TableContents>,
  after: ReadonlyMap<string, TableContents>,
): string | undefined {
  for (const [table, { rows, hash }] of before) {
    const now = after.get(table);
    if (now === undefined) return `the table ${table} is not there any more`;
    if (now.rows !== rows) return `${table} had ${rows} rows and has ${now.rows}`;
    if (now.hash !== hash) return `values in ${table} are not what they were`;
  }
  return undefined;
}

/** `schema.table` with quotes around both. */
export function quoteTable(name: string): string {
  const [schema = "", ...table] = name.split(".");
  return `${quoteName(schema)}.${quoteName(table.join("."))}`;
}

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
