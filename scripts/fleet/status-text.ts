import type {
  DeploymentStatus,
  HistoryEntry,
  ListedDeployment,
  Release,
  ShownTarget,
} from "@pharmasight/core/control/fleet/fleet";
import { type Cell, facts, milliseconds, seconds, span, table } from "../operators/tables.ts";

const WIDE = 160;

/** Everything of one deployment, what matters at night first. */
export function statusText(status: DeploymentStatus): string {
  const { counts, waves, failures, waitsFor, secondsLeft } = status;
  return [
    facts([
      ["deployment", status.id],
      ["what", whatOf(status)],
      ["state", status.state],
      ...waitsFor.map((words, index): [string, Cell] => [index === 0 ? "now" : "", words]),
      ["pharmacies", `${status.targets}: ${countsText(counts)}`],
      ...(secondsLeft === undefined || secondsLeft === 0
        ? []
        : [["time left", `about ${seconds(secondsLeft)}`] as const]),
      ["begun", `${status.createdAt.toISOString()} by ${status.createdBy}: ${status.reason}`],
      ...(status.finishedAt === null ? [] : [["ended", status.finishedAt.toISOString()] as const]),
    ]),
    table(
      ["WAVE", "WHO", "PHARMACIES", "DONE", "FAILED", "LEFT OUT", "PROMOTED"],
      waves.map(({ position, name, targets, counts: ofWave, promotedAt, promotedBy }) => [
        position === status.wave ? `${position} <` : String(position),
        name,
        targets,
        ofWave.succeeded,
        ofWave.failed,
        ofWave.skipped,
        promotedAt === null ? null : `${promotedAt.toISOString()} ${promotedBy ?? ""}`,
      ]),
    ),
    ...(failures.length === 0
      ? []
      : [
          table(
            ["FAILED", "TO RETRY", "SQLSTATE", "MIGRATION", "STATEMENT", "BLOCKED BY", "WHO", "ERROR"],
            failures.map(({ failed, again, sqlState, migration, statement, blocker, tenants, error }) => [
              failed,
              again,
              sqlState,
              migration,
              statement === null ? null : String(statement),
              blocker,
              tenants.join(", "),
              error,
            ]),
            WIDE,
          ),
        ]),
  ].join("\n\n");
}

function whatOf({ kind, toVersion, repair, rollsBack, selector }: ListedDeployment): string {
  const where = selector === "" ? "the whole fleet" : selector;
  if (kind === "repair") return `repair ${repair ?? ""} (${where})`;
  if (kind === "rollback") return `rolls ${rollsBack ?? ""} back`;
  return `to version ${toVersion ?? ""} (${where})`;
}

function countsText(counts: DeploymentStatus["counts"]): string {
  const words: readonly (readonly [string, number])[] = [
    ["done", counts.succeeded],
    ["failed", counts.failed],
    ["running", counts.running],
    ["on their way", counts.queued],
    ["waiting", counts.pending],
    ["left out", counts.skipped],
  ];
  return words
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
}

export function deploymentsTable(deployments: readonly ListedDeployment[], now: Date): string {
  if (deployments.length === 0) return "No deployments.";
  return table(
    ["DEPLOYMENT", "WHAT", "STATE", "AGE", "BY", "WHY"],
    deployments.map((one) => [one.id, whatOf(one), one.state, span(one.createdAt, now), one.createdBy, one.reason]),
  );
}

export function targetsTable(targets: readonly ShownTarget[]): string {
  if (targets.length === 0) return "No such pharmacies.";
  return table(
    ["PHARMACY", "WAVE", "STATE", "FROM", "REACHED", "FINGERPRINT", "TRIES", "LOCK", "TENANT", "ERROR"],
    targets.map((one) => [
      one.subdomain ?? `(${one.companyName})`,
      one.wave,
      one.rowsDone > 0 && one.state === "running" ? `running, ${one.rowsDone} rows` : one.state,
      one.fromVersion,
      one.reachedVersion === null ? null : String(one.reachedVersion),
      one.fingerprint?.slice(0, 12),
      one.attempts,
      one.predictedLockMs === null ? null : milliseconds(one.predictedLockMs),
      one.tenantId,
      one.error ?? one.skipReason,
    ]),
    WIDE,
  );
}

export function historyTable(history: readonly HistoryEntry[]): string {
  return table(
    ["WHEN", "WHO", "WHAT", "WHY", "AFTER"],
    history.map(({ at, actorKind, actorId, action, reason, after }) => [
      at.toISOString(),
      actorId ?? actorKind,
      action,
      reason,
      JSON.stringify(after),
    ]),
    WIDE,
  );
}

export function releasesTable(releases: readonly Release[], now: Date): string {
  if (releases.length === 0) return "No release has been announced: a deployment of the code does it.";
  return table(
    ["RELEASE", "CHANNEL", "KNOWS UP TO", "NEEDS AT LEAST", "SINCE", "RETIRED"],
    releases.map((one) => [
      one.name,
      one.channel,
      one.schemaKnown,
      one.schemaRequired,
      span(one.announcedAt, now),
      one.retiredAt === null ? null : `${span(one.retiredAt, now)} ago`,
    ]),
  );
}
