import { leadSchema, migrate } from "@pharmasight/adapters/migrations/executor";
import { schemaVersions } from "@pharmasight/adapters/migrations/schema-versions.generated";
import { postgresTenantSetup } from "@pharmasight/adapters/postgres/tenant-setup";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { silent, startTestCluster, type TestCluster } from "../postgres/fixture.ts";
import { LOCK_KEY, leadOf, migrationOf, TestSchema } from "./schemas.ts";

let cluster: TestCluster;
let schema: TestSchema;
let made = 0;

beforeAll(async () => {
  cluster = await startTestCluster();
  await cluster.admin`create role pharmacy_app nologin`;
  await cluster.admin`create role pharmacy_reader nologin`;
});
afterAll(() => cluster?.stop());
beforeEach(async () => {
  made += 1;
  schema = await TestSchema.make(cluster, `executor_${made}`);
});
// Whatever happened: a lock that stayed would keep everybody out.
afterEach(async () => {
  await expect.poll(() => schema.locks()).toBe(0);
});

const first = await migrationOf(1, "create table medicines (name text); insert into medicines values ('Aspirin')", {
  down: "drop table medicines",
});
const second = await migrationOf(2, "-- @lock-timeout 200ms\nalter table medicines add strength text", {
  down: "alter table medicines drop strength",
  verify: "select strength from medicines limit 0",
});
const reached = (version: number) => ({ kind: "reached", version, seen: undefined });

describe("all migrations of a plane", () => {
  test.each(["control", "tenant"] as const)("%s: apply, verify, go down and come up again", async (plane) => {
    const at = { endpoint: schema.endpoint, credential: cluster.superuser, plane };
    const newest = { schemaVersion: schemaVersions[plane] };
    expect(await migrate(at)).toEqual(newest);
    expect(await migrate(at)).toEqual(newest);
    // Back only by whoever leads there on purpose.
    expect(await migrate({ ...at, toVersion: 1 })).toEqual(newest);
    const led = { ...at, toVersion: 1, look: async () => undefined };
    const stays = { kind: "reached", version: newest.schemaVersion };
    expect(await leadSchema({ ...led, lead: leadOf(1, { mayGoDown: false }) })).toMatchObject(stays);
    expect(await leadSchema({ ...led, lead: leadOf(2) })).toMatchObject({ kind: "reached", version: 1 });
    expect(await leadSchema({ ...led, toVersion: 0, lead: leadOf(3) })).toMatchObject({ kind: "reached", version: 0 });
    expect(await migrate(at)).toEqual(newest);
  });
});

