import { Provisioning } from "@pharmasight/core/control/provisioning/provisioning";
import { afterAll, beforeEach, expect, test } from "vitest";
import { ProvisioningJobs } from "./provisioning-jobs.ts";
import { type ControlWorld, openTenant, startControlWorld } from "./world.ts";

let world: ControlWorld;
let jobs: ProvisioningJobs;
let tests = 0;

beforeEach(async () => {
  world ??= await startControlWorld();
  jobs = new ProvisioningJobs(world);
  tests += 1;
  // What an earlier test admitted is of another day, and what it left waiting is let through.
  world.clock.advance(25 * 3600);
  for (const { id } of await queued()) await advance(id, 1000);
  world.clock.advance(25 * 3600);
});
afterAll(() => world?.stop());

const advance = (jobId: string, dailyDatabasesMax: number) =>
  Provisioning.advance(world.system, world.ports, { ...world.settings, dailyDatabasesMax }, jobId);

const queued = () =>
  world.system.db.selectFrom("provisioningJobs").select("id").where("state", "=", "queued").orderBy("id").execute();

/** Confirmed sign-ups, the oldest first. */
async function signUps(count: number) {
  const made: Awaited<ReturnType<typeof openTenant>>[] = [];
  for (let index = 0; index < count; index += 1) {
    made.push(await openTenant(world, `cap-${tests}-${index}`));
    world.clock.advance(1);
  }
  return made;
}

const admitted = async (tenants: readonly { jobId: string }[]) => {
  const states = await Promise.all(tenants.map(({ jobId }) => jobs.jobOf(jobId)));
  return states.map(({ state }) => state !== "queued");
};

/** Who was sent a hint of this kind. */
const called = (tenants: readonly { jobId: string }[], kind: "sweep" | "admitted") =>
  Promise.all(
    tenants.map(async ({ jobId }) => {
      const hints = await world.system.db
        .selectFrom("outbox")
        .select("id")
        .where("dedupeKey", "like", `provision:${jobId}:${kind}%`)
        .execute();
      return hints.length > 0;
    }),
  );

test("twenty claims at once admit exactly the cap, the oldest", async () => {
  const tenants = await signUps(20);
  const alarms = world.alarms.length;
  // Twenty connections are open, so that nobody is ahead of the others by the time that one takes.
  await Promise.all(tenants.map(({ jobId }) => jobs.jobOf(jobId)));
  await Promise.all(tenants.map(({ jobId }) => advance(jobId, 7)));
  expect(await admitted(tenants)).toEqual(tenants.map((_, index) => index < 7));
  expect(new Set(world.alarms.slice(alarms))).toEqual(new Set(["sign-ups-waiting"]));
  // Asking again changes nothing before a day is over.
  world.clock.advance(23 * 3600);
  await Promise.all(tenants.map(({ jobId }) => advance(jobId, 7)));
  expect((await admitted(tenants)).filter(Boolean)).toHaveLength(7);
});

test("a pharmacy that waits is told so, and one that is admitted is not", async () => {
  const [first, second] = await signUps(2);
  if (first === undefined || second === undefined) throw new Error("Two signed up.");
  expect(await Provisioning.progress(world.system, second.tenantId)).toMatchObject({ state: "working" });
  await advance(second.jobId, 1);
  await advance(first.jobId, 1);
  expect(await Provisioning.progress(world.system, first.tenantId)).toMatchObject({ state: "working" });
  expect(await Provisioning.progress(world.system, second.tenantId)).toMatchObject({ state: "waiting" });
  expect(await Provisioning.show(world.operator, second.tenantId)).toMatchObject({ state: "queued", isWaiting: true });
  expect(await jobs.attemptsOf(second.jobId)).toEqual([]);
});

test("the sweep calls the oldest, which lets in as many as there is room for, and they get ready", async () => {
  const tenants = await signUps(4);
  for (const { jobId } of tenants) await advance(jobId, 1);
  expect(await admitted(tenants)).toEqual([true, false, false, false]);
  world.clock.advance(24 * 3600);
  await Provisioning.sweep(world.system);
  // The first has its database to be made, and is called for that.
  expect(await called(tenants, "sweep")).toEqual([true, true, false, false]);
  await advance(tenants[1]?.jobId ?? "", 2);
  expect(await admitted(tenants)).toEqual([true, true, true, false]);
  expect(await called(tenants, "admitted")).toEqual([true, true, true, false]);
  const third = tenants[2];
  if (third === undefined) throw new Error("Four signed up.");
  await jobs.advanceUntil(third.jobId, jobs.ended(third.jobId));
  await jobs.expectOneOfEach(third.tenantId, third.email);
});

test("a cap of nothing lets nobody through, and retry does not get around it", async () => {
  const [tenant] = await signUps(1);
  if (tenant === undefined) throw new Error("One signed up.");
  await advance(tenant.jobId, 0);
  const reason = "they wrote to us";
  expect(await Provisioning.retry(world.operator, tenant.tenantId, { reason })).toEqual({
    changed: false,
    state: "queued",
  });
  await advance(tenant.jobId, 0);
  expect(await jobs.jobOf(tenant.jobId)).toMatchObject({ state: "queued", admittedAt: null });
});
