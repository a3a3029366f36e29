import type { Fault } from "@pharmasight/local/stand-ins/faults";
import type postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { beginSignUp, enter, eventually, ROOT, signUp, testStack } from "../harness/stack.ts";
import { controlDatabase, expectOneOfEach, jobOf, stepsOf } from "./world.ts";

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
  /** The step that meets it, and what it records, where the vendor's own client does not get over it. */
  readonly step?: string;
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
    what: "a customer whose reply was lost, each time that the client asks",
    vendor: "stripe",
    fault: { on: "^POST /v1/customers$", action: "lost-reply", count: 3 },
    step: "payment_customer",
  },
  {
    what: "a customer whose reply was lost once",
    vendor: "stripe",
    fault: { on: "^POST /v1/customers$", action: "lost-reply" },
  },
  {
    what: "a secret whose reply was lost, each time that the client asks",
    vendor: "secretsManager",
    fault: { on: "^CreateSecret$", action: "lost-reply", count: 3 },
    step: "create_database",
  },
  {
    what: "throttled secrets",
    vendor: "secretsManager",
    fault: { on: "^(CreateSecret|PutSecretValue)$", action: "429", count: 6 },
    step: "create_database",
  },
];

describe("a pharmacy is made once, in spite of", () => {
  test.for(troubles)("$what", async (trouble) => {
    const { vendor, fault, step } = trouble;
    running.stack[vendor].faults.add(fault);
    const pharmacy = await beginSignUp(running.stack, `trouble-${troubles.indexOf(trouble)}`);
    const { id } = await jobOf(sql, pharmacy);
    if (step !== undefined) {
      await eventually("the recorded failure", async () => {
        const met = (await stepsOf(sql, id)).find(({ name }) => name === step);
        return met?.last_error ?? undefined;
      });
    }
    await enter(running.stack, pharmacy);
    await expectOneOfEach(running.stack, sql, pharmacy);
  });
});

test("with every message five times, and two workers at once on it, each step runs once", async () => {
  const { handler } = await import("@pharmasight/functions/control/workers/provision-tenant");
  const pharmacy = await beginSignUp(running.stack, "doubled");
  const { id } = await jobOf(sql, pharmacy);
  const doubled = new Set<string>();
  const failures: unknown[] = [];
  await eventually("the end of the job", async () => {
    const rows = await sql<{ id: string }[]>`
      select id from control.outbox where queue = 'provisioning' and payload ->> 'jobId' = ${id} order by id`;
    for (const { id: outboxId } of rows.filter((row) => !doubled.has(row.id))) {
      doubled.add(outboxId);
      const record = recordOf({ jobId: id, outboxId });
      const answers = await Promise.all([
        handler({ Records: [record, record] }),
        handler({ Records: [record, record] }),
      ]);
      failures.push(...answers.flatMap(({ batchItemFailures }) => batchItemFailures));
    }
    return (await jobOf(sql, pharmacy)).state === "done" ? true : undefined;
  });
  expect(doubled.size).toBeGreaterThanOrEqual(12);
  expect(failures).toEqual([]);
  for (const step of await stepsOf(sql, id))
    expect(step).toMatchObject({ state: "done", attempts: 1, last_error: null });
  await enter(running.stack, pharmacy);
  await expectOneOfEach(running.stack, sql, pharmacy);
});

describe("a pharmacy that cannot be made", () => {
  test("is given up after the last attempt: step and reason are recorded, and its owner is told without them", async () => {
    running.stack.supabase.faults.add({ on: "^POST /v1/projects$", action: "500", count: 100 });
    const pharmacy = await beginSignUp(running.stack, "hopeless");
    const { id } = await jobOf(sql, pharmacy);
    await eventually("the first failure", async () =>
      (await stepsOf(sql, id)).find((step) => step.last_error !== null),
    );
    // The attempts in between would take the better part of an hour.
    await sql`update control.provisioning_steps set attempts = 7 where job_id = ${id} and name = 'create_database'`;
    await expectGivenUp(pharmacy, { name: "create_database", attempts: 8, last_error: "Supabase answered 500." });
  });

  test("is given up at once when the vendor refuses for good", async () => {
    const known = running.stack.env["SUPABASE_REGION"];
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

  test("does not stop the next one", async () => {
    const pharmacy = await signUp(running.stack, "next");
    await expectOneOfEach(running.stack, sql, pharmacy);
  });

  async function expectGivenUp(
    pharmacy: Awaited<ReturnType<typeof beginSignUp>>,
    failed: { name: string; attempts: number; last_error: unknown },
  ): Promise<void> {
    const job = await eventually("the end of the job", async () => {
      const found = await jobOf(sql, pharmacy);
      return found.state === "running" ? undefined : found;
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

const recordOf = (body: Readonly<Record<string, string>>) => ({
  messageId: crypto.randomUUID(),
  receiptHandle: "",
  body: JSON.stringify(body),
  attributes: {
    ApproximateReceiveCount: "1",
    SentTimestamp: "0",
    SenderId: "test",
    ApproximateFirstReceiveTimestamp: "0",
  },
  messageAttributes: {},
  md5OfBody: "",
  eventSource: "aws:sqs",
  eventSourceARN: "arn:aws:sqs:us-east-1:000000000000:pharmasight-provisioning",
  awsRegion: "us-east-1",
});
