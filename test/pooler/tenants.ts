import { randomUUID } from "node:crypto";
import { postgresTenantDatabases } from "@pharmasight/adapters/postgres/tenant-databases";
import { postgresTenantSetup } from "@pharmasight/adapters/postgres/tenant-setup";
import { systemClock } from "@pharmasight/core/kernel/clock";
import { newId } from "@pharmasight/core/kernel/ids";
import { randomToken } from "@pharmasight/core/kernel/tokens";
import type { Secrets } from "@pharmasight/core/ports/secrets";
import type { AppSecret } from "@pharmasight/core/ports/tenant-setup";
import type { RegistryEntry } from "@pharmasight/core/registry/registry";
import { TenantConnection } from "@pharmasight/core/tenant/connection";
import type { TenantTables } from "@pharmasight/core/tenant/tables.generated";
import type { Kysely } from "kysely";
import postgres from "postgres";
import { silent, startTestCluster, type TestCluster } from "../postgres/fixture.ts";
import { type PgBouncer, startPgBouncer } from "./pgbouncer.ts";
import { startWire, type Wire } from "./wire.ts";

/** Everybody's one person has this id at every pharmacy, so that only the name tells whose row it is. */
export const PERSON_ID = newId(systemClock);

export interface PooledTenant {
  readonly entry: RegistryEntry;
  /** The person's name: no other pharmacy has it anywhere. */
  readonly canary: string;
  readonly secret: AppSecret;
}

/** A process of the tenant plane, as far as databases go: its own connections, opened on first use. */
export interface TenantProcess {
  db(tenant: PooledTenant, role?: "app" | "reader"): Promise<Kysely<TenantTables>>;
  close(): Promise<void>;
}

export interface PooledTenants {
  readonly cluster: TestCluster;
  readonly pooler: PgBouncer;
  /** Where our connections pass by on their way to the pooler. */
  readonly wire: Wire;
  readonly tenants: readonly PooledTenant[];
  process(name: string, poolSize?: number): TenantProcess;
  /** A client on a plain driver, at the pooler itself. */
  rawClient(tenant: PooledTenant, options?: postgres.Options<Record<string, never>>): postgres.Sql;
  stop(): Promise<void>;
}

/** Pharmacies in databases of one cluster, behind one pooler that has a single backend for each of their roles. */
export async function startPooledTenants(count: number): Promise<PooledTenants> {
  const cluster = await startTestCluster();
  const pooler = await startPgBouncer(cluster);
  const wire = await startWire(pooler);
  const opened: { close(): Promise<void> }[] = [];
  const secrets = new Map<string, string>();
  const setup = postgresTenantSetup({ log: silent });
  const ownerOf = (tenantId: string, database: string) => ({
    tenantId,
    session: { host: cluster.host, port: cluster.port, database },
    ...cluster.superuser,
  });

  await cluster.admin`create database pooled_template`;
  const template = ownerOf(randomUUID(), "pooled_template");
  await setup.createRoles(template, { app: "template_app", reader: "template_reader" });
  await setup.migrate(template, setup.newestSchemaVersion);

  const make = async (number: number): Promise<PooledTenant> => {
    const tenantId = randomUUID();
    const database = `pooled_${number}`;
    await cluster.admin.unsafe(`create database ${database} template pooled_template`);
    const owner = ownerOf(tenantId, database);
    const secret: AppSecret = {
      tenantId,
      pooled: { host: wire.host, port: wire.port, database },
      app: { user: `app_${number}`, password: randomToken() },
      reader: { user: `reader_${number}`, password: randomToken() },
    };
    await setup.createRoles(owner, { app: secret.app.user, reader: secret.reader.user });
    await setup.setPasswords(owner, secret);
    await setup.claimIdentity(owner);
    const canary = `canary ${randomToken()}`;
    const at = systemClock.now();
    await setup.addOwner(owner, {
      userId: PERSON_ID,
      name: canary,
      email: "amina@example.com",
      at,
      linkHash: randomToken(),
      linkExpiresAt: at,
    });
    secrets.set(tenantId, JSON.stringify(secret));
    return { entry: { tenantId, appSecretArn: tenantId } as RegistryEntry, canary, secret };
  };
  const tenants: PooledTenant[] = [];
  for (let number = 0; number < count; number += 1) tenants.push(await make(number));

  const stored = { read: async (reference: string) => secrets.get(reference) ?? "" } as Secrets;
  return {
    cluster,
    pooler,
    wire,
    tenants,
    process(applicationName, poolSize = 1) {
      const options = { secrets: stored, log: silent, clock: systemClock, poolSize, idleSeconds: 60, ca: undefined };
      const databases = postgresTenantDatabases({ ...options, applicationName });
      const connections = new Map<string, Promise<TenantConnection>>();
      const close = async () => {
        await Promise.all([...connections.values()].map(async (connection) => (await connection).close()));
      };
      opened.push({ close });
      return {
        async db({ entry }, role = "app") {
          const key = `${entry.tenantId} ${role}`;
          const connection = connections.get(key) ?? databases.open(entry, role);
          connections.set(key, connection);
          return TenantConnection.queryBuilderOf(await connection);
        },
        close,
      };
    },
    rawClient({ secret }, options = {}) {
      const { user, password } = secret.app;
      const { host, port } = pooler;
      const place = { host, port, database: secret.pooled.database, user, password };
      const settings = { max: 1, prepare: false, fetch_types: false, onnotice: () => {} };
      const client = postgres({ ...place, ...settings, ...options });
      opened.push({ close: () => client.end({ timeout: 0 }) });
      return client;
    },
    async stop() {
      await Promise.allSettled(opened.map((one) => one.close()));
      await wire.stop();
      await pooler.stop();
      await cluster.stop();
    },
  };
}
