import type { Migration } from "@pharmasight/adapters/migrations/migration";
import { migrations } from "@pharmasight/adapters/migrations/migrations.generated";
import { postgresRehearsals, type RehearsalOptions } from "@pharmasight/adapters/migrations/rehearsal";
import { schemaVersions } from "@pharmasight/adapters/migrations/schema-versions.generated";
import { shownStatement } from "@pharmasight/adapters/migrations/statement-text";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { parseMigration } from "../../scripts/migrations/parse.ts";
import { silent, startTestCluster, type TestCluster } from "../postgres/fixture.ts";

const TENANT = "019ab000-0000-7000-8000-00000000000a";

let cluster: TestCluster;
let database: string;
let made = 0;

beforeAll(async () => {
  cluster = await startTestCluster();
  await cluster.admin`create role pharmacy_app nologin`;
  await cluster.admin`create role pharmacy_reader nologin`;
});
afterAll(() => cluster?.stop());
beforeEach(async () => {
  made += 1;
  database = `rehearsal_${made}`;
  await cluster.admin.unsafe(`create database ${database}`);
});

/** At version 1, with two tables of which one has 20,000 rows. */
async function begin(): Promise<void> {
  await cluster.connect(database).unsafe(`
    create schema pharmacy;
    set search_path to pharmacy;
    create table identity (tenant_id uuid);
    insert into identity values ('${TENANT}');
    create table schema_migrations (version integer primary key, name text, checksum text, applied_at timestamptz);
    insert into schema_migrations values (1, '0001_first', '', now());
    create table items (id integer primary key, name text not null, price integer);
    insert into items select n, 'item ' || n, n % 100 from generate_series(1, 20000) n;
    create table branches (id integer primary key, name text);
    insert into branches values (1, 'Main')`);
}

const step = (version: number, up: string, down: string, verify = "select 1"): Promise<Migration> =>
  parseMigration({ name: `${String(version).padStart(4, "0")}_step`, up, down, verify });

const rehearse = (
  steps: readonly Migration[],
  options: Omit<RehearsalOptions, "log"> = { expected: () => undefined },
) =>
  postgresRehearsals({ log: silent, migrations: steps, ...options }).rehearse(
    {
      tenantId: TENANT,
      ...cluster.superuser,
      session: { host: cluster.host, port: cluster.port, database },
    },
    Math.max(...steps.map(({ version }) => version)),
  );

test("each statement's lock, rewrite, scan and size are told, and the way back is proved", async () => {
  await begin();
  const report = await rehearse([
    await step(
      2,
      `alter table items add note text;
       alter table items add constraint items_price check (price >= 0 and name <> 'secret');
       alter table items alter price type bigint;`,
      "alter table items drop column note, drop constraint items_price; alter table items alter price type integer",
    ),
  ]);
  expect(report).toMatchObject({ fromVersion: 1, toVersion: 2, failure: undefined });
  expect(report.rollback).toEqual({ isProved: true, reason: undefined });
  const locks = [{ relation: "pharmacy.items", mode: "AccessExclusiveLock" }];
  const lockedBytes = report.tableSizes["pharmacy.items"];
  expect(lockedBytes).toBeGreaterThan(100_000);
  expect(report.statements).toMatchObject([
    { statement: 1, what: "alter table items add note text", locks, lockedBytes, rewrites: [], scans: [] },
    {
      statement: 2,
      what: "alter table items add constraint items_price check (price >= ? and name <> ?)",
      rewrites: [],
      scans: ["pharmacy.items"],
    },
    { statement: 3, rewrites: ["pharmacy.items"], scans: ["pharmacy.items"] },
    { statement: 4, what: "verify.sql", locks, rewrites: [] },
  ]);
});

