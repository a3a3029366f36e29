import type { Fault } from "@pharmasight/local/stand-ins/faults";
import type postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { beginSignUp, enter, eventually, type Pharmacy, ROOT, signUp, testStack } from "../harness/stack.ts";
import { controlDatabase, deliver, effectsOf, expectOneOfEach, jobOf, skipWait, stepsOf } from "./world.ts";

let running: Awaited<ReturnType<typeof testStack>>;
let sql: postgres.Sql;

beforeAll(async () => {
  running = await testStack();
  sql = controlDatabase(running.stack);
});
afterEach(() => {
  const { supabase, stripe, secretsManager } = running.stack;
  for (const vendor of [supabase, stripe, secretsManager]) vendor.faults.clear();
});
afterAll(async () => {
  await sql?.end();
  await running?.stop();
});

interface Trouble {
  readonly what: string;
  readonly vendor: "supabase" | "stripe" | "secretsManager";
  readonly fault: Fault;
  /** The step that fails once; absent where the vendor's own client gets over it. */
  readonly step?: string;
  /** The vendor said how long to wait. */
  readonly waits?: boolean;
}

const troubles: readonly Trouble[] = [
  {
    what: "a project whose reply was lost",
    vendor: "supabase",
    fault: { on: "^POST /v1/projects$", action: "lost-reply" },
    step: "create_database",
  },
  {
    what: "a 429 with Retry-After",
    vendor: "supabase",
    fault: { on: "^POST /v1/projects$", action: "429", seconds: 3 },
    step: "create_database",
    waits: true,
  },
  {
    what: "a search for the project that fails",
    vendor: "supabase",
    fault: { on: "^GET /v1/organizations/", action: "500" },
    step: "create_database",
  },
  {
    what: "a health check that fails",
    vendor: "supabase",
    fault: { on: "/health$", action: "500" },
    step: "await_database",
  },
  {
    what: "a customer whose reply was lost once",
    vendor: "stripe",
    fault: { on: "^POST /v1/customers$", action: "lost-reply" },
  },
  {
    what: "a customer whose reply was lost each time that the client asked",
    vendor: "stripe",
    fault: { on: "^POST /v1/customers$", action: "lost-reply", count: 3 },
    step: "payment_customer",
  },
  {
    what: "a secret whose reply was lost",
    vendor: "secretsManager",
    fault: { on: "^CreateSecret$", action: "lost-reply" },
  },
  {
    what: "throttled secrets, before the database is made",
    vendor: "secretsManager",
    fault: { on: "^CreateSecret$", action: "429", count: 3 },
    step: "create_database",
  },
  {
    what: "throttled secrets, after the database was made",
    vendor: "secretsManager",
    fault: { on: "^PutSecretValue$", action: "429", count: 3 },
    step: "database_roles",
  },
];

describe("a pharmacy is made once, in spite of", () => {
  test.for(troubles)("$what", async (trouble) => {
    const { vendor, fault, step, waits } = trouble;
    running.stack[vendor].faults.add(fault);
    const pharmacy = await beginSignUp(running.stack, `trouble-${troubles.indexOf(trouble)}`);
    const job = await jobOf(sql, pharmacy);
    if (step !== undefined) {
      await eventually("the recorded failure", async () => {
        const met = (await stepsOf(sql, job.id)).find(({ name }) => name === step);
        return met?.last_error ?? undefined;
      });
      if (!waits) await skipWait(sql, job);
    }
    await enter(running.stack, pharmacy);
    await expectOneOfEach(running.stack, sql, pharmacy);
  });
});

test("every message five times, by three workers at once: each step runs once, and one mail is sent", async () => {
  const pharmacy = await beginSignUp(running.stack, "doubled");
  const job = await jobOf(sql, pharmacy);
  const doubled = new Map<string, string>();
  const failures: unknown[] = [];
  await eventually("the welcome mail", async () => {
    for (const effect of await effectsOf(sql, job)) {
      if (doubled.has(effect.id)) continue;
      doubled.set(effect.id, effect.queue);
      // The third is the queue's own.
      const reports = await Promise.all([deliver(effect, 2), deliver(effect, 2)]);
      failures.push(...reports.flat());
    }
    return [...doubled.values()].includes("control-mail") ? true : undefined;
  });
  expect(doubled.size).toBeGreaterThanOrEqual(3);
  expect(failures).toEqual([]);
  await enter(running.stack, pharmacy);
  for (const step of await stepsOf(sql, job.id)) {
    expect(step).toMatchObject({ state: "done", attempts: 1, last_error: null });
  }
  await expectOneOfEach(running.stack, sql, pharmacy);
});

