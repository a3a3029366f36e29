import type { Selectable } from "kysely";
import { DomainError, notFound } from "../../kernel/errors.ts";
import { idSchema } from "../../kernel/ids.ts";
import type { MigrationFacts } from "../../ports/schemas.ts";
import type { AuditEntry } from "../audit/audit.ts";
import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";
import type { ControlTables } from "../tables.generated.ts";
import type { Attempted, HaltRule } from "./halting.ts";

export type Deployment = Selectable<ControlTables["deployments"]>;
export type DeploymentState = Deployment["state"];
export type Target = Selectable<ControlTables["deploymentTargets"]>;
export type TargetState = Target["state"];

export const targetStates = [
  "pending",
  "queued",
  "running",
  "succeeded",
  "failed",
  "skipped",
] as const satisfies readonly TargetState[];

/** Nobody else may lead these tenants anywhere. */
export const openStates = ["pending", "queued", "running"] as const satisfies readonly TargetState[];

/**
 * A deployment, locked until the transaction ends. Whatever changes a deployment or its targets takes this lock first,
 * then those of servers, then those of tenants: so they wait for each other and never in a circle.
 * @throws DomainError `not_found`
 */
export async function lockDeployment(tx: ControlScope, deploymentId: string): Promise<Deployment> {
  const { success: isId } = idSchema.safeParse(deploymentId);
  if (!isId) throw notFound("deployment");
  const found = await tx.db
    .selectFrom("deployments")
    .selectAll()
    .where("id", "=", deploymentId)
    .forUpdate()
    .executeTakeFirst();
  if (found === undefined) throw notFound("deployment");
  return found;
}

/** @throws DomainError `conflict` when it has ended */
export function requireOpen(deployment: Deployment): void {
  if (deployment.finishedAt === null) return;
  throw new DomainError("conflict", `This deployment is ${deployment.state}: nothing more can be done to it.`);
}

export type StateCounts = Readonly<Record<TargetState, number>>;

export interface WaveCounts {
  readonly wave: number;
  readonly counts: StateCounts;
}

/** How many targets of each wave are in which state: one query over their rows, so that the sum is all of them. */
export async function countTargets(control: ControlScope, deploymentId: string): Promise<readonly WaveCounts[]> {
  const rows = await control.db
    .selectFrom("deploymentTargets")
    .select((e) => ["wave", "state", e.fn.countAll<string>().as("count")])
    .where("deploymentId", "=", deploymentId)
    .groupBy(["wave", "state"])
    .orderBy("wave")
    .execute();
  return [...Map.groupBy(rows, ({ wave }) => wave)].map(([wave, ofWave]) => ({
    wave,
    counts: totals(ofWave.map(({ state, count }) => ({ ...none, [state]: Number(count) }))),
  }));
}

const none: StateCounts = { pending: 0, queued: 0, running: 0, succeeded: 0, failed: 0, skipped: 0 };

export function totals(counts: readonly StateCounts[]): StateCounts {
  const sum = { ...none };
  for (const count of counts) for (const state of targetStates) sum[state] += count[state];
  return sum;
}

/** Those not yet led to their end. */
export const openCount = ({ pending, queued, running }: StateCounts): number => pending + queued + running;

export const attemptedOf = ({ succeeded, failed }: StateCounts): Attempted => ({ succeeded, failed });

export const haltRuleOf = (deployment: Deployment): HaltRule => ({
  rate: Number(deployment.haltRate),
  sample: deployment.haltSample,
  failures: deployment.haltFailures,
});

/** The migrations between two versions, in the order of their numbers, without their statements. */
export function migrationsBetween(
  migrations: readonly MigrationFacts[],
  one: number,
  other: number,
): readonly MigrationFacts[] {
  const lower = Math.min(one, other);
  const upper = Math.max(one, other);
  return migrations.filter(({ version }) => version > lower && version <= upper).map(factsOf);
}

/** A migration is more than its facts, and plans are printed as they are. */
function factsOf(migration: MigrationFacts): MigrationFacts {
  const { version, name, checksum, phase, codeKnows, isTransactional, isBackfill, losses } = migration;
  return { version, name, checksum, phase, codeKnows, isTransactional, isBackfill, losses };
}

/** Appends to the audit log what was done to a deployment: its history is read from there. */
export async function appendHistory(tx: ControlScope, deploymentId: string, entry: AuditEntry): Promise<void> {
  await ControlAudit.append(tx, { ...entry, after: { ...entry.after, deploymentId } });
}
