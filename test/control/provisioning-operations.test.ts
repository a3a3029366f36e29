import { type AdoptedDatabase, Provisioning } from "@pharmasight/core/control/provisioning/provisioning";
import { steps } from "@pharmasight/core/control/provisioning/steps";
import { unavailable } from "@pharmasight/core/kernel/errors";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { OperatedJobs, PASSWORD, reason } from "./operated-jobs.ts";
import { type ControlWorld, openTenant, startControlWorld } from "./world.ts";

let world: ControlWorld;
let jobs: OperatedJobs;

beforeAll(async () => {
  world = await startControlWorld();
  jobs = new OperatedJobs(world);
});
afterEach(() => jobs.clearFaults());
afterAll(() => world?.stop());

describe("every operation", () => {
  test("is for operators, with a reason", async () => {
    const { tenantId } = await jobs.failedAt("for-operators", "create");
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

describe("an operator sees", () => {
  test("jobs by state, page by page, newest first", async () => {
    for (const name of ["listed-a", "listed-b", "listed-c"]) await jobs.failedAt(name, "create");
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
    await jobs.advance(jobId, jobs.refusing("find", unavailable("Slow down.", 1)));
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
