import type { Session } from "../../postgres/client.ts";

/** Indexes that are built while others work: a build that fails or dies leaves one that is there and cannot be used. */

const COMMENT = /--[^\n]*|\/\*[\s\S]*?\*\//g;
const BUILDS =
  /^\s*create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?("(?:[^"]|"")+"|[^\s("]+)\s+on\s/i;
const BUILDS_NAMELESS = /^\s*create\s+(?:unique\s+)?index\s+concurrently\s+on\s/i;
const REINDEXES = /^\s*reindex\b/i;

/**
 * The name of the index that a statement builds concurrently, as it is written.
 * @throws Error when the index has no name: what is left of it could not be found again
 */
export function indexBuiltBy(statement: string): string | undefined {
  const text = statement.replace(COMMENT, " ");
  if (BUILDS_NAMELESS.test(text)) throw new Error("An index that is built concurrently needs a name: give it one.");
  return BUILDS.exec(text)?.[1];
}

export const isReindex = (statement: string): boolean => REINDEXES.test(statement.replace(COMMENT, " "));

export async function indexState(session: Session, index: string): Promise<"missing" | "invalid" | "valid"> {
  const [row] = await session.rows(
    "select indisvalid and indisready as valid from pg_index where indexrelid = to_regclass($1)",
    [index],
  );
  if (row === undefined) return "missing";
  return row.valid === true ? "valid" : "invalid";
}

/** @param index as `indexBuiltBy` gave it */
export async function dropInvalid(session: Session, index: string): Promise<void> {
  await session.script(`drop index concurrently if exists ${index}`);
}

/** What a `reindex concurrently` that stopped leaves beside the indexes of the search path's first schema. */
export async function dropReindexed(session: Session): Promise<void> {
  const left = await session.rows(`
    select c.oid::regclass::text as name from pg_index i join pg_class c on c.oid = i.indexrelid
    where not i.indisvalid and c.relnamespace = current_schema()::regnamespace and c.relname ~ '_cc(new|old)\\d*$'`);
  for (const { name } of left) await dropInvalid(session, String(name));
}
