import { Mails } from "@pharmasight/core/control/mails/mails";
import { roleNames } from "@pharmasight/core/control/provisioning/credentials";
import { type AdoptedDatabase, Provisioning } from "@pharmasight/core/control/provisioning/provisioning";
import { steps } from "@pharmasight/core/control/provisioning/steps";
import { SignUps } from "@pharmasight/core/control/sign-ups/sign-ups";
import { DomainError, unavailable } from "@pharmasight/core/kernel/errors";
import { hashToken } from "@pharmasight/core/kernel/tokens";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ProvisioningJobs } from "./provisioning-jobs.ts";
import { type ControlWorld, formOf, openTenant, startControlWorld, startSignUp } from "./world.ts";

const reason = "asked for by the on-call rota";
const PASSWORD = "made-by-hand-0815";

let world: ControlWorld;
let jobs: ProvisioningJobs;

beforeAll(async () => {
  world = await startControlWorld();
  jobs = new ProvisioningJobs(world);
});
afterEach(() => {
  for (const vendor of [world.supabase, world.stripe, world.secretsManager]) vendor.faults.clear();
});
afterAll(() => world?.stop());

const refusing = (method: string, error: Error) =>
  jobs.intercepted(async (called, call) => {
    if (called === method) throw error;
    return call();
  });

/** A pharmacy whose job is over at a call that never succeeded. */
async function failedAt(subdomain: string, method: string) {
  const tenant = await openTenant(world, subdomain);
  const ports = refusing(method, new DomainError("invalid_input", `The provider refuses ${method}.`));
  await jobs.advanceUntil(tenant.jobId, jobs.ended(tenant.jobId), ports);
  expect(await jobs.jobOf(tenant.jobId)).toMatchObject({ state: "failed" });
  return tenant;
}

async function asSuperuser<T>(run: (sql: postgres.Sql) => Promise<T>, database = "postgres"): Promise<T> {
  const { host, port, superuser } = world.cluster;
  const sql = postgres({ host, port, database, ...superuser, max: 1, onnotice: () => {} });
  try {
    return await run(sql);
  } finally {
    await sql.end();
  }
}

/** A worker that stands in the middle of a call until it is let go. */
async function heldAt(jobId: string, method: string) {
  const held = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const ports = jobs.intercepted(async (called, call) => {
    if (called === method) {
      reached.resolve();
      await held.promise;
    }
    return call();
  });
  const worker = jobs.advance(jobId, ports);
  await reached.promise;
  return {
    letGo: async () => {
      held.resolve();
      await worker;
    },
  };
}

