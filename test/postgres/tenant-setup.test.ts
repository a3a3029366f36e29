import { schemaVersions } from "@pharmasight/adapters/migrations/schema-versions.generated";
import { scramVerifier } from "@pharmasight/adapters/postgres/scram";
import { keepingSessions } from "@pharmasight/adapters/postgres/session";
import { postgresTenantSetup } from "@pharmasight/adapters/postgres/tenant-setup";
import type { DatabaseCredential, OwnerSecret, TenantSetup } from "@pharmasight/core/ports/tenant-setup";
import type postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silent, startTestCluster, type TestCluster } from "./fixture.ts";

const DATABASE = "project_a";
const DENIED = { code: "42501" };
const at = new Date("2026-11-24T08:00:00Z");
const ids = { tenant: "019ab000-0000-7000-8000-00000000000a", user: "019ab000-0000-7000-8000-00000000000b" };

const app: DatabaseCredential = { user: "app_0a1b", password: "an-app-password" };
const reader: DatabaseCredential = { user: "reader_0a1b", password: "a-reader-password" };
const roles = { app: app.user, reader: reader.user };
const company = { companyName: "Al-Shifa Pharmacy", currency: "IQD", timeZone: "Asia/Baghdad", at };
const account = {
  userId: ids.user,
  name: "Layla",
  email: "layla@example.com",
  linkHash: "hash-1",
  linkExpiresAt: new Date("2026-11-25T08:00:00Z"),
  at,
};

let cluster: TestCluster;
let owner: OwnerSecret;
let asOwner: postgres.Sql;
let asApp: postgres.Sql;
let asReader: postgres.Sql;
const alarms: unknown[] = [];
const setup = postgresTenantSetup({ log: { ...silent, alarm: (...line) => alarms.push(line) } });

/** What provisioning does, in its order. */
async function provision(setup: TenantSetup): Promise<void> {
  await setup.createRoles(owner, roles);
  await setup.setPasswords(owner, { app, reader });
  expect(await setup.migrate(owner, setup.newestSchemaVersion)).toEqual({ schemaVersion: schemaVersions.tenant });
  await setup.claimIdentity(owner);
  await setup.seed(owner, company);
  await setup.addOwner(owner, account);
}

beforeAll(async () => {
  cluster = await startTestCluster();
  const { admin } = cluster;
  owner = {
    tenantId: ids.tenant,
    user: "postgres_a",
    password: "an-owner-password",
    session: { host: cluster.host, port: cluster.port, database: DATABASE },
  };
  // As at Supabase: the owner is no superuser, and the schema public is open to the roles of the Data API.
  await admin.unsafe(
    `create role postgres_a login nosuperuser createdb createrole bypassrls password '${owner.password}'`,
  );
  await admin.unsafe(`create database ${DATABASE} owner postgres_a`);
  for (const role of ["anon", "authenticated"]) {
    await admin.unsafe(`create role ${role} login password 'visitor'`);
    await admin.unsafe(`grant ${role} to postgres_a`);
    const inside = cluster.connect(DATABASE);
    await inside.unsafe(`grant usage on schema public to ${role}`);
    await inside.unsafe(`alter default privileges for role postgres_a in schema public grant all on tables to ${role}`);
  }
  await provision(setup);
  asOwner = cluster.connect(DATABASE, owner);
  asApp = cluster.connect(DATABASE, app);
  asReader = cluster.connect(DATABASE, reader);
});
afterAll(() => cluster.stop());

test("every step may be repeated, also after people have changed what it made", async () => {
  await asApp`update companies set name = 'Renamed'`;
  await asApp`update branches set name = 'Old town'`;
  await provision(setup);
  await keepingSessions((connect) => provision(postgresTenantSetup({ log: silent, connect })));
  expect([...(await asApp`select name, currency, time_zone from companies`)]).toEqual([
    { name: "Renamed", currency: "IQD", time_zone: "Asia/Baghdad" },
  ]);
  expect([...(await asApp`select code, name, is_headquarters from branches`)]).toEqual([
    { code: "HQ", name: "Old town", is_headquarters: true },
  ]);
  expect([...(await asApp`select id, email, email_verified, role from users`)]).toEqual([
    { id: ids.user, email: "layla@example.com", email_verified: true, role: "owner" },
  ]);
  expect([...(await asApp`select token_hash, user_id, used_at from sign_in_links`)]).toEqual([
    { token_hash: "hash-1", user_id: ids.user, used_at: null },
  ]);
});

test("a database that belongs to one pharmacy is never given to another, and an alarm says so", async () => {
  const other = { ...owner, tenantId: "019ab000-0000-7000-8000-00000000000c" };
  await expect(setup.claimIdentity(other)).rejects.toMatchObject({ code: "conflict" });
  expect([...(await asApp`select tenant_id from identity`)]).toEqual([{ tenant_id: ids.tenant }]);
  expect(JSON.stringify(alarms)).toContain("tenant-identity-mismatch");
});

test("the owner's link and address are replaced until they have signed in, and never for somebody else", async () => {
  const renewal = { userId: ids.user, email: "laila@example.com", linkHash: "hash-3", linkExpiresAt: at, at };
  await setup.renewOwnerLink(owner, renewal);
  await setup.renewOwnerLink(owner, renewal);
  expect([...(await asApp`select email from users`)]).toEqual([{ email: "laila@example.com" }]);
  expect([...(await asApp`select token_hash from sign_in_links`)]).toEqual([{ token_hash: "hash-3" }]);
  const stranger = { ...renewal, userId: "019ab000-0000-7000-8000-00000000000d" };
  await expect(setup.renewOwnerLink(owner, stranger)).rejects.toMatchObject({ code: "conflict" });
  await asApp`update sign_in_links set used_at = now()`;
  const late = { ...renewal, email: "thief@example.com", linkHash: "hash-4" };
  await expect(setup.renewOwnerLink(owner, late)).rejects.toMatchObject({ code: "conflict" });
  expect([...(await asApp`select email from users`)]).toEqual([{ email: "laila@example.com" }]);
  await asOwner`update pharmacy.sign_in_links set used_at = null, token_hash = 'hash-1'`;
  await asApp`update users set email = ${account.email}`;
});

