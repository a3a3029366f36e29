import { sql } from "kysely";
import { secondsAfter } from "../../kernel/clock.ts";
import type { ControlScope } from "../scope.ts";
import type { StepContext, TenantDatabase } from "./steps.ts";

/** Longer than a worker may run, so that a lease which ran out means a dead worker. */
const LEASE_SECONDS = 90;
/** Clocks of two machines differ: a hint that is this early is on time. */
const EARLY_SECONDS = 1;

/** The right to run one step. Whoever claims later has a higher fence, and then this one may write nothing more. */
export interface Claim {
  readonly jobId: string;
  readonly fence: string;
  readonly stepName: string;
  readonly isLastStep: boolean;
  /** This one included. */
  readonly attempts: number;
  readonly stepStartedAt: Date;
  readonly tenant: StepContext["tenant"];
  readonly database: TenantDatabase | undefined;
}

/** Claims a job that is due. @returns nothing when it is not due, finished, or another worker is at it */
export async function claimJob(control: ControlScope, jobId: string): Promise<Claim | undefined> {
  return control.tx(async (tx) => {
    const now = tx.clock.now();
    const job = await tx.db
      .updateTable("provisioningJobs")
      .set({ fence: sql<string>`fence + 1`, leaseUntil: secondsAfter(now, LEASE_SECONDS) })
      .where("id", "=", jobId)
      .where("state", "=", "running")
      .where("nextRunAt", "<=", secondsAfter(now, EARLY_SECONDS))
      .where((where) => where.or([where("leaseUntil", "is", null), where("leaseUntil", "<", now)]))
      .returning(["tenantId", "fence"])
      .executeTakeFirst();
    if (job === undefined) return undefined;
    const open = await tx.db
      .selectFrom("provisioningSteps")
      .select("name")
      .where("jobId", "=", jobId)
      .where("state", "<>", "done")
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
    const tenant = await tx.db
      .selectFrom("tenants")
      .select(["id", "name", "ownerName", "ownerEmail", "currency", "timeZone"])
      .where("id", "=", job.tenantId)
      .executeTakeFirstOrThrow();
    const database = await tx.db
      .selectFrom("tenantDatabases")
      .select(["projectName", "region", "size", "projectRef", "ownerSecretArn"])
      .where("tenantId", "=", job.tenantId)
      .executeTakeFirst();
    return {
      jobId,
      fence: String(job.fence),
      stepName: next.name,
      isLastStep: afterwards === undefined,
      attempts: step.attempts,
      stepStartedAt: step.startedAt ?? now,
      tenant,
      database,
    };
  });
}
