import { DomainError, unavailable } from "@pharmasight/core/kernel/errors";
import type { Log } from "@pharmasight/core/kernel/log";
import type { RehearsalReport, SchemaFingerprint, SchemaRehearsals } from "@pharmasight/core/ports/schemas";
import type { OwnerSecret } from "@pharmasight/core/ports/tenant-setup";
import * as z from "zod";
import type { Session } from "../postgres/client.ts";
import { withSession } from "../postgres/session.ts";
import { tablesQuery } from "./catalogue.ts";
import { columnsOf, contentsOf, lossBetween, type TableContents } from "./contents.ts";
import { describeDifferences, differencesBetween } from "./differences.ts";
import { expectedFingerprint, fingerprintOf } from "./fingerprint.ts";
import { readVersion } from "./history.ts";
import type { Table } from "./locks.ts";
import { measurements } from "./measurements.ts";
import type { Migration } from "./migration.ts";
import { migrations as bundled } from "./migrations.generated.ts";
import { startReader } from "./readers.ts";
import { type Measure, TrialFailure, tryMigration, unmeasured } from "./trial.ts";

export interface RehearsalOptions {
  readonly ca?: string | undefined;
  readonly log: Log;
  /** By default those of tenants that this code comes with. */
  readonly migrations?: readonly Migration[];
  /** What the schema of a version should be; undefined where nobody knows. */
  readonly expected?: (version: number) => SchemaFingerprint | undefined;
}

/** The executor's: whoever leads this database to a version goes alone. */
const LOCK_KEY = 0x70686172;
const RETRY_SECONDS = 30;
const TIMEOUT_MS = 3_600_000;

const tablesSchema = z.array(z.object({ oid: z.string(), name: z.string(), bytes: z.coerce.number() }));
const startSchema = z.object({ pid: z.number(), is_locked: z.boolean(), has_history: z.boolean() });

/** Rehearses on the database itself: give it a copy, or one that nobody works in. It ends at the new version. */
export function postgresRehearsals(options: RehearsalOptions): SchemaRehearsals {
  const open = <T>({ session, user, password }: OwnerSecret, work: (session: Session) => Promise<T>): Promise<T> =>
    withSession(
      {
        endpoint: session,
        credential: { user, password },
        ca: options.ca,
        applicationName: "pharmasight-rehearse",
        timeoutMs: TIMEOUT_MS,
      },
      work,
    );
  return {
    rehearse: (owner, toVersion) =>
      open(owner, (session) =>
        open(owner, (observer) =>
          open(owner, async (reading) => {
            const report = await rehearse({ tenantId: owner.tenantId, session, observer, reading, options, toVersion });
            const { fromVersion, failure, rollback } = report;
            options.log.info("Migrations rehearsed", { fromVersion, toVersion, failure, ...rollback });
            return report;
          }),
        ),
      ),
  };
}

interface Stage {
  readonly tenantId: string;
  readonly session: Session;
  readonly observer: Session;
  readonly reading: Session;
  readonly options: RehearsalOptions;
  readonly toVersion: number;
}

async function rehearse({ tenantId, session, observer, reading, options, toVersion }: Stage): Promise<RehearsalReport> {
  const { migrations = bundled.tenant, expected = knownFingerprint, log } = options;
  const pid = await begin(session);
  // A copy says whose it is too.
  const fromVersion = await readVersion(session, { plane: "tenant", tenantId, mayBeNobodys: false, log });
  const pending = migrations.filter(({ version }) => version > fromVersion && version <= toVersion);
  const tables = tablesSchema.parse(await session.rows(tablesQuery("tenant")));
  const facts = {
    fromVersion,
    toVersion,
    tableSizes: Object.fromEntries(tables.map(({ name, bytes }) => [name, bytes])),
  };
  if (pending.length === 0) {
    const reason = `The database has version ${fromVersion}: there was nothing to try.`;
    return { ...facts, statements: [], rollback: { isProved: false, reason }, failure: undefined };
  }
  const sight = await sights(session, tables);
  const before = await sight();
  const reader = startReader(reading, namedIn(pending, tables));
  const measured = measurements({ session, observer, reader, tables, pid });
  const failure = await ledTo("up", session, pending, measured.measure).finally(() => reader.stop());
  const report = { ...facts, statements: measured.statements() };
  if (failure !== undefined) {
    return { ...report, failure, rollback: { isProved: false, reason: "It did not get up in the first place." } };
  }
  const after = await sight();
  const wanted = expected(toVersion);
  const wrong = wanted === undefined ? [] : differencesBetween(wanted, after.fingerprint);
  const reason = await refutation(session, pending, { before, after }, sight);
  return {
    ...report,
    failure:
      wrong.length > 0
        ? `The schema is not what version ${toVersion} should be: ${describeDifferences(wrong)}.`
        : undefined,
    rollback: { isProved: reason === undefined, reason },
  };
}

