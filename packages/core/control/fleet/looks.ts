import { DAY_SECONDS, HOUR_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, notFound } from "../../kernel/errors.ts";
import type { SchemaDifference, SchemaSight } from "../../ports/schemas.ts";
import { reasonOf } from "../provisioning/attempts.ts";
import { readOwnerSecret } from "../provisioning/credentials.ts";
import type { ControlScope } from "../scope.ts";
import { differencesBetween } from "./differences.ts";
import type { FleetPorts } from "./ports.ts";
import { differencesSchema } from "./reports.ts";
import { fleetOf, type Selection, selectedIds } from "./selection.ts";
import { isOnWayBack, showVersion } from "./visibility.ts";

/** Every schema is looked at about once a day. */
const LOOKED_AT_EVERY_SECONDS = DAY_SECONDS;
/** Whoever could not be looked at is tried again sooner. */
const TRIED_AGAIN_EVERY_SECONDS = 6 * HOUR_SECONDS;
/** A look that is older proves nothing any more. */
const PROVES_SECONDS = 2 * DAY_SECONDS;
const OBJECTS_NAMED = 10;
/** By one scan: an hourly scan gets through some thousands a day. */
const SCANNED_MAX = 250;

/**
 * Looks at one tenant's schema and keeps what it is: its version, and how it differs from what that version should be.
 * Changes nothing in its database. Does nothing while the schema is being led somewhere, or when it was meanwhile. That it
 * could not be looked at is kept as well.
 * @throws DomainError `not_found` for a tenant without a database, `unavailable` when that does not answer, `conflict`
 * when it is another tenant's
 */
export async function look(control: ControlScope, ports: LookPorts, tenantId: string): Promise<void> {
  const failure = await attempt(control, ports, tenantId);
  if (failure !== undefined) throw failure.error;
}

/**
 * `look`, for a schedule: what is wrong with one tenant's database is kept for `drift` to list, and is no fault of the
 * worker, which would try again for nothing.
 * @throws whatever the control database throws
 */
export async function lookOnSchedule(control: ControlScope, ports: LookPorts, tenantId: string): Promise<void> {
  const failure = await attempt(control, ports, tenantId);
  if (failure !== undefined) control.log.warn("a schema could not be looked at", { error: String(failure.error) });
}

type LookPorts = Pick<FleetPorts, "schemas" | "secrets">;

/** @returns what the tenant's database, or the way to it, has against it */
async function attempt(
  control: ControlScope,
  { schemas, secrets }: LookPorts,
  tenantId: string,
): Promise<{ readonly error: unknown } | undefined> {
  const database = await control.db
    .selectFrom("tenantDatabases")
    .leftJoin("tenantSchemas", "tenantSchemas.tenantId", "tenantDatabases.tenantId")
    .select(["ownerSecretArn", "tenantSchemas.fence"])
    .where("tenantDatabases.tenantId", "=", tenantId)
    .executeTakeFirst();
  if (database === undefined || database.ownerSecretArn === null)
    return { error: notFound("database of this pharmacy") };
  if (await isLed(control, tenantId)) return undefined;
  let sight: SchemaSight;
  try {
    sight = await schemas.look(await readOwnerSecret(secrets, database.ownerSecretArn));
  } catch (error) {
    await keepFailure(control, tenantId, reasonOf(error));
    return { error };
  }
  await keep(control, tenantId, database.fence ?? "0", sight, driftOf(schemas, sight));
  return undefined;
}

/**
 * Sends a hint for each tenant whose schema nobody looked at for a day, or tried to: those whose turn is longest ago first,
 * so that whoever never answers keeps nobody else waiting.
 * @returns how many
 */
