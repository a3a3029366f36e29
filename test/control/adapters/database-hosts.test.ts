import { supabaseDatabaseHosts } from "@pharmasight/adapters/supabase/database-hosts";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ManualClock, manualClock, type SupabaseWorld, startSupabaseWorld } from "../../local/stand-ins/world.ts";
import { keepsTheContractOfDatabaseHosts } from "./database-hosts.contract.ts";

const WAIT_SECONDS = 100;
let clock: ManualClock;
let world: SupabaseWorld;

beforeAll(async () => {
  clock = manualClock();
  world = await startSupabaseWorld({ waitSeconds: WAIT_SECONDS, clock });
});

afterEach(() => world.supabase.faults.clear());
afterAll(() => world.stop());

const hosts = (overrides: { token?: string; organization?: string; timeoutMs?: number } = {}) =>
  supabaseDatabaseHosts({
    apiUrl: world.supabase.url,
    token: async () => overrides.token ?? world.supabase.token,
    organization: overrides.organization ?? world.supabase.organization,
    sessionPort: world.supabase.sessionPort,
    timeoutMs: overrides.timeoutMs ?? 15_000,
  });
const wanted = (name: string) => ({
  name,
  ownerPassword: "secret-of-the-owner",
  region: world.supabase.region,
  size: "micro",
});
const built = (ref: string) =>
  expect
    .poll(() => world.supabase.projects().find((project) => project.ref === ref)?.built, { timeout: 20_000 })
    .toBe(true);

describe("the provider supabase", () => {
  keepsTheContractOfDatabaseHosts({
    hosts,
    region: () => world.supabase.region,
    finish: async (ref) => {
      await built(ref);
      clock.advance(2 * WAIT_SECONDS);
      await hosts().inspect(ref);
    },
  });
});

test("a project is being made until database and pooler are healthy, and its endpoints let the owner in", async () => {
  const created = await hosts().create(wanted("ps-ready"));
  expect(created.status).toBe("creating");
  const { ref } = created;
  await built(ref);
  for (const seconds of [0, WAIT_SECONDS / 2, WAIT_SECONDS / 2]) {
    clock.advance(seconds);
    expect(await hosts().inspect(ref)).toEqual({ ref, name: "ps-ready", status: "creating" });
  }
  clock.advance(WAIT_SECONDS / 2);
  expect(await hosts().inspect(ref)).toEqual({ ref, name: "ps-ready", status: "ready" });
  const { pooled, session, ownerUser, userSuffix } = await hosts().endpoints(ref);
  expect(pooled.port).toBe(world.supabase.transactionPort);
  expect(session.port).toBe(world.supabase.sessionPort);
  expect(userSuffix).toBe(`.${ref}`);
  for (const { host, port, database } of [pooled, session]) {
    const sql = postgres({ host, port, database, username: ownerUser, password: wanted("").ownerPassword, max: 1 });
    expect(await sql`select current_database() as name`).toEqual([{ name: `project_${ref}` }]);
    await sql.end();
  }
});

test("a project whose creation lost its reply is found by its exact name, the oldest when there are several", async () => {
  world.supabase.faults.add({ on: "^POST /v1/projects$", action: "lost-reply" });
  await expect(hosts().create(wanted("ps-lost"))).rejects.toMatchObject({ code: "unavailable" });
  const [project] = world.supabase.projects().filter(({ name }) => name === "ps-lost");
  clock.advance(1);
  await hosts().create(wanted("ps-lost"));
  await hosts().create(wanted("ps-lost-2"));
  expect(await hosts().find("ps-lost")).toEqual({ ref: project?.ref, name: "ps-lost", status: "creating" });
  expect(await hosts().find("ps-los")).toBeUndefined();
});

test("the name is found behind more than a page of names that contain it", async () => {
  const many = await startSupabaseWorld({ clock, projects: [...Array(150).keys()].map((index) => `ps-many-${index}`) });
  const adapter = supabaseDatabaseHosts({
    apiUrl: many.supabase.url,
    token: async () => many.supabase.token,
    organization: many.supabase.organization,
    sessionPort: many.supabase.sessionPort,
  });
  clock.advance(1);
  const ref = await many.createProject("ps-many", "p");
  expect(await adapter.find("ps-many")).toEqual({ ref, name: "ps-many", status: "ready" });
  expect((await adapter.find("ps-many-149"))?.status).toBe("ready");
  const first = await adapter.list("ps-many");
  expect(first.projects).toHaveLength(100);
  const second = await adapter.list("ps-many", first.next);
  expect(second.next).toBeUndefined();
  const listed = [...first.projects, ...second.projects];
  expect(new Set(listed.map((project) => project.ref)).size).toBe(151);
  expect(listed.at(-1)).toEqual({ ref, name: "ps-many", status: "up", createdAt: clock.now() });
  await many.stop();
});

