import { sql } from "kysely";
import { secondsAfter } from "../../kernel/clock.ts";
import { idSchema } from "../../kernel/ids.ts";
import type { MigrationFacts } from "../../ports/schemas.ts";
import type { ControlScope } from "../scope.ts";
import { type Deployment, type DeploymentState, migrationsBetween, type Target } from "./deployments.ts";
import { ATTEMPTS_MAX } from "./failures.ts";
import { closeFailed } from "./recording.ts";
import { contractRefusal } from "./releases.ts";
import { dueAt, EARLY_SECONDS, hasRoom, hint } from "./releasing.ts";
import { halt } from "./stopping.ts";
import { heardAt } from "./visibility.ts";

/** Far longer than the time between two heartbeats, so that a lease which ran out means a dead worker. */
export const LEASE_SECONDS = 90;

/** The right to lead one target. Whoever claims later has a higher fence, and then this one may record nothing more. */
export interface Claim {
  readonly deploymentId: string;
  readonly tenantId: string;
  readonly fence: string;
  readonly leaseUntil: Date;
  /** This one included. */
  readonly attempts: number;
  /** SQLSTATE of the attempt before, if that failed. */
  readonly failedBefore: string | undefined;
  readonly work:
    | { readonly kind: "lead"; readonly toVersion: number; readonly isWayBack: boolean }
    | { readonly kind: "repair"; readonly repair: string };
  readonly pace: Pace;
  readonly ownerSecretArn: string | null;
}

export type Pace = Pick<Deployment, "batchSize" | "batchDelayMs">;

/**
 * Claims a target, when its deployment runs and it is due: released, or waiting and its server has room, or led by a
 * worker whose lease ran out.
 * @returns nothing when there is nothing to do: the hint was late, doubled, or for a deployment that is paused
 */
export async function claimTarget(
  control: ControlScope,
  migrations: readonly MigrationFacts[],
  { deploymentId, tenantId }: { readonly deploymentId: string; readonly tenantId: string },
): Promise<Claim | undefined> {
  if (!idSchema.safeParse(deploymentId).success || !idSchema.safeParse(tenantId).success) return undefined;
  return control.tx(async (tx) => {
    const deployment = await tx.db
      .selectFrom("deployments")
      .selectAll()
      .where("id", "=", deploymentId)
      .forUpdate()
      .executeTakeFirst();
    if (deployment?.state !== "running") return undefined;
    const target = await findTarget(tx, deploymentId, tenantId);
    const now = tx.clock.now();
    if (target === undefined || !isRunnable(target, deployment, now)) return undefined;
    const due = dueAt(deployment, target, now);
    if (due > now) {
      await giveBack(tx, target, due);
      return undefined;
    }
    const before = ahead(migrations, target);
    const heard = await heardAt(tx, target, before);
    if (heard > now) {
      await giveBack(tx, target, heard);
      await hint(tx, target, (heard.getTime() - now.getTime()) / 1000);
      return undefined;
    }
    const refusal = await contractRefusal(tx, before);
    if (refusal !== undefined) {
      await halt(tx, deployment, refusal);
      return undefined;
    }
    if (target.attempts >= ATTEMPTS_MAX) {
      await closeFailed(tx, deployment, target, neverCameBack);
      return undefined;
    }
    if (target.state === "pending" && !(await hasRoom(tx, target.server))) return undefined;
    return take(tx, deployment, target);
  });
}

/**
 * Keeps the lead for another while.
 * @returns the deployment's state, or nothing when the lead is lost
 */
export async function extendLease(
  control: ControlScope,
  { deploymentId, tenantId, fence }: Claim,
): Promise<{ readonly leaseUntil: Date; readonly state: DeploymentState } | undefined> {
  const leaseUntil = secondsAfter(control.clock.now(), LEASE_SECONDS);
  const kept = await control.db
    .updateTable("deploymentTargets")
    .from("deployments")
    .set({ leaseUntil })
    .whereRef("deployments.id", "=", "deploymentTargets.deploymentId")
    .where("deploymentTargets.deploymentId", "=", deploymentId)
    .where("deploymentTargets.tenantId", "=", tenantId)
    .where("deploymentTargets.fence", "=", fence)
    .where("deploymentTargets.state", "=", "running")
    .returning("deployments.state")
    .executeTakeFirst();
  return kept && { leaseUntil, state: kept.state };
}

