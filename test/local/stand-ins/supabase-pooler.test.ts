import { connect as open } from "node:net";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type SupabaseWorld, startSupabaseWorld } from "./world.ts";

let world: SupabaseWorld;
let ref: string;
let other: string;
const clients: postgres.Sql[] = [];

beforeAll(async () => {
  world = await startSupabaseWorld();
  ref = await world.createProject("ps-a", "secret-a");
  other = await world.createProject("ps-b", "secret-b");
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end({ timeout: 0 })));
});

afterAll(() => world.stop());

interface Login {
  readonly user: string;
  readonly password: string;
  readonly port?: number;
  readonly database?: string;
  readonly connection?: Record<string, string>;
}

function connect({ user, password, port, database, connection }: Login): postgres.Sql {
  const client = postgres({
    host: "127.0.0.1",
    port: port ?? world.supabase.sessionPort,
    database: database ?? "postgres",
    username: user,
    password,
    max: 1,
    prepare: false,
    connect_timeout: 5,
    onnotice: () => undefined,
    ...(connection === undefined ? {} : { connection }),
  });
  clients.push(client);
  return client;
}

const owner = (of = ref, password = "secret-a") => connect({ user: `postgres.${of}`, password });

/**
 * What the pooler says to a client before it closes. By hand, because the driver would try again for ever when a server
 * accepts and closes.
 */