test("deleting twice succeeds, and a deleted project is removed and not found", async () => {
  const { ref } = await hosts().create(wanted("ps-gone"));
  expect(await hosts().delete(ref)).toEqual({ isAccepted: true });
  expect(await hosts().delete(ref)).toEqual({ isAccepted: true });
  expect(await hosts().inspect(ref)).toEqual({ ref, name: undefined, status: "removed" });
  expect(await hosts().find("ps-gone")).toBeUndefined();
  await expect(hosts().endpoints(ref)).rejects.toMatchObject({ code: "not_found" });
});

test("a project that failed is found only when there is no other of its name, one that is going never", async () => {
  world.supabase.foretell("init-failed");
  const failed = await hosts().create(wanted("ps-failed"));
  clock.advance(WAIT_SECONDS);
  expect(await hosts().find("ps-failed")).toMatchObject({ ref: failed.ref, status: "failed" });
  const second = await hosts().create(wanted("ps-failed"));
  expect(await hosts().find("ps-failed")).toMatchObject({ ref: second.ref, status: "creating" });
  world.supabase.slowRemoval(60);
  await hosts().delete(second.ref);
  world.supabase.slowRemoval(0);
  expect(await hosts().inspect(second.ref)).toMatchObject({ status: "removed" });
  expect(await hosts().find("ps-failed")).toMatchObject({ ref: failed.ref });
  clock.advance(60);
  await hosts().delete(failed.ref);
});

test("a deletion that comes too early is not accepted, and one that is forbidden is refused", async () => {
  const { ref } = await hosts().create(wanted("ps-early"));
  world.supabase.faults.add({ on: "^DELETE", action: "409" });
  expect(await hosts().delete(ref)).toEqual({ isAccepted: false });
  world.supabase.faults.add({ on: "^DELETE", action: "500" });
  await expect(hosts().delete(ref)).rejects.toMatchObject({ code: "unavailable" });
  expect(await hosts().delete(ref)).toEqual({ isAccepted: true });
});

test("429 is a refusal for as long as Supabase asks", async () => {
  world.supabase.faults.add({ on: "projects", action: "429", seconds: 37 });
  await expect(hosts().find("ps-a")).rejects.toMatchObject({ code: "rate_limited", retryAfterSeconds: 37 });
  const ref = "a".repeat(20);
  for (let call = 1; call <= 120; call += 1) await hosts().inspect(ref);
  await expect(hosts().inspect(ref)).rejects.toMatchObject({ code: "rate_limited", retryAfterSeconds: 60 });
});

test("failures, silence and a closed port are unavailable", async () => {
  world.supabase.faults.add({ on: "projects", action: "500" }, { on: "projects", action: "timeout" });
  await expect(hosts().find("ps-a")).rejects.toMatchObject({ code: "unavailable" });
  await expect(hosts({ timeoutMs: 300 }).find("ps-a")).rejects.toMatchObject({ code: "unavailable" });
  const nobody = supabaseDatabaseHosts({
    apiUrl: "http://127.0.0.1:1",
    token: async () => "t",
    organization: "o",
    sessionPort: 1,
  });
  await expect(nobody.find("ps-a")).rejects.toMatchObject({ code: "unavailable" });
});

test("a refusal is invalid_input in Supabase's words, without token or password", async () => {
  await expect(hosts().create({ ...wanted("ps-a"), region: "moon-1" })).rejects.toMatchObject({
    code: "invalid_input",
    message: expect.stringContaining("region_selection.code"),
  });
  await expect(hosts({ organization: "someone-else" }).find("ps-a")).rejects.toMatchObject({ code: "invalid_input" });
});

test("a token that is refused is unavailable, because an operator mends it, and is not told", async () => {
  const error: unknown = await hosts({ token: "sbp_foreign" })
    .find("ps-a")
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "unavailable" });
  expect(String(error)).not.toContain("sbp_foreign");
});
