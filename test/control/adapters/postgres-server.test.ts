import { postgresTenantSetup } from "@pharmasight/adapters/postgres/tenant-setup";
import { postgresServerHosts } from "@pharmasight/adapters/postgres-server/database-hosts";
import { type Cluster, startCluster } from "@pharmasight/local/postgres/cluster";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scratchFolder } from "../../local/stand-ins/world.ts";
import { keepsTheContractOfDatabaseHosts } from "./database-hosts.contract.ts";

const REGION = "nairobi-1";
let scratch: Awaited<ReturnType<typeof scratchFolder>>;
let cluster: Cluster;
const silent = { info: () => {}, warn: () => {}, error: () => {}, alarm: () => {} };

beforeAll(async () => {
  scratch = await scratchFolder();
  cluster = await startCluster({ dataDir: scratch.path("data"), inMemory: true, log: () => undefined });
}, 120_000);
afterAll(async () => {
  await cluster?.stop();
  await scratch?.remove();
});

const hosts = () =>
  postgresServerHosts({
    administrator: async () => ({
      host: cluster.host,
      port: cluster.port,
      database: "postgres",
      ...cluster.superuser,
    }),
    region: REGION,
  });
const admin = async <T>(ask: (sql: postgres.Sql) => Promise<T>): Promise<T> => {
  const { host, port, superuser } = cluster;
  const sql = postgres({ host, port, database: "postgres", username: superuser.user, password: superuser.password });
  return ask(sql).finally(() => sql.end());
};

describe("the provider postgres", () => {
  keepsTheContractOfDatabaseHosts({ hosts, region: () => REGION, finish: async () => {} });
});

const wanted = (name: string) => ({ name, ownerPassword: "password", region: REGION, size: "any" });

/** A database with its roles, as the saga's steps make them. */
async function tenant(tenantId: string) {
  const { ref } = await hosts().create(wanted(`wall-${tenantId}`));
  const { session, ownerUser } = await hosts().endpoints(ref);
  const setup = postgresTenantSetup({ log: silent });
  const owner = { tenantId, user: ownerUser, password: "password", session };
  const roles = { app: `app_${ref}`, reader: `reader_${ref}` };
  await setup.createRoles(owner, roles);
  const withPassword = (user: string) => ({ user, password: "password" });
  await setup.setPasswords(owner, { app: withPassword(roles.app), reader: withPassword(roles.reader) });
  return { ref, owner, setup, users: [ownerUser, roles.app, roles.reader] };
}

const connectAs = (user: string, database: string) =>
  postgres({ host: cluster.host, port: cluster.port, database, username: user, password: "password", max: 1 });

/** The state that the server refused with, or "allowed". */
const refusalOf = (query: PromiseLike<unknown>): Promise<string> =>
  Promise.resolve(query).then(
    () => "allowed",
    (error: unknown) => (error instanceof postgres.PostgresError ? error.code : String(error)),
  );

test("no role of one tenant connects to another's database, reads passwords or makes a database", async () => {
  const two = [
    await tenant("019ab000-0000-7000-8000-00000000000a"),
    await tenant("019ab000-0000-7000-8000-00000000000b"),
  ];
  const templates = await admin(
    (sql) => sql<{ datname: string }[]>`
    select datname from pg_database where datname like 'ps_template_%' or datname = 'postgres'`,
  );
  expect(templates.length).toBeGreaterThanOrEqual(2);
  for (const { users, ref } of two) {
    for (const user of users) {
      const others = [...two.filter((other) => other.ref !== ref).map((other) => other.ref)];
      for (const database of [...others, ...templates.map(({ datname }) => datname)]) {
        const sql = connectAs(user, database);
        expect(await refusalOf(sql`select 1`), `${user} to ${database}`).toMatch(/^(42501|55000)$/);
        await sql.end();
      }
      const own = connectAs(user, ref);
      expect(await refusalOf(own`select * from pg_authid`)).toBe("42501");
      // The reader's transactions are read-only, which is refused first.
      expect(await refusalOf(own.unsafe("create database stolen"))).toMatch(/^(42501|25006)$/);
      await own.end();
    }
  }
}, 60_000);

