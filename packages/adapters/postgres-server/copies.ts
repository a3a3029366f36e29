import { createHash } from "node:crypto";
import type { Session } from "../postgres/client.ts";
import { ownerOf } from "./names.ts";

/** Short-lived copies of databases, for rehearsals. Kept in a list, so that those of workers that died are found. */

const COPY = /^copy_[0-9a-f]{24}$/;
const AGE_MAX = "1 day";
const END_PAUSE_MS = 200;

/** The same database and purpose always have the same copy. */
const copyOf = (ref: string, name: string): string =>
  `copy_${createHash("sha256").update(`${ref} ${name}`).digest("hex").slice(0, 24)}`;

/**
 * Copies a database with everything in it; only its owner can connect to the copy. A copy of the same name is replaced,
 * and copies older than a day are dropped.
 *
 * `create database` refuses while somebody is connected to the source, so connections end meanwhile. It shuts new ones
 * out by itself, from before it looks until it is done, and lets them in then: nothing has to be shut that a worker which
 * dies would leave shut.
 * @param elsewhere a second session of the administrator, for the time of the work
 * @returns the name of the new database
 */
export async function makeCopy(
  session: Session,
  elsewhere: <T>(work: (session: Session) => Promise<T>) => Promise<T>,
  { ref, name }: { readonly ref: string; readonly name: string },
): Promise<string> {
  await makeList(session);
  await dropListed(session, "created_at < now() - $1::interval", AGE_MAX);
  const copy = copyOf(ref, name);
  await session.rows(
    "insert into pharmasight.copies (name, ref) values ($1, $2) on conflict (name) do update set created_at = now()",
    [copy, ref],
  );
  await session.script(`drop database if exists ${copy} with (force)`);
  const making = session.script(
    `create database ${copy} template ${ref} owner ${ownerOf(ref)} allow_connections false`,
  );
  await elsewhere((other) => endConnections(other, ref, making));
  await making;
  await session.script(`revoke all on database ${copy} from public`);
  await session.script(`grant connect on database ${copy} to ${ownerOf(ref)}`);
  await session.script(`alter database ${copy} allow_connections true`);
  return copy;
}

/** Dropping what is not there succeeds. */
export async function dropCopy(session: Session, copy: string): Promise<void> {
  if (!COPY.test(copy)) return;
  await session.script(`drop database if exists ${copy} with (force)`);
  await session.rows("delete from pharmasight.copies where name = $1", [copy]);
}

/** Before the database itself goes: its owner owns them too. */
export async function dropCopiesOf(session: Session, ref: string): Promise<void> {
  await makeList(session);
  await dropListed(session, "ref = $1", ref);
}

async function makeList(session: Session): Promise<void> {
  await session.script(`
    select pg_advisory_xact_lock(hashtextextended('pharmasight databases', 0));
    create table if not exists pharmasight.copies (
      name text primary key,
      ref text not null,
      created_at timestamptz not null default now()
    )`);
}

async function dropListed(session: Session, condition: string, value: string): Promise<void> {
  const copies = await session.rows(`select name from pharmasight.copies where ${condition}`, [value]);
  for (const { name } of copies) await dropCopy(session, String(name));
}

/** Again and again until `work` is done: somebody may connect before it has shut the door. */
async function endConnections(session: Session, database: string, work: Promise<void>): Promise<void> {
  let isDone = false;
  const done = Promise.allSettled([work]).then(() => {
    isDone = true;
  });
  while (!isDone) {
    await session.rows("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [database]);
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, END_PAUSE_MS))]);
  }
}
