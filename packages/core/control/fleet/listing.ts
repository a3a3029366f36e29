import { sql } from "kysely";
import { notFound } from "../../kernel/errors.ts";
import { idSchema } from "../../kernel/ids.ts";
import type { ControlScope } from "../scope.ts";
import {
  countTargets,
  type Deployment,
  type DeploymentState,
  type StateCounts,
  type TargetState,
  totals,
  type WaveCounts,
} from "./deployments.ts";
import { type FailureGroup, failuresOf, secondsLeftOf } from "./progress.ts";
import { type Obstacle, obstacles } from "./promotion.ts";
import { type Selection, selectedIds } from "./selection.ts";
import { waitingOf } from "./waiting.ts";
import { waitsFor } from "./words.ts";

/** One deployment, as a list shows it. */
export interface ListedDeployment {
  readonly id: string;
  readonly kind: Deployment["kind"];
  readonly toVersion: number | null;
  readonly repair: string | null;
  readonly rollsBack: string | null;
  /** '' is the whole fleet. */
  readonly selector: string;
  readonly state: DeploymentState;
  readonly haltReason: string | null;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

const listed = [
  "id",
  "kind",
  "toVersion",
  "repair",
  "rollsBack",
  "selector",
  "state",
  "haltReason",
  "reason",
  "createdBy",
  "createdAt",
  "finishedAt",
] as const satisfies readonly (keyof Deployment)[];

/** Deployments, the newest first. @param page.before id of the last one of the page before */
export async function list(
  control: ControlScope,
  { limit, before }: { readonly limit: number; readonly before?: string | undefined },
): Promise<{ readonly deployments: readonly ListedDeployment[]; readonly next: string | undefined }> {
  const rows = await control.db
    .selectFrom("deployments")
    .select(listed)
    .$if(before !== undefined, (query) => query.where("id", "<", before ?? ""))
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  const deployments = rows.slice(0, limit);
  return { deployments, next: rows.length > limit ? deployments.at(-1)?.id : undefined };
}

export interface DeploymentStatus extends ListedDeployment {
  readonly promotion: Deployment["promotion"];
  readonly soakSeconds: number;
  readonly batchSize: number;
  readonly batchDelayMs: number;
  readonly quietOverride: string | null;
  readonly rehearsalId: string | null;
  /** Position of the wave that is under way. */
  readonly wave: number;
  readonly waves: readonly ShownWave[];
  /** Of all targets; they sum to `targets`. */
  readonly counts: StateCounts;
  readonly targets: number;
  /** In words, each with what to do if something is. */
  readonly waitsFor: readonly string[];
  /** What keeps it from going on, once its wave is through. */
  readonly obstacles: readonly Obstacle[];
  /** Whether it does nothing more until an operator does. */
  readonly needsOperator: boolean;
  readonly failures: readonly FailureGroup[];
  /** About so many seconds until all targets are led, at the pace so far and without quiet hours; undefined when nobody knows. */
  readonly secondsLeft: number | undefined;
}

export interface ShownWave {
  readonly position: number;
  readonly name: string;
  readonly percent: number | null;
  readonly targets: number;
  readonly counts: StateCounts;
  readonly startedAt: Date | null;
  readonly settledAt: Date | null;
  readonly promotedAt: Date | null;
  readonly promotedBy: string | null;
}

/**
 * How far a deployment is.
 * @param deploymentId by default the newest
 * @throws DomainError `not_found`
 */
export async function status(control: ControlScope, deploymentId?: string): Promise<DeploymentStatus> {
  const deployment = await find(control, deploymentId);
  const { id } = deployment;
  const byWave = await countTargets(control, id);
  const counts = totals(byWave.map(({ counts: ofWave }) => ofWave));
  const waves = await wavesOf(control, id, byWave);
  const waiting = await waitingOf(control, deployment, byWave);
  const found = deployment.state === "running" ? await obstacles(control, deployment) : [];
  return {
    ...summaryOf(deployment),
    counts,
    targets: Object.values(counts).reduce((sum, count) => sum + count, 0),
    wave: deployment.wave,
    waves,
    waitsFor: waitsFor(deployment, waiting, found),
    obstacles: found,
    needsOperator: needsOperator(deployment, counts, found),
    failures: await failuresOf(control, id),
    secondsLeft: deployment.finishedAt === null ? await secondsLeftOf(control, deployment, counts) : undefined,
  };
}

function needsOperator({ state }: Deployment, { running }: StateCounts, found: readonly Obstacle[]): boolean {
  if (state === "completed" || state === "abandoned") return false;
  if (state !== "running") return running === 0;
  // Only a soak ends by itself.
  return found.some(({ kind }) => kind !== "soak");
}

function summaryOf(deployment: Deployment) {
  const { id, kind, toVersion, repair, rollsBack, selector, state, haltReason } = deployment;
  const { reason, createdBy, createdAt, finishedAt, promotion, soakSeconds } = deployment;
  const { batchSize, batchDelayMs, quietOverride, rehearsalId } = deployment;
  return {
    ...{ id, kind, toVersion, repair, rollsBack, selector, state, haltReason, reason, createdBy, createdAt },
    ...{ finishedAt, promotion, soakSeconds, batchSize, batchDelayMs, quietOverride, rehearsalId },
  };
}

export interface ShownTarget {
  readonly tenantId: string;
  readonly companyName: string;
  readonly subdomain: string | null;
  readonly wave: number;
  readonly server: string;
  readonly state: TargetState;
  readonly fromVersion: number;
  readonly toVersion: number | null;
  readonly reachedVersion: number | null;
  readonly fingerprint: string | null;
  readonly attempts: number;
  readonly predictedLockMs: number | null;
  /** When it goes on, while it waits. */
  readonly nextRunAt: Date | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly rowsDone: number;
  readonly error: string | null;
  readonly sqlState: string | null;
  readonly migration: string | null;
  readonly statement: number | null;
  readonly blocker: string | null;
  readonly skipReason: string | null;
}

/**
 * Targets of a deployment.
 * @param page.after tenant id of the last one of the page before
 * @throws DomainError `not_found`, `invalid_input` for a selection that cannot be meant
 */
export async function targets(
  control: ControlScope,
  deploymentId: string,
  page: {
    readonly state?: TargetState | undefined;
    readonly selection?: Selection | undefined;
    readonly limit: number;
    readonly after?: string | undefined;
  },
): Promise<{ readonly targets: readonly ShownTarget[]; readonly next: string | undefined }> {
  const { id } = await find(control, deploymentId);
  const selected = await selectedIds(control, page.selection);
  const rows = await control.db
    .selectFrom("deploymentTargets")
    .innerJoin("tenants", "tenants.id", "deploymentTargets.tenantId")
    .leftJoin("tenantHosts", (join) =>
      join.onRef("tenantHosts.tenantId", "=", "tenants.id").on("tenantHosts.kind", "=", "primary"),
    )
    .select([
      "deploymentTargets.tenantId",
      "tenants.name as companyName",
      "tenantHosts.host as subdomain",
      "wave",
      "server",
      "deploymentTargets.state",
      "fromVersion",
      "toVersion",
      "reachedVersion",
      "fingerprint",
      "attempts",
      "predictedLockMs",
      "nextRunAt",
      "startedAt",
      "finishedAt",
      "rowsDone",
      "error",
      "sqlState",
      "migration",
      "statement",
      "blocker",
      "skipReason",
    ])
    .where("deploymentId", "=", id)
    .$if(page.state !== undefined, (query) => query.where("deploymentTargets.state", "=", page.state ?? "failed"))
    .$if(page.after !== undefined, (query) => query.where("deploymentTargets.tenantId", ">", page.after ?? ""))
    .$if(selected !== undefined, (query) =>
      query.where(({ eb, val }) => eb("deploymentTargets.tenantId", "=", eb.fn.any(val([...(selected ?? [])])))),
    )
    .orderBy("deploymentTargets.tenantId")
    .limit(page.limit + 1)
    .execute();
  const shown = rows.slice(0, page.limit).map((row) => ({ ...row, rowsDone: Number(row.rowsDone) }));
  return { targets: shown, next: rows.length > page.limit ? shown.at(-1)?.tenantId : undefined };
}

export interface HistoryEntry {
  readonly at: Date;
  readonly actorKind: "visitor" | "operator" | "system" | "member";
  readonly actorId: string | null;
  readonly action: string;
  readonly tenantId: string | null;
  readonly reason: string | null;
  readonly before: unknown;
  readonly after: unknown;
}

const HISTORY_MAX = 500;

/**
 * Who did what to a deployment, and what it did by itself, the oldest first; of a very long one the newest 500.
 * @throws DomainError `not_found`
 */
export async function history(control: ControlScope, deploymentId: string): Promise<readonly HistoryEntry[]> {
  const { id } = await find(control, deploymentId);
  const newest = await control.db
    .selectFrom("auditLog")
    .select(["at", "actorKind", "actorId", "action", "tenantId", "reason", "before", "after"])
    .where(sql<boolean>`after ->> 'deploymentId' = ${id}`)
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(HISTORY_MAX)
    .execute();
  return newest.reverse();
}

async function find(control: ControlScope, deploymentId: string | undefined): Promise<Deployment> {
  if (deploymentId !== undefined && !idSchema.safeParse(deploymentId).success) throw notFound("deployment");
  const found = await control.db
    .selectFrom("deployments")
    .selectAll()
    .$if(deploymentId !== undefined, (query) => query.where("id", "=", deploymentId ?? ""))
    .orderBy("createdAt", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  if (found === undefined) throw notFound("deployment");
  return found;
}

async function wavesOf(
  control: ControlScope,
  deploymentId: string,
  byWave: readonly WaveCounts[],
): Promise<readonly ShownWave[]> {
  const waves = await control.db
    .selectFrom("deploymentWaves")
    .select(["position", "name", "percent", "startedAt", "settledAt", "promotedAt", "promotedBy"])
    .where("deploymentId", "=", deploymentId)
    .orderBy("position")
    .execute();
  return waves.map((wave) => {
    const counts = totals(
      byWave.filter(({ wave: position }) => position === wave.position).map((found) => found.counts),
    );
    return { ...wave, counts, targets: Object.values(counts).reduce((sum, count) => sum + count, 0) };
  });
}