describe("every operation", () => {
  test("is for operators, with a reason", async () => {
    const { tenantId } = await failedAt("for-operators", "create");
    const { ports, settings } = world;
    const database: AdoptedDatabase = { kind: "project", ref: "a".repeat(20), password: PASSWORD };
    for (const act of [
      (control = world.operator, why = reason) => Provisioning.retry(control, tenantId, { reason: why }),
      (control = world.operator, why = reason) => Provisioning.rollback(control, tenantId, { reason: why }),
      (control = world.operator, why = reason) => Provisioning.resend(control, ports, tenantId, { reason: why }),
      (control = world.operator, why = reason) =>
        Provisioning.adopt(control, ports, settings, tenantId, { database, reason: why }),
    ]) {
      await expect(act(world.system)).rejects.toMatchObject({ code: "forbidden" });
      await expect(act(world.operator, " no ")).rejects.toMatchObject({ fields: { reason: expect.any(String) } });
    }
    expect((await jobs.auditOf(tenantId)).filter(({ actorKind }) => actorKind === "operator")).toEqual([]);
  });

  test("finds its pharmacy by address, tenant and job", async () => {
    const { tenantId, jobId } = await openTenant(world, "found-thrice");
    for (const wanted of ["found-thrice", "Found-Thrice", tenantId, jobId]) {
      expect(await Provisioning.findTenant(world.operator, wanted)).toEqual({ tenantId });
    }
    await expect(Provisioning.findTenant(world.operator, "nobody-here")).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("retry", () => {
  test("goes on at the step that failed, with all its attempts", async () => {
    const { tenantId, jobId, email } = await failedAt("retried", "ensureCustomer");
    const results = await Promise.all(
      Array.from({ length: 3 }, () => Provisioning.retry(world.operator, tenantId, { reason })),
    );
    expect(results.filter(({ changed }) => changed)).toHaveLength(1);
    expect(await jobs.tenantOf(tenantId)).toMatchObject({ state: "provisioning" });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOneOfEach(tenantId, email);
    expect((await jobs.attemptsOf(jobId)).filter(({ step }) => step === "create_database")).toHaveLength(1);
    const acts = (await jobs.auditOf(tenantId)).filter(({ actorKind }) => actorKind === "operator");
    expect(acts).toEqual([
      { action: "tenant.provisioning_retried", actorKind: "operator", actorId: "wanjiku", reason },
    ]);
    await expect(Provisioning.retry(world.operator, tenantId, { reason })).rejects.toMatchObject({ code: "conflict" });
  });

  test("is refused, and so is adopting, once the owner has signed up again: one trial for each", async () => {
    const { tenantId, jobId, email } = await failedAt("tried-once", "create");
    const control = world.visitor("203.0.113.77");
    const { signUpId, browserToken } = await SignUps.start(control, formOf("tried-twice", email));
    await SignUps.confirm(control, browserToken, await SignUps.codeOf(control, signUpId, 1));
    const refusal = { code: "conflict", message: expect.stringContaining("tried-twice") };
    const database: AdoptedDatabase = { kind: "project", ref: "a".repeat(20), password: PASSWORD };
    await expect(Provisioning.retry(world.operator, tenantId, { reason })).rejects.toMatchObject(refusal);
    await expect(
      Provisioning.adopt(world.operator, world.ports, world.settings, tenantId, { database, reason }),
    ).rejects.toMatchObject(refusal);
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "failed" });
    expect(await Provisioning.rollback(world.operator, tenantId, { reason })).toMatchObject({ changed: true });
  });

  test("and a sign-up of its owner at the same moment leave one pharmacy", async () => {
    // The retry comes a little later in each round: before, in the middle of and after the sign-up's transaction.
    for (let round = 0; round < 24; round += 3) {
      const { tenantId, jobId, email } = await failedAt(`race-${round}`, "create");
      const control = world.visitor("203.0.113.78");
      const { signUpId, browserToken } = await SignUps.start(control, formOf(`race-again-${round}`, email));
      const code = await SignUps.codeOf(control, signUpId, 1);
      const retryLater = async () => {
        for (let look = 0; look < round; look += 1) await jobs.jobOf(jobId);
        return Provisioning.retry(world.operator, tenantId, { reason });
      };
      const outcomes = await Promise.allSettled([retryLater(), SignUps.confirm(control, browserToken, code)]);
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    }
  });

  test("leaves a job alone that a worker is at, and what that worker does counts", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "busy");
    await jobs.advance(jobId);
    const worker = await heldAt(jobId, "create");
    expect(await Provisioning.retry(world.operator, tenantId, { reason })).toEqual({
      changed: false,
      state: "running",
    });
    await worker.letGo();
    expect((await jobs.stepsOf(jobId))[1]).toMatchObject({ state: "done", attempts: 1 });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOneOfEach(tenantId, email);
  });

  test("lets nothing be written by a worker that comes back from before the failure", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "zombie");
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "payment_customer"));
    const zombie = await heldAt(jobId, "ensureCustomer");
    world.clock.advance(91);
    await jobs.advance(jobId, refusing("ensureCustomer", new DomainError("invalid_input", "refused")));
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "failed" });
    await Provisioning.retry(world.operator, tenantId, { reason });
    const before = await jobs.stepsOf(jobId);
    await zombie.letGo();
    expect(await jobs.stepsOf(jobId)).toEqual(before);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOneOfEach(tenantId, email);
  });

  test("brings forward what waits for its next attempt", async () => {
    const { tenantId, jobId } = await openTenant(world, "impatient");
    await jobs.advance(jobId);
    await jobs.advance(jobId, refusing("find", unavailable("Slow down.", 600)));
    await jobs.advance(jobId);
    expect((await jobs.stepsOf(jobId))[1]).toMatchObject({ state: "waiting", attempts: 1 });
    expect(await Provisioning.retry(world.operator, tenantId, { reason })).toMatchObject({ changed: true });
    await jobs.advance(jobId);
    expect((await jobs.stepsOf(jobId))[1]).toMatchObject({ state: "done", attempts: 1 });
  });
});

