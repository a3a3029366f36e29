export { type AdoptedDatabase, type Adoption, adopt } from "./adoption.ts";
export { type Changed, findTenant, type JobState } from "./jobs.ts";
export { type JobFilter, type ListedJob, list, type ShownJob, type ShownRun, show } from "./listing.ts";
export { type OrphanProject, orphans } from "./orphans.ts";
export type { Places } from "./places.ts";
export { type ProvisioningProgress, progress } from "./progress.ts";
export * as Provisioning from "./provisioning.ts";
export { retry } from "./retry.ts";
export { rollback } from "./rollback.ts";
export type { ProvisioningPorts, ProvisioningSettings } from "./step.ts";
export { type StepTiming, timings } from "./timings.ts";
export { resend, welcomeLinkToken } from "./welcome.ts";

import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import { withLogFields } from "../../kernel/log.ts";
import type { ControlScope } from "../scope.ts";
import { MAX_ATTEMPTS } from "./attempts.ts";
import { type Claim, claimJob, stepsOf } from "./claims.ts";
import { recordDone, recordFailure, recordRestart, recordWait } from "./records.ts";
import type { ProvisioningPorts, ProvisioningSettings, StepOutcome } from "./step.ts";
import { steps } from "./steps.ts";

/** A hint that is this late was lost. */
const OVERDUE_SECONDS = 30;

/**
 * Starts the provisioning of a tenant, in the transaction that makes it. The job is queued until a worker finds that the
 * day has room for another database.
 * @returns the job's id
 */
export async function begin(tx: ControlScope, tenantId: string): Promise<string> {
  const now = tx.clock.now();
  const jobId = newId(tx.clock);
  await tx.db
    .insertInto("provisioningJobs")
    .values({ id: jobId, tenantId, state: "queued", nextRunAt: now, createdAt: now })
    .execute();
  await tx.db
    .insertInto("provisioningSteps")
    .values(steps.map((step, index) => ({ jobId, position: index + 1, name: step.name })))
    .execute();
  await tx.emit({ queue: "provisioning", payload: { jobId }, dedupeKey: `provision:${jobId}:begin` });
  return jobId;
}

/**
 * Runs the next steps of a job, if the job is due and nobody else is at it: otherwise it does nothing, so hints may come
 * twice, late or never. Each step is claimed and recorded by itself; the run ends when a step waits or fails, or when
 * `settings.runSeconds` are over. A step that fails is recorded and tried again later.
 */
export async function advance(
  control: ControlScope,
  ports: ProvisioningPorts,
  settings: ProvisioningSettings,
  jobId: string,
): Promise<void> {
  const end = secondsAfter(control.clock.now(), settings.runSeconds);
  // Messages, the welcome mail's among them, leave after the last step: none of them is waited for here.
  await control.relayingAfter(async (scope) => {
    let claim = await claimJob(scope, jobId, settings.dailyDatabasesMax);
    while (claim !== undefined) {
      const held = claim;
      claim = await withLogFields({ jobId, tenantId: held.tenant.id }, () => run(scope, ports, settings, held, end));
    }
  });
}

/** @returns the step after it, when there is time for it */
async function run(
  control: ControlScope,
  ports: ProvisioningPorts,
  settings: ProvisioningSettings,
  claim: Claim,
  end: Date,
): Promise<Claim | undefined> {
  let outcome: StepOutcome;
  try {
    outcome = await runStep(control, ports, settings, claim);
  } catch (error) {
    await recordFailure(control, claim, error);
    return undefined;
  }
  if (outcome.kind === "done") return recordDone(control, claim, outcome.record, control.clock.now() < end);
  if (outcome.kind === "wait") await recordWait(control, claim, outcome.seconds);
  else await recordRestart(control, claim, outcome);
  return undefined;
}

async function runStep(
  control: ControlScope,
  ports: ProvisioningPorts,
  settings: ProvisioningSettings,
  claim: Claim,
): Promise<StepOutcome> {
  if (claim.attempts > MAX_ATTEMPTS) {
    const why = "The worker never came back from the last attempt: it ran out of time or memory, or was killed.";
    throw new DomainError("unavailable", why);
  }
  const step = stepsOf[claim.phase].find((candidate) => candidate.name === claim.stepName);
  if (step === undefined) throw new Error(`This version knows no provisioning step named ${claim.stepName}.`);
  const { jobId, stepStartedAt, tenant, database } = claim;
  return step.run({ control, ports, settings, jobId, stepStartedAt, tenant, database });
}

/**
 * Sends a fresh hint for each job whose own was lost or whose worker died, one for the oldest that waits for the day's
 * room (whoever takes it admits as many as there is room for), and whatever the outbox still holds.
 * @returns how many jobs were found
 */
export async function sweep(control: ControlScope): Promise<number> {
  const now = control.clock.now();
  const overdue = await control.db
    .selectFrom("provisioningJobs")
    .select("id")
    .where("state", "in", ["running", "rolling_back"])
    .where("nextRunAt", "<", secondsAfter(now, -OVERDUE_SECONDS))
    .where((where) => where.or([where("leaseUntil", "is", null), where("leaseUntil", "<", now)]))
    .orderBy("nextRunAt")
    .limit(100)
    .execute();
  const waiting = await control.db
    .selectFrom("provisioningJobs")
    .select("id")
    .where("state", "=", "queued")
    .where("createdAt", "<", secondsAfter(now, -OVERDUE_SECONDS))
    .orderBy("createdAt")
    .orderBy("id")
    .limit(1)
    .execute();
  const found = [...overdue, ...waiting];
  if (found.length > 0) {
    const minute = Math.floor(now.getTime() / 1000 / MINUTE_SECONDS);
    await control.tx(async (tx) => {
      for (const { id } of found) {
        const dedupeKey = `provision:${id}:sweep:${minute}`;
        await tx.emit({ queue: "provisioning", payload: { jobId: id }, dedupeKey });
      }
    });
  }
  await control.relay();
  return found.length;
}
