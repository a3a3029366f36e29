import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, systemClock } from "@pharmasight/core/kernel/clock";
import { DomainError, unavailable } from "@pharmasight/core/kernel/errors";
import type { Log } from "@pharmasight/core/kernel/log";
import { sqlStateOf } from "@pharmasight/core/kernel/sqlstate";
import type { DatabaseEndpoint } from "@pharmasight/core/ports/database-hosts";
import type { DatabaseCredential } from "@pharmasight/core/ports/tenant-setup";
import type { Session } from "./client.ts";
import { isConnectionError } from "./errors.ts";
import { checksum, type Migration, type Plane } from "./migration.ts";
import { migrations as bundled } from "./migrations.generated.ts";
import { inTransaction, withSession } from "./session.ts";

export interface MigrateOptions {
  /** A session endpoint: the lock belongs to the session. */
  readonly endpoint: DatabaseEndpoint;
  /** The owner's. */
  readonly credential: DatabaseCredential;
  readonly plane: Plane;
  readonly ca?: string | undefined;
  readonly log?: Log;
  readonly clock?: Clock;
  /** By default those of the plane. */
  readonly migrations?: readonly Migration[];
}

const SCHEMAS: Readonly<Record<Plane, string>> = { control: "control", tenant: "pharmacy" };

/** "phar" in ASCII: one lock per database, because advisory locks are the database's own. */
const LOCK_KEY = 0x70686172;
const LOCK_POLL_MS = 100;
const LOCK_WAIT_MS = 30_000;
const RETRY_SECONDS = 10;
/** Waiting behind a long query would stop everybody who waits behind us. */
const LOCK_TIMEOUT = "5s";
const STATEMENT_TIMEOUT = "45s";
/** Lock or statement timeout, deadlock, lost race: the same migration may succeed later. */
const PASSING = new Set(["55P03", "57014", "40P01", "40001"]);

/**
 * Applies all pending migrations of a plane in one transaction, each followed by its `verify.sql`, and records them in
 * `schema_migrations`. Runners at the same time wait for one another; whoever comes second finds nothing to do.
 * @returns the highest version applied
 * @throws DomainError `unavailable` when trying again may help, else `internal` with the file's name: it failed, it was
 * changed after it had been applied, or the database has a migration that this code does not know
 */
export function migrate(options: MigrateOptions): Promise<{ schemaVersion: number }> {
  return withSession({ ...options, applicationName: "pharmasight-migrate" }, async (session) => {
    await lock(session);
    return inTransaction(session, () => applyPending(session, options));
  });
}

/** Never a blocking lock: its snapshot would stop `create index concurrently` elsewhere. Ends with the session. */
async function lock(session: Session): Promise<void> {
  for (const end = performance.now() + LOCK_WAIT_MS; performance.now() < end; await sleep(LOCK_POLL_MS)) {
    const [row] = await session.rows("select pg_try_advisory_lock($1) as locked", [LOCK_KEY]);
    if (row?.locked === true) return;
  }
  throw unavailable("Another migration of this database is running.", RETRY_SECONDS);
}

async function applyPending(session: Session, options: MigrateOptions): Promise<{ schemaVersion: number }> {
  const { plane, log, clock = systemClock, migrations = bundled[options.plane] } = options;
  const schema = SCHEMAS[plane];
  await session.script(`
    set local lock_timeout = '${LOCK_TIMEOUT}';
    set local statement_timeout = '${STATEMENT_TIMEOUT}';
    create schema if not exists ${schema};
    create table if not exists ${schema}.schema_migrations (
      version integer primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null
    );
    set local search_path to ${schema}, public;
  `);
  const applied = await appliedNames(session, plane, migrations);
  for (const migration of migrations.filter(({ version }) => !applied.has(version))) {
    await run(session, plane, migration, "up");
    await run(session, plane, migration, "verify");
    // A script may have left another search_path behind.
    await session.script(`set local search_path to ${schema}, public`);
    await session.rows("insert into schema_migrations (version, name, checksum, applied_at) values ($1, $2, $3, $4)", [
      migration.version,
      migration.name,
      checksum(migration.up),
      clock.now(),
    ]);
    log?.info("Migration applied", { plane, migration: migration.name });
  }
  const known = [...applied, ...migrations.map(({ version }) => version)];
  return { schemaVersion: Math.max(0, ...known) };
}

/** @throws DomainError when history and files disagree */
async function appliedNames(session: Session, plane: Plane, migrations: readonly Migration[]): Promise<Set<number>> {
  const versions = new Set<number>();
  for (const row of await session.rows("select version, name, checksum from schema_migrations order by version")) {
    const version = Number(row.version);
    const migration = migrations.find((candidate) => candidate.version === version);
    if (migration === undefined) {
      throw new DomainError(
        "internal",
        `The database has migration ${plane}/${String(row.name)}, which this version of the code does not know: ` +
          "deploy the newer code.",
      );
    }
    if (checksum(migration.up) !== row.checksum) {
      throw new DomainError(
        "internal",
        `The file migrations/${plane}/${migration.name}/up.sql was changed after it had been applied: ` +
          "put it back and write a new migration.",
      );
    }
    versions.add(version);
  }
  return versions;
}

async function run(session: Session, plane: Plane, migration: Migration, script: "up" | "verify"): Promise<void> {
  try {
    await session.script(migration[script]);
  } catch (error) {
    const file = `migrations/${plane}/${migration.name}/${script}.sql`;
    const message = `${file} failed: ${error instanceof Error ? error.message : String(error)}`;
    if (isConnectionError(error) || PASSING.has(sqlStateOf(error) ?? "")) {
      throw unavailable(message, RETRY_SECONDS, error);
    }
    throw new DomainError("internal", message, { cause: error });
  }
}