describe("a new database", () => {
  test("runners at once all succeed, and each migration is applied once", async () => {
    const runs = await Promise.all([1, 2, 3].map(() => schema.migrate([first, second])));
    expect(runs).toEqual(Array(3).fill({ schemaVersion: 2 }));
    expect(await schema.rows("select count(*)::int as n from medicines")).toEqual([{ n: 1 }]);
    expect(await schema.versions()).toEqual([1, 2]);
  });

  test("gets all or nothing of what one transaction can hold, and the statement that failed is named", async () => {
    const broken = await migrationOf(2, "create table other (id int); select 1 / 0; select 2");
    await expect(schema.migrate([first, broken])).rejects.toMatchObject({
      code: "internal",
      message: "migrations/tenant/0002_step/up.sql, statement 2, failed: division by zero",
    });
    expect(await schema.rows("select to_regclass('medicines') as found")).toEqual([{ found: null }]);
    expect(await schema.migrate([first, second])).toEqual({ schemaVersion: 2 });
  });

  test("a runner that finds the lock held waits for it", async () => {
    const other = schema.connect();
    await other`select pg_advisory_lock(${LOCK_KEY})`;
    const result = schema.migrate([first]);
    await expect
      .poll(async () => {
        const rows = await cluster.admin`
          select from pg_stat_activity where datname = ${schema.database} and query like '%pg_try_advisory_lock%'`;
        return rows.length;
      })
      .toBeGreaterThan(0);
    await other`select pg_advisory_unlock(${LOCK_KEY})`;
    expect(await result).toEqual({ schemaVersion: 1 });
  });

  test("the application cannot write its history, nor that of a database made before there was a fence", async () => {
    await schema.rows(`create schema pharmacy; create table pharmacy.schema_migrations (
      version integer primary key, name text not null, checksum text not null, applied_at timestamptz not null);
      insert into pharmacy.schema_migrations values (1, '${first.name}', '${first.checksum}', now());
      set search_path to pharmacy; ${first.up.join(";")}; grant usage on schema pharmacy to pharmacy_app;
      alter default privileges in schema pharmacy grant select, insert, update, delete on tables to pharmacy_app;
      select 1`);
    expect(await schema.lead([first, second], 2)).toEqual(reached(2));
    expect(await schema.versions()).toEqual([1, 2]);
    const rights = await schema.rows(`
      select t, has_table_privilege('pharmacy_app', 'pharmacy.' || t, 'select, insert, update, delete') as may
      from unnest(array['schema_migrations', 'schema_fence', 'schema_steps', 'schema_repairs']) t`);
    expect(rights.map(({ may }) => may)).toEqual([false, false, false, false]);
  });
});

describe("the history", () => {
  test("a file that was edited, one that is not known and one that comes too late are named, and nothing is done", async () => {
    await schema.lead([first, second], 2);
    const edited = await migrationOf(1, first.up.join("; ").replace("Aspirin", "Ibuprofen"));
    expect(await schema.lead([edited, second], 2)).toMatchObject({
      kind: "failed",
      message: expect.stringContaining("migrations/tenant/0001_step/up.sql was changed"),
    });
    expect(await schema.lead([first], 1)).toMatchObject({
      kind: "failed",
      message: expect.stringContaining("tenant/0002_step, which this version of the code does not know"),
    });
    await schema.rows("delete from schema_migrations where version = 1");
    expect(await schema.lead([first, second], 2)).toMatchObject({
      kind: "failed",
      message: expect.stringContaining("migrations/tenant/0001_step has not been applied, but 0002_step"),
    });
    expect(await schema.lead([first, second], 3)).toMatchObject({
      message: expect.stringContaining("does not know version 3"),
    });
  });

  test("comments and line ends may change", async () => {
    await schema.lead([first], 1);
    const commented = await migrationOf(1, `-- The first one.\r\n${first.up.join(";\r\n")}`);
    expect(await schema.lead([commented, second], 2)).toEqual(reached(2));
  });

  test("says who did it, and a second time nothing is done", async () => {
    const lead = leadOf(7);
    expect(await schema.lead([first, second], 2, lead)).toEqual(reached(2));
    const written = () =>
      schema.rows("select version, xmin::text, deployment_id, fence, duration_ms from schema_migrations");
    const before = await written();
    expect(before).toMatchObject([
      { version: 1, deployment_id: lead.deploymentId, fence: "7", duration_ms: expect.any(Number) },
      { version: 2 },
    ]);
    expect(await schema.lead([first, second], 2, lead)).toEqual(reached(2));
    expect(await written()).toEqual(before);
  });
});

