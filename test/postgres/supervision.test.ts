import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { type Database, type DatabaseOptions, openDatabase } from "@pharmasight/adapters/postgres/database";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { silent, startTestCluster, type TestCluster } from "./fixture.ts";

interface Tables {
  pharmacists: { id: string; fullName: string };
}

const KILLS = 10;
const NAME = "supervision-test";

let cluster: TestCluster;
const handles: Database<Tables>[] = [];
const servers: Server[] = [];

beforeAll(async () => {
  cluster = await startTestCluster();
  await cluster.admin`create table pharmacists (id uuid primary key, full_name text not null unique)`;
});
afterAll(() => cluster.stop());
afterEach(async () => {
  await Promise.all(handles.splice(0).map((handle) => handle.close()));
  for (const server of servers.splice(0)) server.close();
});

function open(changes: Partial<DatabaseOptions> = {}): Database<Tables> {
  const handle = openDatabase<Tables>({
    endpoint: { host: cluster.host, port: cluster.port, database: "postgres" },
    credential: async () => cluster.superuser,
    poolSize: 1,
    idleSeconds: 60,
    maxAgeSeconds: 300,
    connectTimeoutMs: 5000,
    queryTimeoutMs: 10_000,
    transactionTimeoutMs: 10_000,
    applicationName: NAME,
    log: silent,
    ...changes,
  });
  handles.push(handle);
  return handle;
}

const answer = async ({ db }: Pick<Database<Tables>, "db">) =>
  (await db.selectNoFrom((eb) => eb.lit(42).as("answer")).executeTakeFirstOrThrow()).answer;
const sleep = ({ db }: Pick<Database<Tables>, "db">, seconds: number) =>
  db.selectNoFrom((eb) => eb.fn<string>("pg_sleep", [eb.val(seconds)]).as("slept")).execute();

/** What a person would be told. Everything else that comes out of a lost connection fails the test. */
async function unavailable(work: Promise<unknown>): Promise<DomainError> {
  const error: unknown = await work.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DomainError);
  expect(error).toMatchObject({ code: "unavailable", retryAfterSeconds: expect.any(Number) });
  return error as DomainError;
}

async function kill(state: string): Promise<void> {
  await vi.waitFor(async () => {
    const killed = await cluster.admin`
      select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = ${NAME} and state = ${state}`;
    expect(killed.length).toBeGreaterThan(0);
  });
}

test("a server process that dies during a query fails that query only", async () => {
  const handle = open();
  for (let round = 0; round < KILLS; round += 1) {
    const query = unavailable(sleep(handle, 30));
    await kill("active");
    await query;
    expect(await answer(handle)).toBe(42);
  }
});

test("a server process that dies when idle is not noticed by the next query", async () => {
  const handle = open();
  for (let round = 0; round < KILLS; round += 1) {
    expect(await answer(handle)).toBe(42);
    await kill("idle");
    await vi.waitFor(() => expect(handle.stats().open).toBe(0));
    expect(await answer(handle)).toBe(42);
  }
});

test("a server process that dies inside a transaction fails that transaction only, and nothing of it stays", async () => {
  const handle = open();
  for (let round = 0; round < KILLS; round += 1) {
    await unavailable(
      handle.db.transaction().execute(async (tx) => {
        await tx.insertInto("pharmacists").values({ id: crypto.randomUUID(), fullName: "Ada" }).execute();
        await kill("idle in transaction");
        await answer({ db: tx });
      }),
    );
    expect(await handle.db.selectFrom("pharmacists").selectAll().execute()).toEqual([]);
  }
});

test("queries that wait for one another in a transaction all fail when its server process dies", async () => {
  const handle = open();
  await handle.db
    .transaction()
    .execute(async (tx) => {
      const queries = [1, 2, 3].map(() => unavailable(sleep({ db: tx }, 30)));
      await kill("active");
      await Promise.all(queries);
    })
    .catch(() => {});
  expect(await answer(handle)).toBe(42);
});

