import { DAY_SECONDS, HOUR_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, notFound } from "../../kernel/errors.ts";
import type { SchemaDifference, SchemaSight } from "../../ports/schemas.ts";
import { readOwnerSecret } from "../provisioning/credentials.ts";
import type { ControlScope } from "../scope.ts";
import { differencesBetween } from "./differences.ts";
import type { FleetPorts } from "./ports.ts";
import { showVersion } from "./recording.ts";
import { differencesSchema } from "./reports.ts";

/** Every schema is looked at about once a day. */
const LOOKED_AT_EVERY_SECONDS = DAY_SECONDS;
/** By one scan: an hourly scan gets through some thousands a day. */
const SCANNED_MAX = 250;

/**
 * Looks at one tenant's schema and keeps what it is: its version, and how it differs from what that version should be.
 * Changes nothing in its database. Does nothing while the schema is being led somewhere, or when it was meanwhile.
 * @throws DomainError `not_found` for a tenant without a database, `unavailable` when that does not answer, `conflict`
 * when it is another tenant's
 */
export async function look(
  control: ControlScope,
  { schemas, secrets }: Pick<FleetPorts, "schemas" | "secrets">,
  tenantId: string,
): Promise<void> {
  const database = await control.db
    .selectFrom("tenantDatabases")
    .leftJoin("tenantSchemas", "tenantSchemas.tenantId", "tenantDatabases.tenantId")
    .select(["ownerSecretArn", "tenantSchemas.fence"])
    .where("tenantDatabases.tenantId", "=", tenantId)
    .executeTakeFirst();
  if (database === undefined || database.ownerSecretArn === null) throw notFound("database of this pharmacy");
  if (await isLed(control, tenantId)) return;
  const sight = await schemas.look(await readOwnerSecret(secrets, database.ownerSecretArn));
  await keep(control, tenantId, database.fence ?? "0", sight, driftOf(schemas, sight));
}

/**
 * Sends a hint for each tenant whose schema nobody looked at for a day, those never looked at first.
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
    .where((e) => e.or([e("lookedAt", "is", null), e("lookedAt", "<", secondsAfter(now, -LOOKED_AT_EVERY_SECONDS))]))
    .orderBy("lookedAt", (order) => order.asc().nullsFirst())
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

/** A tenant whose schema is not what its version should be. */
export interface DriftedTenant {
  readonly tenantId: string;
  readonly companyName: string;
  /** Null once the address was released. */
  readonly subdomain: string | null;
  readonly version: number | null;
  readonly lookedAt: Date | null;
  readonly differences: readonly SchemaDifference[];
}

export interface DriftReport {
  readonly tenants: readonly DriftedTenant[];
  /** To be given as `after` for the page after this one. */
  readonly next: string | undefined;
  /** Of the whole fleet. */
  readonly counts: {
    readonly tenants: number;
    readonly drifted: number;
    /** Nobody has looked at them yet. */
    readonly unseen: number;
    /** The longest ago that anybody was looked at. */
    readonly oldestLook: Date | undefined;
  };
}

/** Whose schema differs from what it should be, and in what. @param page.after id of the last tenant of the page before */
export async function drift(
  control: ControlScope,
  { limit, after }: { readonly limit: number; readonly after?: string | undefined },
): Promise<DriftReport> {
  const rows = await fleetOf(control)
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
    ])
    .where("tenantSchemas.drift", "is not", null)
    .$if(after !== undefined, (query) => query.where("tenants.id", ">", after ?? ""))
    .orderBy("tenants.id")
    .limit(limit + 1)
    .execute();
  const tenants = rows.slice(0, limit).map(({ drift: found, ...tenant }) => ({
    ...tenant,
    differences: differencesSchema.parse(found),
  }));
  return { tenants, next: rows.length > limit ? tenants.at(-1)?.tenantId : undefined, counts: await countsOf(control) };
}

async function countsOf(control: ControlScope): Promise<DriftReport["counts"]> {
  const { tenants, drifted, unseen, oldestLook } = await fleetOf(control)
    .select((e) => [
      e.fn.countAll<string>().as("tenants"),
      e.fn.countAll<string>().filterWhere("tenantSchemas.drift", "is not", null).as("drifted"),
      e.fn.countAll<string>().filterWhere("tenantSchemas.lookedAt", "is", null).as("unseen"),
      e.fn.min("tenantSchemas.lookedAt").as("oldestLook"),
    ])
    .executeTakeFirstOrThrow();
  return {
    tenants: Number(tenants),
    drifted: Number(drifted),
    unseen: Number(unseen),
    oldestLook: oldestLook ?? undefined,
  };
}

function fleetOf(control: ControlScope) {
  return control.db
    .selectFrom("tenants")
    .innerJoin("tenantDatabases", "tenantDatabases.tenantId", "tenants.id")
    .leftJoin("tenantSchemas", "tenantSchemas.tenantId", "tenants.id")
    .where("tenants.state", "not in", ["provisioning", "provisioning_failed"]);
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
  const seen = {
    version,
    fingerprint: fingerprint.hash,
    drift: differences.length === 0 ? null : [...differences],
    tableSizes: { ...tableSizes },
    lookedAt: control.clock.now(),
  };
  await control.tx(async (tx) => {
    const kept = await tx.db
      .insertInto("tenantSchemas")
      .values({ tenantId, ...seen })
      .onConflict((conflict) => conflict.column("tenantId").doUpdateSet(seen).where("tenantSchemas.fence", "=", fence))
      .returning("fence")
      .executeTakeFirst();
    if (kept !== undefined && version > 0 && !(await isLed(tx, tenantId))) await showVersion(tx, tenantId, version);
  });
}
