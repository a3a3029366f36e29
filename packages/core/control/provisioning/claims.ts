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

/** A job that a worker has taken: it alone may change the job's steps, until the lease ends. */
export interface TakenJob {
  readonly id: string;
  readonly tenantId: string;
  readonly fence: string;
  readonly phase: Phase;
  readonly leaseUntil: Date;
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
  const job = await control.db
    .selectFrom("provisioningJobs")
    .select("state")
    .where("id", "=", jobId)
    .executeTakeFirst();
  if (job?.state === "queued") await admitQueued(control, dailyDatabasesMax);
  return control.tx(async (tx) => {
    const taken = await takeJob(tx, jobId);
    return taken === undefined ? undefined : beginNextStep(tx, taken);
  });
}

/** Takes the job, when it is due, with a new fence. */
async function takeJob(tx: ControlScope, jobId: string): Promise<TakenJob | undefined> {
  const now = tx.clock.now();
  const leaseUntil = leaseFrom(now);
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
  return { id: jobId, tenantId: job.tenantId, fence: String(job.fence), phase, leaseUntil };
}

/** Until when a worker that takes a job at `now` has it. */
export const leaseFrom = (now: Date): Date => secondsAfter(now, LEASE_SECONDS);

/**
 * Records that the next step of a job begins. Never in one statement with the job's taking: what the worker before has
 * recorded is seen only by a statement that begins after it let go.
 */
export async function beginNextStep(tx: ControlScope, job: TakenJob): Promise<Claim> {
  const now = tx.clock.now();
  const begun = await tx.db
    .with("open", (db) =>
      db
        .selectFrom("provisioningSteps")
        .select(["name", "position"])
        .where("jobId", "=", job.id)
        .where("state", "<>", "done")
        .where("position", job.phase === "running" ? "<" : ">=", FIRST_ROLLBACK_POSITION)
        .orderBy("position")
        .limit(2),
    )
    // The attempt counts from its beginning: a step that kills its worker each time comes to an end too.
    .with("step", (db) =>
      db
        .updateTable("provisioningSteps")
        .set((set) => ({
          state: "running",
          attempts: set("attempts", "+", 1),
          startedAt: sql<Date>`coalesce(started_at, ${now})`,
        }))
        .where("jobId", "=", job.id)
        .where("name", "=", (e) => e.selectFrom("open").select("name").orderBy("position").limit(1))
        .returning(["name", "attempts", "startedAt"]),
    )
    .with("attempt", (db) =>
      db
        .insertInto("provisioningAttempts")
        .columns(["jobId", "fence", "step", "startedAt"])
        .expression((e) =>
          e
            .selectFrom("step")
            .select((value) => [
              sql<string>`${job.id}::uuid`.as("jobId"),
              sql<string>`${job.fence}::bigint`.as("fence"),
              value.ref("step.name").as("step"),
              sql<Date>`${now}::timestamptz`.as("startedAt"),
            ]),
        ),
    )
    .selectFrom("step")
    .innerJoin("tenants", (join) => join.on("tenants.id", "=", job.tenantId))
    .leftJoin("tenantDatabases", "tenantDatabases.tenantId", "tenants.id")
    .select(["step.name as stepName", "step.attempts", "step.startedAt"])
    .select((e) =>
      e
        .selectFrom("open")
        .select((open) => open.fn.countAll<string>().as("count"))
        .as("openSteps"),
    )
    .select(["tenants.id", "tenants.name", "ownerName", "ownerEmail", "currency", "timeZone"])
    .select(["provider", "projectName", "region", "size", "projectRef", "ownerSecretArn", "appSecretArn", "isAdopted"])
    .executeTakeFirst();
  if (begun === undefined) throw new Error(`Provisioning job ${job.id} runs but has no step left.`);
  const { id, name, ownerName, ownerEmail, currency, timeZone } = begun;
  return {
    jobId: job.id,
    phase: job.phase,
    fence: job.fence,
    leaseUntil: job.leaseUntil,
    stepName: begun.stepName,
    isLastStep: Number(begun.openSteps) === 1,
    attempts: begun.attempts,
    stepStartedAt: begun.startedAt ?? now,
    tenant: { id, name, ownerName, ownerEmail, currency, timeZone },
    database: databaseOf(begun),
  };
}

type Joined<T> = { readonly [Key in keyof T]: T[Key] | null };

/** All of it is null as long as the tenant's place is not reserved. */
function databaseOf(row: Joined<TenantDatabase>): TenantDatabase | undefined {
  const { provider, projectName, region, size, isAdopted } = row;
  if (provider === null || projectName === null || region === null || size === null || isAdopted === null) {
    return undefined;
  }
  const { projectRef, ownerSecretArn, appSecretArn } = row;
  return { provider, projectName, region, size, projectRef, ownerSecretArn, appSecretArn, isAdopted };
}
