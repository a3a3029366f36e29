import { migrate } from "@pharmasight/adapters/migrations/executor";
import { openDatabase } from "@pharmasight/adapters/postgres/database";
import { postgresTenantDatabases } from "@pharmasight/adapters/postgres/tenant-databases";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { registryReader } from "@pharmasight/core/registry/registry";
import type { RegistryTables } from "@pharmasight/core/registry/tables.generated";
import { OpenTenants } from "@pharmasight/core/tenant/open-tenants";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silent, startTestCluster, type TestCluster } from "./fixture.ts";

let cluster: TestCluster;
let registry: ReturnType<typeof openDatabase<RegistryTables>>;
let now = Date.parse("2026-11-24T08:00:00Z");
const clock = { now: () => new Date(now) };
const alfaId = "019ab000-0000-7000-8000-00000000000a";
const bravoId = "019ab000-0000-7000-8000-00000000000b";

beforeAll(async () => {
  cluster = await startTestCluster();
  await cluster.admin`create database control_plane`;
  await cluster.admin`create database records`;
  const { host, port, superuser } = cluster;
  const endpoint = { host, port, database: "control_plane" };
  await migrate({ endpoint, credential: superuser, plane: "control" });
  registry = openDatabase<RegistryTables>({
    endpoint,
    credential: async () => superuser,
    poolSize: 1,
    idleSeconds: 60,
    maxAgeSeconds: 600,
    connectTimeoutMs: 5000,
    queryTimeoutMs: 10_000,
    transactionTimeoutMs: 20_000,
    applicationName: "test",
    log: silent,
  });
});
afterAll(async () => {
  await registry?.close();
  await cluster?.stop();
});

const control = () => cluster.connect("control_plane");

async function addTenant(id: string, host: string, secret: string | null = null): Promise<void> {
  const sql = control();
  await sql`
    insert into control.tenants (id, name, state, currency, time_zone, owner_name, owner_email, terms_version,
      terms_accepted_at, trial_ends_at, schema_version, created_at, updated_at)
    values (${id}, ${host}, 'trial', 'KES', 'Africa/Nairobi', 'Amina', ${`${host}@example.com`}, '2026-11', now(), now(), 1,
      now(), now())`;
  await sql`insert into control.tenant_hosts (host, tenant_id, kind, created_at) values (${host}, ${id}, 'primary', now())`;
  if (secret === null) return;
  await sql`
    insert into control.tenant_databases (tenant_id, provider, project_name, region, size, app_secret_arn, created_at)
    values (${id}, 'postgres', ${host}, 'local', 'micro', ${secret}, now())`;
}

const openTenants = (databases: Parameters<typeof postgresTenantDatabases>[0] | undefined) =>
  new OpenTenants({
    registry: registryReader(registry.db.withSchema("registry")),
    databases:
      databases === undefined ? { open: async () => Promise.reject(new Error()) } : postgresTenantDatabases(databases),
    clock,
    log: silent,
    tenantsMax: 10,
    ttlSeconds: 300,
    checkSeconds: 5,
    graceSeconds: 60,
  });

test("an address that was taken away and given to another pharmacy leads there within ten seconds", async () => {
  const tenants = openTenants(undefined);
  await addTenant(alfaId, "ashes");
  expect((await tenants.findByHost("ashes"))?.entry.tenantId).toBe(alfaId);
  await control()`delete from control.tenant_hosts where tenant_id = ${alfaId}`;
  now += 5001;
  expect(await tenants.findByHost("ashes")).toBeUndefined();
  await addTenant(bravoId, "ashes");
  now += 5001;
  expect((await tenants.findByHost("ashes"))?.entry.tenantId).toBe(bravoId);
});

test("the refused password of a pharmacy that is not open is tried once in 30 seconds, however many ask", async () => {
  const id = "019ab000-0000-7000-8000-00000000000c";
  const records = cluster.connect("records");
  await cluster.admin`create role keeper login password 'right'`;
  await records`create schema pharmacy`;
  await records`create table pharmacy.identity (tenant_id text)`;
  await records`insert into pharmacy.identity values (${id})`;
  await records`grant usage on schema pharmacy to keeper`;
  await records`grant select on pharmacy.identity to keeper`;
  await addTenant(id, "charlie", "secret-of-charlie");
  let password = "wrong";
  let reads = 0;
  const { host, port } = cluster;
  const read = async () => {
    reads += 1;
    const keeper = { user: "keeper", password };
    return JSON.stringify({ tenantId: id, pooled: { host, port, database: "records" }, app: keeper, reader: keeper });
  };
  const unused = async () => Promise.reject(new Error("nobody writes secrets here"));
  const secrets = { read, create: unused, find: unused, replace: unused, delete: unused };
  const options = { secrets, log: silent, clock, poolSize: 1, idleSeconds: 60, applicationName: "test", ca: undefined };
  const tenants = openTenants(options);
  const ask = async () => {
    const found = await tenants.findByHost("charlie");
    return found?.tenant.connection().then(
      () => "open",
      (error: unknown) => (error instanceof DomainError ? error.retryAfterSeconds : error),
    );
  };
  for (let request = 0; request < 10; request += 1) expect(await ask()).toBe(30);
  // Each request reads the secret of a pharmacy that is not open; only the first asked for it again and logged in.
  expect(reads).toBe(11);
  password = "right";
  now += 5001;
  expect(await ask()).toBe(25);
  now += 25_000;
  expect(await ask()).toBe("open");
});