describe("a migration", () => {
  test("whose promise does not hold is taken back and named", async () => {
    const hollow = await migrationOf(2, "select 1", { verify: "select strength from medicines limit 0" });
    expect(await schema.lead([first, hollow], 2, leadOf(1))).toMatchObject({ kind: "failed", version: 0 });
    await schema.lead([first], 1);
    expect(await schema.lead([first, hollow], 2, leadOf(2))).toMatchObject({
      kind: "failed",
      version: 1,
      sqlState: "42703",
      migration: "0002_step",
      statement: undefined,
      message: expect.stringContaining("migrations/tenant/0002_step/verify.sql failed"),
    });
    expect(await schema.versions()).toEqual([1]);
  });

  test("that fails says nothing of the rows", async () => {
    await schema.lead([first], 1);
    const cast = await migrationOf(2, "alter table medicines alter name type integer using name::integer");
    const outcome = await schema.lead([first, cast], 2);
    expect(outcome).toMatchObject({ kind: "failed", sqlState: "22P02", statement: 1 });
    expect(JSON.stringify(outcome)).not.toContain("Aspirin");
    const twice = await migrationOf(
      2,
      "insert into medicines values ('Aspirin'); create unique index on medicines (name)",
    );
    const doubles = await schema.lead([first, twice], 2);
    expect(doubles).toMatchObject({ sqlState: "23505", statement: 2 });
    expect(JSON.stringify(doubles)).not.toContain("Aspirin");
  });

  test("goes back, newest first, and comes again", async () => {
    await schema.lead([first, second], 2);
    expect(await schema.lead([first, second], 0, leadOf(2))).toEqual(reached(0));
    expect(await schema.rows("select to_regclass('medicines') as found")).toEqual([{ found: null }]);
    expect(await schema.versions()).toEqual([]);
    expect(await schema.lead([first, second], 2, leadOf(3))).toEqual(reached(2));
  });

  test("that waits for a lock is tried again, and in the end says who was in the way, not what they did", async () => {
    await schema.lead([first], 1);
    const other = schema.connect();
    await other`set application_name = 'night-report'`;
    await other`begin`;
    await other`lock table pharmacy.medicines`;
    const outcome = await schema.lead([first, second], 2, leadOf(2));
    expect(outcome).toMatchObject({ kind: "failed", sqlState: "55P03", statement: 1, blocker: "night-report" });
    expect(JSON.stringify(outcome)).not.toContain("lock table");
    const later = schema.lead([first, second], 2, leadOf(3));
    await expect
      .poll(async () => (await cluster.admin`select from pg_locks where not granted`).length, { interval: 20 })
      .toBeGreaterThan(0);
    await other`rollback`;
    expect(await later).toEqual(reached(2));
  });

  test("that waits for a lock does so on its one connection: four on a server, each blocked, are four", async () => {
    const names = ["held_1", "held_2", "held_3", "held_4"];
    const held = await Promise.all(
      names.map(async (name, index) => {
        const own = await TestSchema.make(cluster, name);
        await own.migrate([first]);
        const other = own.connect();
        await other`select set_config('application_name', ${`report-${index}`}, false)`;
        await other`begin`;
        await other`lock table pharmacy.medicines in access share mode`;
        // Somebody who works on another table is in nobody's way.
        const bystander = own.connect();
        await bystander`set application_name = 'bystander'`;
        await bystander`begin`;
        await bystander`lock table pharmacy.schema_repairs in share mode`;
        return { own, holders: [other, bystander] };
      }),
    );
    let most = 0;
    const watching = setInterval(async () => {
      const rows = await cluster.admin`
        select from pg_stat_activity where application_name = 'pharmasight-migrate' and datname = any (${names})`;
      most = Math.max(most, rows.length);
    }, 20);
    const outcomes = await Promise.all(held.map(({ own }) => own.lead([first, second], 2)));
    clearInterval(watching);
    expect(outcomes).toMatchObject(
      names.map((_, index) => ({ kind: "failed", sqlState: "55P03", blocker: `report-${index}` })),
    );
    expect(most).toBe(4);
    for (const { holders } of held) for (const holder of holders) await holder.end();
  });

  test("adds a value to a type, and the next one uses it, in one run", async () => {
    const migrations = [
      await migrationOf(1, "create type form as enum ('tablet'); create table doses (form form)"),
      await migrationOf(2, "-- @transaction none\nalter type form add value if not exists 'syrup'"),
      await migrationOf(3, "insert into doses values ('syrup')"),
    ];
    expect(await schema.migrate(migrations)).toEqual({ schemaVersion: 3 });
  });
});

