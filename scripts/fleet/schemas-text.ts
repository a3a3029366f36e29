import type { DriftReport, InventoryCounts, PharmacySchema } from "@pharmasight/core/control/fleet/fleet";
import { span, table } from "../operators/tables.ts";
import { pharmacies } from "./plan-text.ts";

const WIDE = 160;
const FINGERPRINT_SHOWN = 12;

/** How many have which version, and whether it is the schema that the version should have. The numbers sum to the fleet. */
export function fleetText({ tenants, versions }: InventoryCounts): string {
  if (tenants === 0) return "No pharmacy has a database yet.";
  const lines = table(
    ["VERSION", "PHARMACIES", "AS EXPECTED", "DIFFERENT", "NOT LOOKED AT", "FINGERPRINT"],
    versions.map((one) => [
      String(one.version ?? "none"),
      one.tenants,
      one.asExpected,
      one.different,
      one.unseen,
      one.fingerprint === undefined ? "unknown to this release" : one.fingerprint.slice(0, FINGERPRINT_SHOWN),
    ]),
  );
  return `${lines}\nin all ${pharmacies(tenants)}`;
}

export function schemasTable(shown: readonly PharmacySchema[], now: Date): string {
  if (shown.length === 0) return "No such pharmacies.";
  return table(
    [
      "PHARMACY",
      "STATE",
      "RING",
      "VERSION",
      "FINGERPRINT",
      "SCHEMA",
      "SEEN",
      "QUIET",
      "SERVER",
      "TENANT",
      "DEPLOYMENT",
    ],
    shown.map((one) => [
      one.subdomain ?? `(${one.companyName})`,
      one.state,
      one.ring,
      one.version === null ? null : String(one.version),
      one.fingerprint?.slice(0, FINGERPRINT_SHOWN),
      one.lookError === null ? one.verdict : `${one.verdict}; ${one.lookError}`,
      one.lookedAt === null ? null : `${span(one.lookedAt, now)} ago`,
      one.quietFrom === null ? null : `${one.quietFrom}-${one.quietUntil ?? ""}`,
      one.server,
      one.tenantId,
      one.deploymentId,
    ]),
    WIDE,
  );
}

const DIFFERENCES_SHOWN = 20;

/** Every difference by its object, so that nobody has to look for it; and who could not be looked at, and why. */
export function driftText({ tenants, counts }: DriftReport, now: Date): string {
  const seen = [
    pharmacies(counts.tenants),
    `${counts.drifted} with drift`,
    `${counts.unseen} not looked at yet`,
    `${counts.overdue} not for two days`,
    `${counts.failing} that could not be looked at`,
  ].join(", ");
  const age = counts.oldestLook === undefined ? "" : `; the oldest look is ${span(counts.oldestLook, now)} old`;
  const isProved = counts.drifted + counts.unseen + counts.overdue === 0;
  const verdict = counts.drifted > 0 ? "" : isProved ? "No drift: " : "Not proved: ";
  return [...tenants.map((one) => driftOf(one, now)), `${verdict}${seen}${age}.`].join("\n\n");
}

function driftOf(
  { subdomain, companyName, version, lookedAt, differences, lookError, lookTriedAt }: DriftReport["tenants"][number],
  now: Date,
): string {
  const age = lookedAt === null ? ", never seen" : `, seen ${span(lookedAt, now)} ago`;
  const more = differences.length - DIFFERENCES_SHOWN;
  const tried = lookTriedAt === null ? "" : `, tried ${span(lookTriedAt, now)} ago`;
  return [
    `${subdomain ?? companyName} (version ${version ?? "unknown"}${age})`,
    ...(lookError === null ? [] : [`  not looked at${tried}: ${lookError}`]),
    ...differences.slice(0, DIFFERENCES_SHOWN).map(({ object, is }) => `  ${is.padEnd(10)}  ${object}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join("\n");
}
