import type { Clock } from "@pharmasight/core/kernel/clock";
import { DomainError } from "@pharmasight/core/kernel/errors";
import type { Log } from "@pharmasight/core/kernel/log";
import { sqlStateOf } from "@pharmasight/core/kernel/sqlstate";
import type { SchemaLead } from "@pharmasight/core/ports/schemas";
import * as z from "zod";
import type { Rows, Session } from "../postgres/client.ts";
import type { Migration, Plane } from "./migration.ts";

/** What a database says of its own migrations. */

/** Where a plane's tables are, and the bookkeeping beside them. */
export const SCHEMAS: Readonly<Record<Plane, string>> = { control: "control", tenant: "pharmacy" };

export interface History {
  readonly applied: readonly AppliedMigration[];
  /** Versions of which a part was done: statements outside a transaction, batches, or a way back that stopped. */
  readonly begun: readonly number[];
  /** The highest that was ever let at it. */
  readonly fence: bigint;
}

export interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

const appliedSchema = z.array(z.object({ version: z.number(), name: z.string(), checksum: z.string() }));
const begunSchema = z.array(z.object({ version: z.number() }));
const fenceSchema = z.tuple([z.object({ fence: z.coerce.bigint() })]);
const identitySchema = z.array(z.object({ tenant_id: z.string() }));

/** No such table, schema or column: the database is fresh, or its bookkeeping is older than this code. */
const MISSING: readonly unknown[] = ["42P01", "3F000", "42703"];

export interface HistoryOptions {
  readonly plane: Plane;
  readonly tenantId: string | undefined;
  /** Whether it may still be new, and say nothing. */
  readonly mayBeNobodys: boolean;
  readonly log: Log | undefined;
}

/**
 * Reads the history, after a look at whose it is. The tables for it are made when they are missing: needs the lock.
 * @throws DomainError `conflict` when the database is another tenant's
 */
export async function readHistory(session: Session, options: HistoryOptions): Promise<History> {
  const schema = SCHEMAS[options.plane];
  try {
    const [applied, begun, fence, identity = []] = await session.results(
      historyQueries(schema) +
        (options.tenantId === undefined ? "" : `; select tenant_id::text from ${schema}.identity`),
    );
    requireIdentity(identity, options);
    return historyOf(applied, begun, fence);
  } catch (error) {
    if (!MISSING.includes(sqlStateOf(error))) throw error;
  }
  // Before anything is made in it.
  requireIdentity(await readIdentity(session, schema), options);
  await session.script(bookkeeping(schema));
  const [applied, begun, fence] = await session.results(historyQueries(schema));
  return historyOf(applied, begun, fence);
}

/**
 * The version, in a database that is only looked at.
 * @throws DomainError `conflict` when the database is another tenant's
 */
export async function readVersion(session: Session, options: HistoryOptions): Promise<number> {
  const schema = SCHEMAS[options.plane];
  requireIdentity(await readIdentity(session, schema), options);
  const [found] = await session.rows(`select to_regclass('${schema}.schema_migrations') is not null as yes`);
  if (found?.yes !== true) return 0;
  const [row] = await session.rows(`select coalesce(max(version), 0) as version from ${schema}.schema_migrations`);
  return Number(row?.version);
}

/**
 * The migrations that the history names, in order.
 * @throws DomainError `internal` that names the file when history and files disagree
 */
export function requireKnown(plane: Plane, migrations: readonly Migration[], history: History): readonly Migration[] {
  const applied = history.applied.map(({ version, name, checksum }) => {
    const migration = migrations.find((candidate) => candidate.version === version);
    if (migration === undefined) throw unknown(plane, name);
    if (migration.checksum !== checksum) {
      throw new DomainError(
        "internal",
        `The file migrations/${plane}/${migration.name}/up.sql was changed after it had been applied: ` +
          "put it back and write a new migration.",
      );
    }
    return migration;
  });
  const newest = applied.at(-1);
  const late = migrations.find(
    ({ version }) => version < (newest?.version ?? 0) && !applied.some((one) => one.version === version),
  );
  if (late !== undefined) {
    throw new DomainError(
      "internal",
      `migrations/${plane}/${late.name} has not been applied, but ${newest?.name}, which comes after it, has: ` +
        "give it the next free number.",
    );
  }
  const begun = history.begun.find((version) => !migrations.some((migration) => migration.version === version));
  if (begun !== undefined) throw unknown(plane, String(begun));
  return applied;
}

/** @throws DomainError `internal` for a version that this code does not know */
export function requireVersion(plane: Plane, migrations: readonly Migration[], version: number): void {
  if (version !== 0 && !migrations.some((migration) => migration.version === version)) {
    throw new DomainError(
      "internal",
      `This version of the code does not know version ${version} of the ${plane} schema: deploy the newer code.`,
    );
  }
}

