import { setTimeout as sleep } from "node:timers/promises";
import { Mails } from "@pharmasight/core/control/mails/mails";
import { Provisioning, type ProvisioningPorts } from "@pharmasight/core/control/provisioning/provisioning";
import { DomainError, unavailable } from "@pharmasight/core/kernel/errors";
import { hashToken } from "@pharmasight/core/kernel/tokens";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { type ControlWorld, openTenant, startControlWorld } from "./world.ts";

let world: ControlWorld;

beforeAll(async () => {
  world = await startControlWorld();
});
afterAll(() => world?.stop());

const advance = (jobId: string, ports = world.ports) =>
  Provisioning.advance(world.system, ports, world.settings, jobId);

const jobOf = (jobId: string) =>
  world.system.db.selectFrom("provisioningJobs").selectAll().where("id", "=", jobId).executeTakeFirstOrThrow();
const stepsOf = (jobId: string) =>
  world.system.db.selectFrom("provisioningSteps").selectAll().where("jobId", "=", jobId).orderBy("position").execute();
const tenantOf = (tenantId: string) =>
  world.system.db.selectFrom("tenants").selectAll().where("id", "=", tenantId).executeTakeFirstOrThrow();
const databaseOf = (tenantId: string) =>
  world.system.db.selectFrom("tenantDatabases").selectAll().where("tenantId", "=", tenantId).executeTakeFirstOrThrow();
const hintsOf = (jobId: string) => world.sent.filter(({ message }) => message.jobId === jobId);

/** Advances the job, as its hints would, until `reached`. Time passes between two hints. */
async function advanceUntil(jobId: string, reached: () => Promise<boolean>, ports = world.ports): Promise<void> {
  for (let hint = 0; hint < 400; hint += 1) {
    if (await reached()) return;
    await advance(jobId, ports);
    world.clock.advance(3);
    const open = (await stepsOf(jobId)).find((step) => step.state !== "done");
    if (open?.name === "await_database") await sleep(20);
  }
  throw new Error(`The job got stuck: ${JSON.stringify(await stepsOf(jobId))}`);
}
const finished = (jobId: string) => async () => (await jobOf(jobId)).state !== "running";
const nextIs = (jobId: string, name: string) => async () =>
  (await stepsOf(jobId)).find((step) => step.state !== "done")?.name === name;

const appSecretSchema = z.object({
  pooled: z.object({ host: z.string(), port: z.number(), database: z.string() }),
  app: z.object({ user: z.string(), password: z.string() }),
  reader: z.object({ user: z.string(), password: z.string() }),
});

/** Asks the tenant's database on the credential that requests are served with. */
async function askTenant(tenantId: string, query: string): Promise<readonly Record<string, unknown>[]> {
  const { appSecretArn } = await databaseOf(tenantId);
  const { pooled, app } = appSecretSchema.parse(JSON.parse(await world.ports.secrets.read(appSecretArn ?? "")));
  const { user: username, password } = app;
  const sql = postgres({ ...pooled, username, password, max: 1, prepare: false, fetch_types: false });
  try {
    return [...(await sql.unsafe(query))];
  } finally {
    await sql.end();
  }
}

/** What must be there once, however often a step was run. */
async function expectOneOfEach(tenantId: string, email: string): Promise<void> {
  const projects = world.supabase.projects().filter(({ name }) => name === `pharmasight-${tenantId}`);
  expect(projects).toHaveLength(1);
  expect(await databaseOf(tenantId)).toMatchObject({ projectRef: projects[0]?.ref });
  const customers = world.stripe.customers().filter(({ email: found }) => found === email);
  expect(customers).toHaveLength(1);
  const tenant = await tenantOf(tenantId);
  expect(tenant).toMatchObject({ state: "trial" });
  expect(tenant.schemaVersion).toBeGreaterThan(0);
  const mails = await world.system.db
    .selectFrom("outbox")
    .select("id")
    .where("dedupeKey", "=", `welcome:${tenantId}`)
    .execute();
  expect(mails).toHaveLength(1);
  expect(await askTenant(tenantId, "select email, role from pharmacy.users")).toEqual([{ email, role: "owner" }]);
  expect(await askTenant(tenantId, "select tenant_id::text from pharmacy.identity")).toEqual([{ tenant_id: tenantId }]);
  const opened = await world.system.db
    .selectFrom("auditLog")
    .select("id")
    .where("tenantId", "=", tenantId)
    .where("action", "=", "tenant.opened")
    .execute();
  expect(opened).toHaveLength(1);
}

