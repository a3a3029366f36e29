import { fingerprintHashOf } from "@pharmasight/adapters/migrations/fingerprint";
import type { Repair } from "@pharmasight/adapters/migrations/migration";
import { repairRows } from "@pharmasight/adapters/migrations/repairs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseRepairFiles } from "../../scripts/migrations/parse.ts";
import { startTestCluster, type TestCluster } from "../postgres/fixture.ts";
import { leadOf, migrationOf, TestSchema } from "./schemas.ts";

let cluster: TestCluster;
let schema: TestSchema;

beforeAll(async () => {
  cluster = await startTestCluster();
  await cluster.admin`create role pharmacy_app nologin`;
  await cluster.admin`create role pharmacy_reader nologin`;
  schema = await TestSchema.make(cluster, "repairs");
  const first = await migrationOf(
    1,
    "create table medicines (name text); insert into medicines values ('Asprin');" +
      "create function widen() returns void language sql as 'alter table pharmacy.medicines add strength text'",
    { down: "drop function widen; drop table medicines" },
  );
  await schema.migrate([first]);
});
afterAll(() => cluster?.stop());

const repairOf = (name: string, up: string): Promise<Repair> =>
  parseRepairFiles(`migrations/repairs/${name}`, { name, up: `-- @reviewed-by Njeri\n${up}`, verify: "select 1" });

let fence = 0;
function run(repair: Repair) {
  fence += 1;
  const at = { endpoint: schema.endpoint, credential: cluster.superuser, plane: "tenant" as const, lockWaitMs: 0 };
  return repairRows({ ...at, lead: leadOf(fence) }, repair, (session) => fingerprintHashOf(session, "tenant"));
}

test("it mends rows once, in a schema that somebody has changed by hand as well", async () => {
  await schema.rows("create table by_hand (id integer)");
  const mend = await repairOf("mend_names", "update medicines set name = name || '!' where name like 'Asp%'");
  const before = await run(await repairOf("nothing", "select 1"));
  expect(await run(mend)).toEqual(before);
  expect(await run(mend)).toEqual(before);
  expect(await schema.rows("select name from medicines")).toEqual([{ name: "Asprin!" }]);
});

test("one that changes the schema, by a function that it calls, leaves nothing behind", async () => {
  const sly = await repairOf("sly", "update medicines set name = 'Aspirin'; select widen()");
  await expect(run(sly)).rejects.toMatchObject({ code: "conflict", message: expect.stringContaining("repairs/sly") });
  expect(await schema.rows("select * from medicines")).toEqual([{ name: "Asprin!" }]);
  expect(await schema.rows("select name from schema_repairs where name = 'sly'")).toEqual([]);
});
