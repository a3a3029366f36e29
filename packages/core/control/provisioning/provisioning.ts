export * as Provisioning from "./provisioning.ts";
export { type ProvisioningPorts, type ProvisioningSettings, welcomeLinkToken } from "./steps.ts";

import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import { withLogFields } from "../../kernel/log.ts";
import type { ControlScope } from "../scope.ts";
import { MAX_ATTEMPTS } from "./attempts.ts";
import { type Claim, claimJob } from "./claims.ts";
import { recordDone, recordFailure, recordWait } from "./records.ts";
import { type ProvisioningPorts, type ProvisioningSettings, type StepOutcome, steps } from "./steps.ts";

/** A hint that is this late was lost. */
const OVERDUE_SECONDS = 30;

/** Starts the provisioning of a tenant, in the transaction that makes it. @returns the job's id */
export async function begin(tx: ControlScope, tenantId: string): Promise<string> {
  const now = tx.clock.now();
  const jobId = newId(tx.clock);
  await tx.db
    .insertInto("provisioningJobs")
    .values({ id: jobId, tenantId, state: "running", nextRunAt: now, createdAt: now })
    .execute();
  await tx.db
    .insertInto("provisioningSteps")
    .values(steps.map((step, index) => ({ jobId, position: index + 1, name: step.name })))
    .execute();
  await tx.emit({ queue: "provisioning", payload: { jobId }, dedupeKey: `provision:${jobId}:begin` });
  return jobId;
}

/**
 * Runs the one next step of a job, if the job is due and nobody else is at it: otherwise it does nothing, so hints may
 * come twice, late or never. A step that fails is recorded and tried again later.
 */
export async function advance(
  control: ControlScope,
  ports: ProvisioningPorts,
  settings: ProvisioningSettings,
  jobId: string,
): Promise<void> {
  const claim = await claimJob(control, jobId);
  if (claim === undefined) return;
  await withLogFields({ jobId, tenantId: claim.tenant.id }, async () => {
    let outcome: StepOutcome;
    try {
      outcome = await runStep(control, ports, settings, claim);
    } catch (error) {
      await recordFailure(control, claim, error);
      return;
    }
    if (outcome.kind === "wait") await recordWait(control, claim, outcome.seconds);
    else await recordDone(control, claim, outcome.record);
  });
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
  const step = steps.find((candidate) => candidate.name === claim.stepName);
  if (step === undefined) throw new Error(`This version knows no provisioning step named ${claim.stepName}.`);
  const { jobId, stepStartedAt, tenant, database } = claim;
  return step.run({ control, ports, settings, jobId, stepStartedAt, tenant, database });
}

/**
 * Sends a fresh hint for each job whose own was lost or whose worker died, and whatever the outbox still holds.
 * @returns how many jobs were found
 */
export async function sweep(control: ControlScope): Promise<number> {
  const now = control.clock.now();
  const overdue = await control.db
    .selectFrom("provisioningJobs")
    .select("id")
    .where("state", "=", "running")
    .where("nextRunAt", "<", secondsAfter(now, -OVERDUE_SECONDS))
    .where((where) => where.or([where("leaseUntil", "is", null), where("leaseUntil", "<", now)]))
    .orderBy("nextRunAt")
    .limit(100)
    .execute();
  if (overdue.length > 0) {
    const minute = Math.floor(now.getTime() / 1000 / MINUTE_SECONDS);
    await control.tx(async (tx) => {
      for (const { id } of overdue) {
        const dedupeKey = `provision:${id}:sweep:${minute}`;
        await tx.emit({ queue: "provisioning", payload: { jobId: id }, dedupeKey });
      }
    });
  }
  await control.relay();
  return overdue.length;
}

export interface ProvisioningProgress {
  readonly jobId: string;
  readonly tenantId: string;
  readonly companyName: string;
  /** Label of the address. */
  readonly subdomain: string;
  readonly state: "working" | "ready" | "failed";
  readonly steps: readonly { readonly title: string; readonly state: "waiting" | "running" | "done" | "failed" }[];
}

/** How far a tenant's provisioning is, for the page. */
export async function progress(control: ControlScope, tenantId: string): Promise<ProvisioningProgress | undefined> {
  const job = await control.db
    .selectFrom("provisioningJobs")
    .innerJoin("tenants", "tenants.id", "provisioningJobs.tenantId")
    .innerJoin("tenantHosts", "tenantHosts.tenantId", "tenants.id")
    .select(["provisioningJobs.id", "provisioningJobs.state", "tenants.name", "tenantHosts.host"])
    .where("provisioningJobs.tenantId", "=", tenantId)
    .where("tenantHosts.kind", "=", "primary")
    .executeTakeFirst();
  if (job === undefined) return undefined;
  const rows = await control.db
    .selectFrom("provisioningSteps")
    .select(["name", "state"])
    .where("jobId", "=", job.id)
    .orderBy("position")
    .execute();
  const current = job.state === "running" ? rows.find((row) => row.state !== "done")?.name : undefined;
  return {
    jobId: job.id,
    tenantId,
    companyName: job.name,
    subdomain: job.host,
    state: job.state === "done" ? "ready" : job.state === "failed" ? "failed" : "working",
    steps: rows.map((row) => ({
      title: steps.find((step) => step.name === row.name)?.title ?? row.name,
      state: row.state === "done" || row.state === "failed" ? row.state : row.name === current ? "running" : "waiting",
    })),
  };
}
