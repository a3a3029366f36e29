import { sql } from "kysely";
import { secondsAfter } from "../../kernel/clock.ts";
import type { ControlScope } from "../scope.ts";
import { admitQueued } from "./admission.ts";
import { FIRST_ROLLBACK_POSITION, rollbackSteps } from "./rollback-steps.ts";
import type { Step, StepContext, TenantDatabase } from "./step.ts";
import { steps } from "./steps.ts";

/** Longer than a worker may run, so that a lease which ran out means a dead worker. */
export const LEASE_SECONDS = 90;
/** Clocks of two machines differ: a hint that is this early is on time. */
const EARLY_SECONDS = 1;

/** A job is led on, or taken back: either way a list of steps. */
export const stepsOf = { running: steps, rolling_back: rollbackSteps } as const satisfies Record<
  string,
  readonly Step[]
>;
export type Phase = keyof typeof stepsOf;

/** The right to run one step. Whoever claims later has a higher fence, and then this one may write nothing more. */
export interface Claim {
  readonly jobId: string;
  readonly phase: Phase;
  readonly fence: string;
  readonly leaseUntil: Date;
  readonly stepName: string;
  readonly isLastStep: boolean;
  /** This one included. */
  readonly attempts: number;
  readonly stepStartedAt: Date;
  readonly tenant: StepContext["tenant"];
  readonly database: TenantDatabase | undefined;
}

/**
 * Claims a job that is due; one that is queued is admitted first, when the day has room.
 * @returns nothing when it is not due, finished, or another worker is at it
 */
export async function claimJob(
  control: ControlScope,
  jobId: string,
  dailyDatabasesMax: number,
): Promise<Claim | undefined> {
  const claim = await control.tx((tx) => claimNextStep(tx, jobId));
  if (claim !== undefined) return claim;
  const job = await control.db
    .selectFrom("provisioningJobs")
    .select("state")
    .where("id", "=", jobId)
    .executeTakeFirst();
  if (job?.state !== "queued") return undefined;
  await admitQueued(control, dailyDatabasesMax);
  return control.tx((tx) => claimNextStep(tx, jobId));
}

/** Takes the job, when it is due, with its next step and a new fence. */
export async function claimNextStep(tx: ControlScope, jobId: string): Promise<Claim | undefined> {
  const now = tx.clock.now();
  const leaseUntil = secondsAfter(now, LEASE_SECONDS);
  const job = await tx.db
    .updateTable("provisioningJobs")
    .set({ fence: sql<string>`fence + 1`, leaseUntil })
    .where("id", "=", jobId)
    .where("state", "in", ["running", "rolling_back"])
    .where("nextRunAt", "<=", secondsAfter(now, EARLY_SECONDS))
    .where((where) => where.or([where("leaseUntil", "is", null), where("leaseUntil", "<", now)]))
    .returning(["tenantId", "fence", "state"])
    .executeTakeFirst();
  if (job === undefined) return undefined;
  const phase: Phase = job.state === "rolling_back" ? "rolling_back" : "running";
  const open = await tx.db
    .selectFrom("provisioningSteps")
    .select("name")
    .where("jobId", "=", jobId)
    .where("state", "<>", "done")
    .where("position", phase === "running" ? "<" : ">=", FIRST_ROLLBACK_POSITION)
    .orderBy("position")
    .limit(2)
    .execute();
  const [next, afterwards] = open;
  if (next === undefined) throw new Error(`Provisioning job ${jobId} runs but has no step left.`);
  // The attempt counts from its beginning: a step that kills its worker each time comes to an end too.
  const step = await tx.db
    .updateTable("provisioningSteps")
    .set((set) => ({
      state: "running",
      attempts: set("attempts", "+", 1),
      startedAt: sql<Date>`coalesce(started_at, ${now})`,
    }))
    .where("jobId", "=", jobId)
    .where("name", "=", next.name)
    .returning(["attempts", "startedAt"])
    .executeTakeFirstOrThrow();
  const fence = String(job.fence);
  await tx.db.insertInto("provisioningAttempts").values({ jobId, fence, step: next.name, startedAt: now }).execute();
  return {
    jobId,
    phase,
    fence,
    leaseUntil,
    stepName: next.name,
    isLastStep: afterwards === undefined,
    attempts: step.attempts,
    stepStartedAt: step.startedAt ?? now,
    ...(await subjectOf(tx, job.tenantId)),
  };
}

async function subjectOf(tx: ControlScope, tenantId: string): Promise<Pick<Claim, "tenant" | "database">> {
  const tenant = await tx.db
    .selectFrom("tenants")
    .select(["id", "name", "ownerName", "ownerEmail", "currency", "timeZone"])
    .where("id", "=", tenantId)
    .executeTakeFirstOrThrow();
  const database = await tx.db
    .selectFrom("tenantDatabases")
    .select(["provider", "projectName", "region", "size", "projectRef", "ownerSecretArn", "appSecretArn", "isAdopted"])
    .where("tenantId", "=", tenantId)
    .executeTakeFirst();
  return { tenant, database };
}
