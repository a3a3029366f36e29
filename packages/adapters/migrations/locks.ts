import * as z from "zod";
import type { Session } from "../postgres/client.ts";

/** What a backend does to the tables that were there before. */

export interface Table {
  readonly oid: string;
  readonly name: string;
  readonly bytes: number;
}

/** One look at one table. */
export interface TableState {
  /** Undefined once it is gone. */
  readonly file: string | undefined;
  /** How often the transaction has gone through it; of the session that looks. */
  readonly scans: number;
  readonly modes: readonly string[];
}

/** In the words of pg_locks, from the weakest. */
const MODES = [
  "AccessShareLock",
  "RowShareLock",
  "RowExclusiveLock",
  "ShareUpdateExclusiveLock",
  "ShareLock",
  "ShareRowExclusiveLock",
  "ExclusiveLock",
  "AccessExclusiveLock",
];
const rank = (mode: string): number => MODES.indexOf(mode);

const statesSchema = z.array(
  z.object({
    oid: z.string(),
    file: z.string().nullable(),
    scans: z.coerce.number(),
    modes: z.string().nullable(),
  }),
);

/** What the backend `pid` holds, as `session` sees it: its own transaction, or another's from outside. */
export async function tableStates(
  session: Session,
  pid: number,
  tables: readonly Table[],
): Promise<ReadonlyMap<string, TableState>> {
  const names = new Map(tables.map(({ oid, name }) => [oid, name]));
  const rows = await session.rows(
    `select t.oid::text, pg_relation_filenode(t.oid)::text as file,
       coalesce(x.seq_scan, 0) + coalesce(x.idx_scan, 0) as scans, l.modes
     from unnest('{${[...names.keys()].join(",")}}'::oid[]) t (oid)
       left join pg_stat_xact_user_tables x on x.relid = t.oid
       left join (
         select relation, string_agg(mode, ' ') as modes from pg_locks
         where pid = ${pid} and locktype = 'relation' and granted group by relation
       ) l on l.relation = t.oid`,
  );
  return new Map(
    statesSchema
      .parse(rows)
      .map(({ oid, file, scans, modes }) => [
        names.get(oid) ?? oid,
        { file: file ?? undefined, scans, modes: modes?.split(" ") ?? [] },
      ]),
  );
}

export const strongest = (modes: Iterable<string>): string | undefined =>
  [...modes].sort((one, other) => rank(other) - rank(one))[0];

/** Whether others wait who write, or read too. */
export const stopsPeople = (mode: string): boolean => rank(mode) >= rank("ShareLock");

/** Whether it is the lock of a statement that works on the table itself, even where everybody goes on. */
export const worksOnTable = (mode: string): boolean => rank(mode) >= rank("ShareUpdateExclusiveLock");
