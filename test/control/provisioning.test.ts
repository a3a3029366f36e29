import { setTimeout as sleep } from "node:timers/promises";
import { Mails } from "@pharmasight/core/control/mails/mails";
import { Provisioning } from "@pharmasight/core/control/provisioning/provisioning";
import { DomainError, unavailable } from "@pharmasight/core/kernel/errors";
import { hashToken } from "@pharmasight/core/kernel/tokens";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { appSecretSchema, ProvisioningJobs } from "./provisioning-jobs.ts";
import { type ControlWorld, openTenant, startControlWorld } from "./world.ts";

let world: ControlWorld;
let jobs: ProvisioningJobs;

beforeAll(async () => {
  world = await startControlWorld();
  jobs = new ProvisioningJobs(world);
});
afterAll(() => world?.stop());

describe("provisioning", () => {
  test("leads from a confirmed sign-up to an open trial with everything in it", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "whole-path");
    expect(jobs.hintsOf(jobId)).toHaveLength(1);
    expect(await Provisioning.progress(world.system, tenantId)).toMatchObject({ state: "working" });
    const startedAt = world.clock.now();
    await jobs.advanceUntil(jobId, jobs.ended(jobId));

    await jobs.expectOneOfEach(tenantId, email);
    for (const step of await jobs.stepsOf(jobId)) {
      expect(step).toMatchObject({ state: "done", lastError: null });
      expect(step.startedAt?.getTime()).toBeGreaterThanOrEqual(startedAt.getTime());
    }
    const progress = await Provisioning.progress(world.system, tenantId);
    expect(progress).toMatchObject({ state: "ready", subdomain: "whole-path", jobId });
    expect(new Set(progress?.steps.map(({ state }) => state))).toEqual(new Set(["done"]));
    const { trialEndsAt } = await jobs.tenantOf(tenantId);
    const days = ((trialEndsAt?.getTime() ?? 0) - startedAt.getTime()) / 86_400_000;
    expect(days).toBeGreaterThan(14);
    expect(days).toBeLessThan(14.1);
  });

  test("puts the welcome mail's link into the database by its hash, and the same link on the progress page", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "welcome");
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    const token = await Provisioning.welcomeLinkToken(world.system, tenantId, jobId);
    const letter = await Mails.compose(world.system, "http://pharmasight.example:3000", {
      template: "welcome",
      tenantId,
    });
    expect(letter).toMatchObject({
      kind: "welcome",
      to: email,
      address: "http://welcome.pharmasight.example:3000",
      link: `http://welcome.pharmasight.example:3000/auth/link?token=${token}`,
    });
    expect(await jobs.askTenant(tenantId, "select token_hash from pharmacy.sign_in_links")).toEqual([
      { token_hash: hashToken(token) },
    ]);
  });

  test.each([5, 30, 55])(
    "a project whose answer was lost is found, listed %i seconds late, and made once",
    async (late) => {
      const { tenantId, jobId, email } = await openTenant(world, `late-${late}`);
      world.supabase.faults.add({ on: "^POST /v1/projects$", action: "lost-reply" });
      let listedAt: number | undefined;
      const ports = jobs.intercepted(async (method, call) => {
        const now = world.clock.now().getTime();
        if (method === "create") listedAt ??= now + late * 1000;
        return method === "find" && listedAt !== undefined && now < listedAt ? undefined : call();
      });
      await jobs.advanceUntil(jobId, jobs.ended(jobId), ports);
      expect(jobs.projectsOf(tenantId)).toHaveLength(1);
      await jobs.expectOneOfEach(tenantId, email);
    },
  );

  test("survives a crash right after each effect: nothing is lost or made twice", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "crashes");
    const crashed = new Set<string>();
    const ports = jobs.intercepted(async (method, call) => {
      const result = await call();
      const step = (await jobs.stepsOf(jobId)).find(({ state }) => state === "running")?.name;
      const place = `${step} ${method}`;
      if (crashed.has(place)) return result;
      crashed.add(place);
      throw new Error("crashed");
    });
    await jobs.advanceUntil(jobId, jobs.ended(jobId), ports);
    expect(crashed.size).toBeGreaterThan(15);
    await jobs.expectOneOfEach(tenantId, email);
  }, 120_000);

  test("finds the project of a create whose reply was lost", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "lost-reply");
    world.supabase.faults.add({ on: "^POST /v1/projects$", action: "lost-reply" });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOneOfEach(tenantId, email);
  });

  test("runs a step once when its hint comes five times at once", async () => {
    const { jobId } = await openTenant(world, "doubled");
    const effects: string[] = [];
    const ports = jobs.intercepted(async (method, call) => {
      effects.push(method);
      return call();
    });
    await jobs.advance(jobId);
    await Promise.all(Array.from({ length: 5 }, () => jobs.advance(jobId, ports)));
    expect(effects.filter((method) => method === "create")).toHaveLength(2);
    expect((await jobs.stepsOf(jobId)).find(({ name }) => name === "create_database")).toMatchObject({
      state: "done",
      attempts: 1,
    });
  });

  test("with every hint three times at once runs every step once", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "all-tripled");
    for (let hint = 0; hint < 400 && !(await jobs.ended(jobId)()); hint += 1) {
      await Promise.all([jobs.advance(jobId), jobs.advance(jobId), jobs.advance(jobId)]);
      world.clock.advance(3);
      if (await jobs.nextIs(jobId, "await_database")()) await sleep(20);
    }
    await jobs.expectOneOfEach(tenantId, email);
    for (const step of await jobs.stepsOf(jobId)) expect(step).toMatchObject({ state: "done", attempts: 1 });
  });

  test("gives a dead worker's job to another, and lets the first write nothing when it comes back", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "overtaken");
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "payment_customer"));
    const held = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const late = jobs.advance(
      jobId,
      jobs.intercepted(async (_method, call) => {
        reached.resolve();
        await held.promise;
        return call();
      }),
    );
    await reached.promise;
    await jobs.advance(jobId);
    expect(await jobs.nextIs(jobId, "payment_customer")()).toBe(true);

    world.clock.advance(91);
    const before = jobs.hintsOf(jobId).length;
    expect(await Provisioning.sweep(world.system)).toBeGreaterThanOrEqual(1);
    expect(jobs.hintsOf(jobId).length).toBeGreaterThan(before);
    await jobs.advance(jobId);
    expect(await jobs.nextIs(jobId, "trial")()).toBe(true);
    const recorded = await jobs.stepsOf(jobId);
    held.resolve();
    await late;
    expect(await jobs.stepsOf(jobId)).toEqual(recorded);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOneOfEach(tenantId, email);
  });

  test("waits as long as the provider asks before it tries again", async () => {
    const { jobId } = await openTenant(world, "slow-down");
    await jobs.advance(jobId);
    world.supabase.faults.add({ on: "projects", action: "429", seconds: 37 });
    await jobs.advance(jobId);
    const [, create] = await jobs.stepsOf(jobId);
    expect(create).toMatchObject({ name: "create_database", state: "waiting", attempts: 1 });
    expect(create?.lastError).toBeTruthy();
    const { nextRunAt } = await jobs.jobOf(jobId);
    expect(nextRunAt.getTime() - world.clock.now().getTime()).toBeGreaterThanOrEqual(37_000);
    expect(jobs.hintsOf(jobId).at(-1)?.delaySeconds).toBeGreaterThanOrEqual(37);
    await jobs.advance(jobId);
    expect((await jobs.stepsOf(jobId))[1]).toMatchObject({ attempts: 1 });
    world.supabase.faults.clear();
  });

  test("gives up after eight attempts: an operator is called and sees the step and the reason", async () => {
    const { tenantId, jobId } = await openTenant(world, "given-up");
    const ports = jobs.intercepted(async (method, call) => {
      if (method === "find") throw unavailable("The provider does not answer.", 1);
      return call();
    });
    const alarmsBefore = world.alarms.length;
    await jobs.advanceUntil(jobId, jobs.ended(jobId), ports);
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "failed" });
    expect((await jobs.stepsOf(jobId))[1]).toMatchObject({
      state: "failed",
      attempts: 8,
      lastError: "The provider does not answer.",
    });
    expect(await jobs.tenantOf(tenantId)).toMatchObject({ state: "provisioning_failed" });
    expect(await Provisioning.progress(world.system, tenantId)).toMatchObject({ state: "failed" });
    expect(world.alarms.slice(alarmsBefore)).toEqual(["provisioning-failed"]);
    const hints = new Set(jobs.hintsOf(jobId).map(({ message }) => message.outboxId)).size;
    world.clock.advance(3600);
    await Provisioning.sweep(world.system);
    expect(new Set(jobs.hintsOf(jobId).map(({ message }) => message.outboxId)).size).toBe(hints);
  });

  test("gives up at once when the provider refuses for good", async () => {
    const { jobId } = await openTenant(world, "refused");
    const ports = jobs.intercepted(async (method, call) => {
      if (method === "find") throw new DomainError("invalid_input", "There is no such region.");
      return call();
    });
    await jobs.advance(jobId, ports);
    await jobs.advance(jobId, ports);
    expect((await jobs.stepsOf(jobId))[1]).toMatchObject({ state: "failed", attempts: 1 });
  });

  test("keeps every password and key out of the control database", async () => {
    const { tenantId, jobId } = await openTenant(world, "no-secrets");
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    const { ownerSecretArn, appSecretArn } = await jobs.databaseOf(tenantId);
    const credential = z.object({ password: z.string() });
    const owner = credential.parse(JSON.parse(await world.ports.secrets.read(ownerSecretArn ?? "")));
    const { app, reader } = appSecretSchema.parse(JSON.parse(await world.ports.secrets.read(appSecretArn ?? "")));
    const { db } = world.system;
    const everything = JSON.stringify([
      await db.selectFrom("tenants").selectAll().execute(),
      await db.selectFrom("tenantDatabases").selectAll().execute(),
      await db.selectFrom("provisioningSteps").selectAll().execute(),
      await db.selectFrom("outbox").selectAll().execute(),
      await db.selectFrom("auditLog").selectAll().execute(),
    ]);
    const token = await Provisioning.welcomeLinkToken(world.system, tenantId, jobId);
    for (const secret of [owner.password, app.password, reader.password, token])
      expect(everything).not.toContain(secret);
  });
});

