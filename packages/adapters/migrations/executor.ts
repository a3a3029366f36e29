import type { SchemaOutcome } from "@pharmasight/core/ports/schemas";
import type { Session } from "../postgres/client.ts";
import { backfill } from "./backfill.ts";
import { domainErrorOf, failureOf, LeadFailed, Overtaken } from "./failures.ts";
import { requireKnown, requireVersion } from "./history.ts";
import type { Migration } from "./migration.ts";
import { migrations as bundled } from "./migrations.generated.ts";
import { type SchemaOptions, type SchemaRun, withSchema } from "./schema-session.ts";
import { applyStandalone, takeBackStandalone } from "./steps/standalone.ts";
import { raiseFence } from "./steps/transaction.ts";
import { applyTogether, takeBack } from "./steps/transactional.ts";

export interface LeadOptions<T> extends Omit<SchemaOptions, "lockWaitMs"> {
  /** Up or down to here. */
  readonly toVersion: number;
  /** By default those of the plane. */
  readonly migrations?: readonly Migration[] | undefined;
  /** Looks at the schema that was reached, before anybody else is let at it. */
  look(session: Session): Promise<T>;
}

export type MigrateOptions = Omit<LeadOptions<void>, "lead" | "look" | "toVersion"> & {
  /** By default the newest. */
  readonly toVersion?: number | undefined;
};

/** As `SchemaOutcome`, with what was seen of the schema. */
export type LeadOutcome<T> =
  | { readonly kind: "reached"; readonly version: number; readonly seen: T }
  | Exclude<SchemaOutcome, { kind: "reached" }>;

/** Another runner is usually done within seconds. */
const LOCK_WAIT_MS = 30_000;
/** Below the time that a worker of provisioning has. Whoever has more says so. */
const MIGRATE_TIMEOUT_MS = 50_000;

/**
 * Leads a schema up or down to a version, on one connection that holds its lock. Each migration is recorded in the
 * transaction that made it, so that a repetition after any death goes on where this stopped. Somebody else at the schema
 * is not waited for.
 * @returns how it ended: whatever the database has against it is an outcome
 * @throws what the lead itself throws when it is asked
 */
export async function leadSchema<T>(options: LeadOptions<T>): Promise<LeadOutcome<T>> {
  const progress: Progress = { version: undefined };
  try {
    return await run({ ...options, lockWaitMs: 0 }, progress);
  } catch (error) {
    return outcomeOf(error, progress.version);
  }
}

/**
 * Leads the schema of a new database, or of the control plane, to a version. Runners at the same time wait for one
 * another; whoever comes second finds nothing to do. In a new database, migrations are applied in as few transactions as
 * they allow. One that is further already stays as it is.
 * @returns the version reached
 * @throws DomainError `unavailable` when trying again may help, else `internal` with the file's name: it failed, it was
 * changed after it had been applied, or the database has a migration that this code does not know; `conflict` when the
 * database is another tenant's
 */
export async function migrate(options: MigrateOptions): Promise<{ schemaVersion: number }> {
  const toVersion = options.toVersion ?? (options.migrations ?? bundled[options.plane]).at(-1)?.version ?? 0;
  const timeoutMs = options.timeoutMs ?? MIGRATE_TIMEOUT_MS;
  try {
    const outcome = await run(
      { ...options, toVersion, timeoutMs, lockWaitMs: LOCK_WAIT_MS, look: async () => {} },
      { version: undefined },
    );
    return { schemaVersion: outcome.version };
  } catch (error) {
    throw domainErrorOf(error);
  }
}

/** What is thrown on the way, as an outcome. @throws what is none: what the lead threw, and bugs */
export function outcomeOf(
  error: unknown,
  version: number | undefined,
): Extract<SchemaOutcome, { kind: "overtaken" | "failed" }> {
  if (error instanceof Overtaken) return overtakenOf(error);
  if (error instanceof LeadFailed) throw error.cause;
  const failure = failureOf(error, version);
  if (failure === undefined) throw error;
  return failure;
}

function overtakenOf({ reason, fence }: Overtaken): Extract<SchemaOutcome, { kind: "overtaken" }> {
  return reason === "fenced" ? { kind: "overtaken", reason, fence: fence?.toString() } : { kind: "overtaken", reason };
}

/** How far it got, for whoever is told of a failure. */
interface Progress {
  version: number | undefined;
}

async function run<T>(
  options: LeadOptions<T> & Pick<SchemaOptions, "lockWaitMs">,
  progress: Progress,
): Promise<Exclude<LeadOutcome<T>, { kind: "overtaken" | "failed" }>> {
  const { plane, toVersion, migrations = bundled[plane] } = options;
  requireVersion(plane, migrations, toVersion);
  return withSchema(options, async (schema) => {
    const applied = requireKnown(plane, migrations, schema.history);
    progress.version = applied.at(-1)?.version ?? 0;
    await raiseFence(schema);
    const back = schema.lead?.mayGoDown === true ? goingDown(schema, migrations, toVersion) : [];
    for (const migration of back) {
      await (migration.isTransactional ? takeBack(schema, migration) : takeBackStandalone(schema, migration));
      progress.version = Math.min(progress.version, migration.version - 1);
      schema.log?.info("Migration taken back", { plane, migration: migration.name });
    }
    const isFresh = applied.length === 0;
    const pending = migrations.filter(({ version }) => version > (progress.version ?? 0) && version <= toVersion);
    for (const group of groupsOf(pending, isFresh)) {
      const stopped = await apply(schema, group);
      if (stopped !== undefined) return { ...stopped, version: progress.version };
      progress.version = group.at(-1)?.version ?? progress.version;
      for (const { name } of group) schema.log?.info("Migration applied", { plane, migration: name });
    }
    return { kind: "reached", version: progress.version, seen: await options.look(schema.session) };
  });
}

/** Newest first; what was only begun is taken back as well. */
function goingDown({ history }: SchemaRun, migrations: readonly Migration[], toVersion: number): Migration[] {
  const there = new Set([...history.applied.map(({ version }) => version), ...history.begun]);
  return migrations.filter(({ version }) => version > toVersion && there.has(version)).reverse();
}

type Group = readonly [Migration, ...Migration[]];

/** Each by itself, so that a failure takes back no more than it must; in a new database that is all there is. */
function groupsOf(migrations: readonly Migration[], isFresh: boolean): Group[] {
  const groups: Group[] = [];
  for (const migration of migrations) {
    const last = groups.at(-1);
    const joins = isFresh && last !== undefined && isPlain(last[0]) && isPlain(migration);
    if (joins) groups.splice(-1, 1, [...last, migration]);
    else groups.push([migration]);
  }
  return groups;
}

const isPlain = ({ isTransactional, isBackfill }: Migration): boolean => isTransactional && !isBackfill;

/** @returns something when there is more to do than time */
async function apply(
  schema: SchemaRun,
  group: Group,
): Promise<{ readonly kind: "continues"; readonly rowsDone: number } | undefined> {
  const [first] = group;
  if (first.isBackfill) {
    const { isFinished, rowsDone } = await backfill(schema, first);
    return isFinished ? undefined : { kind: "continues", rowsDone };
  }
  await (first.isTransactional ? applyTogether(schema, group) : applyStandalone(schema, first));
  return undefined;
}
