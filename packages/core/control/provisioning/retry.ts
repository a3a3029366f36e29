import { DomainError } from "../../kernel/errors.ts";
import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";
import { requireNoOtherTrial } from "../sign-ups/trials.ts";
import { type Changed, type LockedJob, lockJob, setGoing } from "./jobs.ts";
import { type Reasoned, reasonOfOperator, requireOperator } from "./operators.ts";

/**
 * Goes on with a failed job at the step that failed, with all its attempts; a job that waits for its next attempt gets it
 * now. A job that a worker is at, or that waits for the day's room, stays as it is.
 * @throws DomainError `conflict` when the job is finished or is being taken back, or its owner has another pharmacy by now
 */
export async function retry(control: ControlScope, tenantId: string, why: Reasoned): Promise<Changed> {
  requireOperator(control);
  const reason = reasonOfOperator(why);
  return control.tx(async (tx) => {
    const job = await lockJob(tx, tenantId);
    requireRetriable(job);
    if (job.state === "queued" || isUnderWay(tx, job)) return { changed: false, state: job.state };
    if (job.state === "failed") await requireNoOtherTrial(tx, tenantId);
    const open = await tx.db
      .updateTable("provisioningSteps")
      .set({ state: "waiting", attempts: 0, startedAt: null, finishedAt: null })
      .where("jobId", "=", job.id)
      .where("state", "<>", "done")
      .returning("name")
      .execute();
    // A project that never got ready is looked at again from its making, where a failed one is replaced.
    if (open.some(({ name }) => name === "await_database")) await beginAnew(tx, job.id, "create_database");
    await tx.db
      .updateTable("tenants")
      .set({ state: "provisioning", updatedAt: tx.clock.now() })
      .where("id", "=", tenantId)
      .where("state", "=", "provisioning_failed")
      .execute();
    await setGoing(tx, job, "running", null);
    await ControlAudit.append(tx, {
      action: "tenant.provisioning_retried",
      tenantId,
      reason,
      before: { state: job.state },
      after: { state: "running" },
    });
    return { changed: true, state: "running" };
  });
}

async function beginAnew(tx: ControlScope, jobId: string, name: string): Promise<void> {
  await tx.db
    .updateTable("provisioningSteps")
    .set({ state: "waiting", attempts: 0, startedAt: null, finishedAt: null })
    .where("jobId", "=", jobId)
    .where("name", "=", name)
    .execute();
}

function requireRetriable(job: LockedJob): void {
  if (job.state === "done") throw new DomainError("conflict", "This pharmacy is open: there is nothing to retry.");
  if (job.isRollback) {
    throw new DomainError("conflict", "This job is being taken back: what it had made is gone. Run rollback instead.");
  }
}

/** Whether a worker has it, or will in a moment. */
function isUnderWay(tx: ControlScope, job: LockedJob): boolean {
  const now = tx.clock.now();
  if (job.state !== "running") return false;
  return (job.leaseUntil !== null && job.leaseUntil > now) || job.nextRunAt <= now;
}
