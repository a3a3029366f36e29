import { Provisioning } from "@pharmasight/core/control/provisioning/provisioning";
import { DomainError } from "@pharmasight/core/kernel/errors";
import type { Fault } from "@pharmasight/local/stand-ins/faults";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ProvisioningJobs } from "../control/provisioning-jobs.ts";
import { type ControlWorld, openTenant, startControlWorld } from "../control/world.ts";

/** Short, so that a vendor that never answers costs little; long enough that one that works has answered, also on a busy machine. */
const TIMEOUT_MS = 800;
/** Storms of both tests together; `npm run test:faults` has more of them. */
const SEEDS = Number(process.env["FAULT_SEEDS"] ?? 25);
const MAKING_SEEDS = Math.ceil(SEEDS * 0.6);
/** The vendors' own clients wait between their attempts. */
const MS_PER_SEED = 30_000;

let world: ControlWorld;
let jobs: ProvisioningJobs;
let runs = 0;

beforeAll(async () => {
  world = await startControlWorld({ timeoutMs: TIMEOUT_MS });
  jobs = new ProvisioningJobs(world);
});
afterAll(() => world?.stop());

const calls = {
  supabase: ["^POST /v1/projects$", "^GET /v1/organizations/", "^GET /v1/projects/\\w+$", "/health$", "/pooler$"],
  stripe: ["^POST /v1/customers$", "/search$"],
  secretsManager: ["^CreateSecret$", "^GetSecretValue$", "^PutSecretValue$"],
} as const;

/** The AWS client waits longer for a silent vendor than this test may. */
const action = fc.constantFrom("429", "500", "timeout", "lost-reply", "delay");
const trouble = fc.constantFrom("supabase" as const, "stripe" as const, "secretsManager" as const).chain((vendor) =>
  fc.record({
    vendor: fc.constant(vendor),
    fault: fc.record({
      on: fc.constantFrom(...calls[vendor]),
      action: vendor === "secretsManager" ? action.filter((found) => found !== "timeout") : action,
      count: fc.integer({ min: 1, max: 3 }),
      seconds: fc.constant(0.01),
    }),
  }),
);
const storm = fc.record({
  troubles: fc.array(trouble, { maxLength: 8 }),
  fates: fc.array(fc.constantFrom("init-failed" as const), { maxLength: 2 }),
  /** For how many seconds a new project is not listed. */
  listedAfterSeconds: fc.integer({ min: 0, max: 50 }),
  /** How often each message comes, in turn. */
  copies: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 5 }),
  /** Lengths of time between two messages. */
  pauses: fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 5 }),
});

interface Storm {
  readonly troubles: readonly { vendor: "supabase" | "stripe" | "secretsManager"; fault: Fault }[];
  readonly fates: readonly "init-failed"[];
  readonly listedAfterSeconds: number;
  readonly copies: readonly number[];
  readonly pauses: readonly number[];
}

function begin({ troubles, fates }: Storm): void {
  for (const { vendor, fault } of troubles) world[vendor].faults.add(fault);
  world.supabase.foretell(...fates);
}

/** Delivers the job's messages until it ends, each up to three times at once, and lets time pass between them. */
async function weather(jobId: string, { copies, pauses, listedAfterSeconds }: Storm): Promise<void> {
  const ports = listingLate(listedAfterSeconds);
  for (let turn = 0; turn < 300; turn += 1) {
    if (await jobs.ended(jobId)()) return;
    const times = copies[turn % copies.length] ?? 1;
    await Promise.all(Array.from({ length: times }, () => jobs.advance(jobId, ports)));
    world.clock.advance(pauses[turn % pauses.length] ?? 1);
  }
  throw new Error(`The job got stuck: ${JSON.stringify(await jobs.stepsOf(jobId))}`);
}

/** The provider's list, which knows nothing of a new project for a while. */
function listingLate(seconds: number) {
  return jobs.intercepted(async (method, call) => {
    const newest = Math.max(0, ...world.supabase.projects().map(({ createdAt }) => Date.parse(createdAt)));
    return method === "find" && world.clock.now().getTime() < newest + seconds * 1000 ? undefined : call();
  });
}

async function signUp() {
  runs += 1;
  // Each run has a day of its own: no limit of the site is reached.
  world.clock.advance(86_400);
  return openTenant(world, `storm-${runs}`);
}

function clear(): void {
  for (const vendor of [world.supabase, world.stripe, world.secretsManager]) vendor.faults.clear();
}

test(
  "whatever the vendors do, in any mix, ends with one project, one customer, one pair of secrets and one mail",
  async () => {
    await fc.assert(
      fc.asyncProperty(storm, async (weatherOf) => {
        const { tenantId, jobId, email } = await signUp();
        begin(weatherOf);
        await weather(jobId, weatherOf);
        // The worst of them leave a job to an operator, who has it go on.
        clear();
        if ((await jobs.jobOf(jobId)).state === "failed") {
          await Provisioning.retry(world.operator, tenantId, { reason: "the storm is over" });
          await weather(jobId, weatherOf);
        }
        await jobs.expectOneOfEach(tenantId, email);
        expect(await jobs.secretsOf(tenantId, jobId)).toEqual(["owner", "app"]);
      }),
      { numRuns: MAKING_SEEDS, endOnFailure: true },
    );
  },
  MAKING_SEEDS * MS_PER_SEED,
);

test(
  "whatever the vendors do while it is made and while it is taken back, nothing is left of it",
  async () => {
    await fc.assert(
      fc.asyncProperty(storm, storm, fc.nat(30), async (making, takingBack, turns) => {
        const { tenantId, jobId } = await signUp();
        begin(making);
        for (let turn = 0; turn < turns && !(await jobs.ended(jobId)()); turn += 1) {
          await jobs.advance(jobId);
          world.clock.advance(making.pauses[turn % making.pauses.length] ?? 1);
        }
        clear();
        const reason = "the owner changed their mind";
        try {
          begin(takingBack);
          await Provisioning.rollback(world.operator, tenantId, { reason });
        } catch (error) {
          // It was open before the storm came.
          expect(error).toBeInstanceOf(DomainError);
          expect(await jobs.jobOf(jobId)).toMatchObject({ state: "done" });
          return clear();
        }
        await weather(jobId, takingBack);
        clear();
        if ((await jobs.jobOf(jobId)).state === "failed") {
          await Provisioning.rollback(world.operator, tenantId, { reason });
          await weather(jobId, takingBack);
        }
        expect(await jobs.jobOf(jobId)).toMatchObject({ state: "rolled_back" });
        expect(jobs.projectsOf(tenantId)).toEqual([]);
        expect(jobs.customersOf(tenantId)).toEqual([]);
        expect(await jobs.secretsOf(tenantId, jobId)).toEqual([]);
      }),
      { numRuns: SEEDS - MAKING_SEEDS, endOnFailure: true },
    );
  },
  SEEDS * MS_PER_SEED,
);
