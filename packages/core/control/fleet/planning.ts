import { sql } from "kysely";
import { invalidInput } from "../../kernel/errors.ts";
import type { MigrationFacts, RehearsalReport } from "../../ports/schemas.ts";
import type { ControlScope } from "../scope.ts";
import { migrationsBetween } from "./deployments.ts";
import { type Found, type KnownRehearsal, refusalsOf, warningsOf } from "./objections.ts";
import type { FleetPorts } from "./ports.ts";
import { growsWithTables, predictedLockMs } from "./prediction.ts";
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
  /** Those of whose tables nobody knows the sizes, where these matter: they wait for their quiet hours. */
  readonly unknownLocks: number;
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
  readonly isLockUnknown: boolean;
}

/** A lock that lasts longer is taken while the pharmacy is closed. */
export const QUIET_LOCK_MS = 1000;
const LONGEST_SHOWN = 5;
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
  const lowestChosen = await lowestVersion(control, chosen);
  const lowest = Math.min(toVersion, lowestChosen ?? toVersion);
  const migrations = migrationsBetween(schemas.migrations, lowest, toVersion);
  const rehearsal = await rehearsalOf(control, migrations, toVersion);
  const passed = rehearsal?.failure === undefined ? rehearsal : undefined;
  const found = await collect(fleetMembers(control, chosen, toVersion), migrations, passed?.report);
  const { targets } = found;
  const waves = wavesOf(targets, await control.key("fleet-waves", "order"));
  const hasContract = migrations.some(({ phase }) => phase === "contract");
  const longest = targets
    .flatMap(({ label, predictedLockMs: ms }) => (ms === undefined ? [] : [{ tenant: label, predictedLockMs: ms }]))
    .sort((one, other) => other.predictedLockMs - one.predictedLockMs);
  const unknownLocks = targets.filter(({ isLockUnknown }) => isLockUnknown).length;
  const isLong = unknownLocks > 0 || (longest[0]?.predictedLockMs ?? 0) > QUIET_LOCK_MS;
  const isQuiet = request.quietOverride === undefined && targets.length > 0 && (hasContract || isLong);
  const refusals = await refusalsOf(control, { request, migrations, rehearsal, found, lowestChosen, toVersion });
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
      unknownLocks,
      longest: longest.slice(0, LONGEST_SHOWN),
      rehearsal: passed && { id: passed.id, at: passed.at, by: passed.by },
      warnings: warningsOf({ request, rehearsal: passed, found, hasContract, isLong, unknownLocks }),
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
      targets.push({ tenantId, ring, server, version, label, ...predicted(member, migrations, report) });
      if (heldBy !== null) held.push({ label, deploymentId: heldBy });
      if (member.drift !== null) drifted.push(label);
    }
  }
  return { targets, held, drifted };
}

/**
 * The newest rehearsal of these migrations as they are now: one that had every one of them, or one that failed with any of
 * them, after which an older one proves nothing.
 */
async function rehearsalOf(
  control: ControlScope,
  migrations: readonly MigrationFacts[],
  toVersion: number,
): Promise<KnownRehearsal | undefined> {
  if (migrations.length === 0) return undefined;
  const checksums = migrations.map(({ checksum }) => checksum);
  const rows = await control.db
    .selectFrom("rehearsals")
    .select(["id", "rehearsedAt", "rehearsedBy", "report", "hasPassed"])
    .where("toVersion", "=", toVersion)
    .where((e) =>
      e.or([
        e.and([e("hasPassed", "=", true), sql<boolean>`checksums @> ${checksums}::text[]`]),
        e.and([e("hasPassed", "=", false), sql<boolean>`checksums && ${checksums}::text[]`]),
      ]),
    )
    .orderBy("rehearsedAt", "desc")
    .limit(REHEARSALS_SEEN)
    .execute();
  for (const { id, rehearsedAt: at, rehearsedBy: by, report, hasPassed } of rows) {
    const read = reportSchema.safeParse(report);
    if (!read.success) continue;
    return { id, at, by, report: read.data, failure: hasPassed ? undefined : (read.data.failure ?? "no reason given") };
  }
  return undefined;
}

function predicted(
  { version: from, tableSizes }: FleetMember,
  migrations: readonly MigrationFacts[],
  report: RehearsalReport | undefined,
): Pick<PlannedTarget, "predictedLockMs" | "isLockUnknown"> {
  if (report === undefined) return { predictedLockMs: undefined, isLockUnknown: false };
  const names = new Set(migrations.filter(({ version }) => version > from).map(({ name }) => name));
  const statements = report.statements.filter(({ migration }) => names.has(migration));
  const sizes = tableSizesOf(tableSizes);
  if (Object.keys(sizes).length === 0 && growsWithTables({ statements })) {
    return { predictedLockMs: undefined, isLockUnknown: true };
  }
  return { predictedLockMs: Math.round(predictedLockMs({ ...report, statements }, sizes)), isLockUnknown: false };
}

async function serversOf(control: ControlScope, targets: readonly PlannedTarget[]): Promise<DeploymentPlan["servers"]> {
  const known = await knownServers(control);
  const counts = new Map<string, number>();
  for (const { server } of targets) counts.set(server, (counts.get(server) ?? 0) + 1);
  return [...counts]
    .map(([name, count]) => ({ name, targets: count, migrationsMax: known.get(name) ?? migrationsMaxOf(name) }))
    .sort((one, other) => other.targets - one.targets || one.name.localeCompare(other.name));
}