test("another pharmacy's database is not rehearsed with, nor one that says nobody's", async () => {
  await begin();
  const sql = cluster.connect(database);
  const steps = [await step(2, "alter table items add note text", "alter table items drop column note")];
  for (const change of [
    "update pharmacy.identity set tenant_id = gen_random_uuid()",
    "delete from pharmacy.identity",
  ]) {
    await sql.unsafe(change);
    await expect(rehearse(steps)).rejects.toMatchObject({ code: "conflict" });
  }
  const [{ n } = { n: 0 }] = await sql`select count(*)::int as n from pharmacy.schema_migrations`;
  expect(n).toBe(1);
});

test("readers that a statement stops are told, with the time that they waited to the end of the transaction", async () => {
  await begin();
  const { statements } = await rehearse([
    await step(
      2,
      "lock table branches in share mode; alter table items add note text; select pg_sleep(0.3)",
      "alter table items drop column note",
    ),
  ]);
  expect(statements[0]).toMatchObject({ locks: [{ relation: "pharmacy.branches", mode: "ShareLock" }] });
  expect(statements[1]?.locks).toHaveLength(2);
  expect(statements[2]?.blockedReadersMs).toBeGreaterThan(200);
  expect(statements[2]?.durationMs).toBeGreaterThan(290);
});

test("an index that is built concurrently stops nobody, and is measured from outside", async () => {
  await begin();
  const report = await rehearse([
    await step(
      2,
      "-- @transaction none\ncreate index concurrently if not exists items_by_name on pharmacy.items (name, md5(name), md5(name || name))",
      "drop index concurrently if exists pharmacy.items_by_name",
    ),
  ]);
  expect(report.failure).toBeUndefined();
  expect(report.rollback.isProved).toBe(true);
  expect(report.statements[0]).toMatchObject({
    locks: [{ relation: "pharmacy.items", mode: "ShareUpdateExclusiveLock" }],
    scans: ["pharmacy.items"],
    lockedBytes: 0,
  });
});

test("a backfill runs to its last row, and its way back is proved by the columns that were there before", async () => {
  await begin();
  const report = await rehearse([
    await step(2, "alter table items add label text", "alter table items drop column label"),
    await step(
      3,
      `-- @backfill
       with batch as (
         update items set label = upper(name)
         where id in (select id from items where id > coalesce($1::text, '0')::integer order by id limit $2::integer)
         returning id)
       select case when count(*) = $2::integer then max(id)::text end as cursor, count(*) as rows from batch`,
      "update items set label = null where label is not null",
      "do $$ begin if exists (select from items where label is null) then raise 'rows are left'; end if; end $$",
    ),
  ]);
  expect(report.failure).toBeUndefined();
  expect(report.rollback).toEqual({ isProved: true, reason: undefined });
});

test.each([
  [
    "leaves something behind",
    "alter table items add note text; create index items_note on items (note)",
    "drop index items_note",
    "Going down did not lead back: column pharmacy.items.note is unexpected.",
  ],
  [
    "loses rows",
    "alter table items add note text",
    "alter table items drop column note; delete from items where id > 19998",
    "Going down did not lead back: pharmacy.items had 20000 rows and has 19998.",
  ],
  [
    "loses what a column held",
    "alter table items drop column price",
    "alter table items add price integer",
    "Going down did not lead back: values in pharmacy.items are not what they were.",
  ],
  [
    "changes values",
    "alter table items add note text",
    "alter table items drop column note; update items set name = 'x' where id = 7",
    "Going down did not lead back: values in pharmacy.items are not what they were.",
  ],
  [
    "fails",
    "alter table items add note text",
    "alter table items drop column nothing",
    'Going down failed: 0002_step/down.sql, statement 1: column "nothing" of relation "items" does not exist (42703).',
  ],
  [
    "lets nobody up again",
    "create table others (id integer); insert into branches values (2, 'Second')",
    "drop table others",
    "Going down did not lead back: pharmacy.branches had 1 rows and has 2.",
  ],
])("a way down that %s is not proved, and the reason is told", async (_, up, down, reason) => {
  await begin();
  const waivers = up.includes("drop column") ? "-- @phase contract\n-- @code-knows 1\n" : "";
  const report = await rehearse([await step(2, `${waivers}${up}`, down)]);
  expect(report.failure).toBeUndefined();
  expect(report.rollback).toEqual({ isProved: false, reason });
});