async function firstAnswer(user: string): Promise<string> {
  const text = Buffer.from(`user\0${user}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + text.length, 0);
  head.writeInt32BE(196608, 4);
  return exchange(Buffer.concat([head, text]));
}

/** Sends the bytes and returns what came back until the socket closed. */
function exchange(bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = open(world.supabase.sessionPort, "127.0.0.1", () => socket.write(bytes));
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      answer += chunk.toString("utf8");
    });
    socket.once("close", () => resolve(answer));
  });
}

test("the owner reaches the project's own database on both ports, without being a superuser", async () => {
  for (const port of [world.supabase.sessionPort, world.supabase.transactionPort]) {
    const [row] = await connect({ user: `postgres.${ref}`, password: "secret-a", port })`
      select current_user as user, current_database() as database, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls
      from pg_roles where rolname = current_user`;
    expect(row).toEqual({
      user: `postgres_${ref}`,
      database: `project_${ref}`,
      rolsuper: false,
      rolcreaterole: true,
      rolcreatedb: true,
      rolbypassrls: true,
    });
  }
});

test("the owner can make schemas, roles in the shared groups and extensions, and the new role can connect", async () => {
  const sql = owner();
  await sql.unsafe(`
    create schema pharmacy;
    create extension pg_trgm;
    create table pharmacy.items (id int);
    grant usage on schema pharmacy to pharmacy_app;
    grant select on pharmacy.items to pharmacy_app;
    create role app_a login password 'secret' in role pharmacy_app;
    alter role app_a set statement_timeout = '5s';
    grant connect on database project_${ref} to app_a;
  `);
  const app = connect({ user: `app_a.${ref}`, password: "secret", port: world.supabase.transactionPort });
  expect(await app`select count(*)::int as items from pharmacy.items`).toEqual([{ items: 0 }]);
  await expect(app`create table pharmacy.more (id int)`).rejects.toMatchObject({ code: "42501" });
});

test("public is open to anon and authenticated by default, and the owner can shut it", async () => {
  const sql = owner();
  await sql`create table public.leaky (secret text)`;
  const mayRead = async (role: string, table: string) => {
    const [row] = await sql`select has_schema_privilege(${role}, 'public', 'usage')
      and has_table_privilege(${role}, ${table}, 'select, insert') as "can"`;
    return row?.can;
  };
  for (const role of ["anon", "authenticated", "service_role"]) expect(await mayRead(role, "leaky")).toBe(true);
  await sql.unsafe(`
    revoke all on schema public from anon;
    revoke all on all tables in schema public from anon;
    alter default privileges in schema public revoke all on tables from anon;
    create table public.sealed (secret text);
  `);
  expect(await mayRead("anon", "leaky")).toBe(false);
  const [sealed] = await sql`select has_table_privilege('anon', 'public.sealed', 'select') as "can"`;
  expect(sealed?.can).toBe(false);
});

test("another project's owner and roles cannot connect, neither by the pooler nor directly", async () => {
  await owner(other, "secret-b").unsafe(`create role app_b login password 'secret' in role pharmacy_app`);
  await owner().unsafe(`grant connect on database project_${ref} to pharmacy_app`);
  await expect(owner(ref, "secret-b")`select 1`).rejects.toMatchObject({ code: "28P01" });
  await expect(connect({ user: `app_b.${ref}`, password: "secret" })`select 1`).rejects.toMatchObject({
    code: "28P01",
  });
  const direct = connect({
    user: `postgres_${other}`,
    password: "secret-b",
    port: world.cluster.port,
    database: `project_${ref}`,
  });
  await expect(direct`select 1`).rejects.toMatchObject({ code: "42501" });
});

test("an unknown project, a role without one and a wrong password are refused as Supabase refuses them", async () => {
  for (const user of [`postgres.${"z".repeat(20)}`, "postgres", `postgres.${ref}x`]) {
    await expect(connect({ user, password: "secret-a" })`select 1`).rejects.toMatchObject({
      code: "XX000",
      message: "Tenant or user not found",
    });
  }
  await expect(owner(ref, "wrong")`select 1`).rejects.toMatchObject({ code: "28P01" });
});

test("the transaction port refuses settings at connect, the session port takes them", async () => {
  const login = { user: `postgres.${ref}`, password: "secret-a", connection: { statement_timeout: "5000" } };
  await expect(connect({ ...login, port: world.supabase.transactionPort })`select 1`).rejects.toMatchObject({
    code: "08P01",
    message: "unsupported startup parameter: statement_timeout",
  });
  expect(await connect(login)`show statement_timeout`).toEqual([{ statement_timeout: "5s" }]);
});

test("a query can be cancelled through the pooler", async () => {
  const query = owner()`select pg_sleep(60)`.execute();
  const watcher = owner();
  await expect
    .poll(
      async () =>
        (await watcher`select 1 from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()`)
          .length,
    )
    .toBe(1);
  query.cancel();
  await expect(query).rejects.toMatchObject({ code: "57014" });
});

test("a stopped database ends its connections and refuses new ones, either way, and no other project's", async () => {
  const bystander = owner(other, "secret-b");
  await bystander`select 1`;
  for (const outage of ["error", "closed"] as const) {
    const sleep = `select pg_sleep(60), '${outage}'`;
    const running = owner().unsafe(sleep).execute();
    const ended = expect(running).rejects.toMatchObject({ code: expect.stringMatching(/^CONNECTION_/) });
    const watcher = owner();
    await expect
      .poll(async () => (await watcher`select 1 from pg_stat_activity where query = ${sleep}`).length)
      .toBe(1);
    world.supabase.stopDatabase(ref, outage);
    await ended;
    const answer = await firstAnswer(`postgres.${ref}`);
    expect(answer.includes("connection to database closed")).toBe(outage === "error");
    expect(answer.length > 0).toBe(outage === "error");
    const health = await world.call("GET", `/v1/projects/${ref}/health?services=db`);
    expect(health.body).toMatchObject([{ name: "db", status: "UNHEALTHY", healthy: false }]);
    await bystander`select 1`;
    world.supabase.startDatabase(ref);
    await owner()`select 1`;
  }
});

test("connections and data survive a restart of the stand-in only as they should: data yes, connections no", async () => {
  const sql = owner();
  await sql`create table kept (id int)`;
  const { sessionPort } = world.supabase;
  world = await world.restart();
  expect(world.supabase.sessionPort).toBe(sessionPort);
  expect(await owner()`select count(*)::int as rows from kept`).toEqual([{ rows: 0 }]);
});

test("deleting a project drops its database, its owner and the roles that the owner made", async () => {
  const doomed = await world.createProject("ps-doomed", "secret");
  await owner(doomed, "secret").unsafe(`create role app_doomed login in role pharmacy_app`);
  expect((await world.call("DELETE", `/v1/projects/${doomed}`)).status).toBe(200);
  const { superuser, port } = world.cluster;
  const sql = connect({ user: superuser.user, password: superuser.password, port });
  const left = await sql`
    select rolname as name from pg_roles where rolname in (${`postgres_${doomed}`}, 'app_doomed')
    union all select datname from pg_database where datname = ${`project_${doomed}`}`;
  expect(left).toEqual([]);
  const shared = await sql`select 1 from pg_roles where rolname in ('pharmacy_app', 'pharmacy_reader', 'anon')`;
  expect(shared).toHaveLength(3);
});

test("bytes that are no startup message are answered by closing", async () => {
  for (const bytes of [
    Buffer.alloc(8),
    Buffer.from("GET / HTTP/1.1\r\n\r\n"),
    Buffer.from([0, 0, 0, 9, 0, 3, 0, 0, 0]),
  ]) {
    await exchange(bytes);
  }
  await owner()`select 1`;
});
