import { secondsAfter } from "../../kernel/clock.ts";
import type { ControlScope } from "../scope.ts";
import { lockFleet, settleForward } from "./baseline.ts";
import {
  appendHistory,
  attemptedOf,
  countTargets,
  type Deployment,
  haltRuleOf,
  openCount,
  type StateCounts,
  totals,
  type WaveCounts,
} from "./deployments.ts";
import { haltReason, waveRefusal } from "./halting.ts";
import { release } from "./releasing.ts";
import { fleetMembers, wholeFleet } from "./selection.ts";
import { halt } from "./stopping.ts";
import { addTargets } from "./targets.ts";

/** What keeps a wave that has settled from being followed by the next one, or the deployment from being over. */
export type Obstacle =
  /** Pharmacies that failed: to be retried or skipped. */
  | { readonly kind: "failures"; readonly count: number }
  /** Pharmacies whose schema is not what it should be. */
  | { readonly kind: "drift"; readonly count: number }
  | { readonly kind: "soak"; readonly until: Date }
  | { readonly kind: "operator" };

/**
 * Takes a deployment as far as it can go by itself: settles its wave, promotes it, completes it, and releases what is
 * due. Called after everything that may have changed its targets, with the deployment locked.
 * @param isSeen whether an operator resumes it, who knows of its failures
 */
export async function moveOn(tx: ControlScope, deployment: Deployment, isSeen = false): Promise<Deployment> {
  let current = deployment;
  while (current.state === "running") {
    const { id } = current;
    const counts = await countTargets(tx, id);
    if (openCount(totals(soFar(counts, current.wave))) > 0) {
      await unsettle(tx, current);
      await release(tx, current);
      return current;
    }
    const wave = await settleWave(tx, current);
    // Once, when it is through: after that the failures still keep the next one back, and wake nobody again.
    const refusal = wave.isSettledNow && !isSeen ? refusalOf(current, counts) : undefined;
    if (refusal !== undefined) return halt(tx, current, refusal);
    const next = await waveAfter(tx, current);
    if (next === undefined && (await takeInLate(tx, current))) continue;
    if ((await obstaclesOf(tx, current, counts, wave)).length > 0) return current;
    current = next === undefined ? await complete(tx, current, counts) : await promoteTo(tx, current, next);
  }
  return current;
}

interface WaveRow {
  readonly settledAt: Date | null;
  readonly promotedAt: Date | null;
}

/** Nothing while the wave is not through. */
export async function obstacles(control: ControlScope, deployment: Deployment): Promise<readonly Obstacle[]> {
  const counts = await countTargets(control, deployment.id);
  if (openCount(totals(soFar(counts, deployment.wave))) > 0) return [];
  const wave = await control.db
    .selectFrom("deploymentWaves")
    .select(["settledAt", "promotedAt"])
    .where("deploymentId", "=", deployment.id)
    .where("position", "=", deployment.wave)
    .executeTakeFirstOrThrow();
  return obstaclesOf(control, deployment, counts, wave);
}

async function obstaclesOf(
  control: ControlScope,
  deployment: Deployment,
  counts: readonly WaveCounts[],
  { settledAt, promotedAt }: WaveRow,
): Promise<readonly Obstacle[]> {
  const found: Obstacle[] = [];
  const all = totals(counts.map(({ counts: ofWave }) => ofWave));
  const isLast = (await waveAfter(control, deployment)) === undefined;
  const isTooMuch = isAboveRule(deployment, all) || refusalOf(deployment, counts) !== undefined;
  if (isLast ? all.failed > 0 : isTooMuch) found.push({ kind: "failures", count: all.failed });
  // A repair changes no schema: whatever differs did so before.
  const drifted = deployment.kind === "repair" ? 0 : await countDrifted(control, deployment);
  if (drifted > 0) found.push({ kind: "drift", count: drifted });
  if (isLast) return found;
  const until = settledAt === null ? undefined : secondsAfter(settledAt, deployment.soakSeconds);
  if (until !== undefined && until > control.clock.now()) found.push({ kind: "soak", until });
  if (deployment.promotion === "operator" && promotedAt === null) found.push({ kind: "operator" });
  return found;
}

const isAboveRule = (deployment: Deployment, counts: StateCounts): boolean =>
  haltReason(haltRuleOf(deployment), attemptedOf(counts), deployment.wave === 1) !== undefined;

/** Of the wave that is under way. */
function refusalOf(deployment: Deployment, counts: readonly WaveCounts[]): string | undefined {
  const ofWave = totals(counts.filter(({ wave }) => wave === deployment.wave).map((found) => found.counts));
  const targets = Object.values(ofWave).reduce((sum, count) => sum + count, 0);
  return waveRefusal(haltRuleOf(deployment), attemptedOf(ofWave), targets);
}

const soFar = (counts: readonly WaveCounts[], wave: number): readonly StateCounts[] =>
  counts.filter((ofWave) => ofWave.wave <= wave).map(({ counts: states }) => states);