/** @returns the number of the session's process */
async function begin(session: Session): Promise<number> {
  const [row] = await session.rows(
    `select pg_backend_pid() as pid, pg_try_advisory_lock(${LOCK_KEY}) as is_locked,
       to_regclass('pharmacy.schema_migrations') is not null as has_history`,
  );
  const start = startSchema.parse(row);
  if (!start.is_locked) throw unavailable("This database is being migrated.", RETRY_SECONDS);
  if (!start.has_history) throw new DomainError("conflict", "This database has no schema of ours.");
  return start.pid;
}

async function versionOf(session: Session): Promise<number> {
  const [row] = await session.rows("select coalesce(max(version), 0) as version from pharmacy.schema_migrations");
  return Number(row?.version);
}

function knownFingerprint(version: number): SchemaFingerprint {
  return expectedFingerprint("tenant", version);
}

/** Those that the statements speak of: others are not locked, and reading them would only find a lock later. */
function namedIn(pending: readonly Migration[], tables: readonly Table[]): string[] {
  const words = new Set(pending.flatMap(({ up }) => up.flatMap((text) => text.match(/\w+/g) ?? [])));
  return tables.map(({ name }) => name).filter((name) => words.has(name.slice(name.indexOf(".") + 1)));
}

/** @returns what made it fail, undefined when it is there */
async function ledTo(
  direction: "up" | "down",
  session: Session,
  pending: readonly Migration[],
  measure: Measure,
): Promise<string | undefined> {
  try {
    for (const migration of direction === "up" ? pending : pending.toReversed()) {
      await tryMigration(session, migration, direction, measure);
    }
    return undefined;
  } catch (error) {
    if (error instanceof TrialFailure && !session.closed()) return error.message;
    throw error;
  }
}

interface Sight {
  readonly fingerprint: SchemaFingerprint;
  readonly contents: ReadonlyMap<string, TableContents>;
}

/** Of the schema, and of the tables and columns that are there now, whatever is added to them later. */
async function sights(session: Session, tables: readonly Table[]): Promise<() => Promise<Sight>> {
  const columns = await columnsOf(session, tables);
  return async () => {
    await session.script("set statement_timeout = 0");
    const contents = await contentsOf(session, tables, columns);
    return { fingerprint: await fingerprintOf(session, "tenant"), contents };
  };
}

/** Why the way back is not proved: down and up again have to lead to where they started, and keep every row. */
async function refutation(
  session: Session,
  pending: readonly Migration[],
  { before, after }: { readonly before: Sight; readonly after: Sight },
  sight: () => Promise<Sight>,
): Promise<string | undefined> {
  const notDown = await ledTo("down", session, pending, unmeasured);
  const back = await sight();
  const reached = await versionOf(session);
  // Up again even when the way down failed: a database that is not a copy stays in use.
  const notUp = await ledTo(
    "up",
    session,
    pending.filter(({ version }) => version > reached),
    unmeasured,
  );
  if (notDown !== undefined) return `Going down failed: ${notDown}.`;
  const down = difference(before, back);
  if (down !== undefined) return `Going down did not lead back: ${down}.`;
  if (notUp !== undefined) return `Going up again failed: ${notUp}.`;
  const up = difference(after, await sight());
  return up === undefined ? undefined : `Going up again led elsewhere: ${up}.`;
}

function difference(wanted: Sight, found: Sight): string | undefined {
  const differences = differencesBetween(wanted.fingerprint, found.fingerprint);
  return differences.length > 0 ? describeDifferences(differences) : lossBetween(wanted.contents, found.contents);
}
