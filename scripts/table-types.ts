import type { Session } from "@pharmasight/adapters/postgres/client";
import * as z from "zod";

/** Row types of a schema for Kysely, as the supervised handle delivers them: see `packages/adapters/postgres/types.ts`. */

const columnSchema = z.object({
  relation: z.string(),
  column: z.string(),
  type: z.string(),
  isArray: z.boolean(),
  isNullable: z.boolean(),
  hasDefault: z.boolean(),
  /** The database always computes it. */
  isComputed: z.boolean(),
  /** Definitions of the check constraints on this column alone. */
  checks: z.array(z.string()),
});
export type Column = z.infer<typeof columnSchema>;

/** Columns of the tables and views of `schema` that `role` may select from (anyone: null), in a fixed order. */
export async function readColumns(session: Session, schema: string, role: string | null): Promise<Column[]> {
  const rows = await session.rows(
    `select
       c.relname as "relation",
       a.attname as "column",
       coalesce(element.typname, t.typname) as "type",
       element.oid is not null as "isArray",
       not a.attnotnull as "isNullable",
       (a.atthasdef and a.attgenerated = '') or a.attidentity = 'd' as "hasDefault",
       a.attgenerated <> '' or a.attidentity = 'a' as "isComputed",
       coalesce((
         select jsonb_agg(pg_get_constraintdef(k.oid) order by k.conname) from pg_constraint k
         where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]
       ), '[]') as "checks"
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     join pg_type t on t.oid = a.atttypid
     left join pg_type element on element.oid = t.typelem and t.typcategory = 'A'
     where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm') and c.relname not in ('schema_migrations', 'schema_fence', 'schema_steps', 'schema_repairs')
       and ($2::text is null or has_table_privilege($2::text, c.oid, 'select'))
     order by c.relname collate "C", a.attnum`,
    [schema, role],
  );
  return z.array(columnSchema).parse(rows);
}

/** The module's text: `name` maps each relation to its row. @throws Error for a type that nobody has decided about */
export function renderTables(name: string, columns: readonly Column[]): string {
  const relations = Map.groupBy(columns, (column) => column.relation);
  const interfaces = [...relations].map(([relation, own]) =>
    [
      `export interface ${rowName(relation)} {`,
      ...own.map((c) => `  ${camelCase(c.column)}: ${columnType(c)};`),
      "}",
      "",
    ].join("\n"),
  );
  const body = [
    ...interfaces,
    `export interface ${name} {`,
    ...[...relations.keys()].map((relation) => `  ${camelCase(relation)}: ${rowName(relation)};`),
    "}",
    "",
  ].join("\n");
  const imported = ["ColumnType", "Generated", "GeneratedAlways"].filter((type) =>
    new RegExp(`\\b${type}<`).test(body),
  );
  const json = /\bJson\b/.test(body);
  if (json && !imported.includes("ColumnType")) imported.unshift("ColumnType");
  return [
    "// Generated from the migrations by `npm run generate`. Do not edit.",
    ...(imported.length > 0 ? [`import type { ${imported.join(", ")} } from "kysely";`, ""] : []),
    ...(json ? [JSON_TYPE, ""] : []),
    body,
  ].join("\n");
}

/** Read as unknown, because only a schema can say what is in it. Written as any value but SQL's null. */
const JSON_TYPE = "export type Json = ColumnType<unknown, NonNullable<unknown>, NonNullable<unknown>>;";

const TYPES: Readonly<Record<string, string>> = {
  bool: "boolean",
  bytea: "Uint8Array",
  date: "string",
  float8: "number",
  int2: "number",
  int4: "number",
  int8: "string",
  jsonb: "Json",
  name: "string",
  numeric: "string",
  text: "string",
  timestamptz: "Date",
  uuid: "string",
  varchar: "string",
};

function columnType(column: Column): string {
  const { relation, type, isArray, isNullable, hasDefault, isComputed } = column;
  const plain = TYPES[type];
  if (plain === undefined) throw new Error(`${relation}.${column.column}: no TypeScript type is decided for ${type}`);
  const values = listedValues(column);
  const single = values === undefined ? plain : values.map((value) => JSON.stringify(value)).join(" | ");
  const whole = isArray ? `${values === undefined ? single : `(${single})`}[]` : single;
  const nullable = isNullable ? `${whole} | null` : whole;
  if (isComputed) return `GeneratedAlways<${nullable}>`;
  // What has a default may be left out, also when it is JSON, whose type says already how it is written.
  if (hasDefault && plain === "Json") {
    const written = `NonNullable<unknown>${isNullable ? " | null" : ""}`;
    return `ColumnType<unknown, ${written} | undefined, ${written}>`;
  }
  return hasDefault ? `Generated<${nullable}>` : nullable;
}

/**
 * The values that a constraint allows: `in (…)` on a column, which Postgres keeps as `= ANY (ARRAY[…])`, and
 * `<@ array[…]` on an array.
 */
function listedValues(column: Column): string[] | undefined {
  const pattern = column.isArray
    ? /^CHECK \(\(\w+ <@ ARRAY\[(.*)\]\)\)$/
    : /^CHECK \(\(\w+ = ANY \(ARRAY\[(.*)\]\)\)\)$/;
  for (const check of column.checks) {
    const list = pattern.exec(check)?.[1];
    if (list !== undefined)
      return [...list.matchAll(/'((?:[^']|'')*)'::text/g)].map(([, value = ""]) => value.replaceAll("''", "'"));
  }
  return undefined;
}

/** As Kysely's CamelCasePlugin does it. */
const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const rowName = (relation: string): string => {
  const name = camelCase(relation);
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}Table`;
};
