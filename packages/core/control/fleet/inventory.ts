import { DomainError } from "../../kernel/errors.ts";
import type { ControlScope } from "../scope.ts";
import type { FleetPorts } from "./ports.ts";
import { fleetOf, type Selection, selectedIds } from "./selection.ts";
import { serverOf } from "./servers.ts";
import type { Ring } from "./settings.ts";

/** Which schema each pharmacy has, whatever deployment led it there. */
export interface Inventory {
  readonly pharmacies: readonly PharmacySchema[];
  /** To be given as `after` for the page after this one. */
  readonly next: string | undefined;
  readonly counts: InventoryCounts;
}

/** Of all that were asked for; the versions' numbers sum to `tenants`, and in each version the three to its own. */
export interface InventoryCounts {
  readonly tenants: number;
  readonly versions: readonly {
    /** Null for a pharmacy that nobody led anywhere yet. */
    readonly version: number | null;
    /** What its schema should be; undefined for a version that this code does not know. */
    readonly fingerprint: string | undefined;
    readonly tenants: number;
    /** With that fingerprint, at the newest look. */
    readonly asExpected: number;
    readonly different: number;
    /** Nobody has looked at them since they were led there. */
    readonly unseen: number;
  }[];
}

export interface PharmacySchema {
  readonly tenantId: string;
  readonly companyName: string;
  /** Null once the address was released. */
  readonly subdomain: string | null;
  readonly state: string;
  readonly ring: Ring;
  readonly server: string;
  readonly version: number | null;
  readonly fingerprint: string | null;
  readonly verdict: Verdict;
  readonly lookedAt: Date | null;
  readonly lookError: string | null;
  /** By its own clock. */
  readonly quietFrom: string | null;
  readonly quietUntil: string | null;
  /** The deployment that has not done with it. */
  readonly deploymentId: string | null;
}

/** Whether a schema is the one that its version should have. */
export type Verdict = "as expected" | "different" | "unseen";

/**
 * Every pharmacy with a database, those that are just being opened left out.
 * @param page.after id of the last tenant of the page before
 * @throws DomainError `invalid_input` for a selection that cannot be meant
 */
export async function inventory(
  control: ControlScope,
  ports: Pick<FleetPorts, "schemas">,
  page: {
    readonly limit: number;
    readonly after?: string | undefined;
    readonly selection?: Selection | undefined;
  },
): Promise<Inventory> {
  const selected = await selectedIds(control, page.selection);
  const expectedHash = hashes(ports);
  const rows = await fleetOf(control, selected)
    .leftJoin("tenantHosts", (join) =>
      join.onRef("tenantHosts.tenantId", "=", "tenants.id").on("tenantHosts.kind", "=", "primary"),
    )
    .leftJoin("deploymentTargets as held", (join) =>
      join.onRef("held.tenantId", "=", "tenants.id").on("held.state", "in", ["pending", "queued", "running"]),
    )
    .select([
      "tenants.id as tenantId",
      "tenants.name as companyName",
      "tenantHosts.host as subdomain",
      "tenants.state",
      "tenants.ring",
      "tenants.schemaVersion as version",
      "tenantDatabases.provider",
      "tenantDatabases.region",
      "tenantDatabases.projectRef",
      "tenantSchemas.fingerprint",
      "tenantSchemas.lookedAt",
      "tenantSchemas.lookError",
      "tenantSchemas.quietFrom",
      "tenantSchemas.quietUntil",
      "held.deploymentId",
    ])
    .$if(page.after !== undefined, (query) => query.where("tenants.id", ">", page.after ?? ""))
    .orderBy("tenants.id")
    .limit(page.limit + 1)
    .execute();
  const pharmacies = rows.slice(0, page.limit).map(({ provider, region, projectRef, ...row }) => ({
    ...row,
    server: serverOf({ provider, region, projectRef, tenantId: row.tenantId }),
    verdict: verdictOf(row.fingerprint, expectedHash(row.version)),
  }));
  return {
    pharmacies,
    next: rows.length > page.limit ? pharmacies.at(-1)?.tenantId : undefined,
    counts: await countsOf(control, selected, expectedHash),
  };
}

/** One query over all of them, so that nobody is left out or counted twice. */
async function countsOf(
  control: ControlScope,
  selected: readonly string[] | undefined,
  expectedHash: (version: number | null) => string | undefined,
): Promise<InventoryCounts> {
  const rows = await fleetOf(control, selected)
    .select((e) => [
      "tenants.schemaVersion as version",
      "tenantSchemas.fingerprint",
      e.fn.countAll<string>().as("count"),
    ])
    .groupBy(["tenants.schemaVersion", "tenantSchemas.fingerprint"])
    .execute();
  const versions = [...Map.groupBy(rows, ({ version }) => version)]
    .sort(([one], [other]) => (other ?? -1) - (one ?? -1))
    .map(([version, ofVersion]) => {
      const fingerprint = expectedHash(version);
      const number = (wanted: Verdict): number =>
        sum(ofVersion.filter((row) => verdictOf(row.fingerprint, fingerprint) === wanted));
      return {
        ...{ version, fingerprint, tenants: sum(ofVersion) },
        asExpected: number("as expected"),
        different: number("different"),
        unseen: number("unseen"),
      };
    });
  return { tenants: sum(rows), versions };
}

const sum = (rows: readonly { readonly count: string }[]): number =>
  rows.reduce((total, { count }) => total + Number(count), 0);

function verdictOf(fingerprint: string | null, expected: string | undefined): Verdict {
  if (fingerprint === null) return "unseen";
  return fingerprint === expected ? "as expected" : "different";
}

function hashes({ schemas }: Pick<FleetPorts, "schemas">): (version: number | null) => string | undefined {
  const known = new Map<number, string | undefined>();
  return (version) => {
    if (version === null) return undefined;
    if (!known.has(version)) known.set(version, hashOf(schemas, version));
    return known.get(version);
  };
}

function hashOf(schemas: FleetPorts["schemas"], version: number): string | undefined {
  try {
    return schemas.expected(version).hash;
  } catch (error) {
    if (error instanceof DomainError && error.code === "not_found") return undefined;
    throw error;
  }
}
