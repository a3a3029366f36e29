import { sql } from "kysely";
import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { newId } from "../../kernel/ids.ts";
import type { ControlScope } from "../scope.ts";
import type { Deployment } from "./deployments.ts";
import { QUIET_LOCK_MS } from "./planning.ts";
import { isQuiet, nextQuiet } from "./quiet-hours.ts";

/** Clocks of two machines differ: a hint that is this early is on time. */
export const EARLY_SECONDS = 1;
/** Released and not done, in all: more than there are workers, and few enough for a deployment of any size. */
const RELEASED_MAX = 100;
/** Looks for targets that may go, each past those that turned out to have to wait for their quiet hours. */
const PASSES_MAX = 20;
/** Hints are not kept waiting longer by a queue. */
const LONGEST_DELAY_SECONDS = 15 * MINUTE_SECONDS;

/**
 * Sends a hint for each target of the waves so far that is due, as far as its server's limit has room: a released target
 * holds its place there from now on. Whatever is not released costs a pause or a halt nothing.
 * @param deployment locked by the caller, as it is now
 * @returns how many were released
 */
export async function release(tx: ControlScope, deployment: Deployment): Promise<number> {
  if (deployment.state !== "running") return 0;
  let candidates = await candidatesOf(tx, deployment);
  for (let pass = 0; pass < PASSES_MAX && (await postponeToQuietHours(tx, deployment, candidates)); pass += 1) {
    candidates = await candidatesOf(tx, deployment);
  }
  const now = tx.clock.now();
  const admitted = await admit(
    tx,
    candidates.filter((candidate) => dueAt(deployment, candidate, now) <= now),
  );
  await markReleased(tx, deployment.id, admitted);
  return admitted.length;
}

/** What a decision about quiet hours is made from. */
export interface QuietSubject {
  readonly predictedLockMs: number | null;
  /** Whether it may be long, and nobody knows. */
  readonly isLockUnknown: boolean;
  readonly timeZone: string;
  readonly quietFrom: string;
  readonly quietUntil: string;
}

/** When a target may go: now, or when its quiet hours begin if its change is for those. */
export function dueAt(deployment: Deployment, subject: QuietSubject, now: Date): Date {
  const isLong = subject.isLockUnknown || (subject.predictedLockMs ?? 0) > QUIET_LOCK_MS;
  if (deployment.quietOverride !== null || !(deployment.isQuiet || isLong)) return now;
  const hours = { from: subject.quietFrom, until: subject.quietUntil, timeZone: subject.timeZone };
  return isQuiet(now, hours) ? now : nextQuiet(now, hours);
}

/**
 * Whether a server has room for one more, which then nobody else is given until this transaction ends.
 * @param server locked, after the deployment and before any tenant
 */
export async function hasRoom(tx: ControlScope, server: string): Promise<boolean> {
  const room = await lockServers(tx, [server]);
  return (room.get(server) ?? 0) > 0;
}

/** Says, to whoever reads the queue, that a target may be worth a look. */
export async function hint(
  tx: ControlScope,
  target: { readonly deploymentId: string; readonly tenantId: string },
  delaySeconds: number,
): Promise<void> {
  const { deploymentId, tenantId } = target;
  await tx.emit({
    queue: "fleet-migrations",
    payload: { deploymentId, tenantId },
    dedupeKey: `fleet:${deploymentId}:${tenantId}:${newId(tx.clock)}`,
    delaySeconds: Math.min(LONGEST_DELAY_SECONDS, Math.max(0, Math.ceil(delaySeconds))),
  });
}

interface Candidate extends QuietSubject {
  readonly tenantId: string;
  readonly server: string;
}