/** Records, in the transaction that did it, that a migration was applied. */
export function appliedStatement(
  migration: Migration,
  by: {
    readonly plane: Plane;
    readonly lead: SchemaLead | undefined;
    readonly clock: Clock;
    readonly durationMs: number;
  },
): string {
  const { version, name, checksum } = migration;
  const lead = by.lead === undefined ? "null, null" : `${quote(by.lead.deploymentId)}, ${digits(by.lead.fence)}`;
  return `
    insert into ${SCHEMAS[by.plane]}.schema_migrations
      (version, name, checksum, applied_at, deployment_id, fence, duration_ms)
    values (${version}, ${quote(name)}, ${quote(checksum)}, ${quote(by.clock.now().toISOString())}, ${lead},
      ${Math.round(by.durationMs)});
    ${forgetSteps(by.plane, version)}`;
}

/** Records, in the transaction that did it, that a migration was taken back. */
export const takenBackStatement = (plane: Plane, version: number): string => `
  delete from ${SCHEMAS[plane]}.schema_migrations where version = ${version};
  ${forgetSteps(plane, version)}`;

const forgetSteps = (plane: Plane, version: number): string =>
  `delete from ${SCHEMAS[plane]}.schema_steps where version = ${version}`;

/**
 * Raises the fence to the lead's, and keeps it for the transaction: one row, or none when a later lead has been here.
 * Without a lead there is nobody to be later than.
 */
export function fenceStatement(plane: Plane, lead: SchemaLead | undefined): string {
  if (lead === undefined) return "select true as held";
  const fence = digits(lead.fence);
  return `update ${SCHEMAS[plane]}.schema_fence set fence = ${fence} where fence <= ${fence} returning true as held`;
}

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function digits(fence: string): string {
  if (!/^\d{1,19}$/.test(fence)) throw new TypeError("A fence is a number.");
  return fence;
}

const historyQueries = (schema: string): string => `
  select version, name, checksum, duration_ms from ${schema}.schema_migrations order by version;
  select distinct version from ${schema}.schema_steps;
  select fence::text from ${schema}.schema_fence`;

const historyOf = (applied: unknown, begun: unknown, fence: unknown): History => ({
  applied: appliedSchema.parse(applied),
  begun: begunSchema.parse(begun).map(({ version }) => version),
  fence: fenceSchema.parse(fence)[0].fence,
});

async function readIdentity(session: Session, schema: string): Promise<Rows> {
  const [found] = await session.rows(`select to_regclass('${schema}.identity') is not null as yes`);
  return found?.yes === true ? session.rows(`select tenant_id::text from ${schema}.identity`) : [];
}

function requireIdentity(rows: Rows, { tenantId, mayBeNobodys, log }: HistoryOptions): void {
  const [identity] = identitySchema.parse(rows);
  if (tenantId === undefined || identity?.tenant_id === tenantId) return;
  if (identity === undefined && mayBeNobodys) return;
  log?.alarm("tenant-identity-mismatch", { expected: tenantId, found: identity?.tenant_id });
  throw new DomainError("conflict", "This database belongs to another pharmacy: its schema was not touched.");
}

function unknown(plane: Plane, name: string): DomainError {
  return new DomainError(
    "internal",
    `The database has migration ${plane}/${name}, which this version of the code does not know: deploy the newer code.`,
  );
}

/**
 * Makes or extends the bookkeeping: it is no migration's, because migrations need it. Where default rights would let the
 * application at it, they are taken away.
 */
const bookkeeping = (schema: string): string => `
  begin;
  create schema if not exists ${schema};
  create table if not exists ${schema}.schema_migrations (
    version integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null
  );
  alter table ${schema}.schema_migrations
    add column if not exists deployment_id uuid,
    add column if not exists fence bigint,
    add column if not exists duration_ms integer;
  create table if not exists ${schema}.schema_fence (
    only_row boolean primary key default true check (only_row),
    fence bigint not null
  );
  insert into ${schema}.schema_fence (fence) values (0) on conflict do nothing;
  create table if not exists ${schema}.schema_steps (
    version integer not null,
    statement integer not null,
    state text not null check (state in ('intended', 'done')),
    cursor text,
    rows_done bigint not null default 0,
    fence bigint,
    primary key (version, statement)
  );
  create table if not exists ${schema}.schema_repairs (
    name text primary key,
    checksum text not null,
    applied_at timestamptz not null,
    deployment_id uuid,
    fence bigint
  );
  do $$
  declare given record;
  begin
    for given in
      select distinct c.relname, a.grantee from pg_class c, aclexplode(c.relacl) a
      where c.relnamespace = '${schema}'::regnamespace and a.grantee <> c.relowner
        and c.relname in ('schema_migrations', 'schema_fence', 'schema_steps', 'schema_repairs')
    loop
      execute format('revoke all on ${schema}.%I from %s', given.relname,
        case given.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(given.grantee)) end);
    end loop;
  end $$;
  commit`;
