import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { schemaVersions } from "@pharmasight/adapters/migrations/schema-versions.generated";
import type { QueueName } from "@pharmasight/core/ports/jobs";
import { type FunctionSpec, functions, queues } from "@pharmasight/functions/manifest";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, mailsTo, type Pharmacy, ROOT, signUp, testStack } from "../harness/stack.ts";
import { invokeBundle } from "./lambda-process.ts";
import { type Synthesis, synthesise } from "./synthesis.ts";
import { readTemplates } from "./templates.ts";

interface HttpReply {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface OutboxRow {
  readonly id: string;
  readonly payload: Readonly<Record<string, string>>;
}

const MALFORMED = "malformed";

let running: Awaited<ReturnType<typeof testStack>>;
let synthesis: Synthesis;
let templates: ReturnType<typeof readTemplates>;
let pharmacy: Pharmacy;
let control: postgres.Sql;
let tenant: postgres.Sql;
let tenantId: string;

beforeAll(async () => {
  running = await testStack();
  pharmacy = await signUp(running.stack, "bundled");
  synthesis = await synthesise();
  templates = readTemplates(synthesis.assembly);
  control = connect(running.stack.controlDatabase.owner.database);
  const [row] = await control`select id from control.tenants`;
  tenantId = String(row?.["id"]);
  tenant = await tenantDatabase();
}, 180_000);

afterAll(async () => {
  await Promise.all([control?.end(), tenant?.end()]);
  await Promise.all([running?.stop(), synthesis?.remove()]);
});

describe("bundles that answer requests", () => {
  test("the site shows its first page and serves every asset from its own folder", async () => {
    const page = await ask(functions.controlSite, ROOT, "/");
    expect(page).toMatchObject({ statusCode: 200, headers: { "content-type": expect.stringContaining("text/html") } });
    expect(page.body).toContain("PharmaSight");
    await expectAssets(functions.controlSite, ROOT);
  });

  test("a pharmacy's application lets its own people in, nobody without a session, and knows no other host", async () => {
    const mine = await ask(functions.tenantApp, pharmacy.host, "/items", cookies());
    expect(mine.statusCode).toBe(200);
    expect(mine.body).toContain("bundled pharmacy");
    expect([303, 401]).toContain((await ask(functions.tenantApp, pharmacy.host, "/items")).statusCode);
    expect((await ask(functions.tenantApp, `nobody.${ROOT}`, "/items", cookies())).statusCode).toBe(404);
    await expectAssets(functions.tenantApp, pharmacy.host);
  });

  test("a pharmacy's sign-in is served, and refuses a wrong password", async () => {
    expect(await ask(functions.tenantAuth, pharmacy.host, "/auth/sign-in")).toMatchObject({ statusCode: 200 });
    const form = new URLSearchParams({ login: pharmacy.email, password: "not the password" });
    const refused = await ask(functions.tenantAuth, pharmacy.host, "/auth/sign-in", [], form);
    expect(refused.statusCode).toBe(422);
  });

  test("a pharmacy's owner sees the plan and is led to the page for paying, nobody without a session is", async () => {
    const plans = await ask(functions.tenantBilling, pharmacy.host, "/billing/plans", cookies());
    expect(plans.statusCode).toBe(200);
    const field = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(plans.body)?.[1] ?? "";
    const form = new URLSearchParams({ formToken: field("formToken"), price: field("price") });
    const opened = await ask(functions.tenantBilling, pharmacy.host, "/billing/checkout", cookies(), form);
    expect([opened.statusCode, opened.headers.location]).toEqual([
      303,
      expect.stringContaining(running.stack.stripe.url),
    ]);
    expect((await ask(functions.tenantBilling, pharmacy.host, "/billing")).statusCode).toBe(303);
  });
});

test("the door for the payment provider's notices knows its address and its secret, and refuses what is not signed", async () => {
  expect(await ask(functions.hooks, `hooks.${ROOT}`, "/stripe", [], new FormData())).toMatchObject({ statusCode: 401 });
  expect(await ask(functions.hooks, pharmacy.host, "/stripe", [], new FormData())).toMatchObject({ statusCode: 404 });
});

describe("bundles that consume queues do a real message again and report a malformed one", () => {
  test("provisioning: a message for a finished job changes nothing", async () => {
    const projects = await control`select * from control.tenant_databases`;
    const row = await undone(control, "control", "provisioning");
    await consume("provisioning", { ...row.payload, outboxId: row.id });
    expect(await isDone(control, "control", row)).toBe(true);
    expect(await control`select * from control.tenant_databases`).toEqual(projects);
  });

  test("control mail: the mail is sent and recorded", async () => {
    const before = (await mailsTo(running.stack, pharmacy.email)).length;
    const row = await undone(control, "control", "control-mail");
    await consume("control-mail", { ...row.payload, outboxId: row.id });
    expect(await isDone(control, "control", row)).toBe(true);
    expect(await mailsTo(running.stack, pharmacy.email)).toHaveLength(before + 1);
  });

  test("tenant relay: a hint for a pharmacy finds nothing left to send", async () => {
    await consume("tenant-relay", { tenantId });
  });

  test("tenant mail: the sign-in link is sent and recorded", async () => {
    const asked = await pharmacy.client.ask(pharmacy.host, "/auth/sign-in/link", { form: { login: pharmacy.email } });
    expect(asked.status).toBe(200);
    const row = await undone(tenant, "pharmacy", "tenant-mail");
    const before = (await mailsTo(running.stack, pharmacy.email)).length;
    await consume("tenant-mail", { ...row.payload, outboxId: row.id, tenantId });
    expect(await isDone(tenant, "pharmacy", row)).toBe(true);
    expect(await mailsTo(running.stack, pharmacy.email)).toHaveLength(before + 1);
  });

  test("item imports: a file that was read is not read twice", async () => {
    const page = await ask(functions.tenantApp, pharmacy.host, "/items/import", cookies());
    const field = /<input[^>]*type="hidden"[^>]*>/.exec(page.body)?.[0] ?? "";
    const form = new FormData();
    form.set(/name="([^"]+)"/.exec(field)?.[1] ?? "", /value="([^"]+)"/.exec(field)?.[1] ?? "");
    form.set(
      "file",
      new File(["item_name,retail_price\nBundled tablets 5 mg,5.00\n"], "items.csv", { type: "text/csv" }),
    );
    const started = await ask(functions.tenantApp, pharmacy.host, "/items/import", cookies(), form);
    expect([started.statusCode, started.statusCode === 303 ? "" : started.body]).toEqual([303, ""]);
    const row = await undone(tenant, "pharmacy", "item-imports");
    const staged = () => tenant`select row_number, cells from pharmacy.item_import_rows`;
    const before = await staged();
    // The heading and the row below it.
    expect(before).toHaveLength(2);
    await consume("item-imports", { ...row.payload, outboxId: row.id, tenantId });
    expect(await isDone(tenant, "pharmacy", row)).toBe(true);
    expect(await staged()).toEqual(before);
  });
});

test("billing: a look at the payment provider is had and recorded", async () => {
  const row = await hint("billing", { work: "converge", tenantId });
  await consume("billing", { ...row.payload, outboxId: row.id });
  expect(await isDone(control, "control", row)).toBe(true);
  const [seen] = await control`select fetched_at from control.tenant_subscriptions where tenant_id = ${tenantId}`;
  expect(seen).toMatchObject({ fetched_at: expect.any(Date) });
});

describe("bundles that lead schemas know every migration and every fingerprint", () => {
  test("fleet looks: the schema of a pharmacy is found to be what its version says", async () => {
    const row = await hint("fleet-looks", { tenantId });
    await consume("fleet-looks", { ...row.payload, outboxId: row.id });
    expect(await isDone(control, "control", row)).toBe(true);
    const [seen] = await control`select * from control.tenant_schemas where tenant_id = ${tenantId}`;
    expect(seen).toMatchObject({ version: schemaVersions.tenant, drift: null, looked_at: expect.any(Date) });
  });

  test("fleet migrations: a hint without a deployment does nothing", async () => {
    const row = await hint("fleet-migrations", { deploymentId: randomUUID(), tenantId });
    await consume("fleet-migrations", { ...row.payload, outboxId: row.id });
    expect(await isDone(control, "control", row)).toBe(true);
  });

  test("what a deployment of the code runs finds the control database current and announces the release", async () => {
    await control`delete from control.releases`;
    const found = await invoke(functions.migrateControl, { params: {} });
    expect(found).toEqual({ schemaVersion: schemaVersions.control, behind: 0, closed: 0 });
    const [release] = await control`select name, channel, schema_known, retired_at from control.releases`;
    expect(release).toEqual({ name: "dev", channel: "stable", schema_known: schemaVersions.tenant, retired_at: null });
  });
});

test.each([functions.sweepControl, functions.scanFleet])(
  "the bundle of the schedule $entry runs through",
  async (spec) => {
    const event = { version: "0", "detail-type": "Scheduled Event", source: "aws.events", detail: {} };
    expect(await invoke(spec, event)).toBeNull();
  },
);

/**
 * The variables that the stack gives the function, with the local stack's values, and the addresses that lead the SDKs
 * there. Loopback databases have no certificate, so the authority stays away.
 */
function environmentOf(spec: FunctionSpec): Record<string, string> {
  const local = running.stack.env;
  const deployed = Object.entries(templates.functionOf(spec.entry).environment)
    .filter(([name]) => name !== "DATABASE_CA")
    .map(([name, value]) => [name, local[name] ?? value]);
  const addresses = Object.entries(local).filter(([name]) =>
    /^AWS_|^STRIPE_API_URL$|^SUPABASE_SESSION_PORT$/.test(name),
  );
  return Object.fromEntries([...deployed, ...addresses]);
}

const invoke = (spec: FunctionSpec, event: unknown): Promise<unknown> =>
  invokeBundle(synthesis.bundleOf(spec), environmentOf(spec), event);

async function ask(
  spec: FunctionSpec,
  host: string,
  path: string,
  jar: readonly string[] = [],
  form?: URLSearchParams | FormData,
): Promise<HttpReply> {
  const request = new Request(
    `http://${host}:${running.stack.port}${path}`,
    form ? { method: "POST", body: form } : {},
  );
  const event = {
    version: "2.0",
    routeKey: path.startsWith("/auth") ? "ANY /auth/{proxy+}" : "$default",
    rawPath: path,
    rawQueryString: "",
    cookies: jar,
    headers: {
      ...Object.fromEntries(request.headers),
      host: `${host}:${running.stack.port}`,
      accept: "text/html",
      ...(form ? { origin: `http://${host}:${running.stack.port}` } : {}),
    },
    requestContext: {
      accountId: "000000000000",
      apiId: "api",
      domainName: host,
      domainPrefix: host.split(".")[0],
      http: { method: request.method, path, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "test" },
      requestId: "request",
      routeKey: "$default",
      stage: "$default",
      time: "24/Nov/2026:00:00:00 +0000",
      timeEpoch: 0,
    },
    body: Buffer.from(await request.arrayBuffer()).toString("base64"),
    isBase64Encoded: true,
  };
  return (await invoke(spec, event)) as HttpReply;
}

async function expectAssets(spec: FunctionSpec, host: string): Promise<void> {
  const manifest = await readFile(join(synthesis.bundleOf(spec).taskRoot, "assets/manifest.json"), "utf8");
  const statuses = Object.values<string>(JSON.parse(manifest)).map(
    async (name) => (await ask(spec, host, `/assets/${name}`)).statusCode,
  );
  expect(new Set(await Promise.all(statuses))).toEqual(new Set([200]));
}

/** Hands the bundle a batch of a good message and a malformed one: only the latter may come back. */
async function consume(queue: QueueName, message: Readonly<Record<string, string>>): Promise<void> {
  const record = (messageId: string, body: string) => ({
    messageId,
    receiptHandle: messageId,
    body,
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: "0",
      SenderId: "x",
      ApproximateFirstReceiveTimestamp: "0",
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${queue}`,
    awsRegion: "us-east-1",
  });
  const event = { Records: [record("good", JSON.stringify(message)), record(MALFORMED, "{")] };
  expect(await invoke(queues[queue].consumer, event)).toEqual({ batchItemFailures: [{ itemIdentifier: MALFORMED }] });
}

/** The newest row of the queue once its effect has happened, with the record of that taken away again. */
async function undone(sql: postgres.Sql, schema: string, queue: QueueName): Promise<OutboxRow> {
  const row = await eventually(`a finished message of ${queue}`, async () => {
    const [open] = await sql`select 1 from ${sql(schema)}.outbox where queue = ${queue} and done_at is null`;
    const [newest] = await sql<OutboxRow[]>`
      select id, payload from ${sql(schema)}.outbox where queue = ${queue} order by id desc limit 1`;
    return open === undefined ? newest : undefined;
  });
  await sql`update ${sql(schema)}.outbox set done_at = null where id = ${row.id}`;
  return row;
}

/** A message as the outbox of the control plane would send it. */
async function hint(queue: QueueName, payload: Readonly<Record<string, string>>): Promise<OutboxRow> {
  const id = randomUUID();
  await control`
    insert into control.outbox (id, queue, payload, dedupe_key, due_at, sent_at, created_at)
    values (${id}, ${queue}, ${control.json(payload)}, ${id}, now(), now(), now())`;
  return { id, payload };
}

async function isDone(sql: postgres.Sql, schema: string, row: OutboxRow): Promise<boolean> {
  const [found] = await sql`select 1 from ${sql(schema)}.outbox where id = ${row.id} and done_at is not null`;
  return found !== undefined;
}

const cookies = (): string[] => [...pharmacy.client.cookies(pharmacy.host)].map(([name, value]) => `${name}=${value}`);

function connect(database: string): postgres.Sql {
  const { host, port, superuser } = running.stack.cluster;
  return postgres({ host, port, database, ...superuser, max: 1, onnotice: () => {} });
}

/** The database of the only pharmacy there is. */
async function tenantDatabase(): Promise<postgres.Sql> {
  for (const { datname } of await control`select datname from pg_database where datallowconn and not datistemplate`) {
    const sql = connect(String(datname));
    const [found] = await sql`select to_regclass('pharmacy.outbox') as outbox`;
    if (found?.["outbox"]) return sql;
    await sql.end();
  }
  throw new Error("No pharmacy has a database.");
}
