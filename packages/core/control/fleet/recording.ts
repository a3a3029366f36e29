import { secondsAfter } from "../../kernel/clock.ts";
import type { SchemaDifference, SchemaFailure, SchemaOutcome } from "../../ports/schemas.ts";
import type { ControlScope } from "../scope.ts";
import type { Claim } from "./claims.ts";
import {
  appendHistory,
  attemptedOf,
  countTargets,
  type Deployment,
  haltRuleOf,
  lockDeployment,
  type Target,
  totals,
} from "./deployments.ts";
import { outlookOf } from "./failures.ts";
import { haltReason } from "./halting.ts";
import { moveOn } from "./promotion.ts";
import { hint } from "./releasing.ts";

const TEXT_MAX = 2000;
const NAMED_DIFFERENCES = 10;

/**
 * Records how leading a target ended, halts the deployment if that is too much, and moves it on, all in one transaction:
 * when it fails, nothing of it happened, and the lease runs out. A worker that was overtaken records nothing.
 * @param drift what a schema that got there has and should not, or the other way round
 */
export async function recordOutcome(
  control: ControlScope,
  claim: Claim,
  outcome: SchemaOutcome,
  drift: readonly SchemaDifference[],
): Promise<void> {
  await control.tx(async (tx) => {
    const deployment = await lockDeployment(tx, claim.deploymentId);
    const change = changeOf(tx, deployment, claim, outcome);
    const target = await tx.db
      .updateTable("deploymentTargets")
      .set({ leaseUntil: null, ...change })
      .where("deploymentId", "=", claim.deploymentId)
      .where("tenantId", "=", claim.tenantId)
      .where("fence", "=", claim.fence)
      .where("state", "=", "running")
      .returning(["state", "nextRunAt"])
      .executeTakeFirst();
    if (target === undefined) {
      tx.log.warn("migration overtaken", { deploymentId: claim.deploymentId, fence: claim.fence });
      return;
    }
    if (outcome.kind === "reached") await keepSchema(tx, claim, outcome, drift);
    if (target.nextRunAt !== null) await hintAgain(tx, claim, target.nextRunAt);
    const after = await haltIfNeeded(tx, deployment, target.state === "failed", await misfitOf(tx, claim, drift));
    await moveOn(tx, after);
    // After the locks of servers: every change of a tenant waits for the one row that numbers those changes.
    if (outcome.kind === "reached") await showVersion(tx, claim.tenantId, outcome.version);
  });
}

/** Shows the version that a tenant has to whoever asks the registry. */
export async function showVersion(tx: ControlScope, tenantId: string, version: number): Promise<void> {
  await tx.db
    .updateTable("tenants")
    .set({ schemaVersion: version, updatedAt: tx.clock.now() })
    .where("id", "=", tenantId)
    .where("schemaVersion", "is distinct from", version)
    .execute();
}

/** Gives a target to the operator, and does what its deployment does about a failure. */
export async function closeFailed(
  tx: ControlScope,
  deployment: Deployment,
  { tenantId }: Pick<Target, "tenantId">,
  failure: Omit<SchemaFailure, "kind" | "version" | "isConnection">,
): Promise<void> {
  await tx.db
    .updateTable("deploymentTargets")
    .set({ state: "failed", leaseUntil: null, nextRunAt: null, finishedAt: tx.clock.now(), ...told(failure) })
    .where("deploymentId", "=", deployment.id)
    .where("tenantId", "=", tenantId)
    .execute();
  await moveOn(tx, await haltIfNeeded(tx, deployment, true, undefined));
}

/**
 * Stops a deployment: those under way end, and what was released is taken back.
 * @returns the deployment as it is now
 */
export async function halt(tx: ControlScope, deployment: Deployment, reason: string): Promise<Deployment> {
  const haltReasonText = reason.slice(0, TEXT_MAX);
  await tx.db
    .updateTable("deployments")
    .set({ state: "halted", haltReason: haltReasonText })
    .where("id", "=", deployment.id)
    .execute();
  await takeBack(tx, deployment.id);
  await appendHistory(tx, deployment.id, {
    action: "deployment.halted",
    before: { state: deployment.state },
    after: { state: "halted", reason: haltReasonText },
  });
  tx.log.alarm("deployment-halted", { deploymentId: deployment.id, reason: haltReasonText });
  return { ...deployment, state: "halted", haltReason: haltReasonText };
}

/** Whatever is released and not begun waits again: its message, when it comes, finds nothing to do. */
export async function takeBack(tx: ControlScope, deploymentId: string): Promise<void> {
  await tx.db
    .updateTable("deploymentTargets")
    .set({ state: "pending" })
    .where("deploymentId", "=", deploymentId)
    .where("state", "=", "queued")
    .execute();
}

type TargetChange = Partial<Omit<Target, "deploymentId" | "tenantId">>;

