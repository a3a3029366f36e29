import { DomainError } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import { reasonOfOperator, requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";
import { settleForward, settleIfNone } from "./baseline.ts";
import { appendHistory, lockDeployment } from "./deployments.ts";
import { draft } from "./planning.ts";
import type { FleetPorts } from "./ports.ts";
import { release } from "./releasing.ts";
import type { Caution, DeploymentRequest, Pacing } from "./requests.ts";
import { isWholeFleet, lowestVersion, wholeFleet, wordsOf } from "./selection.ts";
import { addTargets, type NewTarget } from "./targets.ts";

/**
 * Begins to lead the chosen tenants to a version.
 * @returns no id when nobody is behind
 * @throws DomainError `conflict` with every refusal of the plan, `invalid_input` for a request that cannot be meant,
 * `forbidden` for anybody but an operator
 */
export async function deploy(
  control: ControlScope,
  ports: Pick<FleetPorts, "schemas">,
  request: DeploymentRequest,
): Promise<{ readonly deploymentId: string | undefined }> {
  requireOperator(control);
  const reason = reasonOfOperator(request);
  const { plan, waves, hasContract } = await draft(control, ports, request);
  if (plan.refusals.length > 0) throw new DomainError("conflict", plan.refusals.join(" "));
  const isWhole = isWholeFleet(request.selection);
  if (plan.targets === 0) {
    // No refusal and nobody behind: everybody has at least this version.
    if (isWhole) await control.tx((tx) => settleForward(tx, plan.toVersion));
    return { deploymentId: undefined };
  }
  const deploymentId = await control.tx(async (tx) => {
    const lowest = await lowestVersion(tx, wholeFleet);
    if (lowest !== undefined) await settleIfNone(tx, lowest);
    return begin(tx, {
      ...request,
      reason,
      kind: { kind: "migrate", toVersion: plan.toVersion },
      selector: wordsOf(request.selection),
      isQuiet: hasContract,
      rehearsalId: plan.rehearsal?.id,
      waves: waves.map((wave) => ({
        ...wave,
        targets: wave.targets.map((target) => ({ ...target, toVersion: plan.toVersion })),
      })),
      noted: { withoutRehearsal: plan.rehearsal === undefined ? (request.withoutRehearsal ?? null) : null },
    });
  });
  return { deploymentId };
}

interface NewDeployment extends Caution, Pacing {
  readonly kind:
    | { readonly kind: "migrate"; readonly toVersion: number }
    | { readonly kind: "rollback"; readonly rollsBack: string }
    | { readonly kind: "repair"; readonly repair: string };
  readonly selector: string;
  readonly isQuiet: boolean;
  readonly quietOverride: string | undefined;
  readonly rehearsalId: string | undefined;
  readonly reason: string;
  readonly waves: readonly {
    readonly position: number;
    readonly name: string;
    readonly percent: number | undefined;
    readonly targets: readonly NewTarget[];
  }[];
  /** What the audit log keeps besides. */
  readonly noted: Readonly<Record<string, unknown>>;
}

/**
 * Writes a deployment with all its targets and releases the first of them, in the caller's transaction.
 * @throws DomainError `conflict` when another deployment has one of them meanwhile
 */
export async function begin(tx: ControlScope, made: NewDeployment): Promise<string> {
  const createdAt = tx.clock.now();
  const id = newId(tx.clock);
  await tx.db
    .insertInto("deployments")
    .values({
      id,
      ...made.kind,
      selector: made.selector,
      state: "running",
      promotion: made.promotion,
      soakSeconds: made.soakSeconds,
      haltRate: String(made.halt.rate),
      haltSample: made.halt.sample,
      haltFailures: made.halt.failures,
      batchSize: made.batchSize,
      batchDelayMs: made.batchDelayMs,
      isQuiet: made.isQuiet,
      quietOverride: made.quietOverride?.trim() ?? null,
      rehearsalId: made.rehearsalId ?? null,
      reason: made.reason,
      createdBy: tx.actor.kind === "operator" ? tx.actor.operatorId : tx.actor.kind,
      createdAt,
    })
    .execute();
  await tx.db
    .insertInto("deploymentWaves")
    .values(
      made.waves.map(({ position, name, percent }) => ({
        deploymentId: id,
        position,
        name,
        percent: percent ?? null,
        startedAt: position === 1 ? createdAt : null,
      })),
    )
    .execute();
  const targets = made.waves.flatMap((wave) => wave.targets.map((target, index) => ({ wave, target, index })));
  await addTargets(
    tx,
    id,
    targets.map(({ wave, target, index }) => ({ ...target, wave: wave.position, position: index + 1 })),
  );
  await appendHistory(tx, id, {
    action: "deployment.begun",
    reason: made.reason,
    after: { ...made.kind, ...made.noted, selector: made.selector, targets: targets.length },
  });
  await release(tx, await lockDeployment(tx, id));
  return id;
}