describe("a project that the provider", () => {
  test("failed to make is deleted and another one made in its place", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "init-failed");
    world.supabase.foretell("init-failed", "init-failed");
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOneOfEach(tenantId, email);
    const runs = await jobs.attemptsOf(jobId);
    expect(runs.filter(({ step }) => step === "create_database").map(({ outcome }) => outcome)).toEqual([
      "done",
      "done",
      "done",
    ]);
    expect(runs.filter(({ outcome }) => outcome === "failed")).toMatchObject([
      { step: "await_database", error: expect.stringContaining("another one is made") },
      { step: "await_database" },
    ]);
  });

  test("fails to make three times is left to an operator, who may grant as many more", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "init-failing");
    world.supabase.foretell("init-failed", "init-failed", "init-failed", "init-failed");
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "failed" });
    expect(jobs.projectsOf(tenantId)).toHaveLength(1);
    expect((await jobs.stepsOf(jobId))[2]).toMatchObject({
      state: "failed",
      lastError: expect.stringContaining("3 times"),
    });
    await Provisioning.retry(world.operator, tenantId, { reason: "the provider says it is mended" });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOneOfEach(tenantId, email);
  });

  test("is removing does not serve under its name: another one is made", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "going-down");
    await jobs.advance(jobId);
    const earlier = await world.hosts.supabase.create({
      name: `pharmasight-${tenantId}`,
      ownerPassword: "made-before",
      region: world.supabase.region,
      size: "micro",
    });
    world.supabase.slowRemoval(3600);
    await world.hosts.supabase.delete(earlier.ref);
    world.supabase.slowRemoval(0);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOpen(tenantId, email);
    expect((await jobs.databaseOf(tenantId)).projectRef).not.toBe(earlier.ref);
    world.clock.advance(3600);
    await jobs.expectOneOfEach(tenantId, email);
  });

  test("never gets ready is waited for fifteen minutes, then tried eight times more, then left to an operator", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "stuck");
    world.supabase.foretell("stuck");
    const startedAt = world.clock.now().getTime();
    await jobs.advanceUntil(jobId, async () => {
      world.clock.advance(20);
      return jobs.ended(jobId)();
    });
    expect((world.clock.now().getTime() - startedAt) / 60_000).toBeGreaterThan(15);
    expect((await jobs.stepsOf(jobId))[2]).toMatchObject({ state: "failed", attempts: 8 });
    const [stuck] = jobs.projectsOf(tenantId);
    await world.hosts.supabase.delete(stuck?.ref ?? "");
    await Provisioning.retry(world.operator, tenantId, { reason: "deleted the stuck project by hand" });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOneOfEach(tenantId, email);
  });
});