test("a server that accepts and closes is not stormed with connections", async () => {
  let connections = 0;
  const handle = open({
    endpoint: await listen((socket) => {
      connections += 1;
      socket.destroy();
    }),
  });
  await unavailable(answer(handle));
  await unavailable(answer(handle));
  expect(connections).toBe(2);
});

test("a server that accepts and says nothing is given up after the connect timeout", async () => {
  const handle = open({ endpoint: await listen(() => {}), connectTimeoutMs: 50 });
  await unavailable(answer(handle));
  expect(handle.stats()).toEqual({ open: 0, busy: 0 });
});

test("a database that is down is found again when it is back", async () => {
  const port = (await listen(() => {})).port;
  const { host } = cluster;
  const endpoint = { host, port, database: "postgres" };
  const handle = open({ endpoint, connectTimeoutMs: 50 });
  await unavailable(answer(handle));
  Object.assign(endpoint, { port: cluster.port });
  expect(await answer(handle)).toBe(42);
});

test("a password that was rotated is read again, once, without an error for anybody", async () => {
  await cluster.admin`create role rotated login password 'second'`;
  const asked: boolean[] = [];
  const handle = open({
    poolSize: 3,
    credential: async ({ refresh }) => {
      asked.push(refresh);
      return { user: "rotated", password: asked.includes(true) ? "second" : "first" };
    },
  });
  expect(await Promise.all([answer(handle), answer(handle), answer(handle)])).toEqual([42, 42, 42]);
  expect(asked.filter((refresh) => refresh)).toHaveLength(1);
});

test("a password that stays wrong is tried once, then not for 30 seconds, then again, and is never shown", async () => {
  await cluster.admin`create role locked login password 'right'`;
  let now = Date.parse("2026-11-24T08:00:00Z");
  let password = "wrong-and-secret";
  let asked = 0;
  const lines: unknown[] = [];
  const handle = open({
    poolSize: 2,
    clock: { now: () => new Date(now) },
    log: { ...silent, error: (...line) => lines.push(line), warn: (...line) => lines.push(line) },
    credential: async () => {
      asked += 1;
      return { user: "locked", password };
    },
  });
  const errors = await Promise.all([unavailable(answer(handle)), unavailable(answer(handle))]);
  errors.push(await unavailable(answer(handle)));
  expect(asked).toBe(2);
  expect(errors.map((error) => error.retryAfterSeconds)).toEqual([30, 30, 30]);
  const shown = [...errors, ...lines.flat()].map(
    (item) => `${String(item)} ${JSON.stringify(item)} ${String(item instanceof Error && item.cause)}`,
  );
  expect(shown.join("\n")).not.toContain(password);
  password = "right";
  now += 31_000;
  expect(await answer(handle)).toBe(42);
});

test("no more connections are open than the pool's size", async () => {
  const handle = open({ poolSize: 2 });
  let most = 0;
  const queries = Array.from({ length: 12 }, () => sleep(handle, 0.01));
  for (const query of queries) {
    const [row] = await cluster.admin`select count(*)::int as n from pg_stat_activity where application_name = ${NAME}`;
    most = Math.max(most, row?.n);
    await query;
  }
  expect(most).toBe(2);
});

test("a query on the database inside a transaction that holds the only connection fails instead of hanging", async () => {
  const warnings: unknown[] = [];
  const handle = open({ queryTimeoutMs: 100, log: { ...silent, warn: (...line) => warnings.push(line) } });
  await handle.db.transaction().execute(async () => {
    const error = await unavailable(answer(handle));
    expect(String(error.cause)).toContain("use the transaction's own handle");
  });
  expect(JSON.stringify(warnings)).toContain("inside a transaction");
  expect(await answer(handle)).toBe(42);
});

test("a query that takes too long fails, and its connection is not used again", async () => {
  const handle = open({ queryTimeoutMs: 100 });
  await unavailable(sleep(handle, 30));
  expect(await answer(handle)).toBe(42);
});

test("a transaction that takes too long fails, also while it only thinks", async () => {
  const handle = open({ transactionTimeoutMs: 100 });
  await unavailable(
    handle.db.transaction().execute(async (tx) => {
      await answer({ db: tx });
      await vi.waitFor(() => expect(handle.stats().open).toBe(0));
      await answer({ db: tx });
    }),
  );
  expect(await answer(handle)).toBe(42);
});

