import { sql } from "kysely";
import { secondsAfter } from "../../kernel/clock.ts";
import { DomainError } from "../../kernel/errors.ts";
import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";
import { backoffSeconds, isHopeless, MAX_ATTEMPTS, reasonOf } from "./attempts.ts";
import { beginNextStep, type Claim, leaseFrom, stepsOf, type TakenJob } from "./claims.ts";
import type { Recording, StepOutcome } from "./step.ts";

/**
 * Marks the step done, with what it found out, and takes the next one or calls for it, in one transaction.
 * @param goesOn whether this worker has time for another step
 * @returns the next step, when it was taken
 */
export async function recordDone(
  control: ControlScope,
  claim: Claim,
  record: Recording | undefined,
  goesOn: boolean,
): Promise<Claim | undefined> {
  return control.tx(async (tx) => {
    const next = goesOn && !claim.isLastStep ? await takeOn(tx, claim) : undefined;
    if (next === undefined && !(await release(tx, claim, 0))) return undefined;
    await record?.(tx);
    await endRun(tx, claim, "done", { state: "done", finishedAt: tx.clock.now(), lastError: null });
    if (next !== undefined) return beginNextStep(tx, next);
    if (claim.isLastStep) await finishJob(tx, claim, claim.phase === "running" ? "done" : "rolled_back");
    else await hint(tx, claim, 0);
    return undefined;
  });
}

/** Looks again in `seconds`. Waiting is not failing: the step's attempts begin anew. */
export async function recordWait(control: ControlScope, claim: Claim, seconds: number): Promise<void> {
  await control.tx(async (tx) => {
    if (!(await release(tx, claim, seconds))) return;
    await endRun(tx, claim, "waited", { attempts: 0, lastError: null });
    await hint(tx, claim, seconds);
  });
}

/** Goes back to an earlier step, which begins anew with those after it. */
export async function recordRestart(
  control: ControlScope,
  claim: Claim,
  { from, reason, record }: Extract<StepOutcome, { kind: "restart" }>,
): Promise<void> {
  control.log.warn("provisioning goes back", { step: claim.stepName, from, reason });
  const names = stepsOf[claim.phase].map(({ name }) => name);
  const again = names.slice(names.indexOf(from), names.indexOf(claim.stepName) + 1);
  await control.tx(async (tx) => {
    const seconds = backoffSeconds(1, undefined, Math.random());
    if (!(await release(tx, claim, seconds))) return;
    await record(tx);
    await tx.db
      .updateTable("provisioningSteps")
      .set({ state: "waiting", attempts: 0, startedAt: null, finishedAt: null })
      .where("jobId", "=", claim.jobId)
      .where("name", "in", again)
      .execute();
    await endRun(tx, claim, "failed", { lastError: reason });
    await hint(tx, claim, seconds);
  });
}

/** Tries the step again later or, when that is pointless, gives the job to an operator. */
export async function recordFailure(control: ControlScope, claim: Claim, error: unknown): Promise<void> {
  const last = claim.attempts >= MAX_ATTEMPTS || isHopeless(error);
  control.log.error("provisioning step failed", error, { step: claim.stepName, attempt: claim.attempts, last });
  const held = await control.tx(async (tx) => {
    const retryAfterSeconds = error instanceof DomainError ? error.retryAfterSeconds : undefined;
    const seconds = backoffSeconds(claim.attempts, retryAfterSeconds, Math.random());
    if (!(await release(tx, claim, seconds))) return false;
    const lastError = reasonOf(error);
    if (!last) {
      await endRun(tx, claim, "failed", { state: "waiting", lastError });
      await hint(tx, claim, seconds);
      return true;
    }
    await endRun(tx, claim, "failed", { state: "failed", finishedAt: tx.clock.now(), lastError });
    await finishJob(tx, claim, "failed");
    await tx.db
      .updateTable("tenants")
      .set({ state: "provisioning_failed", updatedAt: tx.clock.now() })
      .where("id", "=", claim.tenant.id)
      .where("state", "=", "provisioning")
      .execute();
    await ControlAudit.append(tx, {
      action: claim.phase === "running" ? "tenant.provisioning_failed" : "tenant.rollback_failed",
      tenantId: claim.tenant.id,
      after: { step: claim.stepName, attempts: claim.attempts, reason: lastError },
    });
    return true;
  });
  if (held && last) control.log.alarm("provisioning-failed", { step: claim.stepName, attempts: claim.attempts });
}

