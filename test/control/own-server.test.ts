import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signUp, testStack } from "../harness/stack.ts";

let running: Awaited<ReturnType<typeof testStack>>;

beforeAll(async () => {
  running = await testStack('{"starter": {"provider": "postgres", "region": "local", "size": "shared"}}');
});
afterAll(() => running?.stop());

test("a pharmacy of a plan whose place is our own server signs up, enters and works there", async () => {
  const { client, host } = await signUp(running.stack, "own-server");
  const page = await client.ask(host, "/items");
  expect(page.status).toBe(200);
  const body = JSON.stringify({ name: "Paracetamol 500 mg", baseUnit: "tablet", retailPrice: "12.50" });
  const headers = { "content-type": "application/json" };
  expect(await client.ask(host, "/api/v1/items", { method: "POST", body, headers })).toMatchObject({ status: 201 });
  expect((await client.ask(host, "/items")).text).toContain("Paracetamol 500 mg");
  expect(running.stack.supabase.projects()).toEqual([]);
  const { cluster, controlDatabase } = running.stack;
  const { database } = controlDatabase.owner;
  const sql = postgres({ host: cluster.host, port: cluster.port, database, ...cluster.superuser, max: 1 });
  const [record] = await sql`select provider, project_ref, region from control.tenant_databases`;
  expect(record).toMatchObject({ provider: "postgres", region: "local" });
  const found = await sql`select from pg_database where datname = ${record?.["project_ref"]}`;
  expect(found).toHaveLength(1);
  await sql.end();
});
