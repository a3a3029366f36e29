import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestCluster, type TestCluster } from "../postgres/fixture.ts";
import type { Order } from "./killed-process.ts";
import { leadOf, migrationOf, TestSchema } from "./schemas.ts";

let cluster: TestCluster;
let folder: string;
let script: string;

beforeAll(async () => {
  cluster = await startTestCluster();
  folder = await mkdtemp(join(tmpdir(), "pharmasight-killed-"));
  script = join(folder, "killed-process.mjs");
  // Bundled, because a hundred processes are started.
  const entry = fileURLToPath(new URL("./killed-process.ts", import.meta.url));
  await build({ entryPoints: [entry], outfile: script, bundle: true, platform: "node", format: "esm" });
});
afterAll(async () => {
  await cluster?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** What each one did, written down once for each time: nothing makes a second row impossible. */
const effects = "create table effects (what text not null)";
const migrations = [
  await migrationOf(1, `${effects}; create type form as enum ('tablet'); insert into effects values ('1')`, {
    down: "insert into effects values ('down'); drop type form",
  }),
  await migrationOf(
    2,
    "create table items as select id from generate_series(1, 5) id; insert into effects values ('2')",
    {
      down: "drop table items",
    },
  ),
  await migrationOf(3, "-- @transaction none\ncreate index concurrently items_id on items (id); analyze items", {
    down: "drop index concurrently if exists items_id",
  }),
  await migrationOf(
    4,
    `-- @backfill
    with batch as (
      insert into effects select 'row ' || id from items where id > coalesce($1::text, '0')::integer
      order by id limit $2::integer returning what
    ) select case when count(*) < $2::integer then null else substr(max(what), 5) end as cursor, count(*) as rows
    from batch`,
    { down: "delete from effects where what like 'row %'" },
  ),
  await migrationOf(5, "-- @transaction none\nalter type form add value if not exists 'syrup'"),
  await migrationOf(6, "insert into effects select enumlabel::text from unnest(enum_range(null::form)) enumlabel"),
];
const EFFECTS = ["1", "2", "row 1", "row 2", "row 3", "row 4", "row 5", "syrup", "tablet"];

/** @returns whether it was killed, or had done its work before it came to that message */
async function killAt(schema: TestSchema, toVersion: number, message: number, isSent: boolean): Promise<boolean> {
  const credential = cluster.superuser;
  const order: Order = { endpoint: schema.endpoint, credential, migrations, toVersion, message, isSent };
  const child = spawn(process.execPath, [script, JSON.stringify(order)], { stdio: "inherit" });
  const [code, signal] = await once(child, "exit");
  expect(signal === "SIGKILL" || code === 0, `exit ${code}, ${signal}`).toBe(true);
  return signal === "SIGKILL";
}

/** The next worker comes until nobody is there any more. */
async function goOn(schema: TestSchema, toVersion: number): Promise<void> {
  await expect
    .poll(() => schema.lead(migrations, toVersion, leadOf(2)), { timeout: 15_000 })
    .toEqual({ kind: "reached", version: toVersion, seen: undefined });
}

async function expectAll(schema: TestSchema, message: string): Promise<void> {
  const found = await schema.rows("select what from effects order by what");
  expect(
    found.map(({ what }) => what),
    message,
  ).toEqual(EFFECTS);
  expect(await schema.versions(), message).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await schema.rows("select from schema_steps"), message).toEqual([]);
  const indexes = await schema.rows("select indisvalid from pg_index where indrelid = 'items'::regclass");
  expect(indexes, message).toEqual([{ indisvalid: true }]);
  await expect.poll(() => schema.locks(), { message }).toBe(0);
}

/** Two at a time: most of it is waiting for processes to start. */
async function atEachMessage(run: (message: number, isSent: boolean) => Promise<boolean>): Promise<number> {
  for (let message = 1; ; message += 1) {
    const killed = await Promise.all([run(message, false), run(message, true)]);
    if (!killed.includes(true)) return message - 1;
  }
}

test("a runner killed at each of its messages: the next one ends with every effect once and no lock left", async () => {
  const messages = await atEachMessage(async (message, isSent) => {
    const schema = await TestSchema.make(cluster, `up_${message}_${isSent}`);
    const killed = await killAt(schema, 6, message, isSent);
    await goOn(schema, 6);
    await expectAll(schema, `killed at message ${message}, ${isSent ? "sent" : "not sent"}`);
    await cluster.admin.unsafe(`drop database ${schema.database} with (force)`);
    return killed;
  });
  // Signing in is some of them, and the work is many.
  expect(messages).toBeGreaterThan(30);
}, 300_000);

test("a runner killed at each message of the way back: the next one ends where it should, and can come up again", async () => {
  await atEachMessage(async (message, isSent) => {
    const schema = await TestSchema.make(cluster, `down_${message}_${isSent}`);
    await goOn(schema, 4);
    // The lead that is killed comes with the first fence again.
    await schema.rows("update schema_fence set fence = 0");
    const killed = await killAt(schema, 2, message, isSent);
    await goOn(schema, 2);
    const place = `killed at message ${message}, ${isSent ? "sent" : "not sent"}`;
    expect(await schema.versions(), place).toEqual([1, 2]);
    expect(await schema.rows("select from pg_index where indrelid = 'items'::regclass"), place).toEqual([]);
    expect(await schema.rows("select from schema_steps"), place).toEqual([]);
    await goOn(schema, 6);
    await expectAll(schema, place);
    await cluster.admin.unsafe(`drop database ${schema.database} with (force)`);
    return killed;
  });
}, 300_000);
