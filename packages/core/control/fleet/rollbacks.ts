import { DomainError } from "../../kernel/errors.ts";
import type { MigrationFacts } from "../../ports/schemas.ts";
import { reasonOfOperator, requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";
import { settle } from "./baseline.ts";
import { begin } from "./deploying.ts";
import {
  appendHistory,
  countTargets,
  type Deployment,
  lockDeployment,
  migrationsBetween,
  totals,
} from "./deployments.ts";
import { endAbandoned } from "./operations.ts";
import type { FleetPorts } from "./ports.ts";
import { reportSchema } from "./reports.ts";
import { type Caution, type DeploymentRequest, defaults, requireSound } from "./requests.ts";
import type { NewTarget } from "./targets.ts";

export type RollbackRequest = Caution & Pick<DeploymentRequest, "reason" | "withoutRehearsal">;

/** What taking a deployment back would do. */
export interface RollbackPlan {
  /** Migrations that are undone, in that order. */
  readonly migrations: readonly MigrationFacts[];
  readonly targets: number;
  readonly waves: readonly { readonly position: number; readonly name: string; readonly targets: number }[];
  /** What is lost for good, migration by migration. */
  readonly losses: readonly string[];
  readonly refusals: readonly string[];
}

type RollbackPorts = Pick<FleetPorts, "schemas">;

/** Looks at what taking a deployment back would do; nothing is written. @throws DomainError `not_found` */
export async function planRollback(
  control: ControlScope,
  ports: RollbackPorts,
  deploymentId: string,
  withoutRehearsal?: string,
): Promise<RollbackPlan> {
  return control.tx(async (tx) => {
    const deployment = await lockDeployment(tx, deploymentId);
    return (await draftOf(tx, ports, deployment, withoutRehearsal)).plan;
  });
}

/**
 * Leads exactly those whom a deployment got to its version back to where each came from, the last wave first. Whatever
 * that deployment had not begun is given up: it could not go on after this.
 * @throws DomainError `conflict` with every reason why it cannot be: somebody is under way, a shape was taken away, a
 * later deployment went on from there; `not_found`, `invalid_input`, `forbidden`
 */
export async function rollback(
  control: ControlScope,
  ports: RollbackPorts,
  deploymentId: string,
  request: RollbackRequest,
): Promise<{ readonly deploymentId: string; readonly plan: RollbackPlan }> {
  requireOperator(control);
  const reason = reasonOfOperator(request);
  requireSound({ ...defaults, ...request });
  return control.tx(async (tx) => {
    const deployment = await lockDeployment(tx, deploymentId);
    const { plan, waves, lowest } = await draftOf(tx, ports, deployment, request.withoutRehearsal);
    if (plan.refusals.length > 0) throw new DomainError("conflict", plan.refusals.join(" "));
    if (deployment.finishedAt === null) await endAbandoned(tx, deployment, `Rolled back: ${reason}`);
    // New pharmacies are not to begin with what is being taken back.
    await settleBack(tx, lowest);
    const id = await begin(tx, {
      ...defaults,
      ...request,
      reason,
      kind: { kind: "rollback", rollsBack: deploymentId },
      selector: deployment.selector,
      isQuiet: false,
      quietOverride: undefined,
      rehearsalId: undefined,
      waves,
      noted: { withoutRehearsal: request.withoutRehearsal ?? null, losses: plan.losses },
    });
    await appendHistory(tx, deploymentId, { action: "deployment.rolled_back", reason, after: { rollback: id } });
    return { deploymentId: id, plan };
  });
}

interface Draft {
  readonly plan: RollbackPlan;
  readonly lowest: number;
  readonly waves: readonly {
    readonly position: number;
    readonly name: string;
    readonly percent: number | undefined;
    readonly targets: readonly NewTarget[];
  }[];
}

async function draftOf(
  tx: ControlScope,
  { schemas }: RollbackPorts,
  deployment: Deployment,
  withoutRehearsal: string | undefined,
): Promise<Draft> {
  const reached = await reachedBy(tx, deployment);
  const waves = await wavesBack(tx, deployment, reached);
  const lowest = Math.min(...reached.map(({ fromVersion }) => fromVersion));
  const highest = Math.max(...reached.map(({ reachedVersion }) => reachedVersion));
  const migrations = reached.length === 0 ? [] : migrationsBetween(schemas.migrations, lowest, highest).toReversed();
  return {
    lowest,
    waves,
    plan: {
      migrations,
      targets: reached.length,
      waves: waves.map(({ position, name, targets }) => ({ position, name, targets: targets.length })),
      losses: migrations.map(({ name }) => `${name}: what was written into the shapes that it added.`),
      refusals: await refusalsOf(tx, { deployment, reached, migrations, lowest, highest, withoutRehearsal }),
    },
  };
}

interface Reached {
  readonly tenantId: string;
  readonly server: string;
  readonly wave: number;
  readonly position: number;
  readonly fromVersion: number;
  readonly reachedVersion: number;
  readonly schemaVersion: number | null;
}

async function reachedBy(tx: ControlScope, { id, kind }: Deployment): Promise<readonly Reached[]> {
  if (kind !== "migrate") return [];
  const rows = await tx.db
    .selectFrom("deploymentTargets")
    .innerJoin("tenants", "tenants.id", "deploymentTargets.tenantId")
    .select(["tenantId", "server", "wave", "position", "fromVersion", "reachedVersion", "tenants.schemaVersion"])
    .where("deploymentId", "=", id)
    .where("deploymentTargets.state", "=", "succeeded")
    .whereRef("reachedVersion", ">", "fromVersion")
    .orderBy("wave", "desc")
    .orderBy("position", "desc")
    .execute();
  return rows.flatMap(({ reachedVersion, ...row }) => (reachedVersion === null ? [] : [{ ...row, reachedVersion }]));
}

async function wavesBack(tx: ControlScope, { id }: Deployment, reached: readonly Reached[]): Promise<Draft["waves"]> {
  const known = await tx.db
    .selectFrom("deploymentWaves")
    .select(["position", "name", "percent"])
    .where("deploymentId", "=", id)
    .orderBy("position", "desc")
    .execute();
  return known
    .map(({ position, name, percent }) => ({
      name: `back from ${name}`,
      percent: percent ?? undefined,
      targets: reached
        .filter(({ wave }) => wave === position)
        .map(({ tenantId, server, fromVersion, reachedVersion }) => ({
          ...{ tenantId, server, version: reachedVersion, toVersion: fromVersion },
          predictedLockMs: undefined,
        })),
    }))
    .filter(({ targets }) => targets.length > 0)
    .map((wave, index) => ({ position: index + 1, ...wave }));
}

async function refusalsOf(
  tx: ControlScope,
  given: {
    readonly deployment: Deployment;
    readonly reached: readonly Reached[];
    readonly migrations: readonly MigrationFacts[];
    readonly lowest: number;
    readonly highest: number;
    readonly withoutRehearsal: string | undefined;
  },
): Promise<readonly string[]> {
  const { deployment, reached, migrations, lowest, highest, withoutRehearsal } = given;
  if (deployment.kind !== "migrate") return [`A ${deployment.kind} cannot be rolled back: deploy forward instead.`];
  const refusals: string[] = [];
  const { running } = totals((await countTargets(tx, deployment.id)).map(({ counts }) => counts));
  if (running > 0) refusals.push(`${running} of its pharmacies are under way: wait until they have ended.`);
  if (deployment.state === "running") refusals.push("It is still running: pause it first.");
  if (reached.length === 0) return [...refusals, "Nobody got a new schema by it: there is nothing to take back."];
  const contract = migrations.find(({ phase }) => phase === "contract");
  if (contract !== undefined) {
    refusals.push(
      `${contract.name} took away what the older schema has: what was in it is gone. Fix it by a new migration, or ` +
        "restore a backup.",
    );
  }
  if (migrations.length !== highest - lowest) refusals.push("This release does not know all migrations to undo.");
  const moved = reached.filter(({ schemaVersion, reachedVersion }) => schemaVersion !== reachedVersion).length;
  if (moved > 0) refusals.push(`${moved} of its pharmacies went on to another version since: roll that back first.`);
  if (withoutRehearsal === undefined && !(await isProved(tx, deployment))) {
    refusals.push("No rehearsal proved the way back: say why it goes without.");
  }
  return refusals;
}

async function isProved(tx: ControlScope, { rehearsalId }: Deployment): Promise<boolean> {
  if (rehearsalId === null) return false;
  const row = await tx.db.selectFrom("rehearsals").select("report").where("id", "=", rehearsalId).executeTakeFirst();
  const report = reportSchema.safeParse(row?.report);
  return report.success && report.data.rollback.isProved;
}

async function settleBack(tx: ControlScope, version: number): Promise<void> {
  const { settledVersion } = await tx.db.selectFrom("fleet").select("settledVersion").executeTakeFirstOrThrow();
  if (settledVersion === null || settledVersion > version) await settle(tx, version);
}
