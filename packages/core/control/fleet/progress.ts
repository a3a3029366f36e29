import type { ControlScope } from "../scope.ts";
import { attemptedOf, type Deployment, openCount, type StateCounts } from "./deployments.ts";

/** Targets that failed in the same way, or wait to be tried again after it. */
export interface FailureGroup {
  readonly sqlState: string | null;
  readonly migration: string | null;
  readonly statement: number | null;
  /** Failed for good. */
  readonly failed: number;
  /** To be tried again. */
  readonly again: number;
  /** Of one of them. */
  readonly error: string;
  readonly blocker: string | null;
  /** Subdomains or names of some of them. */
  readonly tenants: readonly string[];
}

const GROUPS_MAX = 50;
const GROUP_TENANTS_MAX = 5;

/** How the targets that failed did, the most frequent first. */
export async function failuresOf(control: ControlScope, deploymentId: string): Promise<readonly FailureGroup[]> {
  const groups = await control.db
    .selectFrom("deploymentTargets")
    .innerJoin("tenants", "tenants.id", "deploymentTargets.tenantId")
    .leftJoin("tenantHosts", (join) =>
      join.onRef("tenantHosts.tenantId", "=", "tenants.id").on("tenantHosts.kind", "=", "primary"),
    )
    .select((e) => [
      "sqlState",
      "migration",
      "statement",
      e.fn.countAll<string>().filterWhere("deploymentTargets.state", "=", "failed").as("failed"),
      e.fn.countAll<string>().filterWhere("deploymentTargets.state", "<>", "failed").as("again"),
      e.fn.min("error").as("error"),
      e.fn.max("blocker").as("blocker"),
      e.fn.agg<string[]>("array_agg", [e.fn.coalesce("tenantHosts.host", "tenants.name")]).as("tenants"),
    ])
    .where("deploymentId", "=", deploymentId)
    .where("error", "is not", null)
    .where("deploymentTargets.state", "<>", "skipped")
    .groupBy(["sqlState", "migration", "statement"])
    .orderBy((e) => e.fn.countAll(), "desc")
    .limit(GROUPS_MAX)
    .execute();
  return groups.map(({ failed, again, error, tenants, ...group }) => ({
    ...group,
    failed: Number(failed),
    again: Number(again),
    error: error ?? "",
    tenants: tenants.toSorted().slice(0, GROUP_TENANTS_MAX),
  }));
}

/** About so many seconds are left, at the pace of this wave; undefined when nobody knows. */
export async function secondsLeftOf(
  control: ControlScope,
  { id, wave, promotion, soakSeconds }: Deployment,
  counts: StateCounts,
): Promise<number | undefined> {
  const left = openCount(counts);
  if (left === 0) return 0;
  const { succeeded, failed } = attemptedOf(counts);
  if (promotion === "operator" || succeeded + failed === 0) return undefined;
  const { begun, ended, wavesAfter } = await control.db
    .selectFrom("deploymentTargets")
    .select((e) => [
      e.fn.min("startedAt").as("begun"),
      e.fn.max("finishedAt").as("ended"),
      e
        .selectFrom("deploymentWaves")
        .select((w) => w.fn.countAll<string>().as("count"))
        .where("deploymentId", "=", id)
        .where("position", ">", wave)
        .as("wavesAfter"),
    ])
    .where("deploymentId", "=", id)
    .where("wave", "=", wave)
    .where("state", "in", ["succeeded", "failed"])
    .executeTakeFirstOrThrow();
  if (begun === null || ended === null) return undefined;
  const done = await doneIn(control, id, wave);
  const secondsEach = (ended.getTime() - begun.getTime()) / 1000 / done;
  return Math.ceil(left * secondsEach + Number(wavesAfter ?? 0) * soakSeconds);
}

async function doneIn(control: ControlScope, deploymentId: string, wave: number): Promise<number> {
  const { count } = await control.db
    .selectFrom("deploymentTargets")
    .select((e) => e.fn.countAll<string>().as("count"))
    .where("deploymentId", "=", deploymentId)
    .where("wave", "=", wave)
    .where("state", "in", ["succeeded", "failed"])
    .executeTakeFirstOrThrow();
  return Math.max(1, Number(count));
}
