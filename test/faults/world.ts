import { randomUUID } from "node:crypto";
import { handler as provisionTenant } from "@pharmasight/functions/control/workers/provision-tenant";
import { handler as sendMail } from "@pharmasight/functions/control/workers/send-mail";
import type { Stack } from "@pharmasight/local/stack";
import postgres from "postgres";
import { expect } from "vitest";
import { eventually, mailsTo, type Pharmacy } from "../harness/stack.ts";

/** The control database, with every right. */
export function controlDatabase({ cluster, controlDatabase: { owner } }: Stack): postgres.Sql {
  const { host, port, superuser } = cluster;
  return postgres({ host, port, database: owner.database, ...superuser, max: 2, onnotice: () => {} });
}

interface Step {
  readonly name: string;
  readonly state: string;
  readonly attempts: number;
  readonly last_error: string | null;
}

/** A pharmacy's tenant and job. */
export async function jobOf(sql: postgres.Sql, { email }: Pharmacy) {
  const [job] = await sql<{ id: string; tenant_id: string; state: string; tenant_state: string }[]>`
    select j.id, j.tenant_id, j.state, t.state as tenant_state
    from control.provisioning_jobs j join control.tenants t on t.id = j.tenant_id where t.owner_email = ${email}`;
  if (job === undefined) throw new Error(`${email} has no provisioning job.`);
  return job;
}

export const stepsOf = (sql: postgres.Sql, jobId: string): Promise<Step[]> => sql<Step[]>`
  select name, state, attempts, last_error from control.provisioning_steps where job_id = ${jobId} order by position`;

/** One project, database, customer, owner, pair of secrets and welcome mail, whatever went wrong on the way. */
export async function expectOneOfEach(stack: Stack, sql: postgres.Sql, pharmacy: Pharmacy): Promise<void> {
  const { tenant_id: tenantId } = await jobOf(sql, pharmacy);
  const [recorded] = await sql`
    select t.state, s.stripe_customer_id, d.project_ref, d.owner_secret_arn, d.app_secret_arn
    from control.tenants t
    join control.tenant_subscriptions s on s.tenant_id = t.id
    join control.tenant_databases d on d.tenant_id = t.id where t.id = ${tenantId}`;
  expect(recorded?.state).toBe("trial");
  const projects = stack.supabase.projects().filter(({ name }) => name === `pharmasight-${tenantId}`);
  expect(projects.map(({ ref }) => ref)).toEqual([recorded?.project_ref]);
  const customers = stack.stripe.customers().filter(({ email }) => email === pharmacy.email);
  expect(customers.map(({ id }) => id)).toEqual([recorded?.stripe_customer_id]);
  expect(recorded?.app_secret_arn).toContain(`/tenants/${tenantId}/app-`);
  expect(recorded?.owner_secret_arn).toContain(`/tenants/${tenantId}/owner-`);

  const { host, port, superuser } = stack.cluster;
  const database = postgres({ host, port, database: `project_${recorded?.project_ref}`, ...superuser, max: 1 });
  const users = await database`select email, role from pharmacy.users`;
  await database.end();
  expect(users).toMatchObject([{ email: pharmacy.email, role: "owner" }]);

  await eventually("the welcome mail to be recorded", async () => {
    const [row] = await sql`select done_at from control.outbox where dedupe_key = ${`welcome:${tenantId}`}`;
    return row?.done_at ?? undefined;
  });
  const welcomes = (await mailsTo(stack, pharmacy.email)).filter(({ body }) =>
    body.text?.includes("/auth/link?token="),
  );
  expect(welcomes).toHaveLength(1);
  expect((await pharmacy.client.ask(pharmacy.host, "/items")).status).toBe(200);
}

/** The worker of a queue, to be called as Lambda would. */
const workers = { provisioning: provisionTenant, "control-mail": sendMail };

interface Effect {
  readonly id: string;
  readonly queue: keyof typeof workers;
  readonly payload: Readonly<Record<string, string>>;
}

/** The messages of a pharmacy's provisioning and its welcome mail, newest first. */
export const effectsOf = (sql: postgres.Sql, job: { id: string; tenant_id: string }): Promise<Effect[]> => sql<
  Effect[]
>`
  select id, queue, payload from control.outbox
  where payload ->> 'jobId' = ${job.id} or dedupe_key = ${`welcome:${job.tenant_id}`} order by id desc`;

/** Delivers a message, `times` in one batch. @returns what the worker reports as failed */
export async function deliver({ id, queue, payload }: Effect, times = 1): Promise<readonly unknown[]> {
  const record = {
    messageId: randomUUID(),
    receiptHandle: "",
    body: JSON.stringify({ ...payload, outboxId: id }),
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: "0",
      SenderId: "test",
      ApproximateFirstReceiveTimestamp: "0",
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:pharmasight-${queue}`,
    awsRegion: "us-east-1",
  };
  const { batchItemFailures } = await workers[queue](
    { Records: Array.from({ length: times }, () => record) },
    { getRemainingTimeInMillis: () => 900_000 },
  );
  return batchItemFailures;
}

/** Lets the time pass that a job waits after a failure: its next message comes now, and once more when it is due. */
export async function skipWait(sql: postgres.Sql, job: { id: string; tenant_id: string }): Promise<void> {
  await sql`update control.provisioning_jobs set next_run_at = now() where id = ${job.id}`;
  const [next] = await effectsOf(sql, job);
  if (next !== undefined) await deliver(next);
}
