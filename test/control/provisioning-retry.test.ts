import type { AdoptedDatabase } from "@pharmasight/core/control/provisioning/provisioning";
import { SignUps } from "@pharmasight/core/control/sign-ups/sign-ups";
import { DomainError, unavailable } from "@pharmasight/core/kernel/errors";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { OperatedJobs, PASSWORD, reason } from "./operated-jobs.ts";
import { type ControlWorld, formOf, openTenant, startControlWorld } from "./world.ts";

let world: ControlWorld;
let jobs: OperatedJobs;

beforeAll(async () => {
  world = await startControlWorld();
  jobs = new OperatedJobs(world);
});
afterEach(() => jobs.clearFaults());
afterAll(() => world?.stop());

describe("retry", () => {
  test("goes on at the step that failed, with all its attempts", async () => {
    const { tenantId, jobId, email } = await jobs.failedAt("retried", "ensureCustomer");
    const results = await Promise.all(Array.from({ length: 3 }, () => jobs.retry(tenantId)));
    expect(results.filter(({ changed }) => changed)).toHaveLength(1);
    expect(await jobs.tenantOf(tenantId)).toMatchObject({ state: "provisioning" });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOneOfEach(tenantId, email);
    expect((await jobs.attemptsOf(jobId)).filter(({ step }) => step === "create_database")).toHaveLength(1);
    const acts = (await jobs.auditOf(tenantId)).filter(({ actorKind }) => actorKind === "operator");
    expect(acts).toEqual([
      { action: "tenant.provisioning_retried", actorKind: "operator", actorId: "wanjiku", reason },
    ]);
    await expect(jobs.retry(tenantId)).rejects.toMatchObject({ code: "conflict" });
  });

  test("is refused, and so is adopting, once the owner has signed up again: one trial for each", async () => {
    const { tenantId, jobId, email } = await jobs.failedAt("tried-once", "create");
    const control = world.visitor("203.0.113.77");
    const { signUpId, browserToken } = await SignUps.start(control, formOf("tried-twice", email));
    await SignUps.confirm(control, browserToken, await SignUps.codeOf(control, signUpId, 1));
    const refusal = { code: "conflict", message: expect.stringContaining("tried-twice") };
    const database: AdoptedDatabase = { kind: "project", ref: "a".repeat(20), password: PASSWORD };
    await expect(jobs.retry(tenantId)).rejects.toMatchObject(refusal);
    await expect(jobs.adopt(tenantId, database)).rejects.toMatchObject(refusal);
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "failed" });
    expect(await jobs.rollback(tenantId)).toMatchObject({ changed: true });
  });

  test("and a sign-up of its owner at the same moment leave one pharmacy", async () => {
    // The retry comes a little later in each round: before, in the middle of and after the sign-up's transaction.
    for (let round = 0; round < 24; round += 3) {
      const { tenantId, jobId, email } = await jobs.failedAt(`race-${round}`, "create");
      const control = world.visitor("203.0.113.78");
      const { signUpId, browserToken } = await SignUps.start(control, formOf(`race-again-${round}`, email));
      const code = await SignUps.codeOf(control, signUpId, 1);
      const retryLater = async () => {
        for (let look = 0; look < round; look += 1) await jobs.jobOf(jobId);
        return jobs.retry(tenantId);
      };
      const outcomes = await Promise.allSettled([retryLater(), SignUps.confirm(control, browserToken, code)]);
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    }
  });

  test("leaves a job alone that a worker is at, and what that worker does counts", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "busy");
    await jobs.advance(jobId);
    const worker = await jobs.heldAt(jobId, "create");
    expect(await jobs.retry(tenantId)).toEqual({
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
    const zombie = await jobs.heldAt(jobId, "ensureCustomer");
    world.clock.advance(91);
    await jobs.advance(jobId, jobs.refusing("ensureCustomer", new DomainError("invalid_input", "refused")));
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "failed" });
    await jobs.retry(tenantId);
    const before = await jobs.stepsOf(jobId);
    await zombie.letGo();
    expect(await jobs.stepsOf(jobId)).toEqual(before);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOneOfEach(tenantId, email);
  });

  test("brings forward what waits for its next attempt", async () => {
    const { tenantId, jobId } = await openTenant(world, "impatient");
    await jobs.advance(jobId);
    await jobs.advance(jobId, jobs.refusing("find", unavailable("Slow down.", 600)));
    await jobs.advance(jobId);
    expect((await jobs.stepsOf(jobId))[1]).toMatchObject({ state: "waiting", attempts: 1 });
    expect(await jobs.retry(tenantId)).toMatchObject({ changed: true });
    await jobs.advance(jobId);
    expect((await jobs.stepsOf(jobId))[1]).toMatchObject({ state: "done", attempts: 1 });
  });
});