describe("an index that is built concurrently", async () => {
  const index = await migrationOf(
    2,
    "-- @transaction none\ncreate index concurrently if not exists by_name on medicines (name)",
    {
      down: "drop index concurrently if exists by_name",
    },
  );
  const unique = await migrationOf(
    2,
    "-- @transaction none\ncreate unique index concurrently by_name on medicines (name)",
  );
  const valid = () => schema.rows("select indisvalid as valid from pg_index where indexrelid = to_regclass('by_name')");

  test("two runners at once: both finish, and neither is a deadlock's victim", async () => {
    await schema.migrate([first]);
    const runs = await Promise.all([schema.migrate([first, index]), schema.migrate([first, index])]);
    expect(runs).toEqual([{ schemaVersion: 2 }, { schemaVersion: 2 }]);
    expect(await valid()).toEqual([{ valid: true }]);
  });

  test("waits for a transaction of somebody else instead of running into a lock timeout", async () => {
    await schema.migrate([first]);
    const other = schema.connect();
    await other`begin`;
    await other`insert into pharmacy.medicines values ('Paracetamol')`;
    const run = schema.lead([first, index], 2);
    await expect.poll(async () => (await valid()).length).toBe(1);
    await other`commit`;
    expect(await run).toEqual(reached(2));
  });

  test("of which a failure left something unusable is built anew, not taken for done", async () => {
    await schema.migrate([first]);
    await schema.rows("insert into medicines values ('Aspirin'); select 1");
    expect(await schema.lead([first, unique], 2)).toMatchObject({ kind: "failed", sqlState: "23505", statement: 1 });
    expect(await valid()).toEqual([{ valid: false }]);
    expect(await schema.lead([first, index], 2, leadOf(2))).toEqual(reached(2));
    expect(await valid()).toEqual([{ valid: true }]);
    expect(await schema.rows("select * from schema_steps")).toEqual([]);
  });

  test("one of the same name that somebody else made is not taken for ours, on no try", async () => {
    await schema.migrate([first]);
    await schema.rows("create index by_name on medicines (name, name); select 1");
    for (const fence of [1, 2]) {
      expect(await schema.lead([first, unique], 2, leadOf(fence))).toMatchObject({ kind: "failed", sqlState: "42P07" });
    }
  });

  test("goes back, and a way back that stopped goes on in both directions", async () => {
    await schema.migrate([first, index]);
    const stuck = { ...index, down: [...index.down, "select 1 / 0"] };
    expect(await schema.lead([first, stuck], 1, leadOf(1))).toMatchObject({ kind: "failed", statement: 2 });
    expect(await schema.versions()).toEqual([1]);
    expect(await schema.lead([first, index], 2, leadOf(2))).toEqual(reached(2));
    expect(await valid()).toEqual([{ valid: true }]);
    expect(await schema.lead([first, stuck], 1, leadOf(3))).toMatchObject({ kind: "failed" });
    expect(await schema.lead([first, index], 1, leadOf(4))).toEqual(reached(1));
    expect(await schema.rows("select * from schema_steps")).toEqual([]);
  });
});

