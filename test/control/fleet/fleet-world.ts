import { randomUUID } from "node:crypto";
import { Fleet, type FleetPorts } from "@pharmasight/core/control/fleet/fleet";
import { DomainError } from "@pharmasight/core/kernel/errors";
import type {
  MigrationFacts,
  RehearsalReport,
  SchemaFailure,
  SchemaFingerprint,
  SchemaLead,
  SchemaOutcome,
  SchemaSight,
  TenantSchemas,
} from "@pharmasight/core/ports/schemas";
import type { Secrets } from "@pharmasight/core/ports/secrets";
import type { OwnerSecret } from "@pharmasight/core/ports/tenant-setup";
import { type ControlWorld, startControlWorld } from "../world.ts";

export const BEFORE = 15;
export const NEWEST = 16;

export const factsOf = (version: number, changes: Partial<MigrationFacts> = {}): MigrationFacts => ({
  version,
  name: `${String(version).padStart(4, "0")}_change`,
  checksum: `sum-${version}`,
  phase: "expand",
  codeKnows: undefined,
  isTransactional: true,
  isBackfill: false,
  losses: [`column items.change_${version}`],
  ...changes,
});

export const failureOf = (sqlState: string | undefined, changes: Partial<SchemaFailure> = {}): SchemaFailure => ({
  kind: "failed",
  version: BEFORE,
  message: `It failed with ${sqlState}.`,
  sqlState,
  isConnection: false,
  migration: "0016_change",
  statement: 1,
  blocker: undefined,
  ...changes,
});

const fingerprintOf = (version: number, extra: Readonly<Record<string, string>> = {}): SchemaFingerprint => {
  const objects = { "table pharmacy.items": `v${version}`, ...extra };
  return { hash: JSON.stringify(objects), objects };
};

/** A tenant's database, as far as migrations see it: it keeps the highest fence, and counts what was done to it. */
class MemoryDatabase {
  version = BEFORE;
  fence = 0n;
  extra: Record<string, string> = {};
  readonly applied = new Map<number, number>();
  readonly undone = new Map<number, number>();
  readonly repaired = new Map<string, number>();
}

type Fault = (
  lead: SchemaLead,
  database: MemoryDatabase,
) => Promise<SchemaOutcome | undefined> | SchemaOutcome | undefined;

/** Schemas in memory. A fault stands before the work: whatever it returns is the outcome, undefined lets the work go on. */
class MemorySchemas implements TenantSchemas {
  migrations: readonly MigrationFacts[] = [factsOf(BEFORE), factsOf(NEWEST)];
  repairs: TenantSchemas["repairs"] = [{ name: "mend", checksum: "m", reviewedBy: "Njeri" }];
  readonly databases = new Map<string, MemoryDatabase>();
  readonly faults = new Map<string, Fault>();
  everyLead: Fault = () => undefined;
  order: string[] = [];
  looks = 0;

  expected(version: number): SchemaFingerprint {
    if (version > 100) throw new DomainError("not_found", "unknown version");
    return fingerprintOf(version);
  }

  of(tenantId: string): MemoryDatabase {
    const found = this.databases.get(tenantId) ?? new MemoryDatabase();
    this.databases.set(tenantId, found);
    return found;
  }

