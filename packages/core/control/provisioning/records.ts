import { secondsAfter } from "../../kernel/clock.ts";
import { DomainError } from "../../kernel/errors.ts";
import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";
import { backoffSeconds, isHopeless, MAX_ATTEMPTS, reasonOf } from "./attempts.ts";
import type { Claim } from "./claims.ts";

/** Marks the step done, with what it found out, and calls for the next one, in one transaction. */
export async function recordDone(
  control: ControlScope,
  claim: Claim,
  record: ((tx: ControlScope) => Promise<void>) | undefined,
): Promise<void> {
  await control.tx(async (tx) => {
    if (!(await release(tx, claim, 0))) return;
    await record?.(tx);
    const finishedAt = tx.clock.now();
    await setStep(tx, claim, { state: "done", finishedAt, lastError: null });
    if (claim.isLastStep) await finishJob(tx, claim, "done");
    else await hint(tx, claim, 0);
  });
}

/** Looks again in `seconds`. Waiting is not failing: the step's attempts begin anew. */
export async function recordWait(control: ControlScope, claim: Claim, seconds: number): Promise<void> {
  await control.tx(async (tx) => {
    if (!(await release(tx, claim, seconds))) return;
    await setStep(tx, claim, { attempts: 0, lastError: null });
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
      await setStep(tx, claim, { state: "waiting", lastError });
      await hint(tx, claim, seconds);
      return true;
    }
    await setStep(tx, claim, { state: "failed", finishedAt: tx.clock.now(), lastError });
    await finishJob(tx, claim, "failed");
    await tx.db
      .updateTable("tenants")
      .set({ state: "provisioning_failed", updatedAt: tx.clock.now() })
      .where("id", "=", claim.tenant.id)
      .where("state", "=", "provisioning")
      .execute();
    await ControlAudit.append(tx, {
      action: "tenant.provisioning_failed",
      tenantId: claim.tenant.id,
      after: { step: claim.stepName, attempts: claim.attempts, reason: lastError },
    });
    return true;
  });
  if (held && last) control.log.alarm("provisioning-failed", { step: claim.stepName, attempts: claim.attempts });
}

/** Gives the job back until `seconds` from now. @returns false when another worker has taken it over meanwhile */
async function release(tx: ControlScope, claim: Claim, seconds: number): Promise<boolean> {
  const held = await tx.db
    .updateTable("provisioningJobs")
    .set({ leaseUntil: null, nextRunAt: secondsAfter(tx.clock.now(), seconds) })
    .where("id", "=", claim.jobId)
    .where("fence", "=", claim.fence)
    .where("state", "=", "running")
    .returning("id")
    .executeTakeFirst();
  if (held === undefined) tx.log.warn("provisioning step overtaken", { step: claim.stepName, fence: claim.fence });
  return held !== undefined;
}

interface StepChange {
  readonly state?: "waiting" | "done" | "failed";
  readonly attempts?: number;
  readonly finishedAt?: Date;
  readonly lastError: string | null;
}

async function setStep(tx: ControlScope, claim: Claim, change: StepChange): Promise<void> {
  await tx.db
    .updateTable("provisioningSteps")
    .set(change)
    .where("jobId", "=", claim.jobId)
    .where("name", "=", claim.stepName)
    .execute();
}

async function finishJob(tx: ControlScope, claim: Claim, state: "done" | "failed"): Promise<void> {
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