/** Keeps the job for the next step, with a new fence. @returns nothing when another worker has taken it over meanwhile */
async function takeOn(tx: ControlScope, { jobId, fence, phase, tenant }: Claim): Promise<TakenJob | undefined> {
  const now = tx.clock.now();
  const leaseUntil = leaseFrom(now);
  const held = await tx.db
    .updateTable("provisioningJobs")
    .set({ fence: sql<string>`fence + 1`, leaseUntil, nextRunAt: now })
    .where("id", "=", jobId)
    .where("fence", "=", fence)
    .where("state", "=", phase)
    .returning("fence")
    .executeTakeFirst();
  return held && { id: jobId, tenantId: tenant.id, fence: String(held.fence), phase, leaseUntil };
}

/** Gives the job back until `seconds` from now. @returns false when another worker has taken it over meanwhile */
async function release(tx: ControlScope, claim: Claim, seconds: number): Promise<boolean> {
  const held = await tx.db
    .updateTable("provisioningJobs")
    .set({ leaseUntil: null, nextRunAt: secondsAfter(tx.clock.now(), seconds) })
    .where("id", "=", claim.jobId)
    .where("fence", "=", claim.fence)
    .where("state", "=", claim.phase)
    .returning("id")
    .executeTakeFirst();
  if (held !== undefined) return true;
  tx.log.warn("provisioning step overtaken", { step: claim.stepName, fence: claim.fence });
  await makeWayForRollback(tx, claim);
  return false;
}

/** A rollback waits for the worker that was at it, so that nothing is made behind its back: now that one is done. */
async function makeWayForRollback(tx: ControlScope, claim: Claim): Promise<void> {
  const freed = await tx.db
    .updateTable("provisioningJobs")
    .set({ leaseUntil: null })
    .where("id", "=", claim.jobId)
    .where("state", "=", "rolling_back")
    .where("leaseUntil", "=", claim.leaseUntil)
    .returning("id")
    .executeTakeFirst();
  if (freed !== undefined) await hint(tx, claim, 0);
}

interface StepChange {
  readonly state?: "waiting" | "done" | "failed";
  readonly attempts?: number;
  readonly finishedAt?: Date;
  readonly lastError: string | null;
}

/** Closes the row of this run and changes that of its step. */
async function endRun(
  tx: ControlScope,
  claim: Claim,
  outcome: "done" | "waited" | "failed",
  change: StepChange,
): Promise<void> {
  await tx.db
    .with("attempt", (db) =>
      db
        .updateTable("provisioningAttempts")
        .set({ finishedAt: tx.clock.now(), outcome, error: change.lastError })
        .where("jobId", "=", claim.jobId)
        .where("fence", "=", claim.fence),
    )
    .updateTable("provisioningSteps")
    .set(change)
    .where("jobId", "=", claim.jobId)
    .where("name", "=", claim.stepName)
    .execute();
}

async function finishJob(tx: ControlScope, claim: Claim, state: "done" | "failed" | "rolled_back"): Promise<void> {
  await tx.db
    .updateTable("provisioningJobs")
    .set({ state, finishedAt: tx.clock.now() })
    .where("id", "=", claim.jobId)
    .execute();
}

async function hint(tx: ControlScope, claim: Claim, delaySeconds: number): Promise<void> {
  await tx.emit({
    queue: "provisioning",
    payload: { jobId: claim.jobId },
    dedupeKey: `provision:${claim.jobId}:${claim.stepName}:${claim.fence}`,
    delaySeconds,
  });
}