  async lead(owner: OwnerSecret, toVersion: number, lead: SchemaLead): Promise<SchemaOutcome> {
    return this.#work(owner.tenantId, lead, (database) => {
      this.order.push(owner.tenantId);
      while (database.version < toVersion) {
        database.version += 1;
        count(database.applied, database.version);
      }
      while (database.version > toVersion) {
        count(database.undone, database.version);
        database.version -= 1;
      }
    });
  }

  async repair(owner: OwnerSecret, name: string, lead: SchemaLead): Promise<SchemaOutcome> {
    return this.#work(owner.tenantId, lead, (database) => {
      if (!database.repaired.has(name)) count(database.repaired, name);
    });
  }

  async look(owner: OwnerSecret): Promise<SchemaSight> {
    this.looks += 1;
    const { version, extra } = this.of(owner.tenantId);
    return { version, fingerprint: fingerprintOf(version, extra), tableSizes: { items: 1000 } };
  }

  async #work(tenantId: string, lead: SchemaLead, run: (database: MemoryDatabase) => void): Promise<SchemaOutcome> {
    const database = this.of(tenantId);
    const fault = this.faults.get(tenantId) ?? this.everyLead;
    const outcome = await fault(lead, database);
    if (outcome !== undefined) return outcome;
    // As the tenant's own database does it: in the transaction of the work.
    if (BigInt(lead.fence) < database.fence) {
      return { kind: "overtaken", reason: "fenced", fence: String(database.fence) };
    }
    database.fence = BigInt(lead.fence);
    run(database);
    return {
      kind: "reached",
      version: database.version,
      fingerprint: fingerprintOf(database.version, database.extra).hash,
    };
  }
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export interface AddedTenant {
  readonly tenantId: string;
  readonly subdomain: string;
}

let added = 0;

export type FleetWorld = Awaited<ReturnType<typeof startFleetWorld>>;