describe("adopt", () => {
  const adopt = (tenantId: string, database: AdoptedDatabase) =>
    Provisioning.adopt(world.operator, world.ports, world.settings, tenantId, { database, reason });

  /** A project that a person made in the provider's dashboard. */
  async function projectByHand(name: string): Promise<AdoptedDatabase & { kind: "project" }> {
    const wanted = { name, ownerPassword: PASSWORD, region: world.supabase.region, size: "micro" };
    const { ref } = await world.hosts.supabase.create(wanted);
    await expect.poll(async () => (await world.hosts.supabase.inspect(ref)).status, { timeout: 20_000 }).toBe("ready");
    return { kind: "project", ref, password: PASSWORD };
  }

  /** A database on a server that has nothing to do with the provider. */
  async function databaseElsewhere(name: string): Promise<AdoptedDatabase & { kind: "elsewhere" }> {
    const user = `owner_of_${name}`;
    await asSuperuser(async (sql) => {
      await sql.unsafe(`create role ${user} login createrole password '${PASSWORD}'`);
      await sql.unsafe(`grant pharmacy_app, pharmacy_reader to ${user} with admin option`);
      await sql.unsafe(`create database ${name} owner ${user}`);
    });
    const { host, port } = world.cluster;
    const endpoint = { host, port, database: name };
    return { kind: "elsewhere", session: endpoint, pooled: endpoint, user, password: PASSWORD, userSuffix: "" };
  }

  test("goes on in a project that a person made", async () => {
    const { tenantId, jobId, email } = await failedAt("adopts-project", "create");
    const database = await projectByHand("made by hand");
    expect(await adopt(tenantId, database)).toEqual({ changed: true, state: "running" });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOpen(tenantId, email);
    expect(await jobs.databaseOf(tenantId)).toMatchObject({ projectRef: database.ref, isAdopted: true });
    expect(jobs.projectsOf(tenantId)).toEqual([]);
    expect(await jobs.auditOf(tenantId)).toContainEqual({
      action: "tenant.database_adopted",
      actorKind: "operator",
      actorId: "wanjiku",
      reason,
    });
    const everything = JSON.stringify([
      await jobs.databaseOf(tenantId),
      await world.system.db.selectFrom("auditLog").selectAll().where("tenantId", "=", tenantId).execute(),
    ]);
    expect(everything).not.toContain(PASSWORD);
  });

  test("goes on in a database on any server, also when another one was laid out already", async () => {
    const { tenantId, jobId, email } = await failedAt("adopts-elsewhere", "ensureCustomer");
    const [before] = jobs.projectsOf(tenantId);
    const database = await databaseElsewhere("adopted_elsewhere");
    // Two servers would each have roles of their own; the one of this test has them once.
    const { app, reader } = roleNames(tenantId);
    await asSuperuser((sql) => sql.unsafe(`grant ${app}, ${reader} to ${database.user} with admin option`));
    await adopt(tenantId, database);
    await adopt(tenantId, database);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOpen(tenantId, email);
    expect(await jobs.askTenant(tenantId, "select current_database() as name")).toEqual([
      { name: "adopted_elsewhere" },
    ]);
    expect(await jobs.databaseOf(tenantId)).toMatchObject({ provider: "postgres", projectRef: null, isAdopted: true });
    const orphans = await Provisioning.orphans(world.operator, world.ports.hosts);
    expect(orphans.filter(({ ref }) => ref === before?.ref)).toMatchObject([{ why: "replaced" }]);
  });

  test("refuses a database that is another pharmacy's, recorded, named or claimed", async () => {
    const other = await openTenant(world, "has-its-own");
    await jobs.advanceUntil(other.jobId, jobs.ended(other.jobId));
    const { projectRef } = await jobs.databaseOf(other.tenantId);
    const inMaking = await openTenant(world, "in-the-making");
    const named = await projectByHand(`pharmasight-${inMaking.tenantId}`);
    const claimed = await databaseElsewhere("claimed_by_another");
    const first = await failedAt("claims-first", "create");
    await adopt(first.tenantId, claimed);
    await jobs.advanceUntil(first.jobId, jobs.ended(first.jobId));

    const { tenantId, jobId } = await failedAt("wants-another", "create");
    for (const database of [{ ...named, ref: projectRef ?? "" }, named, claimed]) {
      await expect(adopt(tenantId, database)).rejects.toMatchObject({
        code: "conflict",
        message: "This database belongs to another pharmacy.",
      });
    }
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "failed", leaseUntil: null });
    await jobs.expectOneOfEach(other.tenantId, other.email);
  });

  test("refuses what cannot be reached, is not there, is not ready or is not one database", async () => {
    const { tenantId } = await failedAt("adopts-nothing", "create");
    const good = await databaseElsewhere("reachable");
    const twin = await databaseElsewhere("twin_of_reachable");
    const ref = "b".repeat(20);
    for (const [database, code] of [
      [{ ...good, password: "wrong" }, "unavailable"],
      [{ ...good, pooled: { ...good.pooled, port: 1 } }, "unavailable"],
      [{ ...good, session: { ...good.session, database: "nowhere" } }, "unavailable"],
      [{ kind: "project", ref, password: PASSWORD }, "not_found"],
      [{ kind: "project", ref: "../organizations", password: PASSWORD }, "not_found"],
    ] as const) {
      await expect(adopt(tenantId, database), JSON.stringify(database)).rejects.toMatchObject({ code });
    }
    await asSuperuser((sql) => sql.unsafe("grant connect on database twin_of_reachable to owner_of_reachable"));
    await expect(adopt(tenantId, { ...good, pooled: twin.pooled })).rejects.toMatchObject({
      message: expect.stringContaining("two different databases"),
    });
    await asSuperuser((sql) => sql.unsafe("alter role owner_of_reachable nocreaterole"));
    await expect(adopt(tenantId, good)).rejects.toMatchObject({ message: expect.stringContaining("CREATEROLE") });
    expect(await jobs.databaseOf(tenantId)).toMatchObject({ isAdopted: false });
  });

  test("keeps off while a worker is at the job, and keeps workers off while it looks", async () => {
    const { tenantId, jobId } = await openTenant(world, "adopts-busily");
    const database = await projectByHand("busily made");
    await jobs.advance(jobId);
    const worker = await heldAt(jobId, "create");
    await expect(adopt(tenantId, database)).rejects.toMatchObject({
      code: "conflict",
      retryAfterSeconds: expect.any(Number),
    });
    await worker.letGo();
    const looking = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const ports = jobs.intercepted(async (method, call) => {
      if (method === "inspect") {
        looking.resolve();
        await goOn.promise;
      }
      return call();
    });
    const adopting = Provisioning.adopt(world.operator, ports, world.settings, tenantId, { database, reason });
    await looking.promise;
    const before = await jobs.attemptsOf(jobId);
    await jobs.advance(jobId);
    expect(await jobs.attemptsOf(jobId)).toEqual(before);
    goOn.resolve();
    expect(await adopting).toMatchObject({ changed: true });
  });

  test("of a database by two pharmacies at once gives it to one", async () => {
    const one = await failedAt("adopts-at-once-a", "create");
    const two = await failedAt("adopts-at-once-b", "create");
    const database = await projectByHand("wanted by two");
    const results = await Promise.allSettled([adopt(one.tenantId, database), adopt(two.tenantId, database)]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("is over once the pharmacy is open", async () => {
    const { tenantId, jobId } = await openTenant(world, "adopts-too-late");
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    const database = await databaseElsewhere("too_late");
    await expect(adopt(tenantId, database)).rejects.toMatchObject({ code: "conflict" });
  });

  test("survives a stop after each of its effects", async () => {
    const { tenantId, jobId, email } = await failedAt("adopts-crashing", "create");
    const database = await databaseElsewhere("adopted_crashing");
    const crashed = new Set<string>();
    const ports = jobs.intercepted(async (method, call) => {
      const result = await call();
      if (crashed.has(method)) return result;
      crashed.add(method);
      throw new Error("stopped");
    });
    const command = () => Provisioning.adopt(world.operator, ports, world.settings, tenantId, { database, reason });
    for (let stops = 0; stops < 5; stops += 1) await command().catch(() => undefined);
    expect(crashed.size).toBeGreaterThan(1);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOpen(tenantId, email);
  });

  test("leaves its database alone when the provisioning is taken back", async () => {
    const { tenantId, jobId } = await failedAt("adopted-rollback", "create");
    const database = await projectByHand(`pharmasight-${tenantId}`);
    await adopt(tenantId, database);
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "payment_customer"));
    await Provisioning.rollback(world.operator, tenantId, { reason });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "rolled_back" });
    expect(jobs.projectsOf(tenantId).map(({ ref }) => ref)).toEqual([database.ref]);
    expect(await jobs.secretsOf(tenantId, jobId)).toEqual([]);
    const identity = await asSuperuser(
      (sql) => sql`select tenant_id::text from pharmacy.identity`,
      `project_${database.ref}`,
    );
    expect([...identity]).toEqual([{ tenant_id: tenantId }]);
    const orphans = await Provisioning.orphans(world.operator, world.ports.hosts);
    expect(orphans.filter(({ ref }) => ref === database.ref)).toMatchObject([{ why: "adopted" }]);
  });
});

