import fc from "fast-check";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client, Reply } from "../harness/client.ts";
import { eventually, mailsTo, type Pharmacy, ROOT, signUp, testStack } from "../harness/stack.ts";

/** One person, with the same ids, sessions and address at both; and everything that is one's tried at the other. */
describe("two pharmacies with the same person in them", () => {
  let running: Awaited<ReturnType<typeof testStack>>;
  let alfa: Pharmacy;
  let bravo: Pharmacy;

  beforeAll(async () => {
    running = await testStack();
    [alfa, bravo] = await Promise.all([signUp(running.stack, "alfa"), signUp(running.stack, "bravo")]);
    await copyPeople(alfa, bravo);
  });
  afterAll(() => running.stop());

  test("one's session is refused at the other, and the attempt is in the other's audit log", async () => {
    expect((await alfa.client.ask(alfa.host, "/items")).status).toBe(200);
    const stolen = alfa.client.cookies(alfa.host).get("session") ?? "";
    const reply = await bravo.client.ask(bravo.host, "/api/v1/items", { headers: { cookie: `session=${stolen}` } });
    expect(reply.status).toBe(401);
    const log = await tenantRows(bravo, "select action from pharmacy.audit_log where action = 'access.refused'");
    expect(log.length).toBe(1);
  });

  test.each(["x-tenant-id", "x-tenant", "x-tenant-subdomain"])(
    "a header %s that names the other is refused",
    async (name) => {
      const reply = await alfa.client.ask(alfa.host, "/items", { headers: { [name]: "bravo" } });
      expect(reply.status).toBe(401);
    },
  );

  test("one's item is unknown at the other, by its id", async () => {
    const made = await createItem(alfa.client, alfa.host, "Canary of alfa 500 mg");
    expect(made.status).toBe(201);
    const { id } = JSON.parse(made.text) as { id: string };
    const reply = await bravo.client.ask(bravo.host, `/api/v1/items/${id}`);
    expect(reply.status).toBe(404);
    expect(reply.text).not.toContain("Canary");
    expect((await bravo.client.ask(bravo.host, "/items?q=canary")).text).not.toContain("Canary of alfa");
  });

  test("one's sign-in link opens nothing at the other, and is not used up by the attempt", async () => {
    const mailsBefore = (await mailsTo(running.stack, alfa.email)).length;
    await alfa.client.ask(alfa.host, "/auth/sign-in/link", { form: { login: alfa.email } });
    const token = await eventually("the link", async () => {
      const texts = (await mailsTo(running.stack, alfa.email)).map((mail) => mail.body.text ?? "");
      const latest = texts.filter((text) => text.includes(alfa.host)).at(-1) ?? "";
      return texts.length > mailsBefore ? /\/auth\/link\?token=([^&\s]+)/.exec(latest)?.[1] : undefined;
    });
    expect((await bravo.client.ask(bravo.host, "/auth/link", { form: { token } })).status).toBeGreaterThanOrEqual(400);
    expect((await alfa.client.ask(alfa.host, "/auth/link", { form: { token } })).status).toBe(303);
    expect((await alfa.client.ask(alfa.host, "/auth/link", { form: { token } })).status).toBeGreaterThanOrEqual(400);
  });

  test("a database that says it is another's serves no row", async () => {
    const owner = postgres({
      host: running.stack.cluster.host,
      port: running.stack.cluster.port,
      database: running.stack.controlDatabase.owner.database,
      ...running.stack.cluster.superuser,
      max: 1,
      onnotice: () => {},
    });
    const gamma = await signUp(running.stack, "gamma");
    const secrets =
      await owner`select t.name, d.app_secret_arn, d.tenant_id from control.tenant_databases d join control.tenants t on t.id = d.tenant_id`;
    const of = (name: string) => secrets.find((row) => row["name"] === `${name} pharmacy`);
    const [mine, theirs] = [of("gamma"), of("alfa")];
    await owner`update control.tenant_databases set app_secret_arn = null where tenant_id = ${theirs?.["tenant_id"]}`;
    await owner`update control.tenant_databases set app_secret_arn = ${theirs?.["app_secret_arn"]} where tenant_id = ${mine?.["tenant_id"]}`;
    const reply = await eventually("the refusal", async () => {
      const answer = await gamma.client.ask(gamma.host, "/items");
      return answer.status === 503 ? answer : undefined;
    });
    expect(reply.text).not.toContain("Canary");
    await owner`update control.tenant_databases set app_secret_arn = ${mine?.["app_secret_arn"]} where tenant_id = ${mine?.["tenant_id"]}`;
    await owner`update control.tenant_databases set app_secret_arn = ${theirs?.["app_secret_arn"]} where tenant_id = ${theirs?.["tenant_id"]}`;
    await owner.end();
    await eventually("service again", async () =>
      (await gamma.client.ask(gamma.host, "/items")).status === 200 ? true : undefined,
    );
  });

  test("a database that is down is 503 with Retry-After for its pharmacy only, and comes back by itself", async () => {
    const ref = await projectOf(bravo);
    await running.stack.supabase.stopDatabase(ref);
    const down = await eventually("503", async () => {
      const reply = await bravo.client.ask(bravo.host, "/items");
      return reply.status === 503 ? reply : undefined;
    });
    expect(Number(down.headers["retry-after"])).toBeGreaterThan(0);
    expect((await alfa.client.ask(alfa.host, "/items")).status).toBe(200);
    await running.stack.supabase.startDatabase(ref);
    await eventually("service again", async () =>
      (await bravo.client.ask(bravo.host, "/items")).status === 200 ? true : undefined,
    );
  });

  test("each new connection is asked whose database it is, long after the pharmacy was opened", async () => {
    expect((await bravo.client.ask(bravo.host, "/items")).status).toBe(200);
    const [own] = await tenantRows(bravo, "select tenant_id from pharmacy.identity");
    await tenantRows(bravo, "update pharmacy.identity set tenant_id = '019ab000-0000-7000-8000-0000000000ff'");
    running.stack.supabase.killConnections(await projectOf(bravo));
    await eventually("the refusal", async () =>
      (await bravo.client.ask(bravo.host, "/items")).status === 503 ? true : undefined,
    );
    expect((await bravo.client.ask(bravo.host, "/items")).status).toBe(503);
    await tenantRows(bravo, `update pharmacy.identity set tenant_id = '${own?.["tenant_id"]}'`);
    await eventually("service again", async () =>
      (await bravo.client.ask(bravo.host, "/items")).status === 200 ? true : undefined,
    );
  });

  test("no Host header gives an error of ours or a pharmacy that it does not name", async () => {
    const strangers = fc
      .sample(
        fc.oneof(
          fc.domain(),
          fc.webAuthority(),
          fc.ipV6(),
          fc.string({ unit: "grapheme-ascii", maxLength: 60 }).map((text) => `${text}.${ROOT}`),
        ),
        { numRuns: 2000, seed: 1 },
      )
      .filter((host) => /^[\x21-\x7e]*$/.test(host) && !/^(alfa|bravo|gamma|www)?\.?pharmasight/i.test(host));
    const pages = new Set<string>();
    for (const host of [...strangers, "", "[::1]", "127.0.0.1", "a".repeat(9000)]) {
      const reply = await alfa.client.ask("nowhere.example", "/", { headers: { host } });
      expect({ host, status: reply.status }).toEqual({ host, status: 404 });
      pages.add(withoutRequestId(reply));
    }
    expect(pages.size).toBe(1);
  });

  async function projectOf(pharmacy: Pharmacy): Promise<string> {
    const label = pharmacy.host.split(".")[0] ?? "";
    const { cluster, controlDatabase } = running.stack;
    const sql = postgres({
      ...cluster.superuser,
      host: cluster.host,
      port: cluster.port,
      database: controlDatabase.owner.database,
      max: 1,
    });
    const rows =
      await sql`select d.project_ref from control.tenant_databases d join control.tenant_hosts h using (tenant_id) where h.host = ${label}`;
    await sql.end();
    return String(rows[0]?.["project_ref"]);
  }

  /** The same person and even the same session rows at both: what a restored or copied database would have. */
  async function copyPeople(from: Pharmacy, to: Pharmacy): Promise<void> {
    for (const table of ["users", "sessions"]) {
      // A pharmacy has one owner, so theirs comes as an administrator.
      const row = table === "users" ? `to_jsonb(t) || '{"role": "admin"}'` : "to_jsonb(t)";
      const rows = await tenantRows(from, `select ${row} as row from pharmacy.${table} t`);
      const json = JSON.stringify(rows.map((found) => found["row"])).replaceAll("'", "''");
      await tenantRows(
        to,
        `insert into pharmacy.${table} select * from jsonb_populate_recordset(null::pharmacy.${table}, '${json}')`,
      );
    }
  }

  async function tenantRows(pharmacy: Pharmacy, query: string): Promise<readonly postgres.Row[]> {
    const { cluster } = running.stack;
    const database = `project_${await projectOf(pharmacy)}`;
    const sql = postgres({ ...cluster.superuser, host: cluster.host, port: cluster.port, database, max: 1 });
    const rows = await sql.unsafe(query);
    await sql.end();
    return rows;
  }
});

function createItem(client: Client, host: string, name: string): Promise<Reply> {
  const body = JSON.stringify({ name, baseUnit: "tablet", retailPrice: "12.50", taxClass: "zero_rated" });
  return client.ask(host, "/api/v1/items", { method: "POST", body, headers: { "content-type": "application/json" } });
}

const withoutRequestId = (reply: Reply): string =>
  reply.text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|[A-Za-z0-9_-]{15,}={0,2}/g, "…");