test("a database whose way down failed is at the new version in the end", async () => {
  await begin();
  await rehearse([
    await step(2, "alter table items add note text", "alter table items drop column nothing"),
    await step(3, "alter table items add hint text", "alter table items drop column hint"),
  ]);
  const sql = cluster.connect(database);
  expect(await sql`select max(version) as version from pharmacy.schema_migrations`).toEqual([{ version: 3 }]);
  expect(await sql`select note, hint from pharmacy.items where id = 1`).toEqual([{ note: null, hint: null }]);
});

test("what fails on the way up is named, and so is a verification that fails", async () => {
  await begin();
  const failing = await rehearse([
    await step(2, "alter table items add note text; alter table items add constraint x check (price > 50)", "select 1"),
  ]);
  expect(failing.failure).toMatch(/^0002_step\/up.sql, statement 2: check constraint "x" .*\(23514\)$/);
  expect(failing.statements).toHaveLength(1);
  expect(failing.rollback).toEqual({ isProved: false, reason: "It did not get up in the first place." });
  const unverified = await rehearse([
    await step(2, "alter table items add note text", "select 1", "do $$ begin raise 'no note'; end $$"),
  ]);
  expect(unverified.failure).toBe("0002_step/verify.sql: no note (P0001)");
  expect(await cluster.connect(database)`select max(version) as version from pharmacy.schema_migrations`).toEqual([
    { version: 1 },
  ]);
});

test("a schema that is not what the version should be fails the rehearsal, with the object", async () => {
  await begin();
  const { failure } = await rehearse([await step(2, "create table others (id integer)", "drop table others")], {
    expected: () => ({ hash: "other", objects: { "index pharmacy.wanted": "1" } }),
  });
  expect(failure).toMatch(/^The schema is not what version 2 should be: .*index pharmacy.wanted is missing/);
});

test("a database at that version has nothing to try, and one that is being migrated is left alone", async () => {
  await begin();
  const steps = [await step(1, "select 1", "select 1")];
  expect(await rehearse(steps)).toMatchObject({
    statements: [],
    failure: undefined,
    rollback: { isProved: false, reason: "The database has version 1: there was nothing to try." },
  });
  const other = cluster.connect(database);
  await other`select pg_advisory_lock(1885888882)`;
  await expect(rehearse(steps)).rejects.toMatchObject({ code: "unavailable" });
  await other`select pg_advisory_unlock(1885888882)`;
});

test("a database without a schema of ours is refused", async () => {
  await expect(rehearse([await step(1, "select 1", "select 1")])).rejects.toMatchObject({ code: "conflict" });
});

test("every migration of tenants goes up, down and up again, and leads to the fingerprints that the code expects", async () => {
  await cluster.connect(database).unsafe(`
    create schema pharmacy;
    create table pharmacy.schema_migrations (
      version integer primary key, name text, checksum text, applied_at timestamptz);
    insert into pharmacy.schema_migrations values (1, '0001_identity', '', now());
    set search_path to pharmacy;
    ${migrations.tenant[0]?.up.join(";")};
    insert into identity (tenant_id) values ('${TENANT}')`);
  const report = await rehearse(migrations.tenant, {});
  expect(report.failure).toBeUndefined();
  expect(report.rollback).toEqual({ isProved: true, reason: undefined });
  expect(report).toMatchObject({ fromVersion: 1, toVersion: schemaVersions.tenant });
});

test("a statement is shown without comments and literals, and shortened", () => {
  expect(
    shownStatement("-- secret\nupdate \"t 1\" set a = 'it''s', b = E'\\'x', c = $q$ y $q$, d2 = 1.5 /* z */"),
  ).toBe('update "t 1" set a = ?, b = ?, c = ?, d2 = ?');
  expect(shownStatement(`select ${"a, ".repeat(99)}`)).toHaveLength(120);
});
