import type { ControlScope } from "../scope.ts";
import { type Changed, command, conflict, unchanged } from "./commands.ts";
import { appendHistory, type Deployment, type DeploymentState, openStates } from "./deployments.ts";
import { moveOn, obstacles } from "./promotion.ts";
import { defaults, type Pacing, requireSound } from "./requests.ts";
import { takeBack } from "./stopping.ts";
import { takeWordBack } from "./visibility.ts";

/**
 * Nothing more is begun from now on; those under way end, a backfill at its next batch.
 * @throws DomainError `conflict` when it is over or halted
 */
export function pause(control: ControlScope, deploymentId: string, reason: string): Promise<Changed> {
  return command(control, deploymentId, reason, async (tx, deployment, why) => {
    if (deployment.state === "paused") return unchanged(deployment);
    if (deployment.state === "halted") throw conflict("It has halted by itself: nothing is being begun.");
    await setState(tx, deployment, "paused");
    await takeBack(tx, deployment.id);
    await appendHistory(tx, deployment.id, {
      action: "deployment.paused",
      reason: why,
      ...moved(deployment, "paused"),
    });
    return { changed: true, state: "paused" };
  });
}

/**
 * Goes on with a deployment that was paused or halted.
 * @throws DomainError `conflict` when it is over
 */
export function resume(control: ControlScope, deploymentId: string, reason: string): Promise<Changed> {
  return command(control, deploymentId, reason, async (tx, deployment, why) => {
    if (deployment.state === "running") return unchanged(deployment);
    await setState(tx, deployment, "running");
    await appendHistory(tx, deployment.id, {
      action: "deployment.resumed",
      reason: why,
      before: { state: deployment.state, haltReason: deployment.haltReason },
      after: { state: "running" },
    });
    const { state } = await moveOn(tx, { ...deployment, state: "running", haltReason: null }, true);
    return { changed: true, state };
  });
}

/**
 * Agrees that the next wave begins. It does so when this one has soaked.
 * @throws DomainError `conflict` while the wave is not through, has failures or differences to be seen to, or is the last
 */
export function promote(control: ControlScope, deploymentId: string, reason: string): Promise<Changed> {
  return command(control, deploymentId, reason, async (tx, deployment, why) => {
    if (deployment.state !== "running") throw conflict(`It is ${deployment.state}: resume it first.`);
    const found = await obstacles(tx, deployment);
    if (found.some(({ kind }) => kind === "failures")) throw conflict("Retry or skip the failed pharmacies first.");
    if (found.some(({ kind }) => kind === "drift"))
      throw conflict("Schemas differ from what they should be: see drift.");
    const settled = await agree(tx, deployment);
    if (!settled) throw conflict("Its wave is not through yet, or is the last one.");
    await appendHistory(tx, deployment.id, {
      action: "deployment.promoted",
      reason: why,
      after: { wave: deployment.wave },
    });
    const { state } = await moveOn(tx, deployment);
    return { changed: true, state };
  });
}

/**
 * Ends a deployment where it stands: whoever has the new schema keeps it, nobody else gets it.
 * @throws DomainError `conflict` when it is over
 */
export function abandon(control: ControlScope, deploymentId: string, reason: string): Promise<Changed> {
  return command(control, deploymentId, reason, async (tx, deployment, why) => {
    await endAbandoned(tx, deployment, why);
    return { changed: true, state: "abandoned" };
  });
}

/** Ends it, with whatever was not begun skipped. */
export async function endAbandoned(tx: ControlScope, deployment: Deployment, reason: string): Promise<void> {
  const finishedAt = tx.clock.now();
  await tx.db
    .updateTable("deployments")
    .set({ state: "abandoned", finishedAt })
    .where("id", "=", deployment.id)
    .execute();
  const skipped = await tx.db
    .updateTable("deploymentTargets")
    .set({ state: "skipped", finishedAt, nextRunAt: null, skipReason: `Abandoned: ${reason}`.slice(0, 1000) })
    .where("deploymentId", "=", deployment.id)
    .where("state", "in", ["pending", "queued"])
    .returning("tenantId")
    .execute();
  await appendHistory(tx, deployment.id, {
    action: "deployment.abandoned",
    reason,
    before: { state: deployment.state },
    after: { state: "abandoned", skipped: skipped.length },
  });
  if (deployment.kind !== "rollback") return;
  await takeWordBack(
    tx,
    skipped.map(({ tenantId }) => tenantId),
  );
}

/**
 * Changes how backfills go on, from their next batch.
 * @throws DomainError `invalid_input` by field
 */
export function pace(control: ControlScope, deploymentId: string, wanted: Pacing, reason: string): Promise<Changed> {
  requireSound({ ...defaults, ...wanted });
  return command(control, deploymentId, reason, async (tx, deployment, why) => {
    const { batchSize, batchDelayMs } = wanted;
    if (deployment.batchSize === batchSize && deployment.batchDelayMs === batchDelayMs) return unchanged(deployment);
    await tx.db.updateTable("deployments").set({ batchSize, batchDelayMs }).where("id", "=", deployment.id).execute();
    await appendHistory(tx, deployment.id, {
      action: "deployment.pace_changed",
      reason: why,
      before: { batchSize: deployment.batchSize, batchDelayMs: deployment.batchDelayMs },
      after: { batchSize, batchDelayMs },
    });
    return { changed: true, state: deployment.state };
  });
}

const moved = ({ state }: Deployment, to: DeploymentState) => ({ before: { state }, after: { state: to } });

async function setState(tx: ControlScope, { id }: Deployment, state: "running" | "paused"): Promise<void> {
  await tx.db.updateTable("deployments").set({ state, haltReason: null }).where("id", "=", id).execute();
}

/** @returns false when there is nothing to agree to: the wave is not through, or none comes after it */
async function agree(tx: ControlScope, { id, wave }: Deployment): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable("deploymentWaves")
    .set({
      promotedAt: tx.clock.now(),
      promotedBy: tx.actor.kind === "operator" ? tx.actor.operatorId : tx.actor.kind,
    })
    .where("deploymentId", "=", id)
    .where("position", "=", wave)
    .where("settledAt", "is not", null)
    .where((e) =>
      e.exists(
        e
          .selectFrom("deploymentWaves as later")
          .select("later.position")
          .where("later.deploymentId", "=", id)
          .where("later.position", ">", wave),
      ),
    )
    .where((e) =>
      e.not(
        e.exists(
          e
            .selectFrom("deploymentTargets")
            .select("tenantId")
            .where("deploymentId", "=", id)
            .where("wave", "<=", wave)
            .where("state", "in", [...openStates]),
        ),
      ),
    )
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}