describe("rollback", () => {
  const rollback = (tenantId: string) => Provisioning.rollback(world.operator, tenantId, { reason });

  async function expectNothingLeft(tenantId: string, jobId: string): Promise<void> {
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "rolled_back", finishedAt: expect.any(Date) });
    expect(await jobs.tenantOf(tenantId)).toMatchObject({ state: "closed" });
    expect(jobs.projectsOf(tenantId)).toEqual([]);
    expect(jobs.customersOf(tenantId)).toEqual([]);
    expect(await jobs.secretsOf(tenantId, jobId)).toEqual([]);
    const { db } = world.system;
    expect(await db.selectFrom("tenantHosts").selectAll().where("tenantId", "=", tenantId).execute()).toEqual([]);
    expect(await db.selectFrom("signUps").selectAll().where("tenantId", "=", tenantId).execute()).toEqual([]);
    expect(await Provisioning.progress(world.system, tenantId)).toBeUndefined();
    const welcome = { template: "welcome", tenantId };
    expect(await Mails.compose(world.system, "http://pharmasight.example", welcome)).toBeUndefined();
  }

  test.each(steps.map(({ name }) => name))("before the step %s leaves nothing", async (name) => {
    const { tenantId, jobId } = await openTenant(world, `back-${name.replaceAll("_", "-")}`);
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, name));
    expect(await rollback(tenantId)).toEqual({ changed: true, state: "rolling_back" });
    expect(await rollback(tenantId)).toEqual({ changed: false, state: "rolling_back" });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await expectNothingLeft(tenantId, jobId);
    expect(await rollback(tenantId)).toEqual({ changed: false, state: "rolled_back" });
  });

  test("frees the address, and the owner signs up again in the same browser", async () => {
    const { control, browserToken, code, email, signUpId } = await startSignUp(world, "phoenix");
    const { tenantId } = await SignUps.confirm(control, browserToken, code);
    const { id: jobId } = await world.system.db
      .selectFrom("provisioningJobs")
      .select("id")
      .where("tenantId", "=", tenantId)
      .executeTakeFirstOrThrow();
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "schema"));
    await rollback(tenantId);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await expectNothingLeft(tenantId, jobId);

    await SignUps.resendCode(control, browserToken);
    const again = await SignUps.confirm(control, browserToken, await SignUps.codeOf(control, signUpId, 2));
    expect(again.tenantId).not.toBe(tenantId);
    const job = await world.system.db
      .selectFrom("provisioningJobs")
      .select("id")
      .where("tenantId", "=", again.tenantId)
      .executeTakeFirstOrThrow();
    await jobs.advanceUntil(job.id, jobs.ended(job.id));
    await jobs.expectOneOfEach(again.tenantId, email);
    expect(await Provisioning.progress(world.system, again.tenantId)).toMatchObject({ subdomain: "phoenix" });
  });

  /** A call whose work is done and whose reply never comes, at the `nth` time that it is made. */
  function losing(method: string, nth: number) {
    let calls = 0;
    return jobs.intercepted(async (called, call) => {
      const result = await call();
      if (called === method) calls += 1;
      if (called === method && calls === nth) throw new DomainError("invalid_input", "The reply was lost.");
      return result;
    });
  }

  // Secrets are made by `create` too: the owner's, the project, the application's.
  test.each([
    ["the owner's secret", "create", 1, { secrets: ["owner"], projects: 0, customers: 0 }],
    ["the project", "create", 2, { secrets: ["owner"], projects: 1, customers: 0 }],
    ["the application's secret", "create", 3, { secrets: ["owner", "app"], projects: 1, customers: 0 }],
    ["the customer", "ensureCustomer", 1, { secrets: ["owner", "app"], projects: 1, customers: 1 }],
  ] as const)("finds what nobody recorded: %s, whose reply was lost", async (what, method, nth, made) => {
    const { tenantId, jobId } = await openTenant(world, `lost-${method.toLowerCase()}-${nth}`);
    await jobs.advanceUntil(jobId, jobs.ended(jobId), losing(method, nth));
    expect(await jobs.secretsOf(tenantId, jobId), what).toEqual(made.secrets);
    expect(jobs.projectsOf(tenantId)).toHaveLength(made.projects);
    expect(jobs.customersOf(tenantId)).toHaveLength(made.customers);
    await rollback(tenantId);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await expectNothingLeft(tenantId, jobId);
  });

  test("waits for a project whose creation may still come to its end", async () => {
    const { tenantId, jobId } = await openTenant(world, "late-project");
    await jobs.advance(jobId);
    world.supabase.faults.add({ on: "^POST /v1/projects$", action: "500" });
    await jobs.advance(jobId);
    await rollback(tenantId);
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "create_database"));
    for (let look = 0; look < 3; look += 1) {
      await jobs.advance(jobId);
      world.clock.advance(3);
    }
    const wanted = { ownerPassword: PASSWORD, region: world.supabase.region, size: "micro" };
    await world.hosts.supabase.create({ name: `pharmasight-${tenantId}`, ...wanted });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await expectNothingLeft(tenantId, jobId);
  });

  test("lets a worker that is at the job end first, and deletes what that one made", async () => {
    const { tenantId, jobId } = await openTenant(world, "overtaken-back");
    await jobs.advance(jobId);
    const worker = await heldAt(jobId, "create");
    await rollback(tenantId);
    await jobs.advance(jobId);
    expect((await jobs.attemptsOf(jobId)).filter(({ step }) => step.startsWith("rollback"))).toEqual([]);
    const hintsBefore = jobs.hintsOf(jobId).length;
    await worker.letGo();
    expect(jobs.hintsOf(jobId).length).toBeGreaterThan(hintsBefore);
    expect(await jobs.databaseOf(tenantId)).toMatchObject({ projectRef: null });
    expect(jobs.projectsOf(tenantId)).toHaveLength(1);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await expectNothingLeft(tenantId, jobId);
  });

  test("begins when the lease of a worker that died is over", async () => {
    const { tenantId, jobId } = await openTenant(world, "dead-worker");
    await jobs.advance(jobId);
    void (await heldAt(jobId, "create"));
    await rollback(tenantId);
    expect(jobs.hintsOf(jobId).at(-1)?.delaySeconds).toBeGreaterThan(80);
    await jobs.advance(jobId);
    world.clock.advance(91);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await expectNothingLeft(tenantId, jobId);
  });

  test("keeps asking while the provider is not ready to delete the project", async () => {
    const { tenantId, jobId } = await openTenant(world, "not-deletable");
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "schema"));
    world.supabase.faults.add({ on: "^DELETE /v1/projects/", action: "409", count: 30 });
    world.supabase.slowRemoval(60);
    await rollback(tenantId);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    world.supabase.slowRemoval(0);
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "rolled_back" });
    world.clock.advance(60);
    await expectNothingLeft(tenantId, jobId);
  });

  test("survives a crash right after each effect", async () => {
    const { tenantId, jobId } = await openTenant(world, "back-crashing");
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "open"));
    await rollback(tenantId);
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
    expect([...crashed].toSorted()).toEqual([
      "rollback_customer deleteCustomer",
      "rollback_database delete",
      "rollback_database inspect",
      "rollback_database list",
      "rollback_secrets delete",
    ]);
    await expectNothingLeft(tenantId, jobId);
  });

  test("that stops is left to an operator, is not retried forwards, and goes on where it stopped", async () => {
    const { tenantId, jobId } = await openTenant(world, "back-stopped");
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "schema"));
    await rollback(tenantId);
    const alarms = world.alarms.length;
    const refused = refusing("list", new DomainError("invalid_input", "The token may not list."));
    await jobs.advanceUntil(jobId, jobs.ended(jobId), refused);
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "failed" });
    expect(world.alarms.slice(alarms)).toEqual(["provisioning-failed"]);
    const shown = await Provisioning.show(world.operator, tenantId);
    expect(shown).toMatchObject({ step: "rollback_database", lastError: "The token may not list." });
    await expect(Provisioning.retry(world.operator, tenantId, { reason })).rejects.toMatchObject({ code: "conflict" });
    expect(await rollback(tenantId)).toEqual({ changed: true, state: "rolling_back" });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await expectNothingLeft(tenantId, jobId);
    const customerRuns = (await jobs.attemptsOf(jobId)).filter(({ step }) => step === "rollback_customer");
    expect(customerRuns).toHaveLength(1);
  });

  test("does not touch a pharmacy that is open", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "open-already");
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await expect(rollback(tenantId)).rejects.toMatchObject({ code: "conflict" });
    await jobs.expectOneOfEach(tenantId, email);
  });
});

