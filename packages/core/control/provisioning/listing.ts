import { sql } from "kysely";
import { notFound } from "../../kernel/errors.ts";
import type { ControlScope } from "../scope.ts";
import { isWaiting } from "./admission.ts";
import type { JobState } from "./jobs.ts";
import { FIRST_ROLLBACK_POSITION } from "./rollback-steps.ts";
import { welcomeKey } from "./welcome.ts";

export interface ListedJob {
  readonly jobId: string;
  readonly tenantId: string;
  readonly companyName: string;
  readonly ownerEmail: string;
  /** Null once the address was released. */
  readonly subdomain: string | null;
  readonly state: JobState;
  /** The step that is next, under way or failed; null when none is left. */
  readonly step: string | null;
  readonly attempts: number;
  readonly lastError: string | null;
  readonly createdAt: Date;
  readonly nextRunAt: Date;
}

export interface JobFilter {
  readonly state?: JobState | undefined;
  /** Id of the last job of the page before. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Jobs, the newest first. @returns `next`, to be given as `before` for the page after this one */
export async function list(
  control: ControlScope,
  { state, before, limit }: JobFilter,
): Promise<{ readonly jobs: readonly ListedJob[]; readonly next: string | undefined }> {
  const rows = await jobsOf(control)
    .$if(state !== undefined, (query) => query.where("provisioningJobs.state", "=", state ?? "failed"))
    .$if(before !== undefined, (query) => query.where("provisioningJobs.id", "<", before ?? ""))
    .orderBy("provisioningJobs.id", "desc")
    .limit(limit + 1)
    .execute();
  const jobs = rows.slice(0, limit).map(listed);
  return { jobs, next: rows.length > limit ? jobs.at(-1)?.jobId : undefined };
}

export interface ShownJob extends ListedJob {
  readonly tenantState: string;
  readonly ownerName: string;
  /** In the queue because the day has no room. */
  readonly isWaiting: boolean;
  readonly admittedAt: Date | null;
  readonly finishedAt: Date | null;
  /** Until when a worker has it. */
  readonly leaseUntil: Date | null;
  readonly steps: readonly ShownStep[];
  readonly database: ShownDatabase | undefined;
  readonly mails: readonly ShownMail[];
  readonly acts: readonly ShownAct[];
}

export interface ShownStep {
  readonly name: string;
  readonly state: "waiting" | "running" | "done" | "failed";
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly lastError: string | null;
  /** Every run of it, oldest first. */
  readonly runs: readonly ShownRun[];
}

export interface ShownRun {
  readonly fence: string;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  /** Null while it runs, and for one that never came back or was overtaken. */
  readonly outcome: "done" | "waited" | "failed" | null;
  readonly error: string | null;
}

interface ShownDatabase {
  readonly provider: string;
  readonly projectName: string;
  readonly projectRef: string | null;
  readonly region: string;
  readonly size: string;
  readonly isAdopted: boolean;
  readonly ownerSecretArn: string | null;
  readonly appSecretArn: string | null;
}

interface ShownMail {
  readonly createdAt: Date;
  readonly sentAt: Date | null;
  /** When the mail service took it. */
  readonly doneAt: Date | null;
  readonly lastError: string | null;
}

interface ShownAct {
  readonly at: Date;
  readonly actorId: string | null;
  readonly action: string;
  readonly reason: string | null;
}

const ACTS_MAX = 20;

/** All that is known of one job. @throws DomainError `not_found` */
export async function show(control: ControlScope, tenantId: string): Promise<ShownJob> {
  const row = await jobsOf(control)
    .select([
      "tenants.state as tenantState",
      "tenants.ownerName",
      "provisioningJobs.admittedAt",
      "provisioningJobs.finishedAt",
      "provisioningJobs.leaseUntil",
      "provisioningJobs.linkNumber",
    ])
    .where("provisioningJobs.tenantId", "=", tenantId)
    .executeTakeFirst();
  if (row === undefined) throw notFound("provisioning job");
  const { tenantState, ownerName, admittedAt, finishedAt, leaseUntil, linkNumber, ...job } = row;
  return {
    ...listed(job),
    tenantState,
    ownerName,
    isWaiting: isWaiting(job),
    admittedAt,
    finishedAt,
    leaseUntil,
    steps: await stepsOfJob(control, job.jobId),
    database: await databaseOf(control, tenantId),
    mails: await welcomesOf(control, tenantId, linkNumber),
    acts: await actsOf(control, tenantId),
  };
}

function jobsOf(control: ControlScope) {
  return control.db
    .selectFrom("provisioningJobs")
    .innerJoin("tenants", "tenants.id", "provisioningJobs.tenantId")
    .leftJoin("tenantHosts", (join) =>
      join.onRef("tenantHosts.tenantId", "=", "tenants.id").on("tenantHosts.kind", "=", "primary"),
    )
    .leftJoinLateral(
      (e) =>
        e
          .selectFrom("provisioningSteps")
          .select(["name", "attempts", "lastError"])
          .whereRef("provisioningSteps.jobId", "=", "provisioningJobs.id")
          .where("provisioningSteps.state", "<>", "done")
          // Of a job that is taken back, the steps that matter are the last ones.
          .orderBy(sql`(provisioning_jobs.state = 'rolling_back' and position < ${FIRST_ROLLBACK_POSITION}::integer)`)
          .orderBy(sql`(provisioning_steps.state = 'failed') desc, position`)
          .limit(1)
          .as("current"),
      (join) => join.onTrue(),
    )
    .select([
      "provisioningJobs.id as jobId",
      "provisioningJobs.tenantId",
      "tenants.name as companyName",
      "tenants.ownerEmail",
      "tenantHosts.host as subdomain",
      "provisioningJobs.state",
      "current.name as step",
      "current.attempts",
      "current.lastError",
      "provisioningJobs.createdAt",
      "provisioningJobs.nextRunAt",
    ]);
}

function listed<T extends { readonly state: JobState; readonly step: string | null; readonly attempts: number | null }>(
  row: T,
): T & { readonly attempts: number } {
  const isOver = row.state === "done" || row.state === "rolled_back";
  return { ...row, step: isOver ? null : row.step, attempts: row.attempts ?? 0 };
}

async function stepsOfJob(control: ControlScope, jobId: string): Promise<readonly ShownStep[]> {
  const steps = await control.db
    .selectFrom("provisioningSteps")
    .select(["name", "state", "startedAt", "finishedAt", "lastError"])
    .where("jobId", "=", jobId)
    .orderBy("position")
    .execute();
  const runs = await control.db
    .selectFrom("provisioningAttempts")
    .select(["step", "fence", "startedAt", "finishedAt", "outcome", "error"])
    .where("jobId", "=", jobId)
    .orderBy("fence")
    .execute();
  const byStep = Map.groupBy(runs, ({ step }) => step);
  return steps.map((step) => ({ ...step, runs: byStep.get(step.name) ?? [] }));
}

function databaseOf(control: ControlScope, tenantId: string): Promise<ShownDatabase | undefined> {
  return control.db
    .selectFrom("tenantDatabases")
    .select(["provider", "projectName", "projectRef", "region", "size", "isAdopted", "ownerSecretArn", "appSecretArn"])
    .where("tenantId", "=", tenantId)
    .executeTakeFirst();
}

function welcomesOf(control: ControlScope, tenantId: string, linkNumber: number): Promise<readonly ShownMail[]> {
  const keys = Array.from({ length: linkNumber }, (_, index) => welcomeKey(tenantId, index + 1));
  return control.db
    .selectFrom("outbox")
    .select(["createdAt", "sentAt", "doneAt", "lastError"])
    .where("dedupeKey", "in", keys)
    .orderBy("id")
    .execute();
}

function actsOf(control: ControlScope, tenantId: string): Promise<readonly ShownAct[]> {
  return control.db
    .selectFrom("auditLog")
    .select(["at", "actorId", "action", "reason"])
    .where("tenantId", "=", tenantId)
    .orderBy("at", "desc")
    .limit(ACTS_MAX)
    .execute();
}
