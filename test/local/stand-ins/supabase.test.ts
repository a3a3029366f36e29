import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ManualClock, manualClock, newProject, type SupabaseWorld, startSupabaseWorld } from "./world.ts";

let clock: ManualClock;
let world: SupabaseWorld;

beforeEach(async () => {
  clock = manualClock();
  world = await startSupabaseWorld({ waitSeconds: 100, clock });
});

afterEach(() => world.stop());

const statusOf = async (ref: string) => (await world.call("GET", `/v1/projects/${ref}`)).body;
const healthOf = async (ref: string) => (await world.call("GET", `/v1/projects/${ref}/health?services=db,pooler`)).body;
const namesIn = (body: unknown) => (body as { projects: { name: string }[] }).projects.map(({ name }) => name);

describe("a new project", () => {
  test("goes from UNKNOWN over COMING_UP to ACTIVE_HEALTHY, its pooler last", async () => {
    const created = await world.call("POST", "/v1/projects", newProject(world.supabase, "ps-a", "p"));
    expect(created).toMatchObject({ status: 201, body: { status: "UNKNOWN", name: "ps-a" } });
    const { ref } = created.body as { ref: string };
    expect(ref).toMatch(/^[a-z]{20}$/);
    expect(await statusOf(ref)).toMatchObject({ status: "UNKNOWN" });
    clock.advance(50);
    expect(await statusOf(ref)).toMatchObject({ status: "COMING_UP" });
    await expect.poll(() => world.supabase.projects()[0]?.built, { timeout: 20_000 }).toBe(true);
    clock.advance(50);
    expect(await statusOf(ref)).toMatchObject({ status: "ACTIVE_HEALTHY" });
    expect(await healthOf(ref)).toMatchObject([
      { name: "db", status: "ACTIVE_HEALTHY" },
      { name: "pooler", status: "COMING_UP", healthy: false },
    ]);
    clock.advance(20);
    expect(await healthOf(ref)).toMatchObject([{ healthy: true }, { healthy: true }]);
  });

  test("goes on waiting by wall time over a restart, under the same token", async () => {
    const { token } = world.supabase;
    const ref = await world.createProject("ps-a", "p");
    clock.advance(50);
    world = await world.restart();
    expect(world.supabase.token).toBe(token);
    expect(await statusOf(ref)).toMatchObject({ status: "COMING_UP" });
    clock.advance(70);
    expect(await healthOf(ref)).toMatchObject([{ healthy: true }, { healthy: true }]);
  });

  test("is another one each time: the name is no idempotency key", async () => {
    const first = await world.createProject("ps-a", "p");
    const second = await world.createProject("ps-a", "p");
    expect(first).not.toBe(second);
  });

  test("exists although the reply to its creation was lost", async () => {
    world.supabase.faults.add({ on: "^POST /v1/projects$", action: "lost-reply" });
    await expect(world.call("POST", "/v1/projects", newProject(world.supabase, "ps-a", "p"))).rejects.toThrow();
    expect(world.supabase.projects()).toHaveLength(1);
  });
});

test("the list searches, sorts and pages", async () => {
  for (const name of ["ps-c", "ps-a", "other", "ps-b"]) {
    await world.createProject(name, "p");
    clock.advance(1);
  }
  const path = `/v1/organizations/${world.supabase.organization}/projects`;
  const page = await world.call("GET", `${path}?search=PS-&limit=2&offset=1`);
  expect(namesIn(page.body)).toEqual(["ps-b", "ps-c"]);
  expect(page.body).toMatchObject({ pagination: { count: 3, limit: 2, offset: 1 } });
  expect(namesIn((await world.call("GET", `${path}?sort=created_asc`)).body)).toEqual([
    "ps-c",
    "ps-a",
    "other",
    "ps-b",
  ]);
});

test("a deleted project is gone from every call", async () => {
  const ref = await world.createProject("ps-a", "p");
  expect(await world.call("DELETE", `/v1/projects/${ref}`)).toMatchObject({ status: 200, body: { ref, name: "ps-a" } });
  for (const [method, path] of [
    ["GET", ""],
    ["GET", "/health?services=db"],
    ["GET", "/config/database/pooler"],
    ["DELETE", ""],
  ] as const) {
    expect(await world.call(method, `/v1/projects/${ref}${path}`)).toMatchObject({
      status: 404,
      body: { message: "Project not found" },
    });
  }
});

test("unknown paths, parameters and fields, missing fields and foreign tokens are refused with a message", async () => {
  const { supabase } = world;
  const good = newProject(supabase, "ps-a", "p");
  const { db_pass: _, ...withoutPassword } = good;
  for (const [body, word] of [
    [{ ...good, plan: "pro" }, "plan"],
    [withoutPassword, "db_pass"],
    [{ ...good, name: "x".repeat(257) }, "name"],
    [{ ...good, region_selection: { type: "specific", code: "moon-1" } }, "region_selection.code"],
    [undefined, "expected object"],
  ] as const) {
    const reply = await world.call("POST", "/v1/projects", body);
    expect(reply).toMatchObject({ status: 400, body: { message: expect.stringContaining(word) } });
  }
  const foreign = await world.call("POST", "/v1/projects", { ...good, organization_slug: "someone-else" });
  expect(foreign.status).toBe(403);
  expect((await world.call("GET", "/v1/projects")).status).toBe(404);
  expect((await world.call("POST", `/v1/projects/${"a".repeat(20)}/pause`)).status).toBe(404);
  const listed = await world.call("GET", `/v1/organizations/${supabase.organization}/projects?limit=101`);
  expect(listed.status).toBe(400);
  expect((await world.call("GET", `/v1/projects/${"a".repeat(20)}?verbose=1`)).status).toBe(400);
  expect((await fetch(`${supabase.url}/v1/projects`, { method: "POST" })).status).toBe(401);
  expect(supabase.projects()).toHaveLength(0);
});

test("120 calls a minute for one endpoint of one project, told in headers, then 429 until the minute is over", async () => {
  const ref = await world.createProject("ps-a", "p");
  const other = await world.createProject("ps-b", "p");
  const path = `/v1/projects/${ref}`;
  const first = await world.call("GET", path);
  expect(Object.fromEntries(first.headers)).toMatchObject({
    "x-ratelimit-limit": "120",
    "x-ratelimit-remaining": "119",
    "x-ratelimit-reset": "60",
  });
  for (let call = 2; call <= 120; call += 1) await world.call("GET", path);
  clock.advance(20);
  const refused = await world.call("GET", path);
  expect(refused.status).toBe(429);
  expect(refused.headers.get("x-ratelimit-reset")).toBe("40");
  expect((await world.call("GET", `/v1/projects/${other}`)).status).toBe(200);
  clock.advance(40);
  expect((await world.call("GET", path)).status).toBe(200);
});
