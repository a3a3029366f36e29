import type { ControlScope } from "../scope.ts";
import { appendHistory, type Deployment } from "./deployments.ts";

const TEXT_MAX = 2000;

/**
 * Stops a deployment: those under way end, and what was released is taken back.
 * @returns the deployment as it is now
 */
export async function halt(tx: ControlScope, deployment: Deployment, reason: string): Promise<Deployment> {
  const haltReason = reason.slice(0, TEXT_MAX);
  await tx.db.updateTable("deployments").set({ state: "halted", haltReason }).where("id", "=", deployment.id).execute();
  await takeBack(tx, deployment.id);
  await appendHistory(tx, deployment.id, {
    action: "deployment.halted",
    before: { state: deployment.state },
    after: { state: "halted", reason: haltReason },
  });
  tx.log.alarm("deployment-halted", { deploymentId: deployment.id, reason: haltReason });
  return { ...deployment, state: "halted", haltReason };
}

/** Whatever is released and not begun waits again: its message, when it comes, finds nothing to do. */
export async function takeBack(tx: ControlScope, deploymentId: string): Promise<void> {
  await tx.db
    .updateTable("deploymentTargets")
    .set({ state: "pending" })
    .where("deploymentId", "=", deploymentId)
    .where("state", "=", "queued")
    .execute();
}