describe("a pharmacy that cannot be made", () => {
  test("is given up after the last attempt: step and reason are recorded, and its owner is told without them", async () => {
    running.stack.supabase.faults.add({ on: "^POST /v1/projects$", action: "500", count: 100 });
    const pharmacy = await failsAfter("hopeless", 7);
    await expectGivenUp(pharmacy, { name: "create_database", attempts: 8, last_error: "Supabase answered 500." });
  });

  test("is given up when not even the last attempt came to an end", async () => {
    running.stack.supabase.faults.add({ on: "^POST /v1/projects$", action: "500" });
    const pharmacy = await failsAfter("deadly", 8);
    await expectGivenUp(pharmacy, {
      name: "create_database",
      attempts: 9,
      last_error: expect.stringContaining("never came back"),
    });
  });

  test("is given up at once when the vendor refuses for good", async () => {
    const { SUPABASE_REGION: known } = running.stack.env;
    process.env.SUPABASE_REGION = "mars-north-1";
    try {
      const pharmacy = await beginSignUp(running.stack, "refused");
      await expectGivenUp(pharmacy, {
        name: "create_database",
        attempts: 1,
        last_error: expect.stringContaining("Supabase refused the request"),
      });
    } finally {
      process.env.SUPABASE_REGION = known;
    }
  });

  test("does not stop the one after it", async () => {
    const pharmacy = await signUp(running.stack, "afterwards");
    await expectOneOfEach(running.stack, sql, pharmacy);
  });

  /** A job that failed at its database `attempts` times, at the beginning of the next attempt. */
  async function failsAfter(subdomain: string, attempts: number): Promise<Pharmacy> {
    const pharmacy = await beginSignUp(running.stack, subdomain);
    const job = await jobOf(sql, pharmacy);
    await eventually("the first failure", async () =>
      (await stepsOf(sql, job.id)).find((step) => step.last_error !== null),
    );
    // The others would take the better part of an hour.
    await sql`
      update control.provisioning_steps set attempts = ${attempts}
      where job_id = ${job.id} and name = 'create_database'`;
    // So long ago that nothing can come of it any more.
    await sql`
      update control.tenant_databases set creation_asked_at = now() - interval '1 hour' where tenant_id = ${job.tenant_id}`;
    await skipWait(sql, job);
    return pharmacy;
  }

  async function expectGivenUp(
    pharmacy: Pharmacy,
    failed: { name: string; attempts: number; last_error: unknown },
  ): Promise<void> {
    const job = await eventually("the end of the job", async () => {
      const found = await jobOf(sql, pharmacy);
      return ["queued", "running"].includes(found.state) ? undefined : found;
    });
    expect(job).toMatchObject({ state: "failed", tenant_state: "provisioning_failed" });
    const steps = await stepsOf(sql, job.id);
    expect(steps.filter(({ state }) => state === "failed")).toMatchObject([failed]);
    const [entry] = await sql`
      select after from control.audit_log
      where tenant_id = ${job.tenant_id} and action = 'tenant.provisioning_failed'`;
    expect(entry?.after).toMatchObject({ step: failed.name, reason: failed.last_error });
    expect(running.stack.supabase.projects().filter(({ name }) => name.endsWith(job.tenant_id))).toEqual([]);

    const page = await pharmacy.client.ask(ROOT, "/sign-up/progress");
    expect(page.status).toBe(200);
    expect(page.text).toContain("takes longer");
    expect(page.text).toContain("stopped");
    expect(page.text).not.toMatch(/supabase/i);
    expect(page.text).not.toContain('name="token"');
    expect((await pharmacy.client.ask(pharmacy.host, "/items")).status).toBe(503);
  }
});
