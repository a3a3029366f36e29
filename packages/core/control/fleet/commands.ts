import { DomainError } from "../../kernel/errors.ts";
import { reasonOfOperator, requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";
import { type Deployment, type DeploymentState, lockDeployment, requireOpen } from "./deployments.ts";

/** What an operator's command did: nothing, when it was so already. */
export interface Changed {
  readonly changed: boolean;
  readonly state: DeploymentState;
}

/**
 * Every command: by an operator, with a reason, on a deployment that is not over, in one transaction.
 * @param already what it says when all is so already, also of a deployment that is over
 */
export async function command<R>(
  control: ControlScope,
  deploymentId: string,
  reason: string,
  run: (tx: ControlScope, deployment: Deployment, why: string) => Promise<R>,
  already?: (tx: ControlScope, deployment: Deployment) => Promise<R | undefined>,
): Promise<R> {
  requireOperator(control);
  const why = reasonOfOperator({ reason });
  return control.tx(async (tx) => {
    const deployment = await lockDeployment(tx, deploymentId);
    const nothingToDo = await already?.(tx, deployment);
    if (nothingToDo !== undefined) return nothingToDo;
    requireOpen(deployment);
    return run(tx, deployment, why);
  });
}

export const unchanged = ({ state }: Deployment): Changed => ({ changed: false, state });
export const conflict = (message: string, cause?: unknown): DomainError =>
  new DomainError("conflict", message, { cause });