test("no owner can change the groups that all tenants share, or another tenant's part in them", async () => {
  const one = await tenant("019ab000-0000-7000-8000-00000000001a");
  const other = await tenant("019ab000-0000-7000-8000-00000000001b");
  const sql = connectAs(one.owner.user, one.ref);
  const [otherOwner = "", otherApp = ""] = other.users;
  const ownApp = one.users[1] ?? "";
  for (const statement of [
    "alter role pharmacy_app rename to mine",
    "alter role pharmacy_app login password 'mine'",
    "alter role pharmacy_app set search_path = mine",
    "drop role pharmacy_reader",
    `grant pharmacy_app to ${ownApp} with admin option`,
    `revoke pharmacy_app from ${otherApp} granted by ${otherOwner}`,
    `revoke pharmacy_app from ${otherApp}`,
    `alter role ${otherApp} password 'mine'`,
    `select pharmasight.admit('${otherApp}', 'pharmacy_reader')`,
    `select pharmasight.admit('${ownApp}', '${otherOwner}')`,
    `select pharmasight.admit('${ownApp}', 'pg_read_all_data')`,
    "create or replace function pharmasight.admit(who name, into_group name) returns void language sql as ''",
    "drop schema pharmasight cascade",
  ]) {
    expect([statement, await refusalOf(sql.unsafe(statement))]).toEqual([statement, "42501"]);
  }
  const app = connectAs(ownApp, one.ref);
  expect(await refusalOf(app`select pharmasight.admit(${ownApp}, 'pharmacy_reader')`)).toBe("42501");
  await Promise.all([sql.end(), app.end()]);
  const groups = await admin(
    (ask) => ask`
    select pg_get_userbyid(member) as member, pg_get_userbyid(roleid) as role, admin_option as admin
    from pg_auth_members where pg_get_userbyid(member) in ${ask(other.users)} and roleid <> all (
      select oid from pg_roles where rolname in ${ask(other.users)}) order by 2`,
  );
  expect(groups).toMatchObject([
    { member: otherApp, role: "pharmacy_app", admin: false },
    { member: other.users[2], role: "pharmacy_reader", admin: false },
  ]);
}, 60_000);

test("the templates of earlier migrations go when a new one is made; one that is cloned just then, and later ones, stay", async () => {
  const earlier = "ps_template_0001_00000000000000aa";
  const later = "ps_template_9999_00000000000000bb";
  await admin(async (sql) => {
    await sql.unsafe(`create database ${earlier} template template0`);
    await sql.unsafe(`create database ${later} template template0`);
  });
  const templates = () =>
    admin(async (sql) => {
      const rows = await sql<{ datname: string }[]>`
        select datname from pg_database where datname like 'ps_template_%' order by datname`;
      return rows.map(({ datname }) => datname);
    });
  const current = async () => (await templates()).find((name) => name !== earlier && name !== later) ?? "";
  const remake = async (name: string) => {
    await admin(async (sql) => sql.unsafe(`drop database ${await current()}`));
    await hosts().create(wanted(name));
  };
  await hosts().create(wanted("templates-0"));
  expect(await templates()).toContain(earlier);
  // What Postgres sees while somebody clones it: a session is in it.
  const busy = postgres({
    host: cluster.host,
    port: cluster.port,
    database: earlier,
    username: cluster.superuser.user,
    password: cluster.superuser.password,
    max: 1,
  });
  await busy`select 1`;
  await remake("templates-1");
  expect(await templates()).toContain(earlier);
  await busy.end();
  await remake("templates-2");
  expect(await templates()).toEqual([await current(), later]);
  await admin((sql) => sql.unsafe(`drop database ${later}`));
}, 60_000);

test("a clone has every migration, its owner's own rights, and nothing to apply", async () => {
  const { owner, setup, ref, users } = await tenant("019ab000-0000-7000-8000-00000000000c");
  const applied = async (sql: postgres.Sql) => sql`select applied_at from pharmacy.schema_migrations order by version`;
  const sql = connectAs(owner.user, ref);
  const before = await applied(sql);
  const { schemaVersion } = await setup.migrate(owner, setup.newestSchemaVersion);
  expect(before).toHaveLength(schemaVersion);
  expect(await applied(sql)).toEqual(before);
  await setup.claimIdentity(owner);
  // A later migration's table is the application's to write as well.
  await sql`create table pharmacy.later (id integer)`;
  const app = connectAs(users[1] ?? "", ref);
  await app`insert into pharmacy.later values (1)`;
  await app.end();
  await sql.end();
});

test("eight at once make one database of one name, and others beside it; a draft of the template is thrown away", async () => {
  await admin(async (sql) => {
    const [template] = await sql<{ datname: string }[]>`
      select datname from pg_database where datname like 'ps_template_%'`;
    await sql.unsafe(`drop database ${template?.datname ?? ""}`);
    // What a worker leaves that was killed at it.
    await sql.unsafe("create database ps_template_draft");
  });
  const names = ["same", "same", "same", "same", "other-1", "other-2", "other-3", "other-4"];
  const made = await Promise.all(names.map((name) => hosts().create(wanted(name))));
  expect(new Set(made.map(({ ref }) => ref)).size).toBe(5);
  expect((await hosts().list("same")).projects).toHaveLength(1);
  const left = await admin(
    (sql) => sql`
    select datname, datallowconn from pg_database where datname like 'ps_template_%'`,
  );
  expect(left).toMatchObject([{ datallowconn: false }]);
}, 60_000);

test("a creation that died half-way is not found, is listed, and is finished by the next one; delete leaves no role", async () => {
  const { ref } = await tenant("019ab000-0000-7000-8000-00000000000d");
  const name = "wall-019ab000-0000-7000-8000-00000000000d";
  await admin((sql) => sql`update pharmasight.databases set is_ready = false where ref = ${ref}`);
  expect(await hosts().find(name)).toBeUndefined();
  expect((await hosts().list(name)).projects).toMatchObject([{ ref, status: "creating" }]);
  expect(await hosts().create(wanted(name))).toMatchObject({ ref, status: "ready" });
  await hosts().delete(ref);
  expect(await admin((sql) => sql`select rolname from pg_roles where rolname like ${`%${ref}%`}`)).toEqual([]);
});