export async function startFleetWorld() {
  const world: ControlWorld = await startControlWorld();
  const schemas = new MemorySchemas();
  const secrets: Secrets = {
    create: async (name) => ({ reference: name, created: true }),
    read: async (tenantId) =>
      JSON.stringify({
        tenantId,
        user: "owner",
        password: "p",
        session: { host: "localhost", port: 5432, database: "d" },
      }),
    replace: async () => undefined,
    delete: async () => undefined,
  };
  const rehearsed: { -readonly [K in "failure" | "statements"]: RehearsalReport[K] } = {
    statements: [],
    failure: undefined,
  };
  const ports: FleetPorts = {
    schemas,
    secrets,
    hosts: {},
    rehearsals: {
      rehearse: async (owner, toVersion) => ({
        fromVersion: schemas.of(owner.tenantId).version,
        toVersion,
        statements: rehearsed.statements,
        rollback: { isProved: true, reason: undefined },
        failure: rehearsed.failure,
        tableSizes: {},
      }),
    },
  };

  /** Tenants with a database, as provisioning would have left them. */
  async function addTenants(
    number: number,
    options: {
      ring?: "staging" | "pilot" | "general";
      server?: (index: number) => string;
      state?: "trial" | "suspended";
      version?: number;
    } = {},
  ): Promise<readonly AddedTenant[]> {
    const { ring = "general", server = () => "nairobi-1", state = "trial", version = BEFORE } = options;
    const now = world.clock.now();
    const tenants = Array.from({ length: number }, () => {
      added += 1;
      return { tenantId: randomUUID(), subdomain: `fleet-${added}` };
    });
    await world.system.db
      .insertInto("tenants")
      .values(
        tenants.map(({ tenantId: id, subdomain }) => ({
          ...{ id, name: subdomain, state, ring, currency: "KES", timeZone: "Africa/Nairobi", ownerName: "A" },
          ...{ ownerEmail: `${subdomain}@example.com`, termsVersion: "1", termsAcceptedAt: now, trialEndsAt: now },
          ...{ schemaVersion: version, createdAt: now, updatedAt: now },
        })),
      )
      .execute();
    await world.system.db
      .insertInto("tenantHosts")
      .values(tenants.map(({ tenantId, subdomain: host }) => ({ host, tenantId, kind: "primary", createdAt: now })))
      .execute();
    await world.system.db
      .insertInto("tenantDatabases")
      .values(
        tenants.map(({ tenantId }, index) => ({
          ...{
            tenantId,
            provider: "postgres" as const,
            projectName: `p-${tenantId}`,
            region: server(index),
            size: "s",
          },
          ...{ projectRef: `r-${tenantId}`, ownerSecretArn: tenantId, createdAt: now },
        })),
      )
      .execute();
    for (const { tenantId } of tenants) schemas.of(tenantId).version = version;
    return tenants;
  }

  const request = (changes: Partial<Fleet.DeploymentRequest> = {}): Fleet.DeploymentRequest => ({
    ...Fleet.defaults,
    toVersion: undefined,
    selection: { tenants: [], selector: "" },
    soakSeconds: 0,
    quietOverride: undefined,
    withoutRehearsal: "a test without one",
    reason: "to have the change",
    ...changes,
  });

  const deploy = async (changes: Partial<Fleet.DeploymentRequest> = {}): Promise<string> => {
    const { deploymentId } = await Fleet.deploy(world.operator, ports, request(changes));
    if (deploymentId === undefined) throw new Error("nobody is behind");
    return deploymentId;
  };

  const lead = (deploymentId: string, tenantId: string, changes: Partial<Fleet.LeadHint> = {}): Promise<void> =>
    Fleet.lead(world.system, ports, { deploymentId, tenantId, timeLeftMs: () => 600_000, ...changes });

  let read = 0;
  /** Messages since the last call. */
  const messages = (): { deploymentId: string; tenantId: string }[] => {
    const fresh = world.sent.slice(read).filter(({ queue }) => queue === "fleet-migrations");
    read = world.sent.length;
    return fresh.map(({ message }) => ({
      deploymentId: message.deploymentId ?? "",
      tenantId: message.tenantId ?? "",
    }));
  };

  /** Delivers every message, those included that come of it, by several workers. Time passes for those that are delayed. */
  async function drain(workers = 4): Promise<void> {
    for (let round = 0; round < 200; round += 1) {
      await world.system.relay();
      const batch = messages();
      if (batch.length === 0) return;
      await Promise.all(
        Array.from({ length: workers }, async (_, worker) => {
          for (let index = worker; index < batch.length; index += workers) {
            const message = batch[index];
            if (message !== undefined) await lead(message.deploymentId, message.tenantId);
          }
        }),
      );
    }
    throw new Error("messages without end");
  }

  /** Time passes, minute by minute with its sweep, and messages are delivered, until the deployment says that it is over. */
  async function finish(deploymentId: string, minutes = 60): Promise<Fleet.DeploymentStatus> {
    for (let minute = 0; minute < minutes; minute += 1) {
      await drain();
      const status = await Fleet.status(world.system, deploymentId);
      if (status.state !== "running") return status;
      world.clock.advance(60);
      await Fleet.sweep(world.system);
    }
    return Fleet.status(world.system, deploymentId);
  }

  const target = (deploymentId: string, tenantId: string) =>
    world.system.db
      .selectFrom("deploymentTargets")
      .selectAll()
      .where("deploymentId", "=", deploymentId)
      .where("tenantId", "=", tenantId)
      .executeTakeFirstOrThrow();

  /** Ends what other trials left, so that each begins with a fleet of its own. */
  async function clear(): Promise<void> {
    const { db } = world.system;
    await db.deleteFrom("deploymentTargets").execute();
    await db.deleteFrom("deploymentWaves").execute();
    await db.deleteFrom("deployments").execute();
    await db.deleteFrom("rehearsals").execute();
    await db.deleteFrom("releases").execute();
    await db.deleteFrom("contracts").execute();
    await db.deleteFrom("tenantSchemas").execute();
    await db.deleteFrom("outbox").execute();
    await db.deleteFrom("tenantHosts").where("host", "like", "fleet-%").execute();
    await db.deleteFrom("tenantDatabases").execute();
    await db.updateTable("fleet").set({ settledVersion: null }).execute();
    await db.deleteFrom("databaseServers").execute();
    messages();
    world.alarms.length = 0;
    schemas.databases.clear();
    schemas.faults.clear();
    schemas.everyLead = () => undefined;
    schemas.migrations = [factsOf(BEFORE), factsOf(NEWEST)];
    schemas.order = [];
    schemas.looks = 0;
    rehearsed.statements = [];
    rehearsed.failure = undefined;
  }

  return {
    ...world,
    world,
    rehearsed,
    schemas,
    ports,
    addTenants,
    request,
    deploy,
    lead,
    messages,
    drain,
    finish,
    target,
    clear,
  };
}
