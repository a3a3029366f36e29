import { migrate } from "@pharmasight/adapters/migrations/executor";
import { postgresTenantDatabases } from "@pharmasight/adapters/postgres/tenant-databases";
import { systemClock } from "@pharmasight/core/kernel/clock";
import type { RegistryEntry } from "@pharmasight/core/registry/registry";
import { TenantConnection } from "@pharmasight/core/tenant/connection";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { silent, startTestCluster, type TestCluster } from "../postgres/fixture.ts";
import { ALFA, BRAVO, RecordedTenancy } from "./recorded-tenancy.ts";

/** Databases of two pharmacies as the adapter finds them, where everything around it may be mixed up. */
let cluster: TestCluster;
const names = { [ALFA]: "db_alfa", [BRAVO]: "db_bravo" } as const;
type TenantId = keyof typeof names;

beforeAll(async () => {
  cluster = await startTestCluster();
  for (const role of ["app", "reader"])
    await cluster.admin.unsafe(`create role mixed_${role} login password '${role}-password'`);
  for (const [tenantId, name] of Object.entries(names)) {
    await cluster.admin.unsafe(`create database ${name}`);
    await cluster.connect(name).unsafe(`
      create schema pharmacy;
      create table pharmacy.identity (tenant_id text);
      insert into pharmacy.identity values ('${tenantId}');
      grant usage on schema pharmacy to mixed_app, mixed_reader;
      grant select on pharmacy.identity to mixed_app, mixed_reader;
    `);
  }
});
afterAll(() => cluster?.stop());

describe("a pharmacy's database", () => {
  const stored = new Map<string, string>();
  let alarms: string[];
  const opened: TenantConnection[] = [];
  const { entries } = new RecordedTenancy();

  beforeEach(() => {
    alarms = [];
    for (const tenantId of [ALFA, BRAVO] as const) keep(tenantId);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((connection) => connection.close()));
  });

  function keep(
    tenantId: TenantId,
    says: { readonly tenantId?: string; readonly database?: string; readonly password?: string } = {},
  ): void {
    const secret = {
      tenantId: says.tenantId ?? tenantId,
      pooled: { host: cluster.host, port: cluster.port, database: says.database ?? names[tenantId] },
      app: { user: "mixed_app", password: says.password ?? "app-password" },
      reader: { user: "mixed_reader", password: "reader-password" },
    };
    stored.set(`arn:${tenantId}`, JSON.stringify(secret));
  }
  const databases = () =>
    postgresTenantDatabases({
      secrets: {
        read: async (reference) => stored.get(reference) ?? "",
        create: () => Promise.reject(new Error("nothing is made here")),
        replace: () => Promise.reject(new Error("nothing is changed here")),
        delete: () => Promise.reject(new Error("nothing is deleted here")),
      },
      log: { ...silent, alarm: (name) => void alarms.push(name) },
      clock: systemClock,
      poolSize: 2,
      idleSeconds: 60,
      applicationName: "test",
      ca: undefined,
    });
  const entryOf = (tenantId: string): RegistryEntry => {
    const entry = [...entries.values()].find((one) => one.tenantId === tenantId);
    if (entry === undefined) throw new Error("an unknown pharmacy");
    return entry;
  };
  async function open(tenantId: string, role: "app" | "reader" = "app", from = databases()) {
    const connection = await from.open(entryOf(tenantId), role);
    opened.push(connection);
    return TenantConnection.queryBuilderOf(connection);
  }
  const whose = async (db: Awaited<ReturnType<typeof open>>) =>
    (await sql<{ name: string; user: string }>`select current_database() as name, current_user as user`.execute(db))
      .rows[0];

  test("is its own for each of two that are open at once, and for each role", async () => {
    const from = databases();
    const [alfa, bravo] = [await open(ALFA, "app", from), await open(BRAVO, "app", from)];
    const reader = await open(ALFA, "reader", from);
    expect(await whose(alfa)).toEqual({ name: "db_alfa", user: "mixed_app" });
    expect(await whose(bravo)).toEqual({ name: "db_bravo", user: "mixed_app" });
    expect(await whose(reader)).toEqual({ name: "db_alfa", user: "mixed_reader" });
  });

  test("is not opened by a secret that says it is another's, and wakes somebody", async () => {
    keep(ALFA, { tenantId: BRAVO });
    await expect(open(ALFA)).rejects.toMatchObject({ code: "unavailable" });
    expect(alarms).toEqual(["tenant-identity-mismatch"]);
  });

  test("is not served when it says that it is another's, and wakes somebody", async () => {
    keep(ALFA, { database: names[BRAVO] });
    await expect(open(ALFA)).rejects.toMatchObject({ code: "unavailable" });
    expect(alarms).toEqual(["tenant-identity-mismatch"]);
  });

  test("is not served by a secret that became another's before it was read again", async () => {
    keep(ALFA, { password: "an old one" });
    let reads = 0;
    const from = postgresTenantDatabases({
      secrets: {
        read: async (reference) => {
          reads += 1;
          if (reads === 2) keep(ALFA, { tenantId: BRAVO });
          return stored.get(reference) ?? "";
        },
        create: () => Promise.reject(new Error("nothing is made here")),
        replace: () => Promise.reject(new Error("nothing is changed here")),
        delete: () => Promise.reject(new Error("nothing is deleted here")),
      },
      log: { ...silent, alarm: (name) => void alarms.push(name) },
      clock: systemClock,
      poolSize: 2,
      idleSeconds: 60,
      applicationName: "test",
      ca: undefined,
    });
    await expect(open(ALFA, "app", from)).rejects.toMatchObject({ code: "unavailable" });
    expect(alarms).toEqual(["tenant-identity-mismatch"]);
  });

  test("is asked whose it is by every new connection, not by the first one alone", async () => {
    const db = await open(ALFA);
    const inside = cluster.connect(names[ALFA]);
    await inside.unsafe(`update pharmacy.identity set tenant_id = '${BRAVO}'`);
    try {
      // The first connection is taken, so that a second one is opened.
      await db.connection().execute(async () => {
        await expect(whose(db)).rejects.toMatchObject({ code: "unavailable" });
      });
      expect(alarms).toContain("tenant-identity-mismatch");
    } finally {
      await inside.unsafe(`update pharmacy.identity set tenant_id = '${ALFA}'`);
    }
  });
});

test("the role that looks hosts up reads the registry's views and nothing of the tables behind them", async () => {
  await cluster.admin.unsafe("create database control_plane");
  const { host, port, superuser } = cluster;
  await migrate({
    endpoint: { host, port, database: "control_plane" },
    credential: superuser,
    plane: "control",
    log: silent,
  });
  const admin = cluster.connect("control_plane");
  await admin.unsafe("create role looking login password 'looking-password' in role registry_reader");
  const reader = cluster.connect("control_plane", { user: "looking", password: "looking-password" });
  expect(await reader`select host from registry.entries`).toEqual([]);
  const tables = await admin`
    select schemaname || '.' || tablename as name from pg_tables where schemaname in ('control', 'registry')`;
  expect(tables.length).toBeGreaterThan(5);
  const readable = await admin`
    select name from unnest(${tables.map(({ name }) => name)}::text[]) name
    where has_table_privilege('looking', name, 'select, insert, update, delete')`;
  expect([...readable]).toEqual([]);
  const writable = await admin`
    select name from unnest(array['registry.entries', 'registry.counter']) name
    where has_table_privilege('looking', name, 'insert, update, delete')`;
  expect([...writable]).toEqual([]);
});