/** The same ports, except that `intercept` stands before every call. */
function intercepted(intercept: (method: string, call: () => Promise<unknown>) => Promise<unknown>): ProvisioningPorts {
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return (...args: unknown[]) =>
          intercept(String(name), async () => Reflect.apply(method, target, args) as Promise<unknown>);
      },
    });
  const { hosts, setup, secrets, payments } = world.ports;
  return { hosts: wrap(hosts), setup: wrap(setup), secrets: wrap(secrets), payments: wrap(payments) };
}

describe("provisioning", () => {
  test("leads from a confirmed sign-up to an open trial with everything in it", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "whole-path");
    expect(hintsOf(jobId)).toHaveLength(1);
    expect(await Provisioning.progress(world.system, tenantId)).toMatchObject({ state: "working" });
    const startedAt = world.clock.now();
    await advanceUntil(jobId, finished(jobId));

    await expectOneOfEach(tenantId, email);
    for (const step of await stepsOf(jobId)) {
      expect(step).toMatchObject({ state: "done", lastError: null });
      expect(step.startedAt?.getTime()).toBeGreaterThanOrEqual(startedAt.getTime());
    }
    const progress = await Provisioning.progress(world.system, tenantId);
    expect(progress).toMatchObject({ state: "ready", subdomain: "whole-path", jobId });
    expect(new Set(progress?.steps.map(({ state }) => state))).toEqual(new Set(["done"]));
    const { trialEndsAt } = await tenantOf(tenantId);
    const days = ((trialEndsAt?.getTime() ?? 0) - startedAt.getTime()) / 86_400_000;
    expect(days).toBeGreaterThan(14);
    expect(days).toBeLessThan(14.1);
  });

  test("puts the welcome mail's link into the database by its hash, and the same link on the progress page", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "welcome");
    await advanceUntil(jobId, finished(jobId));
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
    expect(await askTenant(tenantId, "select token_hash from pharmacy.sign_in_links")).toEqual([
      { token_hash: hashToken(token) },
    ]);
  });

  test("survives a crash right after each effect: nothing is lost or made twice", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "crashes");
    const crashed = new Set<string>();
    const ports = intercepted(async (method, call) => {
      const result = await call();
      const step = (await stepsOf(jobId)).find(({ state }) => state === "running")?.name;
      const place = `${step} ${method}`;
      if (crashed.has(place)) return result;
      crashed.add(place);
      throw new Error("crashed");
    });
    await advanceUntil(jobId, finished(jobId), ports);
    expect(crashed.size).toBeGreaterThan(15);
    await expectOneOfEach(tenantId, email);
  }, 120_000);

  test("finds the project of a create whose reply was lost", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "lost-reply");
    world.supabase.faults.add({ on: "^POST /v1/projects$", action: "lost-reply" });
    await advanceUntil(jobId, finished(jobId));
    await expectOneOfEach(tenantId, email);
  });

  test("runs a step once when its hint comes five times at once", async () => {
    const { jobId } = await openTenant(world, "doubled");
    const effects: string[] = [];
    const ports = intercepted(async (method, call) => {
      effects.push(method);
      return call();
    });
    await advance(jobId);
    await Promise.all(Array.from({ length: 5 }, () => advance(jobId, ports)));
    expect(effects.filter((method) => method === "create")).toHaveLength(2);
    expect((await stepsOf(jobId)).find(({ name }) => name === "create_database")).toMatchObject({
      state: "done",
      attempts: 1,
    });
  });

  test("with every hint three times at once runs every step once", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "all-tripled");
    for (let hint = 0; hint < 400 && !(await finished(jobId)()); hint += 1) {
      await Promise.all([advance(jobId), advance(jobId), advance(jobId)]);
      world.clock.advance(3);
      if (await nextIs(jobId, "await_database")()) await sleep(20);
    }
    await expectOneOfEach(tenantId, email);
    for (const step of await stepsOf(jobId)) expect(step).toMatchObject({ state: "done", attempts: 1 });
  });

  test("gives a dead worker's job to another, and lets the first write nothing when it comes back", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "overtaken");
    await advanceUntil(jobId, nextIs(jobId, "payment_customer"));
    const held = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const late = advance(
      jobId,
      intercepted(async (_method, call) => {
        reached.resolve();
        await held.promise;
        return call();
      }),
    );
    await reached.promise;
    await advance(jobId);
    expect(await nextIs(jobId, "payment_customer")()).toBe(true);

    world.clock.advance(91);
    const before = hintsOf(jobId).length;
    expect(await Provisioning.sweep(world.system)).toBeGreaterThanOrEqual(1);
    expect(hintsOf(jobId).length).toBeGreaterThan(before);
    await advance(jobId);
    expect(await nextIs(jobId, "trial")()).toBe(true);
    const recorded = await stepsOf(jobId);
    held.resolve();
    await late;
    expect(await stepsOf(jobId)).toEqual(recorded);
    await advanceUntil(jobId, finished(jobId));
    await expectOneOfEach(tenantId, email);
  });

  test("waits as long as the provider asks before it tries again", async () => {
    const { jobId } = await openTenant(world, "slow-down");
    await advance(jobId);
    world.supabase.faults.add({ on: "projects", action: "429", seconds: 37 });
    await advance(jobId);
    const [, create] = await stepsOf(jobId);
    expect(create).toMatchObject({ name: "create_database", state: "waiting", attempts: 1 });
    expect(create?.lastError).toBeTruthy();
    const { nextRunAt } = await jobOf(jobId);
    expect(nextRunAt.getTime() - world.clock.now().getTime()).toBeGreaterThanOrEqual(37_000);
    expect(hintsOf(jobId).at(-1)?.delaySeconds).toBeGreaterThanOrEqual(37);
    await advance(jobId);
    expect((await stepsOf(jobId))[1]).toMatchObject({ attempts: 1 });
    world.supabase.faults.clear();
  });

  test("gives up after eight attempts: an operator is called and sees the step and the reason", async () => {
    const { tenantId, jobId } = await openTenant(world, "given-up");
    const ports = intercepted(async (method, call) => {
      if (method === "find") throw unavailable("The provider does not answer.", 1);
      return call();
    });
    const alarmsBefore = world.alarms.length;
    await advanceUntil(jobId, finished(jobId), ports);
    expect(await jobOf(jobId)).toMatchObject({ state: "failed" });
    expect((await stepsOf(jobId))[1]).toMatchObject({
      state: "failed",
      attempts: 8,
      lastError: "The provider does not answer.",
    });
    expect(await tenantOf(tenantId)).toMatchObject({ state: "provisioning_failed" });
    expect(await Provisioning.progress(world.system, tenantId)).toMatchObject({ state: "failed" });
    expect(world.alarms.slice(alarmsBefore)).toEqual(["provisioning-failed"]);
    const hints = new Set(hintsOf(jobId).map(({ message }) => message.outboxId)).size;
    world.clock.advance(3600);
    await Provisioning.sweep(world.system);
    expect(new Set(hintsOf(jobId).map(({ message }) => message.outboxId)).size).toBe(hints);
  });

  test("gives up at once when the provider refuses for good", async () => {
    const { jobId } = await openTenant(world, "refused");
    const ports = intercepted(async (method, call) => {
      if (method === "find") throw new DomainError("invalid_input", "There is no such region.");
      return call();
    });
    await advance(jobId, ports);
    await advance(jobId, ports);
    expect((await stepsOf(jobId))[1]).toMatchObject({ state: "failed", attempts: 1 });
  });

  test("keeps every password and key out of the control database", async () => {
    const { tenantId, jobId } = await openTenant(world, "no-secrets");
    await advanceUntil(jobId, finished(jobId));
    const { ownerSecretArn, appSecretArn } = await databaseOf(tenantId);
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
