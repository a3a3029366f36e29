import type { DeploymentPlan } from "@pharmasight/core/control/fleet/planning";
import type { RollbackPlan } from "@pharmasight/core/control/fleet/rollbacks";
import { facts, milliseconds, table } from "../operators/tables.ts";

/** What a deployment would do, with what stands against it at the end, where the eye stops. */
export function planText(plan: DeploymentPlan): string {
  if (plan.targets === 0) {
    const current = `${pharmacies(plan.current)} ${plan.current === 1 ? "has" : "have"} at least version ${plan.toVersion}.`;
    return [`Nobody is behind: ${current}`, ...plan.refusals.map(refused)].join("\n\n");
  }
  return [
    facts([
      ["to version", plan.toVersion],
      ["pharmacies", `${plan.targets} to lead there, ${plan.current} there already`],
      ["rehearsed", plan.rehearsal && `${plan.rehearsal.at.toISOString()} by ${plan.rehearsal.by}`],
      ["longest lock", longestOf(plan)],
      ["quiet hours", plan.isQuiet ? "waited for where a lock is long or a shape goes away" : "not waited for"],
    ]),
    table(
      ["MIGRATION", "PHASE", "HOW", "CODE MUST KNOW"],
      plan.migrations.map(({ name, phase, isTransactional, isBackfill, codeKnows }) => [
        name,
        phase,
        isBackfill ? "in batches" : isTransactional ? "one transaction" : "statement by statement",
        codeKnows,
      ]),
    ),
    table(
      ["WAVE", "WHO", "PHARMACIES"],
      plan.waves.map(({ position, name, percent, targets }) => [position, whoOf(name, percent), targets]),
    ),
    serversTable(plan),
    ...(plan.longest.length === 0
      ? []
      : [
          table(
            ["LONGEST LOCKS", "EXPECTED"],
            plan.longest.map(({ tenant, predictedLockMs }) => [tenant, milliseconds(predictedLockMs)]),
          ),
        ]),
    ...plan.warnings.map((warning) => `Mind: ${warning}`),
    ...plan.refusals.map(refused),
  ].join("\n\n");
}

const refused = (refusal: string): string => `REFUSED: ${refusal}`;

/** What taking a deployment back would do, and what is lost by it. */
export function rollbackText(plan: RollbackPlan): string {
  const undone = plan.migrations.map(({ name }) => name).join(", ");
  return [
    facts([
      ["pharmacies", `${plan.targets} to take back${plan.back === 0 ? "" : `, ${plan.back} back already`}`],
      ["got a part only", plan.partly.length === 0 ? undefined : plan.partly.join(", ")],
      ["undone", undone === "" ? undefined : undone],
    ]),
    ...(plan.waves.length === 0
      ? []
      : [
          table(
            ["WAVE", "WHO", "PHARMACIES"],
            plan.waves.map(({ position, name, targets }) => [position, name, targets]),
          ),
        ]),
    ...(plan.losses.length === 0 ? [] : [["Lost for good:", ...plan.losses.map((loss) => `  ${loss}`)].join("\n")]),
    ...plan.refusals.map(refused),
  ].join("\n\n");
}

export const pharmacies = (count: number): string => (count === 1 ? "1 pharmacy" : `${count} pharmacies`);

const whoOf = (name: string, percent: number | null | undefined): string =>
  percent === undefined || percent === null || name.includes("%") ? name : `${name}, up to ${percent} %`;

const SERVERS_SHOWN = 10;

function serversTable({ servers }: DeploymentPlan): string {
  const shown = servers.slice(0, SERVERS_SHOWN);
  const rest = servers.length - shown.length;
  const lines = table(
    ["SERVER", "PHARMACIES", "AT ONCE"],
    shown.map(({ name, targets, migrationsMax }) => [name, targets, migrationsMax]),
  );
  return rest === 0 ? lines : `${lines}\nand ${rest} servers more`;
}

function longestOf({ predictedLockMsMax, longest, unknownLocks }: DeploymentPlan): string | undefined {
  if (predictedLockMsMax === undefined) return unknownLocks > 0 ? "nobody knows" : undefined;
  const [worst] = longest;
  return `${milliseconds(predictedLockMsMax)}${worst === undefined ? "" : `, at ${worst.tenant}`}`;
}