const neverCameBack = {
  message: "The worker never came back from the last attempts: it ran out of time or memory, or was killed.",
  sqlState: undefined,
  migration: undefined,
  statement: undefined,
  blocker: undefined,
};

type FoundTarget = NonNullable<Awaited<ReturnType<typeof findTarget>>>;

function findTarget(tx: ControlScope, deploymentId: string, tenantId: string) {
  return tx.db
    .selectFrom("deploymentTargets")
    .innerJoin("tenants", "tenants.id", "deploymentTargets.tenantId")
    .innerJoin("tenantSchemas", "tenantSchemas.tenantId", "deploymentTargets.tenantId")
    .leftJoin("tenantDatabases", "tenantDatabases.tenantId", "deploymentTargets.tenantId")
    .selectAll("deploymentTargets")
    .select([
      "tenants.timeZone",
      "tenantSchemas.quietFrom",
      "tenantSchemas.quietUntil",
      "tenantDatabases.ownerSecretArn",
    ])
    .where("deploymentTargets.deploymentId", "=", deploymentId)
    .where("deploymentTargets.tenantId", "=", tenantId)
    .executeTakeFirst();
}

function isRunnable(target: Target, { wave }: Deployment, now: Date): boolean {
  const isDue = target.nextRunAt === null || target.nextRunAt <= secondsAfter(now, EARLY_SECONDS);
  if (target.state === "running") return target.leaseUntil !== null && target.leaseUntil < now;
  if (target.state === "queued") return isDue;
  return target.state === "pending" && target.wave <= wave && isDue;
}

function ahead(migrations: readonly MigrationFacts[], { fromVersion, toVersion }: Target): readonly MigrationFacts[] {
  return toVersion === null || toVersion < fromVersion ? [] : migrationsBetween(migrations, fromVersion, toVersion);
}

async function giveBack(tx: ControlScope, { deploymentId, tenantId }: Target, nextRunAt: Date): Promise<void> {
  await tx.db
    .updateTable("deploymentTargets")
    .set({ state: "pending", leaseUntil: null, nextRunAt })
    .where("deploymentId", "=", deploymentId)
    .where("tenantId", "=", tenantId)
    .execute();
}

async function take(tx: ControlScope, deployment: Deployment, target: FoundTarget): Promise<Claim> {
  const now = tx.clock.now();
  const leaseUntil = secondsAfter(now, LEASE_SECONDS);
  const { deploymentId, tenantId } = target;
  const attempts = target.attempts + 1;
  const isWayBack = deployment.kind === "rollback";
  const { fence } = await tx.db
    .updateTable("tenantSchemas")
    // On a way back nobody knows the version until somebody tells: saying one that is gone would be worse than none.
    .set({ fence: sql<string>`fence + 1`, ...(isWayBack ? { version: null } : {}) })
    .where("tenantId", "=", tenantId)
    .returning("fence")
    .executeTakeFirstOrThrow();
  await tx.db
    .updateTable("deploymentTargets")
    .set({ state: "running", fence, leaseUntil, nextRunAt: null, attempts, startedAt: target.startedAt ?? now })
    .where("deploymentId", "=", deploymentId)
    .where("tenantId", "=", tenantId)
    .execute();
  return {
    deploymentId,
    tenantId,
    fence: String(fence),
    leaseUntil,
    attempts,
    failedBefore: target.sqlState ?? undefined,
    work:
      deployment.repair === null
        ? { kind: "lead", toVersion: target.toVersion ?? target.fromVersion, isWayBack }
        : { kind: "repair", repair: deployment.repair },
    pace: { batchSize: deployment.batchSize, batchDelayMs: deployment.batchDelayMs },
    ownerSecretArn: target.ownerSecretArn,
  };
}
