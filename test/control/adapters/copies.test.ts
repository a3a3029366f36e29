import { postgresTenantSetup } from "@pharmasight/adapters/postgres/tenant-setup";
import { postgresServerHosts } from "@pharmasight/adapters/postgres-server/database-hosts";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silent, startTestCluster, type TestCluster } from "../../postgres/fixture.ts";

const REGION = "nairobi-1";
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster?.stop());

const hosts = () =>
  postgresServerHosts({
    administrator: async () => ({ host: cluster.host, port: cluster.port, database: "postgres", ...cluster.superuser }),
    region: REGION,
  });

async function copied(ref: string, name: string) {
  const copy = await hosts().copy?.(ref, name);
  if (copy === undefined) throw new Error("This provider copies nothing.");
  return copy;
}

const connect = (database: string, username: string, options: postgres.Options<Record<string, never>> = {}) =>
  postgres({ host: cluster.host, port: cluster.port, database, username, password: "password", max: 1, ...options });

/** A project with a row in it and roles of its own. */
async function project(name: string) {
  const { ref } = await hosts().create({ name, ownerPassword: "password", region: REGION, size: "any" });
  const { session, ownerUser } = await hosts().endpoints(ref);
  const owner = { tenantId: "019ab000-0000-7000-8000-00000000000a", user: ownerUser, password: "password", session };
  const roles = { app: `app_${ref}`, reader: `reader_${ref}` };
  const setup = postgresTenantSetup({ log: silent });
  await setup.createRoles(owner, roles);
  const withPassword = (user: string) => ({ user, password: "password" });
  await setup.setPasswords(owner, { app: withPassword(roles.app), reader: withPassword(roles.reader) });
  await setup.claimIdentity(owner);
  return { ref, ownerUser, app: roles.app };
}

const databases = async (): Promise<string[]> => {
  const rows = await cluster.admin`select datname from pg_database where datname like 'copy_%' order by datname`;
  return rows.map(({ datname }) => String(datname));
};

test("a copy has everything, belongs to the same owner, and lets nobody else in", async () => {
  const { ref, ownerUser, app } = await project("copied");
  const copy = await copied(ref, "rehearsal");
  expect(copy.endpoints.session.database).toMatch(/^copy_[0-9a-f]{24}$/);
  expect(copy.endpoints).toMatchObject({ ownerUser, userSuffix: "" });
  const inCopy = connect(copy.endpoints.session.database, ownerUser);
  expect(await inCopy`select tenant_id from pharmacy.identity`).toHaveLength(1);
  await inCopy`create table pharmacy.tried (id integer)`;
  await inCopy.end();
  const asApp = connect(copy.endpoints.session.database, app);
  await expect(asApp`select 1`).rejects.toMatchObject({ code: "42501" });
  await asApp.end();
  const inSource = connect(ref, ownerUser);
  expect(await inSource`select to_regclass('pharmacy.tried') as tried`).toEqual([{ tried: null }]);
  await inSource.end();
  await copy.discard();
  await copy.discard();
  expect(await databases()).toEqual([]);
});

test("a database that people work in is copied while they connect again and again, and is never shut", async () => {
  const { ref, ownerUser } = await project("busy");
  let isOver = false;
  let answered = 0;
  const refusals: unknown[] = [];
  const people = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      const sql = connect(ref, ownerUser, { onnotice: () => {} });
      try {
        await sql`select pg_sleep(0.02)`;
        answered += 1;
      } catch (error) {
        refusals.push(Reflect.get(Object(error), "code"));
      }
      await sql.end({ timeout: 0 });
    }
  });
  await expect.poll(() => answered).toBeGreaterThan(4);
  // As a pool keeps them: it would stay for ever.
  const idle = connect(ref, ownerUser, { idle_timeout: 0 });
  await idle`select 1`;
  const copy = await copied(ref, "rehearsal");
  const before = answered;
  await expect.poll(() => answered).toBeGreaterThan(before);
  isOver = true;
  await Promise.all(people);
  await idle.end({ timeout: 0 });
  // Ended, or closed before an answer; never refused.
  expect(refusals.filter((code) => !["57P01", "CONNECTION_CLOSED", "ECONNRESET"].includes(String(code)))).toEqual([]);
  const [source] = await cluster.admin`select datallowconn from pg_database where datname = ${ref}`;
  expect(source?.datallowconn).toBe(true);
  await copy.discard();
});

test("the same name replaces its copy, and two at once both succeed", async () => {
  const { ref, ownerUser } = await project("again");
  const first = await copied(ref, "rehearsal");
  const sql = connect(first.endpoints.session.database, ownerUser);
  await sql`create table pharmacy.tried (id integer)`;
  const [second] = await Promise.all([copied(ref, "rehearsal"), copied(ref, "another")]);
  await sql.end({ timeout: 0 });
  expect(second.endpoints).toEqual(first.endpoints);
  expect(await databases()).toHaveLength(2);
  const anew = connect(second.endpoints.session.database, ownerUser);
  expect(await anew`select to_regclass('pharmacy.tried') as tried`).toEqual([{ tried: null }]);
  await anew.end();
  await hosts().delete(ref);
});

test("copies that nobody discarded go after a day, and with their database", async () => {
  const { ref, ownerUser } = await project("orphans");
  const other = await project("orphans-2");
  const old = await copied(ref, "old");
  const young = await copied(ref, "young");
  await cluster.admin`
    update pharmasight.copies set created_at = now() - interval '25 hours' where name = ${old.endpoints.session.database}`;
  const latest = await copied(other.ref, "latest");
  const left = [young, latest].map(({ endpoints }) => endpoints.session.database).sort();
  expect(await databases()).toEqual(left);
  expect(await hosts().delete(ref)).toEqual({ isAccepted: true });
  expect(await databases()).toEqual([latest.endpoints.session.database]);
  expect(await cluster.admin`select from pg_roles where rolname = ${ownerUser}`).toHaveLength(0);
  await hosts().delete(other.ref);
});

test("what is not there cannot be copied, and a reference is never a statement", async () => {
  await expect(copied("ps_000000000000000000000000", "x")).rejects.toMatchObject({ code: "not_found" });
  await expect(copied('postgres"; drop table x', "x")).rejects.toMatchObject({ code: "not_found" });
});
