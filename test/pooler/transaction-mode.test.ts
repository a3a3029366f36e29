import { openDatabase } from "@pharmasight/adapters/postgres/database";
import { DomainError } from "@pharmasight/core/kernel/errors";
import type { TenantTables } from "@pharmasight/core/tenant/tables.generated";
import { type Kysely, sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/stack.ts";
import { silent } from "../postgres/fixture.ts";
import { describePooled } from "./pgbouncer.ts";
import { nothing, residueOf } from "./residue.ts";
import { PERSON_ID, type PooledTenant, type PooledTenants, startPooledTenants, type TenantProcess } from "./tenants.ts";

const TENANTS = 10;
/** Statements that change a session, and thereby whoever gets the backend next. */
const FOR_THE_SESSION =
  /^\s*(set(?!\s+(local|transaction|constraints)\b)|reset|discard|listen|prepare|declare|create\s+temp|lock\b)|pg_(try_)?advisory_lock|set_config\([^)]*false/i;

describePooled("behind a transaction pooler with one backend", () => {
  let world: PooledTenants;
  let alfa: PooledTenant;
  let bravo: PooledTenant;
  let one: TenantProcess;
  let other: TenantProcess;

  beforeAll(async () => {
    world = await startPooledTenants(TENANTS);
    [alfa, bravo] = world.tenants as [PooledTenant, PooledTenant];
    one = world.process("one");
    other = world.process("other");
  });
  afterAll(() => world?.stop());

  const nameOf = async (db: Kysely<TenantTables>): Promise<string> =>
    (await db.selectFrom("users").select("name").where("id", "=", PERSON_ID).executeTakeFirstOrThrow()).name;
  const pidOf = async (db: Kysely<TenantTables>): Promise<number> => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
    return Number(rows[0]?.pid);
  };

  /** Begins a transaction that renames the person and then waits to be told how to end. */
  async function renaming(process: TenantProcess, tenant: PooledTenant) {
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const db = await process.db(tenant);
    const outcome = db
      .transaction()
      .execute(async (tx) => {
        await tx.updateTable("users").set({ name: "torn" }).where("id", "=", PERSON_ID).execute();
        begun.resolve();
        await end.promise;
        await nameOf(tx);
      })
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    await begun.promise;
    return { outcome, fail: () => end.reject(new Error("thought better of it")), goOn: () => end.resolve() };
  }

  test("clients share a backend, and whatever one leaves on it reaches the next: the look at it sees each kind", async () => {
    const [careless, next] = [world.rawClient(alfa), world.rawClient(alfa)];
    await world.cluster.admin.unsafe(
      `grant temporary on database ${alfa.secret.pooled.database} to ${alfa.secret.app.user}`,
    );
    const before = await residueOf(next);
    expect(before).toEqual({ ...nothing, pid: (await residueOf(careless)).pid });
    for (const statement of [
      "set statement_timeout = '1234ms'",
      "set search_path = public",
      "select pg_advisory_lock(7)",
      "prepare planted as select 1",
      "create temporary table planted ()",
      "listen planted",
      "declare planted cursor with hold for select 1",
      "set role pharmacy_app",
    ]) {
      await careless.unsafe(statement).simple();
    }
    expect(await residueOf(next)).toEqual({
      pid: before.pid,
      settings: ["search_path=public", "statement_timeout=1234"],
      role: "pharmacy_app",
      preparedStatements: 1,
      advisoryLocks: 1,
      cursors: 1,
      channels: 1,
      temporaryTables: true,
      insideTransaction: false,
    });
    await careless.unsafe("begin").simple();
    await careless.unsafe("rollback").simple();
    await world.cluster.admin`select pg_terminate_backend(${before.pid}, 5000)`;
    await eventually("a fresh backend", async () => ((await residueOf(next)).pid === before.pid ? undefined : true));
  });

  test("nothing that we do stays on the backend that we share with another process", async () => {
    for (const process of [one, other]) {
      const db = await process.db(alfa);
      await nameOf(db);
      await db.transaction().execute(async (tx) => {
        await tx.updateTable("users").set({ updatedAt: new Date() }).where("id", "=", PERSON_ID).execute();
        expect(await nameOf(tx)).toBe(alfa.canary);
      });
      await db.transaction().setIsolationLevel("serializable").setAccessMode("read only").execute(nameOf);
      await expect(sql`select 1 / 0`.execute(db)).rejects.toMatchObject({ code: "22012" });
      await expect(
        db.transaction().execute(async (tx) => {
          await tx.updateTable("users").set({ name: "torn" }).where("id", "=", PERSON_ID).execute();
          throw new Error("thought better of it");
        }),
      ).rejects.toThrow("thought better of it");
      const controlled = await db.startTransaction().execute();
      const inside = await controlled.savepoint("before").execute();
      await sql`select 1 / 0`.execute(inside).catch(() => {});
      await inside.rollbackToSavepoint("before").execute();
      await controlled.commit().execute();
      expect(await nameOf(await process.db(alfa, "reader"))).toBe(alfa.canary);
    }
    const next = world.rawClient(alfa);
    const pids = await Promise.all([one, other].map(async (process) => pidOf(await process.db(alfa))));
    expect(new Set(pids).size).toBe(1);
    expect(await residueOf(next)).toEqual({ ...nothing, pid: pids[0] });
    const [named] = await next.unsafe("select current_setting('application_name') as name").simple();
    expect(["one", "other"]).not.toContain(named?.["name"]);
  });

  test.each(["app", "reader"] as const)("the limits of the role %s hold on pooled connections", async (role) => {
    const db = await one.db(bravo, role);
    const { rows } = await sql<Record<string, string>>`
      select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
        current_setting('idle_in_transaction_session_timeout') as idle, current_setting('search_path') as path`.execute(
      db,
    );
    expect(rows).toEqual([{ statement: "20s", lock: "5s", idle: "30s", path: "pharmacy" }]);
    // The same way to the backend, with a limit that a test can wait for.
    await world.cluster.admin.unsafe(`alter role ${bravo.secret[role].user} set statement_timeout = '200ms'`);
    await world.pooler.console("RECONNECT");
    await eventually("a backend with the new limit", async () => {
      const { rows: limits } = await sql<{ statement_timeout: string }>`show statement_timeout`.execute(db);
      return Object.values(limits[0] ?? {}).includes("200ms") ? true : undefined;
    });
    await expect(sql`select pg_sleep(10)`.execute(db)).rejects.toMatchObject({ code: "57014" });
    await world.cluster.admin.unsafe(`alter role ${bravo.secret[role].user} set statement_timeout = '20s'`);
    await world.pooler.console("RECONNECT");
    expect(await nameOf(db)).toBe(bravo.canary);
  });

  test("a query that is given up frees the only backend for the next client", async () => {
    const hasty = openDatabase<TenantTables>({
      endpoint: bravo.secret.pooled,
      credential: async () => bravo.secret.app,
      poolSize: 1,
      idleSeconds: 60,
      maxAgeSeconds: 300,
      connectTimeoutMs: 5000,
      queryTimeoutMs: 500,
      transactionTimeoutMs: 5000,
      applicationName: "hasty",
      log: silent,
    });
    await expect(sql`select pg_sleep(15)`.execute(hasty.db)).rejects.toMatchObject({ code: "unavailable" });
    expect(await nameOf(await one.db(bravo))).toBe(bravo.canary);
    await eventually("the abandoned query to end", async () => {
      const [running] = await world.cluster.admin`
        select from pg_stat_activity where usename = ${bravo.secret.app.user} and query like '%pg_sleep%' and state = 'active'`;
      return running === undefined ? true : undefined;
    });
    await hasty.close();
  });

  test("200 requests at once, of ten pharmacies in three processes, get their own rows from shared backends", async () => {
    const since = world.wire.conversations.length;
    const processes = ["first", "second", "third"].map((name) => world.process(name));
    const pids = new Map<PooledTenant, Set<number>>(world.tenants.map((tenant) => [tenant, new Set()]));
    const asked = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const tenant = world.tenants[index % TENANTS] as PooledTenant;
        const db = await (processes[index % 3] as TenantProcess).db(tenant);
        if (Math.floor(index / TENANTS) % 2 === 0) return { tenant, names: [await nameOf(db)] };
        return db.transaction().execute(async (tx) => {
          const names = [await nameOf(tx)];
          pids.get(tenant)?.add(await pidOf(tx));
          await sql`select pg_sleep(0.002)`.execute(tx);
          const query = tx.updateTable("users").set({ updatedAt: new Date() }).where("id", "=", PERSON_ID);
          names.push((await query.returning("name").executeTakeFirstOrThrow()).name);
          return { tenant, names };
        });
      }),
    );
    const foreign = asked.filter(({ tenant, names }) => names.some((name) => name !== tenant.canary));
    expect(foreign).toEqual([]);
    expect([...pids.values()].map((seen) => seen.size)).toEqual(world.tenants.map(() => 1));
    expect(world.wire.conversations.length - since).toBe(3 * TENANTS);
    const backends = await world.cluster.admin`
      select datname, usename, count(*)::integer from pg_stat_activity where usename like 'app\\_%'
      group by 1, 2 having count(*) > 1`;
    expect([...backends]).toEqual([]);
    await Promise.all(processes.map((process) => process.close()));
  });

  test("one request at a time is under way on a connection, and none is named or for the session", async () => {
    const seen = world.wire.conversations.length;
    const busy = world.process("busy");
    const db = await busy.db(alfa);
    await Promise.all(Array.from({ length: 50 }, () => nameOf(db)));
    await Promise.all(
      Array.from({ length: 20 }, () => db.transaction().execute((tx) => Promise.all([nameOf(tx), pidOf(tx)]))),
    );
    // Of all tests so far, too.
    for (const { syncsAtOnce, namedStatements, statements } of world.wire.conversations) {
      expect({ syncsAtOnce, namedStatements }).toEqual({ syncsAtOnce: 1, namedStatements: 0 });
      expect(statements.filter((statement) => FOR_THE_SESSION.test(statement))).toEqual([]);
    }
    expect(world.wire.conversations[seen]?.statements.length).toBeGreaterThan(90);

    // The witness can see what it must not: the same driver as its library would use it.
    const { host, port } = world.wire;
    const careless = world.rawClient(alfa, { host, port, prepare: true });
    await careless.unsafe("set statement_timeout = '20s'").simple();
    await Promise.all(Array.from({ length: 20 }, (_, number) => careless`select ${number}::integer`.catch(() => {})));
    const last = world.wire.conversations.at(-1);
    expect(last?.syncsAtOnce).toBeGreaterThan(1);
    expect(last?.namedStatements).toBeGreaterThan(0);
    expect(last?.statements.filter((statement) => FOR_THE_SESSION.test(statement))).toHaveLength(1);
    const { pid } = await residueOf(careless);
    await world.cluster.admin`select pg_terminate_backend(${pid}, 5000)`;
    await busy.close();
  });

  test("a transaction that throws, and one whose process is gone, never reach the next client", async () => {
    const next = world.rawClient(alfa);
    const thrown = await renaming(one, alfa);
    const waiting = residueOf(next);
    thrown.fail();
    expect(await thrown.outcome).toMatchObject({ message: "thought better of it" });
    expect(await waiting).toMatchObject(nothing);
    expect(await nameOf(await other.db(alfa))).toBe(alfa.canary);

    const cut = await renaming(one, alfa);
    const behind = residueOf(next);
    world.wire.cut();
    cut.goOn();
    expect(await cut.outcome).toMatchObject({ code: "unavailable" });
    expect(await behind).toMatchObject(nothing);
    expect(await nameOf(await other.db(alfa))).toBe(alfa.canary);
  });

  test("a backend that dies idle is not noticed, and one that dies in a transaction fails that one only", async () => {
    const db = await one.db(alfa);
    for (let round = 0; round < 10; round += 1) {
      await world.cluster.admin`select pg_terminate_backend(${await pidOf(db)}, 5000)`;
      expect(await nameOf(db)).toBe(alfa.canary);
    }
    const dying = await renaming(one, alfa);
    await world.cluster.admin`select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where usename = ${alfa.secret.app.user} and state = 'idle in transaction'`;
    dying.goOn();
    expect(await dying.outcome).toBeInstanceOf(DomainError);
    expect(await dying.outcome).toMatchObject({ code: "unavailable" });
    expect(await nameOf(db)).toBe(alfa.canary);
  });

  test("the pooler reconnecting or pausing under load fails nobody", async () => {
    const loads = world.tenants.flatMap((tenant) => [one, other].map((process) => ({ tenant, process })));
    let stopped = false;
    let answers = 0;
    const load = Promise.all(
      loads.map(async ({ tenant, process }) => {
        const db = await process.db(tenant);
        while (!stopped) {
          expect(await nameOf(db)).toBe(tenant.canary);
          answers += 1;
        }
      }),
    );
    const moreAnswers = async () => {
      const before = answers;
      await eventually("more answers", async () => (answers > before + loads.length ? true : undefined));
    };
    await moreAnswers();
    for (let round = 0; round < 3; round += 1) {
      await world.pooler.console("RECONNECT");
      await moreAnswers();
    }
    await world.pooler.console("PAUSE");
    await eventually("everybody to wait", async () => {
      const pools = await world.pooler.console("SHOW POOLS");
      const waiting = pools.reduce((sum, pool) => sum + Number(pool["cl_waiting"]), 0);
      return waiting === loads.length ? true : undefined;
    });
    await world.pooler.console("RESUME");
    await moreAnswers();
    stopped = true;
    await load;
  });

  test("a pooler that is killed is unavailable, and after its restart everything goes on", async () => {
    const db = await one.db(alfa);
    await nameOf(db);
    await world.pooler.kill();
    await expect(nameOf(db)).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: expect.any(Number) });
    await world.pooler.restart();
    expect(await nameOf(db)).toBe(alfa.canary);
    expect(await nameOf(await other.db(bravo))).toBe(bravo.canary);
  });
});
