import { secondsAfter } from "../../kernel/clock.ts";
import type { ControlScope } from "../scope.ts";
import { type Deployment, lockDeployment } from "./deployments.ts";
import { moveOn } from "./promotion.ts";
import { hint } from "./releasing.ts";
import { askForLooks } from "./visibility.ts";

/** A hint that is this late was lost. */
const OVERDUE_SECONDS = 30;
/** Of a deployment, at a time: the rest has its turn a minute later. */
const HINTED_MAX = 100;

/**
 * Moves every deployment on that is not over: targets whose worker died may be led again, lost hints are sent again, a
 * wave whose soak is over is followed by the next. One that fails keeps the others from nothing.
 * @returns how many targets were found whose worker or hint was lost
 * @throws the first failure, after all were tried
 */
export async function sweep(control: ControlScope): Promise<number> {
  let found = 0;
  const failures: unknown[] = [];
  for (const deploymentId of await unfinished(control)) {
    await control
      .tx(async (tx) => {
        const deployment = await lockDeployment(tx, deploymentId);
        found += await bringBack(tx, deployment);
        found += await hintOverdue(tx, deployment);
        await moveOn(tx, deployment);
      })
      .catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
  await control.relay();
  return found;
}

/** Those that are not over, and those that are while a worker of theirs has not come back. */
async function unfinished(control: ControlScope): Promise<readonly string[]> {
  const rows = await control.db
    .selectFrom("deployments")
    .select("id")
    .where((e) =>
      e.or([
        e("finishedAt", "is", null),
        e("id", "in", e.selectFrom("deploymentTargets").select("deploymentId").where("state", "=", "running")),
      ]),
    )
    .orderBy("createdAt")
    .execute();
  return rows.map(({ id }) => id);
}

/** Whose lease ran out waits again; of a deployment that was abandoned nothing is begun again. */
async function bringBack(tx: ControlScope, { id, state }: Deployment): Promise<number> {
  const now = tx.clock.now();
  const change =
    state === "abandoned"
      ? ({
          state: "skipped",
          finishedAt: now,
          skipReason: "The deployment was abandoned, and its worker never came back.",
        } as const)
      : ({ state: "pending", nextRunAt: now } as const);
  const found = await tx.db
    .updateTable("deploymentTargets")
    .set({ leaseUntil: null, ...change })
    .where("deploymentId", "=", id)
    .where("state", "=", "running")
    .where("leaseUntil", "<", now)
    .returning("tenantId")
    .execute();
  await askForLooks(
    tx,
    found.map(({ tenantId }) => tenantId),
  );
  return found.length;
}

async function hintOverdue(tx: ControlScope, { id: deploymentId, state }: Deployment): Promise<number> {
  if (state !== "running") return 0;
  const now = tx.clock.now();
  const overdue = await tx.db
    .selectFrom("deploymentTargets")
    .select("tenantId")
    .where("deploymentId", "=", deploymentId)
    .where("state", "=", "queued")
    .where("nextRunAt", "<", secondsAfter(now, -OVERDUE_SECONDS))
    .orderBy("nextRunAt")
    .limit(HINTED_MAX)
    .execute();
  if (overdue.length === 0) return 0;
  for (const { tenantId } of overdue) await hint(tx, { deploymentId, tenantId }, 0);
  // Counted from this hint on: a queue that is behind is not filled up further every minute.
  await tx.db
    .updateTable("deploymentTargets")
    .set({ nextRunAt: now })
    .where("deploymentId", "=", deploymentId)
    .where("state", "=", "queued")
    .where(
      "tenantId",
      "in",
      overdue.map(({ tenantId }) => tenantId),
    )
    .execute();
  return overdue.length;
}
