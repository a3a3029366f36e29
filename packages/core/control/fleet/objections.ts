import type { MigrationFacts, RehearsalReport } from "../../ports/schemas.ts";
import type { ControlScope } from "../scope.ts";
import type { PlannedTarget } from "./planning.ts";
import { contractRefusal } from "./releases.ts";
import type { DeploymentRequest } from "./requests.ts";

/** What stands against a deployment, and what an operator has to know before it begins. */

/** What planning found out about those that are to be led. */
export interface Found {
  readonly targets: readonly PlannedTarget[];
  readonly held: readonly { readonly label: string; readonly deploymentId: string }[];
  readonly drifted: readonly string[];
}

export interface KnownRehearsal {
  readonly id: string;
  readonly at: Date;
  readonly by: string;
  readonly report: RehearsalReport;
  /** Why it failed; undefined when it went well. */
  readonly failure: string | undefined;
}

const NAMED_MAX = 5;

/** Why it is not carried out; nothing when it may be. */
export async function refusalsOf(
  control: ControlScope,
  given: {
    readonly request: DeploymentRequest;
    readonly migrations: readonly MigrationFacts[];
    readonly rehearsal: KnownRehearsal | undefined;
    readonly found: Found;
    /** Of all chosen; undefined when there is none. */
    readonly lowestChosen: number | undefined;
    readonly toVersion: number;
  },
): Promise<readonly string[]> {
  const { request, migrations, rehearsal, found, lowestChosen, toVersion } = given;
  if (lowestChosen !== undefined && toVersion < lowestChosen)
    return [await wayBackRefusal(control, lowestChosen, toVersion)];
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
  if (rehearsal?.failure !== undefined && request.withoutRehearsal === undefined) {
    refusals.push(
      `The newest rehearsal, of ${rehearsal.at.toISOString()} by ${rehearsal.by}, failed: ${rehearsal.failure} Mend it ` +
        "and rehearse again, or say why it goes without.",
    );
  }
  return refusals;
}

/** An older version is never what a deployment leads to: it would take away what was written since without saying so. */
async function wayBackRefusal(control: ControlScope, lowest: number, toVersion: number): Promise<string> {
  const since = await control.db
    .selectFrom("deployments")
    .select("id")
    .where("kind", "=", "migrate")
    .where("toVersion", ">", toVersion)
    .where((e) =>
      e.exists(
        e
          .selectFrom("deploymentTargets")
          .select("tenantId")
          .whereRef("deploymentTargets.deploymentId", "=", "deployments.id")
          .whereRef("deploymentTargets.reachedVersion", ">", "deploymentTargets.fromVersion"),
      ),
    )
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  const way =
    since === undefined
      ? "No deployment led them there, so that a new migration is the only way."
      : `The way back is to roll back the deployment that led them there: the newest is ${since.id}.`;
  return `All of them have version ${lowest} or a later one, and a deployment never leads back to ${toVersion}. ${way}`;
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

/** What does not keep it from being carried out. */
export function warningsOf(given: {
  readonly request: DeploymentRequest;
  /** One that went well. */
  readonly rehearsal: KnownRehearsal | undefined;
  readonly found: Found;
  readonly hasContract: boolean;
  readonly isLong: boolean;
  readonly unknownLocks: number;
}): readonly string[] {
  const { request, rehearsal, found, hasContract, isLong, unknownLocks } = given;
  if (found.targets.length === 0) return [];
  const warnings: string[] = [];
  if (rehearsal === undefined) warnings.push("Without a rehearsal nobody knows how long it locks tables.");
  else if (!rehearsal.report.rollback.isProved) {
    warnings.push(
      `The rehearsal did not prove the way back: ${rehearsal.report.rollback.reason ?? "no reason given"}.`,
    );
  }
  if (unknownLocks > 0) {
    warnings.push(
      `${unknownLocks} of them were never looked at, so that nobody knows how long their tables are locked: they count ` +
        "as long. To know: npm run fleet -- look",
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