function changeOf(tx: ControlScope, deployment: Deployment, claim: Claim, outcome: SchemaOutcome): TargetChange {
  const now = tx.clock.now();
  if (outcome.kind === "reached") {
    const { version, fingerprint } = outcome;
    return { state: "succeeded", finishedAt: now, reachedVersion: version, fingerprint, ...nothingTold };
  }
  if (outcome.kind === "continues") {
    const onward: TargetChange = { attempts: 0, rowsDone: String(outcome.rowsDone), ...nothingTold };
    // It keeps its place on the server: it is the next to go there.
    if (deployment.state === "running") return { ...onward, state: "queued", nextRunAt: now };
    return { ...onward, ...waiting(deployment, now, now) };
  }
  const failure = outcome.kind === "failed" ? outcome : overtaken[outcome.reason];
  const outlook = outlookOf(failure, claim.attempts, claim.failedBefore, Math.random());
  tx.log.warn("migration failed", { ...told(failure), attempt: claim.attempts, ...outlook });
  if (outlook.kind === "fail") return { state: "failed", finishedAt: now, ...told(failure) };
  return { ...told(failure), ...waiting(deployment, now, secondsAfter(now, outlook.seconds)) };
}

/** What was abandoned meanwhile does not go on. */
function waiting(deployment: Deployment, now: Date, nextRunAt: Date): TargetChange {
  if (deployment.state !== "abandoned") return { state: "pending", nextRunAt };
  return {
    state: "skipped",
    finishedAt: now,
    skipReason: "The deployment was abandoned while this one was under way.",
  };
}

const unanswered = { sqlState: undefined, isConnection: true } as const;

/** Somebody else was let at the schema, or has its lock: that passes, or an operator has to look. */
const overtaken = {
  busy: {
    message: "Something else holds the lock of this schema: another migration, or a worker that is still ending.",
    ...unanswered,
  },
  fenced: { message: "The database has seen a later worker than this one.", ...unanswered },
} as const satisfies Record<string, Pick<SchemaFailure, "message" | "sqlState" | "isConnection">>;

type Told = Pick<Target, "error" | "sqlState" | "migration" | "statement" | "blocker">;

const nothingTold: Told = { error: null, sqlState: null, migration: null, statement: null, blocker: null };

function told(failure: Pick<SchemaFailure, "message"> & Partial<SchemaFailure>): Told {
  return {
    error: failure.message.slice(0, TEXT_MAX),
    sqlState: failure.sqlState ?? null,
    migration: failure.migration ?? null,
    statement: failure.statement ?? null,
    blocker: failure.blocker ?? null,
  };
}

async function keepSchema(
  tx: ControlScope,
  { tenantId }: Claim,
  { version, fingerprint }: Extract<SchemaOutcome, { kind: "reached" }>,
  drift: readonly SchemaDifference[],
): Promise<void> {
  await tx.db
    .updateTable("tenantSchemas")
    .set({ version, fingerprint, drift: drift.length === 0 ? null : [...drift] })
    .where("tenantId", "=", tenantId)
    .execute();
}

async function hintAgain(tx: ControlScope, claim: Claim, nextRunAt: Date): Promise<void> {
  const seconds = (nextRunAt.getTime() - tx.clock.now().getTime()) / 1000;
  await hint(tx, claim, seconds);
}

/** Words for a schema that got to its version and is not what it should be. */
async function misfitOf(
  tx: ControlScope,
  { tenantId }: Claim,
  drift: readonly SchemaDifference[],
): Promise<string | undefined> {
  if (drift.length === 0) return undefined;
  const tenant = await tx.db
    .selectFrom("tenants")
    .leftJoin("tenantHosts", (join) =>
      join.onRef("tenantHosts.tenantId", "=", "tenants.id").on("tenantHosts.kind", "=", "primary"),
    )
    .select(["tenants.name", "tenantHosts.host"])
    .where("tenants.id", "=", tenantId)
    .executeTakeFirstOrThrow();
  const objects = drift.slice(0, NAMED_DIFFERENCES).map(({ object, is }) => `${object} (${is})`);
  const more = drift.length > NAMED_DIFFERENCES ? ` and ${drift.length - NAMED_DIFFERENCES} more` : "";
  return `The schema of ${tenant.host ?? tenant.name} is not what it should be: ${objects.join(", ")}${more}.`;
}

async function haltIfNeeded(
  tx: ControlScope,
  deployment: Deployment,
  hasFailed: boolean,
  misfit: string | undefined,
): Promise<Deployment> {
  if (deployment.state !== "running" && deployment.state !== "paused") return deployment;
  if (misfit !== undefined) return halt(tx, deployment, misfit);
  const rule = haltRuleOf(deployment);
  const attempted = attemptedOf(totals((await countTargets(tx, deployment.id)).map(({ counts }) => counts)));
  // After each failure, and once when the sample is full: an operator who resumes is not stopped by what was known.
  if (!hasFailed && attempted.succeeded + attempted.failed !== rule.sample) return deployment;
  const reason = haltReason(rule, attempted, deployment.wave === 1);
  return reason === undefined ? deployment : halt(tx, deployment, reason);
}