export async function scan(control: ControlScope): Promise<number> {
  const now = control.clock.now();
  const due = await control.db
    .selectFrom("tenants")
    .innerJoin("tenantDatabases", "tenantDatabases.tenantId", "tenants.id")
    .leftJoin("tenantSchemas", "tenantSchemas.tenantId", "tenants.id")
    .select("tenants.id as tenantId")
    .where("tenants.state", "not in", ["provisioning", "provisioning_failed"])
    .where("tenantDatabases.ownerSecretArn", "is not", null)
    .where((e) =>
      e.or([
        e("lookTriedAt", "is", null),
        e("lookTriedAt", "<", secondsAfter(now, -LOOKED_AT_EVERY_SECONDS)),
        e.and([e("lookError", "is not", null), e("lookTriedAt", "<", secondsAfter(now, -TRIED_AGAIN_EVERY_SECONDS))]),
      ]),
    )
    .orderBy("lookTriedAt", (order) => order.asc().nullsFirst())
    .orderBy("tenants.id")
    .limit(SCANNED_MAX)
    .execute();
  if (due.length === 0) return 0;
  const hour = Math.floor(now.getTime() / 1000 / HOUR_SECONDS);
  await control.tx(async (tx) => {
    for (const { tenantId } of due) {
      await tx.emit({ queue: "fleet-looks", payload: { tenantId }, dedupeKey: `look:${tenantId}:${hour}` });
    }
  });
  return due.length;
}

/** A tenant whose schema is not what its version should be, or could not be looked at. */
export interface DriftedTenant {
  readonly tenantId: string;
  readonly companyName: string;
  /** Null once the address was released. */
  readonly subdomain: string | null;
  readonly version: number | null;
  readonly lookedAt: Date | null;
  /** None when it was only not looked at. */
  readonly differences: readonly SchemaDifference[];
  /** Why the newest look failed; null when it did not. */
  readonly lookError: string | null;
  readonly lookTriedAt: Date | null;
}

export interface DriftReport {
  readonly tenants: readonly DriftedTenant[];
  /** To be given as `after` for the page after this one. */
  readonly next: string | undefined;
  /** Of all that were asked for. */
  readonly counts: {
    readonly tenants: number;
    readonly drifted: number;
    /** Nobody has looked at them yet. */
    readonly unseen: number;
    /** Looked at, and more than two days ago. */
    readonly overdue: number;
    /** The newest look at them failed. */
    readonly failing: number;
    /** The longest ago that anybody was looked at. */
    readonly oldestLook: Date | undefined;
  };
}

/**
 * Whose schema differs from what it should be, and in what; and who could not be looked at. Nobody drifted, unseen or
 * overdue: then every schema is the one intended.
 * @param page.after id of the last tenant of the page before
 * @throws DomainError `invalid_input` for a selection that cannot be meant
 */
export async function drift(
  control: ControlScope,
  {
    limit,
    after,
    selection,
  }: { readonly limit: number; readonly after?: string | undefined; readonly selection?: Selection | undefined },
): Promise<DriftReport> {
  const selected = await selectedIds(control, selection);
  const rows = await fleetOf(control, selected)
    .leftJoin("tenantHosts", (join) =>
      join.onRef("tenantHosts.tenantId", "=", "tenants.id").on("tenantHosts.kind", "=", "primary"),
    )
    .select([
      "tenants.id as tenantId",
      "tenants.name as companyName",
      "tenantHosts.host as subdomain",
      "tenantSchemas.version",
      "tenantSchemas.lookedAt",
      "tenantSchemas.drift",
      "tenantSchemas.lookError",
      "tenantSchemas.lookTriedAt",
    ])
    .where((e) => e.or([e("tenantSchemas.drift", "is not", null), e("tenantSchemas.lookError", "is not", null)]))
    .$if(after !== undefined, (query) => query.where("tenants.id", ">", after ?? ""))
    .orderBy("tenants.id")
    .limit(limit + 1)
    .execute();
  const tenants = rows.slice(0, limit).map(({ drift: found, ...tenant }) => ({
    ...tenant,
    differences: found === null ? [] : differencesSchema.parse(found),
  }));
  return {
    tenants,
    next: rows.length > limit ? tenants.at(-1)?.tenantId : undefined,
    counts: await countsOf(control, selected),
  };
}

