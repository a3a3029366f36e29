import { sql } from "kysely";
import { invalidInput } from "../../kernel/errors.ts";
import type { MigrationFacts, RehearsalReport } from "../../ports/schemas.ts";
import type { ControlScope } from "../scope.ts";
import { migrationsBetween } from "./deployments.ts";
import type { FleetPorts } from "./ports.ts";
import { predictedLockMs } from "./prediction.ts";
import { contractRefusal } from "./releases.ts";
import { reportSchema, tableSizesOf } from "./reports.ts";
import { type DeploymentRequest, requireSound } from "./requests.ts";
import { choose, countCurrent, type FleetMember, fleetMembers, lowestVersion } from "./selection.ts";
import { knownServers, migrationsMaxOf } from "./servers.ts";
import { type Wave, type WaveCandidate, wavesOf } from "./waves.ts";

/** What a deployment would do; nothing is written for it. */
export interface DeploymentPlan {
  readonly toVersion: number;
  /** Those that at least one tenant still needs. */
  readonly migrations: readonly MigrationFacts[];
  readonly waves: readonly {
    readonly position: number;
    readonly name: string;
    readonly percent: number | undefined;
    readonly targets: number;
  }[];
  readonly targets: number;
  /** Chosen, and there already. */
  readonly current: number;
  readonly servers: readonly { readonly name: string; readonly targets: number; readonly migrationsMax: number }[];
  /** Whether some of them wait for their quiet hours. */
  readonly isQuiet: boolean;
  /** Undefined without a rehearsal. */
  readonly predictedLockMsMax: number | undefined;
  /** Those whose locks are expected to last longest. */
  readonly longest: readonly { readonly tenant: string; readonly predictedLockMs: number }[];
  readonly rehearsal: { readonly id: string; readonly at: Date; readonly by: string } | undefined;
  readonly warnings: readonly string[];
  /** Why it is not carried out; nothing when it may be. */
  readonly refusals: readonly string[];
}

/** What planning found out, target by target. */
export interface Draft {
  readonly plan: DeploymentPlan;
  readonly waves: readonly Wave<PlannedTarget>[];
  /** Whether all of them wait for quiet hours, because a shape is taken away. */
  readonly hasContract: boolean;
}

export interface PlannedTarget extends WaveCandidate {
  readonly label: string;
  readonly version: number;
  readonly predictedLockMs: number | undefined;
}

/** A lock that lasts longer is taken while the pharmacy is closed. */
export const QUIET_LOCK_MS = 1000;
const LONGEST_SHOWN = 5;
const NAMED_MAX = 5;
const REHEARSALS_SEEN = 20;

/**
 * Looks at what a deployment would do, from the control database alone.
 * @throws DomainError `invalid_input` for a request that cannot be meant
 */
export async function plan(
  control: ControlScope,
  ports: Pick<FleetPorts, "schemas">,
  request: DeploymentRequest,
): Promise<DeploymentPlan> {
  return (await draft(control, ports, request)).plan;
}

