import { DomainError, invalidInput } from "../../kernel/errors.ts";
import { sqlStateOf, UNIQUE_VIOLATION } from "../../kernel/sqlstate.ts";
import { reasonOfOperator, requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";
import {
  appendHistory,
  type Deployment,
  type DeploymentState,
  lockDeployment,
  openStates,
  requireOpen,
} from "./deployments.ts";
import { moveOn, obstacles } from "./promotion.ts";
import { takeBack } from "./recording.ts";
import { defaults, type Pacing, requireSound } from "./requests.ts";
import { tenantIdOf, tenantIdsOf } from "./selection.ts";

/** What an operator's command did: nothing, when it was so already. */
export interface Changed {
  readonly changed: boolean;
  readonly state: DeploymentState;
}

/** What an operator's command on targets did. */
export interface ChangedTargets extends Changed {
  readonly targets: number;
}

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
    const { state } = await moveOn(tx, { ...deployment, state: "running", haltReason: null });
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
  const { numUpdatedRows } = await tx.db
    .updateTable("deploymentTargets")
    .set({ state: "skipped", finishedAt, nextRunAt: null, skipReason: `Abandoned: ${reason}`.slice(0, 1000) })
    .where("deploymentId", "=", deployment.id)
    .where("state", "in", ["pending", "queued"])
    .executeTakeFirstOrThrow();
  await appendHistory(tx, deployment.id, {
    action: "deployment.abandoned",
    reason,
    before: { state: deployment.state },
    after: { state: "abandoned", skipped: Number(numUpdatedRows) },
  });
}

/**
 * Leads failed targets again, with all their attempts; those named that only wait for their next attempt get it now. A
 * deployment that is paused or halted stays so: resume it to begin.
 * @param tenants subdomains or ids, or every one that failed
 * @throws DomainError `invalid_input` for a tenant that is no target, `conflict` when there is nothing to retry, or when
 * another deployment has one of them meanwhile
 */
export function retry(
  control: ControlScope,
  deploymentId: string,
  tenants: readonly string[] | "failed",
  reason: string,
): Promise<ChangedTargets> {
  return command(control, deploymentId, reason, async (tx, deployment, why) => {
    const tenantIds = tenants === "failed" ? undefined : await targetsOf(tx, deployment, tenants);
    const again = await tx.db
      .updateTable("deploymentTargets")
      .set({
        state: "pending",
        attempts: 0,
        nextRunAt: tx.clock.now(),
        finishedAt: null,
        error: null,
        sqlState: null,
        migration: null,
        statement: null,
        blocker: null,
      })
      .where("deploymentId", "=", deployment.id)
      .where("state", "in", tenantIds === undefined ? ["failed"] : ["failed", "pending"])
      .$if(tenantIds !== undefined, (query) => query.where((e) => e("tenantId", "=", e.fn.any(e.val(tenantIds ?? [])))))
      .returning("tenantId")
      .execute()
      .catch((error: unknown) => {
        if (sqlStateOf(error) !== UNIQUE_VIOLATION) throw error;
        throw conflict("Another deployment has one of these pharmacies: let it end, or skip it here.", error);
      });
    if (again.length === 0) throw conflict("There is nothing to retry: none of them has failed.");
    await appendHistory(tx, deployment.id, {
      action: "deployment.retried",
      reason: why,
      after: { targets: again.length, tenantIds: again.slice(0, NAMED_MAX).map(({ tenantId }) => tenantId) },
    });
    const { state } = await moveOn(tx, deployment);
    return { changed: true, state, targets: again.length };
  });
}

/**
 * Leaves one tenant out of a deployment: it keeps the schema that it has.
 * @throws DomainError `conflict` while it is led, or when it got there, `invalid_input` for a tenant that is no target
 */
export function skip(control: ControlScope, deploymentId: string, tenant: string, reason: string): Promise<Changed> {
  return command(control, deploymentId, reason, async (tx, deployment, why) => {
    const tenantId = await tenantIdOf(tx, tenant);
    await targetsOf(tx, deployment, [tenant]);
    const { state: before } = await tx.db
      .selectFrom("deploymentTargets")
      .select("state")
      .where("deploymentId", "=", deployment.id)
      .where("tenantId", "=", tenantId)
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (before === "skipped") return unchanged(deployment);
    if (before === "running") throw conflict("It is being led right now: pause the deployment, or wait for its end.");
    if (before === "succeeded") throw conflict("It has its schema already: there is nothing to skip.");
    await tx.db
      .updateTable("deploymentTargets")
      .set({ state: "skipped", skipReason: why, finishedAt: tx.clock.now(), nextRunAt: null })
      .where("deploymentId", "=", deployment.id)
      .where("tenantId", "=", tenantId)
      .execute();
    await appendHistory(tx, deployment.id, {
      action: "deployment.target_skipped",
      tenantId,
      reason: why,
      before: { state: before },
      after: { state: "skipped" },
    });
    const { state } = await moveOn(tx, deployment);
    return { changed: true, state };
  });
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

const NAMED_MAX = 100;

/** Every command: by an operator, with a reason, on a deployment that is not over, in one transaction. */
async function command<R>(
  control: ControlScope,
  deploymentId: string,
  reason: string,
  run: (tx: ControlScope, deployment: Deployment, why: string) => Promise<R>,
): Promise<R> {
  requireOperator(control);
  const why = reasonOfOperator({ reason });
  return control.tx(async (tx) => {
    const deployment = await lockDeployment(tx, deploymentId);
    requireOpen(deployment);
    return run(tx, deployment, why);
  });
}

const unchanged = ({ state }: Deployment): Changed => ({ changed: false, state });
const moved = ({ state }: Deployment, to: DeploymentState) => ({ before: { state }, after: { state: to } });
const conflict = (message: string, cause?: unknown): DomainError => new DomainError("conflict", message, { cause });

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

/** @throws DomainError `invalid_input` with those that are no targets of the deployment */
async function targetsOf(tx: ControlScope, { id }: Deployment, tenants: readonly string[]): Promise<string[]> {
  const tenantIds = await tenantIdsOf(tx, tenants);
  const known = await tx.db
    .selectFrom("deploymentTargets")
    .select("tenantId")
    .where("deploymentId", "=", id)
    .where((e) => e("tenantId", "=", e.fn.any(e.val([...tenantIds]))))
    .execute();
  const there = new Set(known.map(({ tenantId }) => tenantId));
  const strangers = tenants.filter((_, index) => !there.has(tenantIds[index] ?? ""));
  if (strangers.length === 0) return [...there];
  const message = `${strangers.join(", ")} is no target of this deployment.`;
  throw invalidInput(message, { tenants: message });
}
