import { afterAll, beforeAll, expect, test } from "vitest";
import { ProvisioningJobs } from "./provisioning-jobs.ts";
import { type ControlWorld, openTenant, startControlWorld } from "./world.ts";

/** New pharmacies begin with what the whole fleet has, also when that moves on while they are made. */

let world: ControlWorld;
let jobs: ProvisioningJobs;

beforeAll(async () => {
  world = await startControlWorld();
  jobs = new ProvisioningJobs(world);
});
afterAll(() => world?.stop());

const OLD = 13;
const NEW = 14;
const NEWER = 15;

const settleAt = async (settledVersion: number): Promise<void> => {
  await world.system.db.updateTable("fleet").set({ settledVersion }).execute();
};
/** 14 added it. */
const hasSearchWords = async (tenantId: string): Promise<boolean> => {
  const query = "select from information_schema.columns where table_name = 'items' and column_name = 'search_words'";
  return (await jobs.askTenant(tenantId, query)).length === 1;
};

test("a deployment that completes meanwhile is caught up with before the doors open", async () => {
  await settleAt(OLD);
  const { tenantId, jobId, email } = await openTenant(world, "late-comer");
  await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "seed"));
  expect(await jobs.tenantOf(tenantId)).toMatchObject({ state: "provisioning", schemaVersion: OLD });
  expect(await hasSearchWords(tenantId)).toBe(false);
  await settleAt(NEW);
  await jobs.advanceUntil(jobId, jobs.ended(jobId));
  await jobs.expectOneOfEach(tenantId, email);
  expect(await jobs.tenantOf(tenantId)).toMatchObject({ state: "trial", schemaVersion: NEW });
  expect(await hasSearchWords(tenantId)).toBe(true);
}, 60_000);

test("nor is one missed that completes between the last look and the opening", async () => {
  await settleAt(OLD);
  const { tenantId, jobId } = await openTenant(world, "last-moment");
  await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "open"));
  await settleAt(NEW);
  const ports = jobs.intercepted(async (method, call) => {
    const result = await call();
    if (method === "migrate") await settleAt(NEWER);
    return result;
  });
  await expect(jobs.advance(jobId, ports)).rejects.toMatchObject({ code: "unavailable" });
  expect(await jobs.tenantOf(tenantId)).toMatchObject({ state: "provisioning" });
  // Its worker died, as far as anybody can see.
  world.clock.advance(120);
  await jobs.advanceUntil(jobId, jobs.ended(jobId));
  expect(await jobs.tenantOf(tenantId)).toMatchObject({ state: "trial", schemaVersion: NEWER });
}, 60_000);
