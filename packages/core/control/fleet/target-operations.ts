import { invalidInput } from "../../kernel/errors.ts";
import { sqlStateOf, UNIQUE_VIOLATION } from "../../kernel/sqlstate.ts";
import type { ControlScope } from "../scope.ts";
import { type Changed, command, conflict, unchanged } from "./commands.ts";
import { appendHistory, type Deployment } from "./deployments.ts";
import { moveOn } from "./promotion.ts";
import { tenantIdOf, tenantIdsOf } from "./selection.ts";
import { takeWordBack } from "./visibility.ts";

/** What an operator's command on targets did. */
export interface ChangedTargets extends Changed {
  readonly targets: number;
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
  const isSkipped = async (tx: ControlScope, deployment: Deployment): Promise<Changed | undefined> =>
    (await isLeftOut(tx, deployment, tenant)) ? unchanged(deployment) : undefined;
  const leaveOut = async (tx: ControlScope, deployment: Deployment, why: string): Promise<Changed> => {
    const tenantId = await tenantIdOf(tx, tenant);
    await targetsOf(tx, deployment, [tenant]);
    const { state: before } = await tx.db
      .selectFrom("deploymentTargets")
      .select("state")
      .where("deploymentId", "=", deployment.id)
      .where("tenantId", "=", tenantId)
      .forUpdate()
      .executeTakeFirstOrThrow();
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
    if (deployment.kind === "rollback") await takeWordBack(tx, [tenantId]);
    return { changed: true, state };
  };
  return command(control, deploymentId, reason, leaveOut, isSkipped);
}

const NAMED_MAX = 100;

/** Whether a target has been skipped. @throws DomainError `invalid_input` for a tenant that is no target */
async function isLeftOut(tx: ControlScope, deployment: Deployment, tenant: string): Promise<boolean> {
  const [tenantId = ""] = await targetsOf(tx, deployment, [tenant]);
  const { state } = await tx.db
    .selectFrom("deploymentTargets")
    .select("state")
    .where("deploymentId", "=", deployment.id)
    .where("tenantId", "=", tenantId)
    .executeTakeFirstOrThrow();
  return state === "skipped";
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