/** The next of each server that seems to have room, in their order. Seen without a lock, so that few servers are locked. */
async function candidatesOf(tx: ControlScope, { id, wave }: Deployment): Promise<readonly Candidate[]> {
  const now = tx.clock.now();
  const { count } = await tx.db
    .selectFrom("deploymentTargets")
    .select((e) => e.fn.countAll<string>().as("count"))
    .where("deploymentId", "=", id)
    .where("state", "in", ["queued", "running"])
    .executeTakeFirstOrThrow();
  const room = RELEASED_MAX - Number(count);
  if (room <= 0) return [];
  return tx.db
    .selectFrom((e) =>
      e
        .selectFrom("deploymentTargets")
        .select((t) => [
          "deploymentTargets.tenantId",
          "deploymentTargets.server",
          "deploymentTargets.wave",
          "deploymentTargets.position",
          "deploymentTargets.predictedLockMs",
          "deploymentTargets.isLockUnknown",
          t.fn
            .agg<string>("row_number")
            .over((over) => over.partitionBy("deploymentTargets.server").orderBy("wave").orderBy("position"))
            .as("rank"),
        ])
        .where("deploymentId", "=", id)
        .where("state", "=", "pending")
        .where("wave", "<=", wave)
        .where((t) => t.or([t("nextRunAt", "is", null), t("nextRunAt", "<=", secondsAfter(now, EARLY_SECONDS))]))
        .as("waiting"),
    )
    .innerJoin("databaseServers", "databaseServers.name", "waiting.server")
    .innerJoin("tenants", "tenants.id", "waiting.tenantId")
    .innerJoin("tenantSchemas", "tenantSchemas.tenantId", "waiting.tenantId")
    .leftJoin(
      (e) =>
        e
          .selectFrom("deploymentTargets")
          .select((t) => ["server", t.fn.countAll<string>().as("count")])
          .where("state", "in", ["queued", "running"])
          .groupBy("server")
          .as("used"),
      (join) => join.onRef("used.server", "=", "waiting.server"),
    )
    .select([
      "waiting.tenantId",
      "waiting.server",
      "waiting.predictedLockMs",
      "waiting.isLockUnknown",
      "tenants.timeZone",
      "tenantSchemas.quietFrom",
      "tenantSchemas.quietUntil",
    ])
    .where(sql<boolean>`waiting.rank <= database_servers.migrations_max - coalesce(used.count, 0)`)
    .orderBy("waiting.wave")
    .orderBy("waiting.position")
    .limit(room)
    .execute();
}

/** @returns whether there were any whose hours have not come */
async function postponeToQuietHours(
  tx: ControlScope,
  deployment: Deployment,
  candidates: readonly Candidate[],
): Promise<boolean> {
  const now = tx.clock.now();
  const early = new Map<number, string[]>();
  for (const candidate of candidates) {
    const due = dueAt(deployment, candidate, now).getTime();
    if (due > now.getTime()) early.set(due, [...(early.get(due) ?? []), candidate.tenantId]);
  }
  for (const [due, tenantIds] of early) {
    await tx.db
      .updateTable("deploymentTargets")
      .set({ nextRunAt: new Date(due) })
      .where("deploymentId", "=", deployment.id)
      .where("tenantId", "in", tenantIds)
      .where("state", "=", "pending")
      .execute();
  }
  return early.size > 0;
}

async function admit(tx: ControlScope, candidates: readonly Candidate[]): Promise<readonly string[]> {
  if (candidates.length === 0) return [];
  const room = await lockServers(tx, [...new Set(candidates.map(({ server }) => server))]);
  return candidates.flatMap(({ tenantId, server }) => {
    const left = room.get(server) ?? 0;
    room.set(server, left - 1);
    return left > 0 ? [tenantId] : [];
  });
}

/**
 * Called once in a transaction, so that all take these locks in the same order.
 * @returns how many more migrations each may have now; it stays so until this transaction ends
 */
async function lockServers(tx: ControlScope, servers: readonly string[]): Promise<Map<string, number>> {
  const limits = await tx.db
    .selectFrom("databaseServers")
    .select(["name", "migrationsMax"])
    .where("name", "in", servers)
    .orderBy("name")
    // As strong as is needed: a new target, which refers to its server, does not wait for it.
    .forNoKeyUpdate()
    .execute();
  const used = await tx.db
    .selectFrom("deploymentTargets")
    .select((e) => ["server", e.fn.countAll<string>().as("count")])
    .where("server", "in", servers)
    .where("state", "in", ["queued", "running"])
    .groupBy("server")
    .execute();
  const counts = new Map(used.map(({ server, count }) => [server, Number(count)]));
  return new Map(limits.map(({ name, migrationsMax }) => [name, migrationsMax - (counts.get(name) ?? 0)]));
}

async function markReleased(tx: ControlScope, deploymentId: string, tenantIds: readonly string[]): Promise<void> {
  if (tenantIds.length === 0) return;
  await tx.db
    .updateTable("deploymentTargets")
    .set({ state: "queued", nextRunAt: tx.clock.now() })
    .where("deploymentId", "=", deploymentId)
    .where("tenantId", "in", tenantIds)
    .where("state", "=", "pending")
    .execute();
  for (const tenantId of tenantIds) await hint(tx, { deploymentId, tenantId }, 0);
}