test("a connection past its age or its idle time is replaced at the next use, though no timer fired", async () => {
  let now = Date.parse("2026-11-24T08:00:00Z");
  const handle = open({ clock: { now: () => new Date(now) } });
  const pid = async () =>
    (await handle.db.selectNoFrom((eb) => eb.fn<number>("pg_backend_pid", []).as("pid")).executeTakeFirstOrThrow()).pid;
  const first = await pid();
  now += 50_000;
  expect(await pid()).toBe(first);
  now += 61_000;
  const second = await pid();
  expect(second).not.toBe(first);
  for (let use = 0; use < 7; use += 1) {
    now += 50_000;
    await pid();
  }
  expect(await pid()).not.toBe(second);
});

test("an idle connection is closed by the clock on the wall, too", async () => {
  const handle = open({ idleSeconds: 0.05 });
  await answer(handle);
  await vi.waitFor(() => expect(handle.stats().open).toBe(0));
});

test("a closed handle opens nothing any more, not for those either who were waiting", async () => {
  const handle = open();
  const running = sleep(handle, 0.05);
  const waiting = unavailable(answer(handle));
  await vi.waitFor(() => expect(handle.stats()).toEqual({ open: 1, busy: 1 }));
  await handle.close();
  await running;
  await waiting;
  await unavailable(answer(handle));
  expect(handle.stats()).toEqual({ open: 0, busy: 0 });
});

test("a retired handle serves on for a while, and keeps no connection", async () => {
  let now = Date.now();
  const handle = open({ clock: { now: () => new Date(now) } });
  await answer(handle);
  const running = sleep(handle, 0.05);
  const waiting = answer(handle);
  await vi.waitFor(() => expect(handle.stats()).toEqual({ open: 1, busy: 1 }));
  handle.retire(35);
  await running;
  expect(await waiting).toBe(42);
  now += 34_999;
  expect(await answer(handle)).toBe(42);
  expect(handle.stats()).toEqual({ open: 0, busy: 0 });
  now += 1;
  await unavailable(answer(handle));
});

test("a handle that is retired while it is idle closes its connection at once", async () => {
  const handle = open();
  await answer(handle);
  handle.retire(35);
  expect(handle.stats()).toEqual({ open: 0, busy: 0 });
});

test("a transaction whose error was swallowed is not taken for committed", async () => {
  const handle = open();
  await cluster.admin`insert into pharmacists values (${crypto.randomUUID()}, 'Grace')`;
  const lost = handle.db.transaction().execute(async (tx) => {
    const insert = (fullName: string) =>
      tx.insertInto("pharmacists").values({ id: crypto.randomUUID(), fullName }).execute();
    await insert("Barbara");
    await insert("Grace").catch(() => {});
  });
  await expect(lost).rejects.toThrow(/rolled back/);
  expect(await handle.db.selectFrom("pharmacists").select("fullName").execute()).toEqual([{ fullName: "Grace" }]);
});

test("what Postgres refuses passes through with its code and constraint", async () => {
  const handle = open();
  const insert = () =>
    handle.db.insertInto("pharmacists").values({ id: crypto.randomUUID(), fullName: "Edsger" }).execute();
  await insert();
  await expect(insert()).rejects.toMatchObject({ code: "23505", constraint_name: "pharmacists_full_name_key" });
  expect(handle.stats()).toEqual({ open: 1, busy: 0 });
});

test("a server elsewhere is refused without the certificate of its authority", () => {
  const endpoint = { host: "db.example.com", port: 5432, database: "postgres" };
  expect(() => open({ endpoint })).toThrow(/DATABASE_CA/);
  for (const host of ["127.0.0.1.example.com", "127.example.com", "localhost.example.com", "10.0.0.1"]) {
    expect(() => open({ endpoint: { ...endpoint, host } }), host).toThrow(DomainError);
  }
});

async function listen(accept: (socket: import("node:net").Socket) => void) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    accept(socket);
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return { host: "127.0.0.1", port: address.port, database: "postgres" };
}