/** Tenants that were led there and whose schema, at the last look, was not what it should be. */
async function countDrifted(control: ControlScope, { id }: Deployment): Promise<number> {
  const { count } = await control.db
    .selectFrom("deploymentTargets")
    .innerJoin("tenantSchemas", "tenantSchemas.tenantId", "deploymentTargets.tenantId")
    .select((e) => e.fn.countAll<string>().as("count"))
    .where("deploymentId", "=", id)
    .where("state", "=", "succeeded")
    .where("tenantSchemas.drift", "is not", null)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Something of the wave is to be done again, and its soak begins anew after that. */
async function unsettle(tx: ControlScope, { id, wave }: Deployment): Promise<void> {
  await tx.db
    .updateTable("deploymentWaves")
    .set({ settledAt: null, promotedAt: null, promotedBy: null })
    .where("deploymentId", "=", id)
    .where("position", "=", wave)
    .where("settledAt", "is not", null)
    .execute();
}

async function settleWave(
  tx: ControlScope,
  { id, wave }: Deployment,
): Promise<WaveRow & { readonly isSettledNow: boolean }> {
  const known = await tx.db
    .selectFrom("deploymentWaves")
    .select(["settledAt", "promotedAt"])
    .where("deploymentId", "=", id)
    .where("position", "=", wave)
    .executeTakeFirstOrThrow();
  if (known.settledAt !== null) return { ...known, isSettledNow: false };
  const settledAt = tx.clock.now();
  await tx.db
    .updateTable("deploymentWaves")
    .set({ settledAt })
    .where("deploymentId", "=", id)
    .where("position", "=", wave)
    .execute();
  return { ...known, settledAt, isSettledNow: true };
}

async function waveAfter(control: ControlScope, { id, wave }: Deployment): Promise<number | undefined> {
  const next = await control.db
    .selectFrom("deploymentWaves")
    .select("position")
    .where("deploymentId", "=", id)
    .where("position", ">", wave)
    .orderBy("position")
    .limit(1)
    .executeTakeFirst();
  return next?.position;
}

async function promoteTo(tx: ControlScope, deployment: Deployment, next: number): Promise<Deployment> {
  const now = tx.clock.now();
  const { id, wave } = deployment;
  await tx.db
    .updateTable("deploymentWaves")
    .set((e) => ({
      promotedAt: e.fn.coalesce("promotedAt", e.val(now)),
      promotedBy: e.fn.coalesce("promotedBy", e.val("policy")),
    }))
    .where("deploymentId", "=", id)
    .where("position", "=", wave)
    .execute();
  await tx.db
    .updateTable("deploymentWaves")
    .set({ startedAt: now })
    .where("deploymentId", "=", id)
    .where("position", "=", next)
    .execute();
  await tx.db.updateTable("deployments").set({ wave: next }).where("id", "=", id).execute();
  await appendHistory(tx, id, { action: "deployment.wave_begun", before: { wave }, after: { wave: next } });
  return { ...deployment, wave: next };
}

/**
 * Pharmacies that were opened while a deployment of the whole fleet was under way began with the version before: they
 * are led too, at the end. Those that another deployment has not done with are that one's.
 * @returns whether there were any
 */
async function takeInLate(tx: ControlScope, deployment: Deployment): Promise<boolean> {
  const { id, kind, selector, toVersion, wave } = deployment;
  if (kind !== "migrate" || selector !== "" || toVersion === null) return false;
  // Whoever opens after this sees the new settled version.
  await lockFleet(tx);
  let taken = 0;
  for await (const page of fleetMembers(tx, wholeFleet, toVersion)) {
    const known = await tx.db
      .selectFrom("deploymentTargets")
      .select("tenantId")
      .where("deploymentId", "=", id)
      .where(
        "tenantId",
        "in",
        page.map(({ tenantId }) => tenantId),
      )
      .execute();
    const others = new Set(known.map(({ tenantId }) => tenantId));
    const late = page.filter(({ tenantId, heldBy }) => heldBy === null && !others.has(tenantId));
    const { last } = await tx.db
      .selectFrom("deploymentTargets")
      .select((e) => e.fn.coalesce(e.fn.max("position"), e.lit(0)).as("last"))
      .where("deploymentId", "=", id)
      .where("wave", "=", wave)
      .executeTakeFirstOrThrow();
    await addTargets(
      tx,
      id,
      late.map(({ tenantId, server, version }, index) => ({
        ...{ tenantId, server, version, toVersion, wave, predictedLockMs: undefined },
        position: last + index + 1,
      })),
    );
    taken += late.length;
  }
  if (taken > 0) await appendHistory(tx, id, { action: "deployment.late_taken_in", after: { targets: taken } });
  return taken > 0;
}

async function complete(tx: ControlScope, deployment: Deployment, counts: readonly WaveCounts[]): Promise<Deployment> {
  const { id, kind, selector, toVersion } = deployment;
  const finishedAt = tx.clock.now();
  await tx.db.updateTable("deployments").set({ state: "completed", finishedAt }).where("id", "=", id).execute();
  const { succeeded, skipped } = totals(counts.map(({ counts: ofWave }) => ofWave));
  // Where everybody was left out nobody has it.
  const isFleets = kind === "migrate" && selector === "" && succeeded > 0;
  if (isFleets && toVersion !== null) await settleForward(tx, toVersion);
  await appendHistory(tx, id, { action: "deployment.completed", after: { succeeded, skipped } });
  return { ...deployment, state: "completed", finishedAt };
}