export async function draft(
  control: ControlScope,
  { schemas }: Pick<FleetPorts, "schemas">,
  request: DeploymentRequest,
): Promise<Draft> {
  requireSound(request);
  const toVersion = versionOf(schemas.migrations, request.toVersion);
  const chosen = await choose(control, request.selection);
  const lowest = Math.min(toVersion, (await lowestVersion(control, chosen)) ?? toVersion);
  const migrations = migrationsBetween(schemas.migrations, lowest, toVersion);
  const rehearsal = await rehearsalOf(control, migrations, toVersion);
  const found = await collect(fleetMembers(control, chosen, toVersion), migrations, rehearsal?.report);
  const { targets } = found;
  const waves = wavesOf(targets, await control.key("fleet-waves", "order"));
  const hasContract = migrations.some(({ phase }) => phase === "contract");
  const longest = targets
    .flatMap(({ label, predictedLockMs: ms }) => (ms === undefined ? [] : [{ tenant: label, predictedLockMs: ms }]))
    .sort((one, other) => other.predictedLockMs - one.predictedLockMs);
  const isLong = (longest[0]?.predictedLockMs ?? 0) > QUIET_LOCK_MS;
  const isQuiet = request.quietOverride === undefined && targets.length > 0 && (hasContract || isLong);
  const refusals = await refusalsOf(control, { request, migrations, rehearsal, found });
  return {
    waves,
    hasContract,
    plan: {
      toVersion,
      migrations,
      waves: waves.map((wave) => ({ ...wave, targets: wave.targets.length })),
      targets: targets.length,
      current: await countCurrent(control, chosen, toVersion),
      servers: await serversOf(control, targets),
      isQuiet,
      predictedLockMsMax: longest[0]?.predictedLockMs,
      longest: longest.slice(0, LONGEST_SHOWN),
      rehearsal: rehearsal && { id: rehearsal.id, at: rehearsal.at, by: rehearsal.by },
      warnings: warningsOf({ request, rehearsal, found, hasContract, isLong }),
      refusals,
    },
  };
}

function versionOf(migrations: readonly MigrationFacts[], wanted: number | undefined): number {
  const newest = migrations.at(-1)?.version ?? 0;
  if (wanted === undefined) return newest;
  if (migrations.some(({ version }) => version === wanted)) return wanted;
  const message = `There is no version ${wanted}: this release comes with versions up to ${newest}.`;
  throw invalidInput(message, { toVersion: message });
}

interface Found {
  readonly targets: readonly PlannedTarget[];
  readonly held: readonly { readonly label: string; readonly deploymentId: string }[];
  readonly drifted: readonly string[];
}

/** Page by page, and of each tenant only what its place in the plan needs. */
async function collect(
  pages: AsyncGenerator<readonly FleetMember[]>,
  migrations: readonly MigrationFacts[],
  report: RehearsalReport | undefined,
): Promise<Found> {
  const targets: PlannedTarget[] = [];
  const held: { label: string; deploymentId: string }[] = [];
  const drifted: string[] = [];
  for await (const page of pages) {
    for (const member of page) {
      const { tenantId, ring, server, version, heldBy } = member;
      const label = member.subdomain ?? member.name;
      targets.push({ tenantId, ring, server, version, label, predictedLockMs: predicted(member, migrations, report) });
      if (heldBy !== null) held.push({ label, deploymentId: heldBy });
      if (member.drift !== null) drifted.push(label);
    }
  }
  return { targets, held, drifted };
}

interface PassedRehearsal {
  readonly id: string;
  readonly at: Date;
  readonly by: string;
  readonly report: RehearsalReport;
}

/** The newest rehearsal that went well and had every one of these migrations, as they are now. */
async function rehearsalOf(
  control: ControlScope,
  migrations: readonly MigrationFacts[],
  toVersion: number,
): Promise<PassedRehearsal | undefined> {
  if (migrations.length === 0) return undefined;
  const checksums = migrations.map(({ checksum }) => checksum);
  const rows = await control.db
    .selectFrom("rehearsals")
    .select(["id", "rehearsedAt", "rehearsedBy", "report"])
    .where("toVersion", "=", toVersion)
    .where("hasPassed", "=", true)
    .where(sql<boolean>`checksums @> ${checksums}::text[]`)
    .orderBy("rehearsedAt", "desc")
    .limit(REHEARSALS_SEEN)
    .execute();
  for (const { id, rehearsedAt: at, rehearsedBy: by, report } of rows) {
    const read = reportSchema.safeParse(report);
    if (read.success) return { id, at, by, report: read.data };
  }
  return undefined;
}

function predicted(
  { version: from, tableSizes }: FleetMember,
  migrations: readonly MigrationFacts[],
  report: RehearsalReport | undefined,
): number | undefined {
  if (report === undefined) return undefined;
  const names = new Set(migrations.filter(({ version }) => version > from).map(({ name }) => name));
  const statements = report.statements.filter(({ migration }) => names.has(migration));
  return Math.round(predictedLockMs({ ...report, statements }, tableSizesOf(tableSizes)));
}

