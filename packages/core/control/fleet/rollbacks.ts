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
  openStates,
  type Target,
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
  /** Some of those that did not get to its version, and are taken back from where they stopped. */
  readonly partly: readonly string[];
  /** Are back already, by a rollback that was not finished. */
  readonly back: number;
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
 * Leads exactly those whom a deployment got anywhere back to where each came from, the last wave first. Whatever that
 * deployment had not begun is given up: it could not go on after this. After a rollback that was not finished, another
 * one takes the rest back.
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
  const got = await reachedBy(tx, deployment);
  const reached = got.filter(({ version, fromVersion }) => version > fromVersion);
  const waves = await wavesBack(tx, deployment, reached);
  const lowest = Math.min(...reached.map(({ fromVersion }) => fromVersion));
  const highest = Math.max(...reached.map(({ version }) => version));
  const migrations = reached.length === 0 ? [] : migrationsBetween(schemas.migrations, lowest, highest).toReversed();
  return {
    lowest,
    waves,
    plan: {
      migrations,
      targets: reached.length,
      partly: reached
        .filter(({ state }) => state !== "succeeded")
        .slice(0, NAMED_MAX)
        .map(({ subdomain, companyName }) => subdomain ?? companyName),
      back: got.length - reached.length,
      waves: waves.map(({ position, name, targets }) => ({ position, name, targets: targets.length })),
      losses: migrations
        .filter(({ losses }) => losses.length > 0)
        .map(({ name, losses }) => `${name}: what was written into ${losses.join(", ")}.`),
      refusals: await refusalsOf(tx, { deployment, got, reached, migrations, lowest, highest, withoutRehearsal }),
    },
  };
}

const NAMED_MAX = 5;

interface Reached {
  readonly tenantId: string;
  readonly companyName: string;
  readonly subdomain: string | null;
  readonly server: string;
  readonly wave: number;
  readonly position: number;
  readonly state: Target["state"];
  readonly fromVersion: number;
  /** What it has now, as its last lead or look found it. The registry may say an older one: a way back begins with that. */
  readonly version: number;
  /** Whether it has a later version now than this deployment got it to. */
  readonly hasMovedOn: boolean;
  /** A deployment that has not done with it. */
  readonly heldBy: string | null;
}

/** Also those that failed or were given up half-way, and those back already: whoever was ever beyond where they came from. */
async function reachedBy(tx: ControlScope, { id, kind }: Deployment): Promise<readonly Reached[]> {
  if (kind !== "migrate") return [];
  const rows = await tx.db
    .selectFrom("deploymentTargets")
    .innerJoin("tenants", "tenants.id", "deploymentTargets.tenantId")
    .leftJoin("tenantSchemas", "tenantSchemas.tenantId", "deploymentTargets.tenantId")
    .leftJoin("tenantHosts", (join) =>
      join.onRef("tenantHosts.tenantId", "=", "tenants.id").on("tenantHosts.kind", "=", "primary"),
    )
    .leftJoin("deploymentTargets as held", (join) =>
      join
        .onRef("held.tenantId", "=", "deploymentTargets.tenantId")
        .on("held.deploymentId", "<>", id)
        .on("held.state", "in", [...openStates]),
    )
    .select([
      "deploymentTargets.tenantId",
      "tenants.name as companyName",
      "tenantHosts.host as subdomain",
      "deploymentTargets.server",
      "deploymentTargets.wave",
      "deploymentTargets.position",
      "deploymentTargets.state",
      "deploymentTargets.fromVersion",
      "deploymentTargets.reachedVersion",
      "deploymentTargets.toVersion",
      "tenantSchemas.version",
      "held.deploymentId as heldBy",
      (e) =>
        e
          .exists(
            e
              .selectFrom("deploymentTargets as later")
              .innerJoin("deployments", "deployments.id", "later.deploymentId")
              .select("later.deploymentId")
              .whereRef("later.tenantId", "=", "deploymentTargets.tenantId")
              .whereRef("later.fence", ">", "deploymentTargets.fence")
              .where("later.deploymentId", "<>", id)
              .where("deployments.kind", "=", "migrate"),
          )
          .as("wasLedLater"),
    ])
    .where("deploymentTargets.deploymentId", "=", id)
    .where("deploymentTargets.fence", "is not", null)
    .orderBy("deploymentTargets.wave", "desc")
    .orderBy("deploymentTargets.position", "desc")
    .execute();
  return rows.flatMap(({ reachedVersion, toVersion, version: seen, wasLedLater, ...row }) => {
    const { fromVersion } = row;
    const version = seen ?? reachedVersion ?? fromVersion;
    // What a look found beyond what a lead could still tell is this deployment's, unless another one came after it.
    const untold = wasLedLater ? fromVersion : Math.min(version, toVersion ?? version);
    const got = Math.max(reachedVersion ?? fromVersion, untold);
    return got > fromVersion ? [{ ...row, version, hasMovedOn: version > got }] : [];
  });
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
        .map(({ tenantId, server, fromVersion, version }) => ({
          ...{ tenantId, server, version, toVersion: fromVersion },
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
    readonly got: readonly Reached[];
    readonly reached: readonly Reached[];
    readonly migrations: readonly MigrationFacts[];
    readonly lowest: number;
    readonly highest: number;
    readonly withoutRehearsal: string | undefined;
  },
): Promise<readonly string[]> {
  const { deployment, got, reached, migrations, lowest, highest, withoutRehearsal } = given;
  if (deployment.kind !== "migrate") return [`A ${deployment.kind} cannot be rolled back: deploy forward instead.`];
  const refusals: string[] = [];
  const { running } = totals((await countTargets(tx, deployment.id)).map(({ counts }) => counts));
  if (running > 0) refusals.push(`${running} of its pharmacies are under way: wait until they have ended.`);
  if (deployment.state === "running") refusals.push("It is still running: pause it first.");
  if (got.length === 0) return [...refusals, "Nobody got a new schema by it: there is nothing to take back."];
  for (const [heldBy, held] of Map.groupBy(reached, (one) => one.heldBy)) {
    if (heldBy === null) continue;
    refusals.push(`Deployment ${heldBy} has not done with ${held.length} of them: let it end, or abandon it.`);
  }
  if (reached.length === 0) return [...refusals, "All who got it are back where they came from."];
  const contract = migrations.find(({ phase }) => phase === "contract");
  if (contract !== undefined) {
    refusals.push(
      `${contract.name} took away what the older schema has: what was in it is gone. Fix it by a new migration, or ` +
        "restore a backup.",
    );
  }
  if (migrations.length !== highest - lowest) refusals.push("This release does not know all migrations to undo.");
  const moved = reached.filter(({ hasMovedOn }) => hasMovedOn).length;
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