describe("a backfill", async () => {
  const table = await migrationOf(
    1,
    "create table items (id integer primary key, done integer not null default 0); insert into items select generate_series(1, 95)",
  );
  const fill = await migrationOf(
    2,
    `-- @backfill
    with batch as (
      update items set done = done + 1
      where id in (select id from items where id > coalesce($1::text, '0')::integer order by id limit $2::integer)
      returning id
    ) select case when count(*) < $2::integer then null else max(id)::text end as cursor, count(*) as rows from batch`,
    { verify: "do $$ begin assert not exists (select from items where done = 0); end $$" },
  );
  const migrations = [table, fill];
  const counts = () => schema.rows("select done, count(*)::int as n from items group by done order by done");

  beforeEach(() => schema.migrate([table]));

  test("stops in time, and the next worker goes on at the cursor: every row once", async () => {
    let batches = 0;
    const told: number[] = [];
    const short = leadOf(1, {
      timeLeftMs: () => (batches < 3 ? 900_000 : 59_000),
      progressed: async (rowsDone) => {
        batches += 1;
        told.push(rowsDone);
      },
    });
    expect(await schema.lead(migrations, 2, short)).toEqual({ kind: "continues", version: 1, rowsDone: 30 });
    expect(told).toEqual([10, 20, 30]);
    expect(await counts()).toEqual([
      { done: 0, n: 65 },
      { done: 1, n: 30 },
    ]);
    expect(await schema.lead(migrations, 2, leadOf(2))).toEqual(reached(2));
    expect(await counts()).toEqual([{ done: 1, n: 95 }]);
    expect(await schema.versions()).toEqual([1, 2]);
  });

  test("stops before its next batch when it is told to, with all the time that there is; what is no backfill ends", async () => {
    const after = await migrationOf(3, "-- @transaction none\ncreate index concurrently by_done on items (done)");
    let isStopping = false;
    const stopping = leadOf(1, {
      isStopping: () => isStopping,
      progressed: async () => {
        isStopping = true;
      },
    });
    const outcome = await schema.lead([...migrations, after], 3, stopping);
    expect(outcome).toEqual({ kind: "continues", version: 1, rowsDone: 10 });
    expect(await schema.lead(migrations, 2, leadOf(2))).toEqual(reached(2));
    const told = leadOf(3, { isStopping: () => true });
    expect(await schema.lead([...migrations, after], 3, told)).toEqual(reached(3));
  });

  test("takes a new pace from the next batch on", async () => {
    const paces = [10, 50, 5];
    const told: number[] = [];
    const lead = leadOf(1, {
      pace: async () => ({ batchSize: paces.shift() ?? 100, delayMs: 1 }),
      progressed: async (rowsDone) => void told.push(rowsDone),
    });
    expect(await schema.lead(migrations, 2, lead)).toEqual(reached(2));
    expect(told).toEqual([10, 60, 65, 95]);
  });

  test("what cannot be asked how to go on is no failure of the database", async () => {
    const down = Object.assign(new Error("the control database is away"), { code: "ECONNREFUSED" });
    await expect(schema.lead(migrations, 2, leadOf(1, { pace: () => Promise.reject(down) }))).rejects.toBe(down);
  });

  test("without a lead it runs to its end", async () => {
    expect(await schema.migrate(migrations)).toEqual({ schemaVersion: 2 });
    expect(await counts()).toEqual([{ done: 1, n: 95 }]);
  });

  test("that does not move on fails instead of running for ever", async () => {
    const still = { ...fill, up: ["select coalesce($1::text, '7') as cursor, 1 as rows where $2::integer > 0"] };
    expect(await schema.lead([table, still], 2)).toMatchObject({
      kind: "failed",
      message: expect.stringContaining("ended where it began"),
    });
  });
});

describe("the time that there is", () => {
  test("ends what runs when it is over, and the message says so and names the statement", async () => {
    await schema.migrate([first]);
    const long = await migrationOf(2, "-- @statement-timeout 10min\nselect 1; select pg_sleep(600)");
    const at = { endpoint: schema.endpoint, credential: cluster.superuser, plane: "tenant" as const };
    await expect(migrate({ ...at, migrations: [first, long], timeoutMs: 1000 })).rejects.toMatchObject({
      code: "unavailable",
      message:
        "migrations/tenant/0002_step/up.sql, statement 2, failed: " +
        "The 1 s that there were for it are over, and it was cancelled.",
    });
    const other = schema.connect();
    await other`select pg_advisory_lock(${LOCK_KEY})`;
    await expect(migrate({ ...at, migrations: [first, second], timeoutMs: 1000 })).rejects.toMatchObject({
      code: "unavailable",
      message: "The 1 s that there were for it are over, and it was cancelled.",
    });
    await other.end();
  });
});

