import type { ControlScope } from "../scope.ts";
import { isWaiting } from "./admission.ts";
import type { JobState } from "./jobs.ts";
import { FIRST_ROLLBACK_POSITION } from "./rollback-steps.ts";
import { steps } from "./steps.ts";

export interface ProvisioningProgress {
  readonly jobId: string;
  readonly tenantId: string;
  readonly companyName: string;
  /** Label of the address. */
  readonly subdomain: string;
  /** `waiting`: in the queue, because the day has no room for another database. */
  readonly state: "working" | "ready" | "failed" | "waiting";
  readonly steps: readonly { readonly title: string; readonly state: "waiting" | "running" | "done" | "failed" }[];
}

/** How far a tenant's provisioning is, for the page; nothing once it was taken back. */
export async function progress(control: ControlScope, tenantId: string): Promise<ProvisioningProgress | undefined> {
  const job = await control.db
    .selectFrom("provisioningJobs")
    .innerJoin("tenants", "tenants.id", "provisioningJobs.tenantId")
    .innerJoin("tenantHosts", "tenantHosts.tenantId", "tenants.id")
    .select([
      "provisioningJobs.id",
      "provisioningJobs.state",
      "provisioningJobs.nextRunAt",
      "provisioningJobs.createdAt",
      "tenants.name",
      "tenantHosts.host",
    ])
    .where("provisioningJobs.tenantId", "=", tenantId)
    .where("tenantHosts.kind", "=", "primary")
    .executeTakeFirst();
  if (job === undefined) return undefined;
  const rows = await control.db
    .selectFrom("provisioningSteps")
    .select(["name", "state"])
    .where("jobId", "=", job.id)
    .where("position", "<", FIRST_ROLLBACK_POSITION)
    .orderBy("position")
    .execute();
  const current = job.state === "running" ? rows.find((row) => row.state !== "done")?.name : undefined;
  return {
    jobId: job.id,
    tenantId,
    companyName: job.name,
    subdomain: job.host,
    state: isWaiting(job) ? "waiting" : stateForPage(job.state),
    steps: rows.map((row) => ({
      title: steps.find((step) => step.name === row.name)?.title ?? row.name,
      state: row.state === "done" || row.state === "failed" ? row.state : row.name === current ? "running" : "waiting",
    })),
  };
}

function stateForPage(state: JobState): "working" | "ready" | "failed" {
  if (state === "done") return "ready";
  return state === "queued" || state === "running" ? "working" : "failed";
}
