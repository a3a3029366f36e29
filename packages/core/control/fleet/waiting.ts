import { secondsAfter } from "../../kernel/clock.ts";
import type { ControlScope } from "../scope.ts";
import { type Deployment, totals, type WaveCounts } from "./deployments.ts";
import { dueAt, EARLY_SECONDS } from "./releasing.ts";
import type { Waiting } from "./words.ts";

/** What the targets of the waves so far wait for that are not done. @param byWave counts of their states */
export async function waitingOf(
  control: ControlScope,
  deployment: Deployment,
  byWave: readonly WaveCounts[],
): Promise<Waiting> {
  const { id, wave } = deployment;
  const counts = totals(byWave.filter((found) => found.wave <= wave).map(({ counts: ofWave }) => ofWave));
  const waiting = await control.db
    .selectFrom("deploymentTargets")
    .select((e) => [
      e.fn.countAll<string>().filterWhere("attempts", ">", 0).as("again"),
      e.fn.min("nextRunAt").filterWhere("attempts", ">", 0).as("againAt"),
      e.fn.countAll<string>().filterWhere("attempts", "=", 0).as("fresh"),
    ])
    .where("deploymentId", "=", id)
    .where("wave", "<=", wave)
    .where("state", "=", "pending")
    .where("nextRunAt", ">", secondsAfter(control.clock.now(), EARLY_SECONDS))
    .executeTakeFirstOrThrow();
  const { heard, quiet } = await unbegunOf(control, deployment, Number(waiting.fresh));
  return { counts, again: { count: Number(waiting.again), at: waiting.againAt ?? undefined }, heard, quiet };
}

/** What those wait for that were not led yet. @param count how many there are */
async function unbegunOf(
  control: ControlScope,
  deployment: Deployment,
  count: number,
): Promise<Pick<Waiting, "heard" | "quiet">> {
  if (count === 0) return { heard: nobody, quiet: nobody };
  const now = control.clock.now();
  const rows = await control.db
    .selectFrom("deploymentTargets")
    .innerJoin("tenants", "tenants.id", "deploymentTargets.tenantId")
    .innerJoin("tenantSchemas", "tenantSchemas.tenantId", "deploymentTargets.tenantId")
    .select(["nextRunAt", "predictedLockMs", "isLockUnknown", "timeZone", "quietFrom", "quietUntil"])
    .where("deploymentId", "=", deployment.id)
    .where("wave", "<=", deployment.wave)
    .where("deploymentTargets.state", "=", "pending")
    .where("attempts", "=", 0)
    .where("nextRunAt", ">", secondsAfter(now, EARLY_SECONDS))
    .orderBy("nextRunAt")
    .execute();
  const isDue = (row: (typeof rows)[number]) => dueAt(deployment, row, now) <= now;
  return { heard: firstOf(rows.filter(isDue)), quiet: firstOf(rows.filter((row) => !isDue(row))) };
}

const nobody = { count: 0, at: undefined };
const firstOf = (rows: readonly { readonly nextRunAt: Date | null }[]) => ({
  count: rows.length,
  at: rows[0]?.nextRunAt ?? undefined,
});