async function serversOf(control: ControlScope, targets: readonly PlannedTarget[]): Promise<DeploymentPlan["servers"]> {
  const known = await knownServers(control);
  const counts = new Map<string, number>();
  for (const { server } of targets) counts.set(server, (counts.get(server) ?? 0) + 1);
  return [...counts]
    .map(([name, count]) => ({ name, targets: count, migrationsMax: known.get(name) ?? migrationsMaxOf(name) }))
    .sort((one, other) => other.targets - one.targets || one.name.localeCompare(other.name));
}

async function refusalsOf(
  control: ControlScope,
  given: {
    readonly request: DeploymentRequest;
    readonly migrations: readonly MigrationFacts[];
    readonly rehearsal: PassedRehearsal | undefined;
    readonly found: Found;
  },
): Promise<readonly string[]> {
  const { request, migrations, rehearsal, found } = given;
  if (found.targets.length === 0) return [];
  const refusals: string[] = [];
  for (const [deploymentId, labels] of Map.groupBy(found.held, ({ deploymentId: id }) => id)) {
    refusals.push(
      `Deployment ${deploymentId} has not done with ${named(labels.map(({ label }) => label))}: let it end, or abandon it.`,
    );
  }
  const contract = await contractRefusal(control, migrations);
  if (contract !== undefined) refusals.push(contract);
  refusals.push(...tooSoon(migrations, found.targets));
  if (rehearsal === undefined && request.withoutRehearsal === undefined) {
    const names = migrations.map(({ name }) => name);
    refusals.push(`Nobody rehearsed ${named(names)} as they are now: rehearse, or say why it goes without.`);
  }
  return refusals;
}

/** Code learns what a pharmacy's schema has after the change, so what it then does without goes in another deployment. */
function tooSoon(migrations: readonly MigrationFacts[], targets: readonly PlannedTarget[]): readonly string[] {
  return migrations.flatMap(({ phase, name, codeKnows }) => {
    if (phase !== "contract" || codeKnows === undefined) return [];
    const behind = targets.filter(({ version }) => version < codeKnows).map(({ label }) => label);
    if (behind.length === 0) return [];
    return [
      `${name} comes after version ${codeKnows} is in use: first lead ${named(behind)} there, with --to ${codeKnows}.`,
    ];
  });
}

function warningsOf(given: {
  readonly request: DeploymentRequest;
  readonly rehearsal: PassedRehearsal | undefined;
  readonly found: Found;
  readonly hasContract: boolean;
  readonly isLong: boolean;
}): readonly string[] {
  const { request, rehearsal, found, hasContract, isLong } = given;
  if (found.targets.length === 0) return [];
  const warnings: string[] = [];
  if (rehearsal === undefined) warnings.push("Without a rehearsal nobody knows how long it locks tables.");
  else if (!rehearsal.report.rollback.isProved) {
    warnings.push(
      `The rehearsal did not prove the way back: ${rehearsal.report.rollback.reason ?? "no reason given"}.`,
    );
  }
  if (hasContract) warnings.push("It takes old shapes away, so that it cannot be rolled back.");
  if (request.quietOverride !== undefined && (hasContract || isLong)) {
    warnings.push("It takes long locks or takes shapes away, and waits for nobody's quiet hours.");
  }
  if (!found.targets.some(({ ring }) => ring !== "general")) {
    warnings.push("No staging or pilot pharmacy is among them: the first wave is customers.");
  }
  if (found.drifted.length > 0) {
    warnings.push(`${named(found.drifted)} differ from what their version should be: their wave will halt.`);
  }
  return warnings;
}

function named(labels: readonly string[]): string {
  const shown = labels.slice(0, NAMED_MAX).join(", ");
  return labels.length <= NAMED_MAX ? shown : `${shown} and ${labels.length - NAMED_MAX} more`;
}
