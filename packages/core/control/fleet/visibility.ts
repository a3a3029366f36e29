import { secondsAfter } from "../../kernel/clock.ts";
import type { MigrationFacts } from "../../ports/schemas.ts";
import type { ControlScope } from "../scope.ts";
import type { Target } from "./deployments.ts";

/**
 * Until every process that serves a pharmacy has heard of its new version: it looks every 5 seconds, and goes on for 60
 * more while the control database does not answer.
 */
const HEARD_SECONDS = 70;

/**
 * When a target's change may begin without surprising a process that still goes by the version before. Whatever is only
 * added surprises nobody. What takes a shape away waits until all have heard of the version that does without it: a way
 * back says its version first and acts later, a contract waits for the change that led here.
 * @param ahead the migrations that the target has before it
 */
export async function heardAt(
  tx: ControlScope,
  { deploymentId, tenantId, fromVersion, toVersion }: Target,
  ahead: readonly MigrationFacts[],
): Promise<Date> {
  const now = tx.clock.now();
  if (toVersion !== null && toVersion < fromVersion) {
    const told = await tx.db
      .updateTable("tenants")
      .set({ schemaVersion: toVersion, updatedAt: now })
      .where("id", "=", tenantId)
      .where("schemaVersion", ">", toVersion)
      .returning("id")
      .executeTakeFirst();
    return told === undefined ? now : secondsAfter(now, HEARD_SECONDS);
  }
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