describe("resend", () => {
  const resend = (tenantId: string, email?: string) =>
    Provisioning.resend(world.operator, world.ports, tenantId, { reason, email });
  const linkHashes = async (tenantId: string) =>
    (await jobs.askTenant(tenantId, "select token_hash from pharmacy.sign_in_links")).map((row) => row.token_hash);
  const letters = async (tenantId: string) => {
    const rows = await jobs.welcomesOf(tenantId);
    const composed = await Promise.all(
      rows.map(({ payload }) => Mails.compose(world.system, "http://pharmasight.example", payload)),
    );
    return composed.filter((letter) => letter !== undefined);
  };

  async function opened(subdomain: string) {
    const tenant = await openTenant(world, subdomain);
    await jobs.advanceUntil(tenant.jobId, jobs.ended(tenant.jobId));
    return tenant;
  }

  test("mails another link to the corrected address; the first link and its mail are dead", async () => {
    const { tenantId, jobId } = await opened("misspelt");
    const first = await Provisioning.welcomeLinkToken(world.system, tenantId, jobId);
    expect(await resend(tenantId, " Right.Address@Example.com ")).toEqual({ email: "right.address@example.com" });
    const second = await Provisioning.welcomeLinkToken(world.system, tenantId, jobId);
    expect(second).not.toBe(first);
    expect(await linkHashes(tenantId)).toEqual([hashToken(second)]);
    expect(await letters(tenantId)).toMatchObject([
      { kind: "welcome", to: "right.address@example.com", link: expect.stringContaining(second) },
    ]);
    expect(await jobs.tenantOf(tenantId)).toMatchObject({ ownerEmail: "right.address@example.com" });
    expect(await jobs.askTenant(tenantId, "select email, role from pharmacy.users")).toEqual([
      { email: "right.address@example.com", role: "owner" },
    ]);
    expect(await jobs.auditOf(tenantId)).toContainEqual({
      action: "tenant.welcome_resent",
      actorKind: "operator",
      actorId: "wanjiku",
      reason,
    });
  });

  test("three times at once, and after a stop half-way, leaves one link that works and one mail that is sent", async () => {
    const { tenantId, jobId } = await opened("impatient-owner");
    const stopping = jobs.intercepted(async (method, call) => {
      await call();
      if (method === "renewOwnerLink") throw new Error("stopped");
      return call();
    });
    await expect(Provisioning.resend(world.operator, stopping, tenantId, { reason })).rejects.toThrow("stopped");
    await Promise.all([resend(tenantId), resend(tenantId), resend(tenantId)]);
    const token = await Provisioning.welcomeLinkToken(world.system, tenantId, jobId);
    expect(await linkHashes(tenantId)).toEqual([hashToken(token)]);
    expect(await letters(tenantId)).toMatchObject([{ link: expect.stringContaining(token) }]);
  });

  test("is refused once the owner has signed in, before the pharmacy is open, and to no address at all", async () => {
    const { tenantId } = await opened("signed-in");
    await expect(resend(tenantId, "nobody")).rejects.toMatchObject({ fields: { email: expect.any(String) } });
    await jobs.askTenant(tenantId, "update pharmacy.sign_in_links set used_at = now()");
    await expect(resend(tenantId, "thief@example.com")).rejects.toMatchObject({ code: "conflict" });
    expect(await jobs.askTenant(tenantId, "select email from pharmacy.users")).not.toEqual([
      { email: "thief@example.com" },
    ]);
    const failed = await failedAt("not-open", "create");
    await expect(resend(failed.tenantId)).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("an operator sees", () => {
  test("jobs by state, page by page, newest first", async () => {
    for (const name of ["listed-a", "listed-b", "listed-c"]) await failedAt(name, "create");
    const first = await Provisioning.list(world.operator, { state: "failed", limit: 2 });
    expect(first.jobs.map(({ subdomain }) => subdomain)).toEqual(["listed-c", "listed-b"]);
    const second = await Provisioning.list(world.operator, { state: "failed", limit: 2, before: first.next });
    expect(second.jobs[0]).toMatchObject({
      subdomain: "listed-a",
      step: "create_database",
      attempts: 1,
      lastError: "The provider refuses create.",
    });
    const seen = new Set<string>();
    let before: string | undefined;
    do {
      const page = await Provisioning.list(world.operator, { limit: 7, before });
      for (const { jobId } of page.jobs) seen.add(jobId);
      before = page.next;
    } while (before !== undefined);
    const all = await world.system.db.selectFrom("provisioningJobs").select("id").execute();
    expect(seen.size).toBe(all.length);
  });

  test("every run of every step of a job, its database, mails and acts", async () => {
    const { tenantId, jobId } = await openTenant(world, "shown");
    await jobs.advance(jobId);
    await jobs.advance(jobId, refusing("find", unavailable("Slow down.", 1)));
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    const shown = await Provisioning.show(world.operator, tenantId);
    expect(shown).toMatchObject({ state: "done", tenantState: "trial", subdomain: "shown", step: null });
    expect(shown.steps.map(({ name }) => name)).toEqual(steps.map(({ name }) => name));
    expect(shown.steps[1]?.runs).toMatchObject([
      { outcome: "failed", error: "Slow down." },
      { outcome: "done", error: null },
    ]);
    expect(shown.database).toMatchObject({ isAdopted: false, projectName: `pharmasight-${tenantId}` });
    expect(shown.mails).toHaveLength(1);
    expect(shown.acts.map(({ action }) => action)).toContain("tenant.opened");
  });

  test("projects that serve nobody, and none that serves or will serve somebody", async () => {
    const serving = await openTenant(world, "serving");
    await jobs.advanceUntil(serving.jobId, jobs.ended(serving.jobId));
    const making = await openTenant(world, "making");
    await jobs.advance(making.jobId);
    world.supabase.faults.add({ on: "^POST /v1/projects$", action: "lost-reply" });
    await jobs.advance(making.jobId);
    const wanted = { ownerPassword: PASSWORD, region: world.supabase.region, size: "micro" };
    const { ref: unknown } = await world.hosts.supabase.create({ name: "pharmasight-nobody", ...wanted });
    const { ref: double } = await world.hosts.supabase.create({ name: `pharmasight-${serving.tenantId}`, ...wanted });
    await world.hosts.supabase.create({ name: "something else", ...wanted });
    const orphans = await Provisioning.orphans(world.operator, world.ports.hosts);
    const why = new Map(orphans.map((orphan) => [orphan.ref, orphan.why]));
    expect(why.get(unknown)).toBe("unknown");
    expect(why.get(double)).toBe("replaced");
    const names = orphans.map(({ name }) => name);
    expect(names).not.toContain("something else");
    expect(names).not.toContain(`pharmasight-${making.tenantId}`);
    expect(why.has((await jobs.databaseOf(serving.tenantId)).projectRef ?? "")).toBe(false);
  });

  test("where the time goes, step by step", async () => {
    const lines = await Provisioning.timings(world.operator, { jobsMax: 1000 });
    expect(lines.filter(({ step }) => !step.startsWith("rollback")).map(({ step }) => step)).toEqual([
      ...steps.map(({ name }) => name),
      "whole job",
    ]);
    for (const line of lines) {
      expect(line.median).toBeLessThanOrEqual(line.p95);
      expect(line.p95).toBeLessThanOrEqual(line.longest);
    }
    const create = lines.find(({ step }) => step === "create_database");
    expect(create?.failures).toBeGreaterThan(0);
    expect(lines.find(({ step }) => step === "await_database")?.waits).toBeGreaterThan(0);
  });
});