test("a look at a database tells whose it is and what its owner may, and changes nothing", async () => {
  const facts = { majorVersion: 17, canSetUp: true, isOneDatabase: true };
  expect(await setup.inspect(owner, owner.session)).toEqual({ ...facts, tenantId: ids.tenant });
  await cluster.admin.unsafe("create database project_b owner postgres_a");
  const empty = { ...owner, session: { ...owner.session, database: "project_b" } };
  expect(await setup.inspect(empty, empty.session)).toEqual({ ...facts, tenantId: undefined });
  expect(await setup.inspect(owner, empty.session)).toMatchObject({ isOneDatabase: false });
  const wrong = { ...owner, password: "not this one" };
  await expect(setup.inspect(wrong, owner.session)).rejects.toMatchObject({ code: "unavailable" });
  await expect(setup.inspect(owner, { ...owner.session, port: 1 })).rejects.toMatchObject({ code: "unavailable" });
});

test("a second owner with the address of the first is refused", async () => {
  const double = { ...account, userId: "019ab000-0000-7000-8000-00000000000d", linkHash: "hash-2" };
  await expect(setup.addOwner(owner, double)).rejects.toMatchObject({ code: "conflict" });
  expect([...(await asApp`select token_hash from sign_in_links`)]).toEqual([{ token_hash: "hash-1" }]);
});

test.each([
  "create table mine (id int)",
  "create schema mine",
  "create temporary table mine (id int)",
  "alter table items add mine text",
  "drop table items",
  "truncate items",
  "truncate audit_log",
  "update identity set tenant_id = tenant_id",
  "delete from identity",
  "insert into identity (tenant_id) values ('019ab000-0000-7000-8000-00000000000c')",
  "update audit_log set action = ''",
  "delete from audit_log",
  "select * from schema_migrations",
  "create role mine",
  "set role postgres_a",
  "alter role postgres_a password 'mine'",
  "create extension citext",
])("the application's role cannot: %s", async (statement) => {
  await expect(asApp.unsafe(statement)).rejects.toMatchObject(DENIED);
});

test.each([
  "insert into branches (id, code, name, created_at, updated_at) values (gen_random_uuid(), 'B2', 'x', now(), now())",
  "update companies set name = 'x'",
  "delete from users",
  "truncate items",
  "create table mine (id int)",
  "create temporary table mine (id int)",
  "select * from sessions",
  "select * from accounts",
  "select * from verifications",
  "select * from sign_in_links",
  "set role pharmacy_app",
])("the reader's role cannot, even when it leaves read-only mode: %s", async (statement) => {
  await asReader`set default_transaction_read_only = off`;
  await expect(asReader.unsafe(statement)).rejects.toMatchObject(DENIED);
});

test("the reader's role reads", async () => {
  expect(await asReader`select name from companies`).toHaveLength(1);
  expect(await asReader`select id from items`).toEqual([]);
});

test.each(["anon", "authenticated"])("%s, whom the Data API serves, sees nothing of the pharmacy", async (user) => {
  const visitor = cluster.connect(DATABASE, { user, password: "visitor" });
  const tables = await asOwner`select tablename from pg_tables where schemaname = 'pharmacy'`;
  expect(tables.length).toBeGreaterThan(5);
  for (const { tablename } of tables) {
    await expect(visitor.unsafe(`select * from pharmacy.${tablename}`), tablename).rejects.toMatchObject(DENIED);
  }
  await asOwner.unsafe(`create table public.left_to_${user} (id int)`);
  await expect(visitor.unsafe(`select * from public.left_to_${user}`)).rejects.toMatchObject(DENIED);
});

test.each([
  ["app", () => asApp],
  ["reader", () => asReader],
] as const)("limits stand on the role of the %s, where a pooler cannot refuse them", async (_, connection) => {
  const [row] = await connection()`
    select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
      current_setting('idle_in_transaction_session_timeout') as idle, current_setting('search_path') as path`;
  expect(row).toEqual({ statement: "20s", lock: "5s", idle: "30s", path: "pharmacy" });
});

test("new passwords hold at once and old ones fail", async () => {
  const next = { ...app, password: "another-password" };
  await setup.setPasswords(owner, { app: next, reader });
  expect(await cluster.connect(DATABASE, next)`select 1 as one`).toHaveLength(1);
  await expect(cluster.connect(DATABASE, app)`select 1`).rejects.toMatchObject({ code: "28P01" });
  await setup.setPasswords(owner, { app, reader });
});

test("the server is given a verifier, which is what it would have made of the password itself", async () => {
  await cluster.admin`create role example login password 'an-app-password'`;
  const [row] = await cluster.admin`select rolpassword from pg_authid where rolname = 'example'`;
  const salt = Buffer.from(/:([^$]+)\$/.exec(row?.rolpassword)?.[1] ?? "", "base64");
  expect(await scramVerifier("an-app-password", salt)).toBe(row?.rolpassword);
  await expect(scramVerifier("pass wörd")).rejects.toThrow(TypeError);
});
