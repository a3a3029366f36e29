import type { Migration } from "@pharmasight/adapters/postgres/migration";
import { type MigrateOptions, migrate } from "@pharmasight/adapters/postgres/migrator";
import { schemaVersions } from "@pharmasight/adapters/postgres/schema-versions.generated";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startTestCluster, type TestCluster } from "./fixture.ts";

let cluster: TestCluster;
let database: string;
let made = 0;

beforeAll(async () => {
  cluster = await startTestCluster();
  await cluster.admin`create role pharmacy_app nologin`;
  await cluster.admin`create role pharmacy_reader nologin`;
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  made += 1;
  database = `migrator_${made}`;
  await cluster.admin.unsafe(`create database ${database}`);
});

const run = (options: Partial<MigrateOptions> = {}) =>
  migrate({
    endpoint: { host: cluster.host, port: cluster.port, database },
    credential: cluster.superuser,
    plane: "tenant",
    ...options,
  });

const migration = (version: number, up: string, verify = "select 1"): Migration => ({
  version,
  name: `${String(version).padStart(4, "0")}_step`,
  up,
  down: "select 1",
  verify,
});
const first = migration(1, "create table medicines (name text); insert into medicines values ('Aspirin');");
const second = migration(2, "alter table medicines add strength text;", "select strength from medicines limit 0");

const history = () =>
  cluster.connect(database)`select version, name from pharmacy.schema_migrations order by version`.then((rows) => [
    ...rows,
  ]);
const exists = async (relation: string) => {
  const [row] = await cluster.connect(database)`select to_regclass(${relation}) is not null as found`;
  return row?.found;
};

test.each(["control", "tenant"] as const)(
  "all migrations of the %s plane apply, verify, and apply once",
  async (plane) => {
    expect(await run({ plane })).toEqual({ schemaVersion: schemaVersions[plane] });
    expect(await run({ plane })).toEqual({ schemaVersion: schemaVersions[plane] });
    expect(schemaVersions[plane]).toBeGreaterThan(0);
  },
);

test("two runners at once both succeed, and each migration is applied once", async () => {
  const migrations = [first, second];
  const results = await Promise.all([run({ migrations }), run({ migrations }), run({ migrations })]);
  expect(results).toEqual(Array(3).fill({ schemaVersion: 2 }));
  expect(await history()).toEqual([
    { version: 1, name: "0001_step" },
    { version: 2, name: "0002_step" },
  ]);
  const [row] = await cluster.connect(database)`select count(*)::int as n from pharmacy.medicines`;
  expect(row?.n).toBe(1);
});

test("later migrations are added to those that were applied before", async () => {
  expect(await run({ migrations: [first] })).toEqual({ schemaVersion: 1 });
  expect(await run({ migrations: [first, second] })).toEqual({ schemaVersion: 2 });
});

test("a migration that fails leaves nothing, not even those before it, and is named", async () => {
  const broken = migration(2, "create table other (id int); select 1 / 0;");
  await expect(run({ migrations: [first, broken] })).rejects.toMatchObject({
    code: "internal",
    message: "migrations/tenant/0002_step/up.sql failed: division by zero",
  });
  expect(await exists("pharmacy.medicines")).toBe(false);
  expect(await run({ migrations: [first, second] })).toEqual({ schemaVersion: 2 });
});

test("a migration whose promise does not hold is taken back and named", async () => {
  const hollow = migration(1, "create table medicines (name text)", "select strength from medicines limit 0");
  await expect(run({ migrations: [hollow] })).rejects.toThrow("migrations/tenant/0001_step/verify.sql failed");
  expect(await exists("pharmacy.medicines")).toBe(false);
});

test("a file that was changed after it had been applied stops everything and is named", async () => {
  await run({ migrations: [first] });
  const edited = { ...first, up: first.up.replace("Aspirin", "Ibuprofen") };
  await expect(run({ migrations: [edited, second] })).rejects.toThrow("migrations/tenant/0001_step/up.sql was changed");
  expect(await history()).toHaveLength(1);
  const commented = { ...first, up: `-- The first one.\n${first.up}` };
  expect(await run({ migrations: [commented, second] })).toEqual({ schemaVersion: 2 });
});

test("a database that is ahead of the code is left alone, and its migration is named", async () => {
  await run({ migrations: [first, second] });
  await expect(run({ migrations: [first] })).rejects.toThrow("migration tenant/0002_step, which this version");
});

test("a runner that finds the lock held waits for it instead of failing", async () => {
  const other = cluster.connect(database);
  await other`select pg_advisory_lock(1885888882)`;
  const result = run({ migrations: [first] });
  await expect
    .poll(async () => {
      const [row] = await cluster.admin`
      select count(*)::int as n from pg_stat_activity where datname = ${database} and query like '%pg_try_advisory_lock%'`;
      return row?.n;
    })
    .toBeGreaterThan(0);
  expect(await exists("pharmacy.medicines")).toBe(false);
  await other`select pg_advisory_unlock(1885888882)`;
  expect(await result).toEqual({ schemaVersion: 1 });
});

test("a table that somebody holds fails the migration in a way that says to try again", async () => {
  await run({ migrations: [first] });
  const other = cluster.connect(database);
  await other`begin`;
  await other`lock table pharmacy.medicines`;
  await expect(run({ migrations: [first, second] })).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("0002_step/up.sql failed"),
  });
  await other`rollback`;
  expect(await run({ migrations: [first, second] })).toEqual({ schemaVersion: 2 });
});

test("a connection that dies in the middle leaves nothing behind, and trying again succeeds", async () => {
  const slow = { ...first, up: `${first.up} select pg_sleep(30);` };
  const failed = expect(run({ migrations: [slow] })).rejects.toMatchObject({ code: "unavailable" });
  await expect
    .poll(async () => {
      const killed = await cluster.admin`
        select pg_terminate_backend(pid) from pg_stat_activity where datname = ${database} and query like '%pg_sleep%'`;
      return killed.length;
    })
    .toBeGreaterThan(0);
  await failed;
  expect(await run({ migrations: [first] })).toEqual({ schemaVersion: 1 });
});

test("a server that cannot be reached is told as such, without the password", async () => {
  const endpoint = { host: cluster.host, port: cluster.port, database: "nowhere" };
  const failed = run({ endpoint });
  await expect(failed).rejects.toMatchObject({ code: "unavailable" });
  await expect(failed).rejects.not.toThrow(cluster.superuser.password);
});
