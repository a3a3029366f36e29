import { secondsAfter } from "../../kernel/clock.ts";
import { newId } from "../../kernel/ids.ts";
import type { MigrationFacts } from "../../ports/schemas.ts";
import type { ControlScope } from "../scope.ts";
import { openStates, type Target } from "./deployments.ts";

/**
 * Until every process that serves a pharmacy has heard of its new version: it looks every 5 seconds, and goes on for 60
 * more while the control database does not answer.
 */
const HEARD_SECONDS = 70;

/** Shows the version that a tenant has to whoever asks the registry. */
export async function showVersion(tx: ControlScope, tenantId: string, version: number): Promise<void> {
  await tx.db
    .updateTable("tenants")
    .set({ schemaVersion: version, updatedAt: tx.clock.now() })
    .where("id", "=", tenantId)
    .where("schemaVersion", "is distinct from", version)
    .execute();
}

/**
 * When a target's change may begin without surprising a process that still goes by the version before. Whatever is only
 * added surprises nobody. What takes a shape away waits until all have heard of the version that does without it: a way
 * back begins with saying its version and acts later, a contract waits for the change that led here.
 * @param ahead the migrations that the target has before it
 */
export async function heardAt(
  tx: ControlScope,
  target: Pick<Target, "deploymentId" | "tenantId" | "fromVersion" | "toVersion" | "startedAt">,
  ahead: readonly MigrationFacts[],
): Promise<Date> {
  const { deploymentId, tenantId, fromVersion, toVersion } = target;
  if (toVersion !== null && toVersion < fromVersion) return sayOlder(tx, { ...target, toVersion });
  const now = tx.clock.now();
  if (!ahead.some(({ phase }) => phase === "contract")) return now;
  const { changedAt } = await tx.db
    .selectFrom("deploymentTargets")
    .select((e) => e.fn.max("finishedAt").as("changedAt"))
    .where("tenantId", "=", tenantId)
    .where("deploymentId", "<>", deploymentId)
    .where("state", "=", "succeeded")
    .executeTakeFirstOrThrow();
  return changedAt === null ? now : secondsAfter(changedAt, HEARD_SECONDS);
}

/** Whether a way back has said, or is to say, an older version than the tenant has: nobody says another meanwhile. */
export async function isOnWayBack(control: ControlScope, tenantId: string): Promise<boolean> {
  const found = await control.db
    .selectFrom("deploymentTargets")
    .innerJoin("deployments", "deployments.id", "deploymentTargets.deploymentId")
    .select("deploymentId")
    .where("tenantId", "=", tenantId)
    .where("deployments.kind", "=", "rollback")
    .where("deploymentTargets.state", "in", [...openStates])
    .executeTakeFirst();
  return found !== undefined;
}

/**
 * A way back was given up: the version that the schema has is said again. Where nobody knows it, somebody looks; until
 * then the older one stands, which the schema serves in any case.
 * @param tenantIds of targets of a rollback that are over
 */
export async function takeWordBack(tx: ControlScope, tenantIds: readonly string[]): Promise<void> {
  if (tenantIds.length === 0) return;
  const unknown = await tx.db
    .selectFrom("tenantSchemas")
    .select("tenantId")
    .where((e) => e("tenantId", "=", e.fn.any(e.val([...tenantIds]))))
    .where("version", "is", null)
    .execute();
  await askForLooks(
    tx,
    unknown.map(({ tenantId }) => tenantId),
  );
  await tx.db
    .updateTable("tenants")
    .from("tenantSchemas")
    .set((e) => ({ schemaVersion: e.ref("tenantSchemas.version"), updatedAt: tx.clock.now() }))
    .whereRef("tenantSchemas.tenantId", "=", "tenants.id")
    .whereRef("tenantSchemas.version", ">", "tenants.schemaVersion")
    .where((e) => e("tenants.id", "=", e.fn.any(e.val([...tenantIds]))))
    .execute();
}

/** Has schemas looked at soon: a lead ended of which nobody knows how far it got. */
export async function askForLooks(tx: ControlScope, tenantIds: readonly string[]): Promise<void> {
  for (const tenantId of tenantIds) {
    await tx.emit({ queue: "fleet-looks", payload: { tenantId }, dedupeKey: `look:${tenantId}:${newId(tx.clock)}` });
  }
}

async function sayOlder(
  tx: ControlScope,
  { deploymentId, tenantId, toVersion, startedAt }: Parameters<typeof heardAt>[1] & { readonly toVersion: number },
): Promise<Date> {
  const now = tx.clock.now();
  const said = await tx.db
    .updateTable("tenants")
    .set({ schemaVersion: toVersion, updatedAt: now })
    .where("id", "=", tenantId)
    .where("schemaVersion", ">", toVersion)
    .returning("id")
    .executeTakeFirst();
  if (said === undefined && startedAt !== null) return secondsAfter(startedAt, HEARD_SECONDS);
  // Kept with the target, so that trying it at once does not pass the time over.
  await tx.db
    .updateTable("deploymentTargets")
    .set({ startedAt: now })
    .where("deploymentId", "=", deploymentId)
    .where("tenantId", "=", tenantId)
    .execute();
  return secondsAfter(now, HEARD_SECONDS);
}