test("a lock that a statement gave back is told, because somebody else may have been at the schema too", async () => {
  const careless = await migrationOf(2, "select pg_advisory_unlock_all()");
  await schema.migrate([first]);
  expect(await schema.lead([first, careless], 2)).toMatchObject({
    kind: "failed",
    version: 2,
    isConnection: false,
    message: expect.stringContaining("was given back before the end"),
  });
});

describe("a lead", () => {
  test("is refused while somebody else is at it, at once", async () => {
    const other = schema.connect();
    await other`select pg_advisory_lock(${LOCK_KEY})`;
    expect(await schema.lead([first], 1)).toEqual({ kind: "overtaken", reason: "busy" });
    await other.end();
  });

  test("of a lower fence never changes anything, whatever came before, even where there was nothing to do", async () => {
    const chain = await Promise.all(
      [1, 2, 3].map((version) =>
        migrationOf(version, `create table t${version} (id int)`, { down: `drop table t${version}` }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ fence: fc.integer({ min: 1, max: 6 }), to: fc.integer({ min: 0, max: 3 }) }), {
          maxLength: 8,
        }),
        async (claims) => {
          made += 1;
          const own = await TestSchema.make(cluster, `fences_${made}`);
          let [highest, version] = [0, 0];
          for (const { fence, to } of claims) {
            const outcome = await own.lead(chain, to, leadOf(fence));
            if (fence < highest) {
              expect(outcome).toEqual({ kind: "overtaken", reason: "fenced", fence: String(highest) });
            }
            if (fence >= highest) [highest, version] = [fence, to];
            if (highest > 0) expect(await own.versions()).toHaveLength(version);
          }
          await cluster.admin.unsafe(`drop database ${own.database} with (force)`);
        },
      ),
      { numRuns: 15 },
    );
  });

  test("that comes later while a migration runs keeps it from being recorded", async () => {
    await schema.migrate([first]);
    const two = await migrationOf(
      2,
      "-- @transaction none\nalter table medicines validate constraint c; vacuum medicines",
    );
    const checked = await migrationOf(1, "alter table medicines add constraint c check (name <> '') not valid");
    await schema.rows(`${checked.up.join(";")}; update schema_fence set fence = 9; select 1`);
    expect(await schema.lead([first, two], 2, leadOf(8))).toEqual({
      ...{ kind: "overtaken", reason: "fenced", fence: "9" },
    });
    expect(await schema.rows("select * from schema_steps")).toEqual([]);
  });

  test("that is lost cancels what runs within seconds, and leaves nothing", async () => {
    const slow = await migrationOf(2, "create table other (id int); select pg_sleep(600)");
    await schema.migrate([first]);
    const lost = new AbortController();
    const run = schema.lead([first, slow], 2, leadOf(1, { signal: lost.signal }));
    const sleeping = async () =>
      (await cluster.admin`select from pg_stat_activity where datname = ${schema.database} and wait_event = 'PgSleep'`)
        .length;
    await expect.poll(sleeping).toBe(1);
    lost.abort();
    expect(await run).toEqual({ kind: "overtaken", reason: "lost" });
    await expect.poll(sleeping, { timeout: 5000 }).toBe(0);
    expect(await schema.versions()).toEqual([1]);
  });
});

