import * as z from "zod";
import type { Session } from "../postgres/client.ts";

/**
 * Who is in the way of a statement that did not get its lock. It is asked on the session that waited, before and after:
 * a second one, which could look on meanwhile, would be a connection more than the server was promised.
 */

/** A transaction's lock on a table. */
export interface Holder {
  readonly transaction: string;
  readonly table: string;
  /** A program by its name or its role, where the name is empty; a process of the server by what it does. */
  readonly name: string;
}

const HOLDERS = `
  select distinct l.virtualtransaction as transaction, c.relname as "table",
    coalesce(nullif(a.application_name, ''), a.usename, a.backend_type, 'a prepared transaction') as name
  from pg_locks l join pg_class c on c.oid = l.relation left join pg_stat_activity a on a.pid = l.pid
  where l.granted and l.database = (select oid from pg_database where datname = current_database())
    and c.relkind in ('r', 'p') and c.relnamespace <> 'pg_catalog'::regnamespace
    and l.pid is distinct from pg_backend_pid()`;

const holdersSchema = z.array(z.object({ transaction: z.string(), table: z.string(), name: z.string() }));

/** Those who hold locks on tables of this database now. */
export async function holders(session: Session): Promise<readonly Holder[]> {
  return holdersSchema.parse(await session.rows(HOLDERS));
}

/**
 * Who most likely was in the way, undefined when nobody is there any more: of those that hold a lock on a table which
 * the statement names, those that held it the whole time, or all of them when nobody did. A statement that names no
 * table with a lock may have waited for any.
 * @param before when the statement began to wait
 * @param after when it had waited in vain
 */
export function blockerOf(statement: string, before: readonly Holder[], after: readonly Holder[]): string | undefined {
  const words = new Set(statement.match(/\w+/g));
  const isNamed = ({ table }: Holder) => words.has(table);
  const named = [...before, ...after].some(isNamed) ? after.filter(isNamed) : after;
  const patient = named.filter((holder) =>
    before.some(({ transaction, table }) => transaction === holder.transaction && table === holder.table),
  );
  const names = new Set((patient.length > 0 ? patient : named).map(({ name }) => name));
  return names.size === 0 ? undefined : [...names].sort().join(", ");
}
