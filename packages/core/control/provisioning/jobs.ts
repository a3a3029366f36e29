import { sql } from "kysely";
import * as z from "zod";
import { DomainError, notFound } from "../../kernel/errors.ts";
import type { ControlScope } from "../scope.ts";
import type { ControlTables } from "../tables.generated.ts";
import { rollbackSteps } from "./rollback-steps.ts";

export type JobState = ControlTables["provisioningJobs"]["state"];

/** What an operator's command did: nothing, when the job was there already. */
export interface Changed {
  readonly changed: boolean;
  readonly state: JobState;
}

const idSchema = z.uuid();

/**
 * The tenant that an operator means.
 * @param wanted its subdomain, its id or the id of its job; a subdomain that was released leads nowhere
 * @throws DomainError `not_found`
 */
export async function findTenant(control: ControlScope, wanted: string): Promise<{ readonly tenantId: string }> {
  const { success: isId } = idSchema.safeParse(wanted);
  const found = await control.db
    .selectFrom("provisioningJobs")
    .leftJoin("tenantHosts", "tenantHosts.tenantId", "provisioningJobs.tenantId")
    .select("provisioningJobs.tenantId")
    .where((e) =>
      isId
        ? e.or([e("provisioningJobs.tenantId", "=", wanted), e("provisioningJobs.id", "=", wanted)])
        : e("tenantHosts.host", "=", wanted.toLowerCase()),
    )
    .executeTakeFirst();
  if (found === undefined) throw notFound(`pharmacy as ${wanted}`);
  return found;
}

export interface LockedJob {
  readonly id: string;
  readonly state: JobState;
  readonly fence: string;
  readonly leaseUntil: Date | null;
  readonly nextRunAt: Date;
  readonly isRollback: boolean;
}

/** The job of a tenant, locked until the transaction ends. @throws DomainError `not_found` */
export async function lockJob(tx: ControlScope, tenantId: string): Promise<LockedJob> {
  const job = await tx.db
    .selectFrom("provisioningJobs")
    .select(["id", "state", "fence", "leaseUntil", "nextRunAt"])
    .where("tenantId", "=", tenantId)
    .forUpdate()
    .executeTakeFirst();
  if (job === undefined) throw notFound("provisioning job");
  const names = rollbackSteps.map(({ name }) => name);
  const begun = await tx.db
    .selectFrom("provisioningSteps")
    .select("name")
    .where("jobId", "=", job.id)
    .where("name", "in", names)
    .limit(1)
    .executeTakeFirst();
  return { ...job, fence: String(job.fence), isRollback: begun !== undefined };
}

/** @throws DomainError `conflict` when a worker is at the job, with the seconds after which it no longer is */
export function requireIdle(tx: ControlScope, job: LockedJob): void {
  const seconds = job.leaseUntil === null ? 0 : (job.leaseUntil.getTime() - tx.clock.now().getTime()) / 1000;
  if (seconds <= 0) return;
  const retryAfterSeconds = Math.ceil(seconds);
  const message = `A worker is at this job. Try again in a moment, in ${retryAfterSeconds} seconds at the latest.`;
  throw new DomainError("conflict", message, { retryAfterSeconds });
}

/** Sets the job going, in this transaction, past everything that any worker still holds. */
export async function setGoing(
  tx: ControlScope,
  job: LockedJob,
  state: "running" | "rolling_back",
  leaseUntil: Date | null,
): Promise<void> {
  const now = tx.clock.now();
  const { fence } = await tx.db
    .updateTable("provisioningJobs")
    .set({ state, finishedAt: null, fence: sql<string>`fence + 1`, leaseUntil, nextRunAt: now })
    .where("id", "=", job.id)
    .returning("fence")
    .executeTakeFirstOrThrow();
  const delaySeconds = leaseUntil === null ? 0 : Math.max(0, (leaseUntil.getTime() - now.getTime()) / 1000);
  await tx.emit({
    queue: "provisioning",
    payload: { jobId: job.id },
    dedupeKey: `provision:${job.id}:${state}:${fence}`,
    delaySeconds,
  });
}