describe("a database that cannot be led", () => {
  test("is an outcome, whatever is wrong with it, without the password", async () => {
    const nobody = { user: "nobody", password: "a wrong password" };
    const wrong = await schema.lead([first], 1, leadOf(1), { credential: nobody });
    expect(wrong).toMatchObject({ kind: "failed", sqlState: "28P01", isConnection: true, version: undefined });
    expect(JSON.stringify(wrong)).not.toContain(nobody.password);
    const nowhere = { ...schema.endpoint, database: "nowhere" };
    expect(await schema.lead([first], 1, leadOf(1), { endpoint: nowhere })).toMatchObject({ sqlState: "3D000" });
    const closed = { ...schema.endpoint, port: 1 };
    expect(await schema.lead([first], 1, leadOf(1), { endpoint: closed })).toMatchObject({
      kind: "failed",
      sqlState: undefined,
      isConnection: true,
    });
    await cluster.admin.unsafe(`alter database ${schema.database} connection limit 0`);
    await cluster.admin.unsafe("create role limited login password 'limited'");
    const limited = { user: "limited", password: "limited" };
    expect(await schema.lead([first], 1, leadOf(1), { credential: limited })).toMatchObject({ sqlState: "53300" });
  });

  test("behind a pooler in transaction mode is refused before anybody connects", async () => {
    expect(await schema.lead([first], 1, leadOf(1), { endpoint: { ...schema.endpoint, port: 6543 } })).toMatchObject({
      kind: "failed",
      message: expect.stringContaining("6543"),
    });
  });

  test("that is another pharmacy's is not touched, not even for the bookkeeping, and wakes somebody", async () => {
    const tenantId = "019ab000-0000-7000-8000-00000000000a";
    await schema.rows(`create schema pharmacy; create table pharmacy.identity (tenant_id uuid);
      insert into pharmacy.identity values ('${tenantId}'); select 1`);
    const alarms: unknown[] = [];
    const log = { ...silent, alarm: (name: string) => void alarms.push(name) };
    const other = { tenantId: "019ab000-0000-7000-8000-00000000000b", log };
    expect(await schema.lead([first], 1, leadOf(1), other)).toMatchObject({ kind: "failed", isConnection: false });
    expect(alarms).toEqual(["tenant-identity-mismatch"]);
    expect(await schema.rows("select to_regclass('schema_fence') as found")).toEqual([{ found: null }]);
    expect(await schema.lead([first], 1, leadOf(1), { tenantId })).toEqual(reached(1));
    expect(await schema.lead([first, second], 2, leadOf(2), other)).toMatchObject({ kind: "failed" });
    const owner = { ...cluster.superuser, tenantId: other.tenantId, session: schema.endpoint };
    await expect(postgresTenantSetup({ log }).migrate(owner, 0)).rejects.toMatchObject({ code: "conflict" });
  });

  test("whose connection dies in the middle has nothing of it, and the next try succeeds", async () => {
    const slow = await migrationOf(1, `${first.up.join(";")}; select pg_sleep(600)`);
    const run = schema.lead([slow], 1);
    await expect
      .poll(async () => {
        const killed = await cluster.admin`
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = ${schema.database} and wait_event = 'PgSleep'`;
        return killed.length;
      })
      .toBeGreaterThan(0);
    expect(await run).toMatchObject({ kind: "failed", isConnection: true, version: 0 });
    expect(await schema.lead([first], 1, leadOf(2))).toEqual(reached(1));
  });
});

test("a schema that is where it should be costs hardly more than a connection", async () => {
  await schema.migrate([first, second]);
  const timed = async (work: () => Promise<unknown>) => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  const { default: postgres } = await import("postgres");
  const { host, port, superuser } = cluster;
  const plain = async () => {
    const sql = postgres({ host, port, database: schema.database, ...superuser, max: 1, fetch_types: false });
    await sql`select 1`;
    await sql.end();
  };
  const ratios: number[] = [];
  for (let round = 0; round < 40; round++) {
    const connected = await timed(plain);
    ratios.push((await timed(() => schema.lead([first, second], 2))) / connected);
  }
  ratios.sort((a, b) => a - b);
  console.log(`no-op over connect-select-close: ${ratios[20]?.toFixed(2)}`);
  // Wide of the target, because everything else runs at the same time here.
  expect(ratios[20]).toBeLessThan(2.5);
});
