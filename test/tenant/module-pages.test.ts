import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, type Pharmacy, signUp, testStack } from "../harness/stack.ts";

/** A plan without a module keeps every page and route of it shut, by the same answer. */

let running: Awaited<ReturnType<typeof testStack>>;
let control: postgres.Sql;
let alfa: Pharmacy;

beforeAll(async () => {
  running = await testStack();
  const { cluster, controlDatabase } = running.stack;
  const { user: username, password } = cluster.superuser;
  const { host, port, database } = controlDatabase.owner;
  control = postgres({ host, port, database, username, password, max: 1 });
  alfa = await signUp(running.stack, "alfa");
});
afterAll(async () => {
  await control?.end();
  await running?.stop();
});

const ask = (path: string) => alfa.client.ask(alfa.host, path);

test("Starter shows what API access would do, instead of the keys", async () => {
  const page = await ask("/settings/api-keys");
  expect(page.status).toBe(403);
  expect(page.text).toContain("Connect your web shop");
  expect((await ask("/settings/api-keys/new")).status).toBe(403);
});

test("a module that leaves the plan shuts its pages and its API within seconds, and opens them again", async () => {
  const modules = (names: readonly string[]) => control`
    update control.subscription_plans set included_modules = ${names} where code = 'starter'`;
  expect((await ask("/items")).status).toBe(200);
  await modules(["sales", "purchases"]);
  const shut = await eventually("the page to shut", async () => {
    const page = await ask("/items");
    return page.status === 403 ? page : undefined;
  });
  expect(shut.text).toContain("Every medicine on your shelves");
  for (const path of ["/items/new", "/items/import"]) expect([path, (await ask(path)).status]).toEqual([path, 403]);
  for (const path of ["/api/v1/items", "/api/v1/items/019ab000-0000-7000-8000-000000000001"]) {
    const { status, text } = await ask(path);
    expect([status, JSON.parse(text).code]).toEqual([403, "module_required"]);
  }
  await modules(["inventory", "sales", "purchases"]);
  await eventually("the page to open", async () => ((await ask("/items")).status === 200 ? true : undefined));
});
