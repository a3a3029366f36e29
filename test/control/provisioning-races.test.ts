import type { Changed } from "@pharmasight/core/control/provisioning/provisioning";
import { DomainError } from "@pharmasight/core/kernel/errors";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OperatedJobs } from "./operated-jobs.ts";
import { type ControlWorld, openTenant, startControlWorld } from "./world.ts";

let world: ControlWorld;
let jobs: OperatedJobs;
let runs = 0;

beforeAll(async () => {
  world = await startControlWorld();
  jobs = new OperatedJobs(world);
});
afterAll(() => world?.stop());

const RUNS = 20;

/** Something that happens a little later than it was begun. */
const act = fc.record({
  what: fc.constantFrom("message", "message", "message", "retry", "adopt", "rollback"),
  laterBy: fc.nat(12),
});
const race = fc.record({
  /** How far the job was before. */
  turns: fc.nat(14),
  /** A step whose provider refuses for good, so that the job has failed. */
  refused: fc.constantFrom(undefined, "create", "migrate", "addOwner", "ensureCustomer"),
  acts: fc.array(act, { minLength: 2, maxLength: 7 }),
});

/** A job that failed goes on in the direction that it had. */
async function end(tenantId: string, jobId: string): Promise<void> {
  world.clock.advance(91);
  await jobs.advanceUntil(jobId, jobs.ended(jobId));
  if ((await jobs.jobOf(jobId)).state !== "failed") return;
  const isTakenBack = (await jobs.stepsOf(jobId)).some(({ name }) => name.startsWith("rollback"));
  await (isTakenBack ? jobs.rollback(tenantId) : jobs.retry(tenantId));
  await jobs.advanceUntil(jobId, jobs.ended(jobId));
}

test(
  "operators and workers at once leave a pharmacy that is open in one database, or nothing",
  async () => {
    await fc.assert(
      fc.asyncProperty(race, async ({ turns, refused, acts }) => {
        runs += 1;
        // Each run has a day of its own: no limit of the site is reached.
        world.clock.advance(86_400);
        const { tenantId, jobId, email } = await openTenant(world, `race-${runs}`);
        const name = `raced_${runs}`;
        const database = await jobs.databaseElsewhere(name);
        // Two servers would each have roles of their own; the one of this test has them once.
        await jobs.asSuperuser((sql) => sql.unsafe(`alter role ${database.user} superuser`));
        const ports =
          refused === undefined ? world.ports : jobs.refusing(refused, new DomainError("invalid_input", "Refused."));
        for (let turn = 0; turn < turns; turn += 1) {
          await jobs.advance(jobId, ports);
          world.clock.advance(3);
        }

        const does: Readonly<Record<string, () => Promise<Changed | undefined>>> = {
          message: async () => void (await jobs.advance(jobId)),
          retry: () => jobs.retry(tenantId),
          adopt: () => jobs.adopt(tenantId, database),
          rollback: () => jobs.rollback(tenantId),
        };
        const outcomes = await Promise.allSettled(
          acts.map(async ({ what, laterBy }) => {
            for (let look = 0; look < laterBy; look += 1) await jobs.jobOf(jobId);
            return { what, ...(await does[what]?.()) };
          }),
        );
        const succeeded = new Set<string>();
        for (const outcome of outcomes) {
          if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "conflict" });
          else if (outcome.value.changed) succeeded.add(outcome.value.what);
        }
        await end(tenantId, jobId);

        const [laidOut] = await jobs.asSuperuser((sql) => sql`select to_regnamespace('pharmacy') as it`, name);
        const { state } = await jobs.jobOf(jobId);
        expect(state).toBe(succeeded.has("rollback") ? "rolled_back" : "done");
        if (!succeeded.has("adopt")) expect(laidOut).toEqual({ it: null });
        if (state === "rolled_back") return jobs.expectNothingLeft(tenantId, jobId);
        if (!succeeded.has("adopt")) return jobs.expectOneOfEach(tenantId, email);
        await jobs.expectOpen(tenantId, email);
        expect(await jobs.askTenant(tenantId, "select current_database() as name")).toEqual([{ name }]);
        expect(await jobs.secretsOf(tenantId, jobId)).not.toContain("owner");
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  },
  RUNS * 15_000,
);
