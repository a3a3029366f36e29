import type {
  ListedJob,
  OrphanProject,
  ShownJob,
  ShownRun,
  StepTiming,
} from "@pharmasight/core/control/provisioning/provisioning";
import { type Cell, facts as factLines, NOTHING, span, table } from "../operators/tables.ts";

export function jobsTable(jobs: readonly ListedJob[], now: Date): string {
  if (jobs.length === 0) return "No such jobs.";
  return table(
    ["PHARMACY", "STATE", "STEP", "TRIES", "AGE", "OWNER", "JOB", "LAST ERROR"],
    jobs.map((job) => [
      job.subdomain ?? `(${job.companyName})`,
      job.state,
      job.step,
      job.attempts,
      span(job.createdAt, now),
      job.ownerEmail,
      job.jobId,
      job.state === "done" ? null : job.lastError,
    ]),
  );
}

export function orphansTable(orphans: readonly OrphanProject[]): string {
  if (orphans.length === 0) return "No orphans: every project of ours serves a pharmacy.";
  const words: Readonly<Record<OrphanProject["why"], string>> = {
    unknown: "no such tenant here",
    rolled_back: "its provisioning was taken back",
    adopted: "made by hand, kept when taken back",
    replaced: "the tenant has another database",
  };
  const rows = orphans.map((orphan) => [
    orphan.provider,
    orphan.ref,
    orphan.name,
    orphan.status,
    orphan.createdAt.toISOString(),
    words[orphan.why],
  ]);
  return `${table(["PROVIDER", "PROJECT", "NAME", "STATUS", "MADE", "WHY"], rows)}\n\nNothing is deleted from here: see docs/provisioning.md.`;
}

export function timingsTable(timings: readonly StepTiming[]): string {
  const seconds = (value: number) => Number(value.toFixed(value < 10 ? 3 : 1));
  return table(
    ["STEP", "COUNT", "MEDIAN s", "P95 s", "LONGEST s", "FAILURES", "WAITS"],
    timings.map((line) => [
      line.step,
      line.count,
      seconds(line.median),
      seconds(line.p95),
      seconds(line.longest),
      line.failures,
      line.waits,
    ]),
  );
}

/** Everything of one job, what matters at night first. */
export function shown(job: ShownJob, now: Date): string {
  const { database } = job;
  const facts: readonly (readonly [string, Cell])[] = [
    ["pharmacy", `${job.companyName} (${job.subdomain ?? "address released"})`],
    ["owner", `${job.ownerName} <${job.ownerEmail}>`],
    ["state", `${job.state}${job.isWaiting ? ", waiting for the day's room" : ""}; the tenant is ${job.tenantState}`],
    ["step", job.step],
    ["last error", job.lastError],
    ["next run", nextRun(job, now)],
    ["made", `${job.createdAt.toISOString()} (${span(job.createdAt, now)} ago)`],
    ["tenant", job.tenantId],
    ["job", job.jobId],
    ["database", database && `${database.provider}, ${database.region}, ${database.size}`],
    ["project", database && `${database.projectRef ?? NOTHING} (${database.projectName})`],
    ["adopted", database && (database.isAdopted ? "yes: never deleted by us" : "no")],
    ["owner secret", database?.ownerSecretArn],
    ["app secret", database?.appSecretArn],
  ];
  const mails = job.mails.map(({ createdAt, sentAt, doneAt, lastError }) => [
    createdAt.toISOString(),
    sentAt?.toISOString(),
    doneAt?.toISOString(),
    lastError,
  ]);
  const acts = job.acts.map(({ at, actorId, action, reason }) => [at.toISOString(), actorId, action, reason]);
  return [
    factLines(facts),
    stepsTable(job, now),
    ...(mails.length === 0 ? [] : [table(["WELCOME MAIL", "GIVEN TO QUEUE", "TAKEN BY MAIL SERVICE", "ERROR"], mails)]),
    table(["WHEN", "WHO", "WHAT", "WHY"], acts),
  ].join("\n\n");
}

function stepsTable(job: ShownJob, now: Date): string {
  const rows = job.steps.flatMap((step): Cell[][] => {
    const took = step.startedAt === null ? null : span(step.startedAt, step.finishedAt ?? now);
    const first = [step.name, step.state, took, step.runs.length, null];
    const notable = step.runs.filter(({ outcome }) => outcome !== "done" && outcome !== "waited");
    return [
      first,
      ...notable.map((run) => ["", "", span(run.startedAt, run.finishedAt ?? now), null, told(run, job, now)]),
    ];
  });
  return table(["STEP", "STATE", "TOOK", "RUNS", "WHAT WENT WRONG"], rows, 160);
}

function told(run: ShownRun, job: ShownJob, now: Date): string {
  const at = run.startedAt.toISOString();
  if (run.outcome === "failed") return `${at}: ${run.error ?? "failed"}`;
  const isUnderWay = job.leaseUntil !== null && job.leaseUntil > now && run === newest(job);
  return isUnderWay ? `${at}: under way` : `${at}: never came back, or was overtaken`;
}

function newest(job: ShownJob): ShownRun | undefined {
  return job.steps
    .flatMap(({ runs }) => runs)
    .toSorted((a, b) => Number(BigInt(b.fence) - BigInt(a.fence)))
    .at(0);
}

function nextRun(job: ShownJob, now: Date): string | null {
  if (job.state === "done" || job.state === "failed" || job.state === "rolled_back") return null;
  if (job.leaseUntil !== null && job.leaseUntil > now) return `under way, lease ends in ${span(now, job.leaseUntil)}`;
  return job.nextRunAt <= now ? "due now" : `in ${span(now, job.nextRunAt)}`;
}
