import { Provisioning } from "@pharmasight/core/control/provisioning/provisioning";
import { steps } from "@pharmasight/core/control/provisioning/steps";
import { SignUps } from "@pharmasight/core/control/sign-ups/sign-ups";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { OperatedJobs, PASSWORD } from "./operated-jobs.ts";
import { type ControlWorld, openTenant, startControlWorld, startSignUp } from "./world.ts";

let world: ControlWorld;
let jobs: OperatedJobs;

beforeAll(async () => {
  world = await startControlWorld();
  jobs = new OperatedJobs(world);
});
afterEach(() => jobs.clearFaults());
afterAll(() => world?.stop());

describe("rollback", () => {
  test.each(steps.map(({ name }) => name))("before the step %s leaves nothing", async (name) => {
    const { tenantId, jobId } = await openTenant(world, `back-${name.replaceAll("_", "-")}`);
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, name));
    expect(await jobs.rollback(tenantId)).toEqual({ changed: true, state: "rolling_back" });
    expect(await jobs.rollback(tenantId)).toEqual({ changed: false, state: "rolling_back" });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectNothingLeft(tenantId, jobId);
    expect(await jobs.rollback(tenantId)).toEqual({ changed: false, state: "rolled_back" });
  });

  test("frees the address, and the owner signs up again in the same browser", async () => {
    const { control, browserToken, code, email, signUpId } = await startSignUp(world, "phoenix");
    const { tenantId } = await SignUps.confirm(control, browserToken, code);
    const jobId = await jobs.jobIdOf(tenantId);
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "schema"));
    await jobs.rollback(tenantId);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectNothingLeft(tenantId, jobId);

    await SignUps.resendCode(control, browserToken);
    const again = await SignUps.confirm(control, browserToken, await SignUps.codeOf(control, signUpId, 2));
    expect(again.tenantId).not.toBe(tenantId);
    const nextJobId = await jobs.jobIdOf(again.tenantId);
    await jobs.advanceUntil(nextJobId, jobs.ended(nextJobId));
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
    await jobs.rollback(tenantId);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectNothingLeft(tenantId, jobId);
  });

  test("waits for a project whose creation may still come to its end", async () => {
    const { tenantId, jobId } = await openTenant(world, "late-project");
    await jobs.advance(jobId);
    world.supabase.faults.add({ on: "^POST /v1/projects$", action: "500" });
    await jobs.advance(jobId);
    await jobs.rollback(tenantId);
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "create_database"));
    for (let look = 0; look < 3; look += 1) {
      await jobs.advance(jobId);
      world.clock.advance(3);
    }
    const wanted = { ownerPassword: PASSWORD, region: world.supabase.region, size: "micro" };
    await world.hosts.supabase.create({ name: `pharmasight-${tenantId}`, ...wanted });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectNothingLeft(tenantId, jobId);
  });

  test("lets a worker that is at the job end first, and deletes what that one made", async () => {
    const { tenantId, jobId } = await openTenant(world, "overtaken-back");
    await jobs.advance(jobId);
    const worker = await jobs.heldAt(jobId, "create");
    await jobs.rollback(tenantId);
    await jobs.advance(jobId);
    expect((await jobs.attemptsOf(jobId)).filter(({ step }) => step.startsWith("rollback"))).toEqual([]);
    const hintsBefore = jobs.hintsOf(jobId).length;
    await worker.letGo();
    expect(jobs.hintsOf(jobId).length).toBeGreaterThan(hintsBefore);
    expect(await jobs.databaseOf(tenantId)).toMatchObject({ projectRef: null });
    expect(jobs.projectsOf(tenantId)).toHaveLength(1);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectNothingLeft(tenantId, jobId);
  });

  test("begins when the lease of a worker that died is over", async () => {
    const { tenantId, jobId } = await openTenant(world, "dead-worker");
    await jobs.advance(jobId);
    void (await jobs.heldAt(jobId, "create"));
    await jobs.rollback(tenantId);
    expect(jobs.hintsOf(jobId).at(-1)?.delaySeconds).toBeGreaterThan(80);
    await jobs.advance(jobId);
    world.clock.advance(91);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectNothingLeft(tenantId, jobId);
  });

  test("keeps asking while the provider is not ready to delete the project", async () => {
    const { tenantId, jobId } = await openTenant(world, "not-deletable");
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "schema"));
    world.supabase.faults.add({ on: "^DELETE /v1/projects/", action: "409", count: 30 });
    world.supabase.slowRemoval(60);
    await jobs.rollback(tenantId);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    world.supabase.slowRemoval(0);
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "rolled_back" });
    world.clock.advance(60);
    await jobs.expectNothingLeft(tenantId, jobId);
  });

  test("survives a crash right after each effect", async () => {
    const { tenantId, jobId } = await openTenant(world, "back-crashing");
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "open"));
    await jobs.rollback(tenantId);
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
    await jobs.expectNothingLeft(tenantId, jobId);
  });

  test("that stops is left to an operator, is not retried forwards, and goes on where it stopped", async () => {
    const { tenantId, jobId } = await openTenant(world, "back-stopped");
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "schema"));
    await jobs.rollback(tenantId);
    const alarms = world.alarms.length;
    const refused = jobs.refusing("list", new DomainError("invalid_input", "The token may not list."));
    await jobs.advanceUntil(jobId, jobs.ended(jobId), refused);
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "failed" });
    expect(world.alarms.slice(alarms)).toEqual(["provisioning-failed"]);
    const shown = await Provisioning.show(world.operator, tenantId);
    expect(shown).toMatchObject({ step: "rollback_database", lastError: "The token may not list." });
    await expect(jobs.retry(tenantId)).rejects.toMatchObject({ code: "conflict" });
    expect(await jobs.rollback(tenantId)).toEqual({ changed: true, state: "rolling_back" });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectNothingLeft(tenantId, jobId);
    const customerRuns = (await jobs.attemptsOf(jobId)).filter(({ step }) => step === "rollback_customer");
    expect(customerRuns).toHaveLength(1);
  });

  test("does not touch a pharmacy that is open", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "open-already");
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await expect(jobs.rollback(tenantId)).rejects.toMatchObject({ code: "conflict" });
    await jobs.expectOneOfEach(tenantId, email);
  });
});
