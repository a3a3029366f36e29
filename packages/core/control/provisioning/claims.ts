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
  await admitQueued(control, dailyDatabasesMax, jobId);
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
  const fence = String(job.fence);
  const step = await beginNextStep(tx, jobId, phase, fence);
  return { jobId, phase, fence, leaseUntil, ...step, ...(await subjectOf(tx, job.tenantId)) };
}

/**
 * Records that the next step of a claimed job begins. One statement, and only after the job was taken in another: what
 * the worker before has recorded meanwhile is seen by the next statement only.
 */
async function beginNextStep(
  tx: ControlScope,
  jobId: string,
  phase: Phase,
  fence: string,
): Promise<Pick<Claim, "stepName" | "isLastStep" | "attempts" | "stepStartedAt">> {
  const now = tx.clock.now();
  const step = await tx.db
    .with("open", (db) =>
      db
        .selectFrom("provisioningSteps")
        .select(["name", "position"])
        .where("jobId", "=", jobId)
        .where("state", "<>", "done")
        .where("position", phase === "running" ? "<" : ">=", FIRST_ROLLBACK_POSITION)
        .orderBy("position")
        .limit(2),
    )
    // The attempt counts from its beginning: a step that kills its worker each time comes to an end too.
    .with("begun", (db) =>
      db
        .updateTable("provisioningSteps")
        .set((set) => ({
          state: "running",
          attempts: set("attempts", "+", 1),
          startedAt: sql<Date>`coalesce(started_at, ${now})`,
        }))
        .where("jobId", "=", jobId)
        .where("name", "=", (e) => e.selectFrom("open").select("name").orderBy("position").limit(1))
        .returning(["name", "attempts", "startedAt"]),
    )
    .with("attempt", (db) =>
      db
        .insertInto("provisioningAttempts")
        .columns(["jobId", "fence", "step", "startedAt"])
        .expression((e) =>
          e
            .selectFrom("begun")
            .select((value) => [
              sql<string>`${jobId}::uuid`.as("jobId"),
              sql<string>`${fence}::bigint`.as("fence"),
              value.ref("begun.name").as("step"),
              sql<Date>`${now}::timestamptz`.as("startedAt"),
            ]),
        ),
    )
    .selectFrom("begun")
    .select((e) => [
      "begun.name",
      "begun.attempts",
      "begun.startedAt",
      e
        .selectFrom("open")
        .select((open) => open.fn.countAll<string>().as("count"))
        .as("open"),
    ])
    .executeTakeFirst();
  if (step === undefined) throw new Error(`Provisioning job ${jobId} runs but has no step left.`);
  return {
    stepName: step.name,
    isLastStep: Number(step.open) === 1,
    attempts: step.attempts,
    stepStartedAt: step.startedAt ?? now,
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
