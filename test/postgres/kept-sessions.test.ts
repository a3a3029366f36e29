import { keepingSessions, type WithSession } from "@pharmasight/adapters/postgres/session";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestCluster, type TestCluster } from "./fixture.ts";

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const at = (database = "postgres", settings = "set lock_timeout = '7s'") => ({
  endpoint: { host: cluster.host, port: cluster.port, database },
  credential: cluster.superuser,
  applicationName: "kept-sessions-test",
  settings,
});

/** Which backend serves a call. */
const pidOf = (connect: WithSession, options = at()): Promise<number> =>
  connect(options, async (session) => Number((await session.rows("select pg_backend_pid() as pid"))[0]?.pid));

async function open(): Promise<number> {
  const [row] = await cluster.admin`
    select count(*)::int from pg_stat_activity where application_name = 'kept-sessions-test'`;
  return row?.["count"];
}

test("calls one after another share a connection and its settings, which ends with the work, also when that throws", async () => {
  const seen = await keepingSessions(async (connect) => {
    const pids = [await pidOf(connect), await pidOf(connect)];
    const [row] = await connect(at(), (session) => session.rows("select current_setting('lock_timeout') as value"));
    expect(await open()).toBe(1);
    return [...pids, row?.value];
  });
  expect(seen).toEqual([seen[0], seen[0], "7s"]);
  await expect.poll(open).toBe(0);
  const failing = keepingSessions(async (connect) => {
    await pidOf(connect);
    throw new Error("stopped");
  });
  await expect(failing).rejects.toThrow("stopped");
  await expect.poll(open).toBe(0);
});

test("a connection that died between two calls is replaced without a word", async () => {
  await keepingSessions(async (connect) => {
    const first = await pidOf(connect);
    await cluster.admin`select pg_terminate_backend(${first}, 5000)`;
    expect(await pidOf(connect)).not.toBe(first);
  });
});

test("a call that fails takes its connection along, with the lock and the transaction that it left", async () => {
  await keepingSessions(async (connect) => {
    const failed = connect(at(), async (session) => {
      await session.script("select pg_advisory_lock(4711); begin; create table left_behind ()");
      throw new Error("half-way");
    });
    await expect(failed).rejects.toThrow("half-way");
    const [row] = await connect(at(), (session) =>
      session.rows("select pg_try_advisory_lock(4711) as locked, to_regclass('left_behind') as found"),
    );
    expect(row).toEqual({ locked: true, found: null });
  });
});

test("another database, another user and a call at the same time have connections of their own", async () => {
  await cluster.admin.unsafe("create role other_user login password 'other'");
  await keepingSessions(async (connect) => {
    const other = { ...at(), credential: { user: "other_user", password: "other" } };
    const pids = await Promise.all([
      pidOf(connect),
      pidOf(connect),
      pidOf(connect, at("template1")),
      pidOf(connect, other),
    ]);
    expect(new Set(pids).size).toBe(4);
    // Of the two that were alike one is kept.
    expect(pids.slice(0, 2)).toContain(await pidOf(connect));
    await expect.poll(open).toBe(3);
    // A password that is wrong does not get in on a connection that was opened with the right one.
    const wrong = { ...other, credential: { user: "other_user", password: "wrong" } };
    await expect(pidOf(connect, wrong)).rejects.toMatchObject({ code: "unavailable" });
  });
});