async function countsOf(
  control: ControlScope,
  selected: readonly string[] | undefined,
): Promise<DriftReport["counts"]> {
  const long = secondsAfter(control.clock.now(), -PROVES_SECONDS);
  const { tenants, drifted, unseen, overdue, failing, oldestLook } = await fleetOf(control, selected)
    .select((e) => [
      e.fn.countAll<string>().as("tenants"),
      e.fn.countAll<string>().filterWhere("tenantSchemas.drift", "is not", null).as("drifted"),
      e.fn.countAll<string>().filterWhere("tenantSchemas.lookedAt", "is", null).as("unseen"),
      e.fn.countAll<string>().filterWhere("tenantSchemas.lookedAt", "<", long).as("overdue"),
      e.fn.countAll<string>().filterWhere("tenantSchemas.lookError", "is not", null).as("failing"),
      e.fn.min("tenantSchemas.lookedAt").as("oldestLook"),
    ])
    .executeTakeFirstOrThrow();
  return {
    tenants: Number(tenants),
    drifted: Number(drifted),
    unseen: Number(unseen),
    overdue: Number(overdue),
    failing: Number(failing),
    oldestLook: oldestLook ?? undefined,
  };
}

async function isLed(control: ControlScope, tenantId: string): Promise<boolean> {
  const led = await control.db
    .selectFrom("deploymentTargets")
    .select("deploymentId")
    .where("tenantId", "=", tenantId)
    .where("state", "=", "running")
    .executeTakeFirst();
  return led !== undefined;
}

function driftOf(schemas: FleetPorts["schemas"], { version, fingerprint }: SchemaSight): readonly SchemaDifference[] {
  try {
    return differencesBetween(schemas.expected(version), fingerprint);
  } catch (error) {
    if (!(error instanceof DomainError && error.code === "not_found")) throw error;
    return [{ object: `version ${version}, which this release does not know`, is: "unexpected" }];
  }
}

/** @param fence as it was before the look: whoever was let at the schema since knows better */
async function keep(
  control: ControlScope,
  tenantId: string,
  fence: string,
  { version, fingerprint, tableSizes }: SchemaSight,
  differences: readonly SchemaDifference[],
): Promise<void> {
  const now = control.clock.now();
  const seen = {
    version,
    fingerprint: fingerprint.hash,
    drift: differences.length === 0 ? null : [...differences],
    tableSizes: { ...tableSizes },
    lookedAt: now,
    lookTriedAt: now,
    lookError: null,
  };
  await control.tx(async (tx) => {
    const before = await tx.db
      .selectFrom("tenantSchemas")
      .select("drift")
      .where("tenantId", "=", tenantId)
      .forUpdate()
      .executeTakeFirst();
    const kept = await tx.db
      .insertInto("tenantSchemas")
      .values({ tenantId, ...seen })
      .onConflict((conflict) => conflict.column("tenantId").doUpdateSet(seen).where("tenantSchemas.fence", "=", fence))
      .returning("fence")
      .executeTakeFirst();
    if (kept !== undefined && seen.drift !== null && (before?.drift ?? null) === null) {
      const objects = differences.slice(0, OBJECTS_NAMED).map(({ object, is }) => `${object} (${is})`);
      tx.log.alarm("schema-drift", { tenantId, version, differences: differences.length, objects });
    }
    if (kept === undefined || version === 0 || (await isLed(tx, tenantId)) || (await isOnWayBack(tx, tenantId))) return;
    await showVersion(tx, tenantId, version);
  });
}

/** What was seen before stays: it is as old as it says. */
async function keepFailure(control: ControlScope, tenantId: string, lookError: string): Promise<void> {
  const tried = { lookTriedAt: control.clock.now(), lookError };
  await control.db
    .insertInto("tenantSchemas")
    .values({ tenantId, ...tried })
    .onConflict((conflict) => conflict.column("tenantId").doUpdateSet(tried))
    .execute();
}
