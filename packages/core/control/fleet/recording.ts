import { secondsAfter } from "../../kernel/clock.ts";
import type { SchemaDifference, SchemaFailure, SchemaOutcome } from "../../ports/schemas.ts";
import type { ControlScope } from "../scope.ts";
import type { Claim } from "./claims.ts";
import {
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
import { halt } from "./stopping.ts";
import { askForLooks, showVersion } from "./visibility.ts";

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
    if (outcome.kind === "overtaken" && outcome.reason === "fenced") await catchUp(tx, claim.tenantId, outcome.fence);
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
    const version = outcome.kind === "overtaken" ? undefined : outcome.version;
    if (outcome.kind === "reached") await keepSchema(tx, claim, outcome, drift);
    else if (version !== undefined) await keepVersion(tx, claim.tenantId, version);
    if (target.nextRunAt !== null) await hintAgain(tx, claim, target.nextRunAt);
    const after = await haltIfNeeded(tx, deployment, target.state === "failed", await misfitOf(tx, claim, drift));
    await moveOn(tx, after);
    const isOver = target.state !== "pending" && target.state !== "queued";
    if (version === undefined && isOver && claim.work.kind === "lead") await askForLooks(tx, [claim.tenantId]);
    // A way back has said its version, and says another one only when it is over.
    if (deployment.kind === "rollback" && !isOver) return;
    // After the locks of servers: every change of a tenant waits for the one row that numbers those changes.
    if (version !== undefined && version > 0) await showVersion(tx, claim.tenantId, version);
  });
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
  await askForLooks(tx, [tenantId]);
}

type TargetChange = Partial<Omit<Target, "deploymentId" | "tenantId">>;

function changeOf(tx: ControlScope, deployment: Deployment, claim: Claim, outcome: SchemaOutcome): TargetChange {
  const now = tx.clock.now();
  if (outcome.kind === "reached") {
    const { version, fingerprint } = outcome;
    return { state: "succeeded", finishedAt: now, reachedVersion: version, fingerprint, ...nothingTold };
  }
  if (outcome.kind === "continues") {
    const { version: reachedVersion, rowsDone } = outcome;
    const onward: TargetChange = { attempts: 0, reachedVersion, rowsDone: String(rowsDone), ...nothingTold };
    // It keeps its place on the server: it is the next to go there.
    if (deployment.state === "running") return { ...onward, state: "queued", nextRunAt: now };
    return { ...onward, ...waiting(deployment, now, now) };
  }
  const failure = outcome.kind === "failed" ? outcome : overtakenBy(outcome);
  const got = failure.version === undefined ? {} : { reachedVersion: failure.version };
  const outlook = outlookOf(failure, claim.attempts, claim.failedBefore, Math.random());
  tx.log.warn("migration failed", { ...told(failure), attempt: claim.attempts, ...outlook });
  if (outlook.kind === "fail") return { state: "failed", finishedAt: now, ...got, ...told(failure) };
  return { ...got, ...told(failure), ...waiting(deployment, now, secondsAfter(now, outlook.seconds)) };
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

type OvertakenOutcome = Extract<SchemaOutcome, { kind: "overtaken" }>;

const overtakenWords: Readonly<Record<OvertakenOutcome["reason"], string>> = {
  busy: "Something else holds the lock of this schema: another migration, or a worker that is still ending.",
  lost: "The control database did not answer for as long as a lease lasts, so that the work was cancelled.",
  fenced:
    "The pharmacy's database has seen a later worker than the control database knows of, as after a restore of the " +
    "control database: the next attempt goes in after that one.",
};

/** That passes, or an operator has to look. */
const overtakenBy = ({ reason }: OvertakenOutcome) => ({
  message: overtakenWords[reason],
  version: undefined,
  sqlState: undefined,
  isConnection: true,
});

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
    // Its fingerprint was compared, which is a look; the sizes of its tables are for the next one.
    .set({ version, fingerprint, drift: drift.length === 0 ? null : [...drift], lookedAt: tx.clock.now() })
    .where("tenantId", "=", tenantId)
    .execute();
}

/** What was reached by one that did not get to its end: its schema as a whole was not looked at. */
async function keepVersion(tx: ControlScope, tenantId: string, version: number): Promise<void> {
  await tx.db
    .updateTable("tenantSchemas")
    .set({ version, fingerprint: null })
    .where("tenantId", "=", tenantId)
    .where("version", "is distinct from", version)
    .execute();
}

/** A pharmacy's database may have seen more leads than a restored control database knows: the next one is above those. */
async function catchUp(tx: ControlScope, tenantId: string, fence: string | undefined): Promise<void> {
  if (fence === undefined) return;
  await tx.db
    .updateTable("tenantSchemas")
    .set({ fence })
    .where("tenantId", "=", tenantId)
    .where("fence", "<", fence)
    .execute();
}

async function hintAgain(tx: ControlScope, claim: Claim, nextRunAt: Date): Promise<void> {
  const seconds = (nextRunAt.getTime() - tx.clock.now().getTime()) / 1000;
  await hint(tx, claim, seconds);
}

/** Words for a schema that got to its version and is not what it should be. */
async function misfitOf(
  tx: ControlScope,
  { tenantId, work }: Claim,
  drift: readonly SchemaDifference[],
): Promise<string | undefined> {
  if (drift.length === 0) return undefined;
  // A repair may be what mends the rows that drift has spoilt; it never changes a schema itself.
  if (work.kind === "repair") return undefined;
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
