import { schemaVersions } from "@pharmasight/adapters/migrations/schema-versions.generated";
import { rollbackSteps } from "@pharmasight/core/control/provisioning/rollback-steps";
import { steps } from "@pharmasight/core/control/provisioning/steps";
import postgres from "postgres";
import { afterEach, expect, test } from "vitest";
import { beginSignUp, enter, eventually } from "../harness/stack.ts";
import { type Life, Lives, placesOf, slowDown } from "./lives.ts";

/** Where a hint for the next step, or the mail, may be lost after the commit. */
const ALSO_AFTER = new Set(["reserve_tenant", "create_database", "welcome_email", "open"]);

/** Steps that only write their record: killed while that is written, which is all that they do. */
const RECORDS_ONLY = new Set(["reserve_tenant", "trial", "welcome_email", "open"].map((name) => `${name} running`));

let lives: Lives | undefined;

afterEach(() => lives?.end());

/** A quick step may be missed while it runs, but none goes by uncaught with its effects made and not recorded. */
const caught = (killedAt: readonly string[]) =>
  killedAt.filter((place) => place.endsWith("recording")).map((place) => place.split(" ")[0]);

test.each([
  { provider: "supabase", planPlaces: undefined },
  { provider: "postgres", planPlaces: '{"starter": {"provider": "postgres", "region": "local", "size": "shared"}}' },
])(
  "a platform killed at every step on the provider $provider goes on after each start: one of everything, and an owner who can enter",
  async ({ provider, planPlaces }) => {
    lives = await Lives.begin(planPlaces);
    const first = await lives.start();
    const names = steps.map(({ name }) => name);
    await slowDown(first.sql, names);
    const pharmacy = await beginSignUp(first, "phoenix");
    const places = placesOf(names, ALSO_AFTER).filter((place) => !RECORDS_ONLY.has(place));
    const { killedAt, life } = await lives.killAtEach(places, first);
    expect(caught(killedAt)).toEqual(names);

    const { sql } = life;
    await enter(life, pharmacy);
    expect((await pharmacy.client.ask(pharmacy.host, "/items")).status).toBe(200);

    const [tenant] = await sql`
    select t.id, t.state, t.schema_version, s.stripe_customer_id, d.provider, d.project_ref, d.owner_secret_arn, d.app_secret_arn
    from control.tenants t
    join control.tenant_subscriptions s on s.tenant_id = t.id
    join control.tenant_databases d on d.tenant_id = t.id`;
    const left = await lives.leftAtVendors(String(tenant?.id));
    const [elsewhere, made] =
      provider === "postgres" ? [left.projects, await ownDatabases(life)] : [await ownDatabases(life), left.projects];
    expect(tenant?.provider).toBe(provider);
    expect({ made, elsewhere }).toEqual({ made: [tenant?.project_ref], elsewhere: [] });
    expect(left.customers).toEqual([tenant?.stripe_customer_id]);
    expect(left.secrets.toSorted()).toEqual([tenant?.app_secret_arn, tenant?.owner_secret_arn].toSorted());

    const name = provider === "postgres" ? tenant?.project_ref : `project_${tenant?.project_ref}`;
    const database = postgres({ ...life.control, database: name, max: 1 });
    const [counts] = await database`
    select (select array_agg(role) from pharmacy.users) as roles,
      (select count(*)::int from pharmacy.branches) as branches,
      (select count(*)::int from pharmacy.companies) as companies,
      (select array_agg(tenant_id) from pharmacy.identity) as identity`;
    await database.end();
    expect(counts).toMatchObject({ roles: ["owner"], branches: 1, companies: 1, identity: [tenant?.id] });
    expect(tenant).toMatchObject({ state: "trial", schema_version: schemaVersions.tenant });
    const [opened] = await sql`select count(*)::int from control.audit_log where action = 'tenant.opened'`;
    expect(opened?.count).toBe(1);

    // Two only when a death came between the mail service's yes and our record of it.
    const mails = await eventually("the welcome mail", async () => {
      const rows = await sql`select done_at from control.outbox where dedupe_key = ${`welcome:${tenant?.id}`}`;
      return rows.every((row) => row.done_at !== null) ? rows : undefined;
    });
    expect(mails).toHaveLength(1);
    const codes = 1;
    const welcomes = (await lives.mailsSent()) - codes;
    expect(welcomes).toBeGreaterThanOrEqual(1);
    expect(welcomes).toBeLessThanOrEqual(2);
  },
  240_000,
);

/** Databases on the server of our own, each with its owner and the two roles that serve it. */
async function ownDatabases({ control }: Life): Promise<readonly string[]> {
  const sql = postgres({ ...control, database: "postgres", max: 1 });
  const found = await sql`select datname from pg_database where datname ~ '^ps_[0-9a-f]{24}$'`;
  const refs = found.map(({ datname }) => String(datname));
  for (const ref of refs) {
    const made = await sql`
      select split_part(made.rolname, '_', 1) as kind from pg_auth_members m
      join pg_roles made on made.oid = m.roleid join pg_roles maker on maker.oid = m.member
      where m.admin_option and maker.rolname = ${`${ref}_owner`} order by kind`;
    expect(made.map(({ kind }) => kind)).toEqual(["app", "reader"]);
    expect(await sql`select is_ready from pharmasight.databases where ref = ${ref}`).toMatchObject([
      { is_ready: true },
    ]);
  }
  await sql.end();
  return refs;
}

test("a platform killed in every step of a rollback leaves nothing, and the owner signs up again", async () => {
  lives = await Lives.begin();
  const first = await lives.start();
  const names = rollbackSteps.map(({ name }) => name);
  await slowDown(first.sql, names);
  // A customer that was made and never recorded is the last thing that this pharmacy gets to.
  const { STRIPE_API_URL = "" } = await lives.operatorEnvironment();
  const faults = (method: string, body: unknown = null) =>
    fetch(`${STRIPE_API_URL}/_faults`, { method, body: body === null ? null : JSON.stringify(body) });
  await faults("POST", { on: "^POST /v1/customers$", action: "lost-reply", count: 1000 });
  const pharmacy = await beginSignUp(first, "ashes");
  await eventually("the failed step", async () => {
    const [step] = await first.sql`
      select last_error from control.provisioning_steps where name = 'payment_customer' and last_error is not null`;
    return step;
  });
  await faults("DELETE");
  const [tenant] = await first.sql`select id from control.tenants`;
  const tenantId = String(tenant?.id);
  const made = await lives.leftAtVendors(tenantId);
  expect(made).toMatchObject({ projects: [expect.any(String)], customers: [expect.any(String)] });
  expect(made.secrets).toHaveLength(2);

  const reason = ["--reason", "its owner gave up"];
  expect((await lives.operate("rollback", "ashes", ...reason)).code).toBe(2);
  const begun = await lives.operate("rollback", "ashes", "--confirm", "ashes", ...reason);
  expect(begun).toMatchObject({ code: 0, output: expect.stringContaining("being taken back") });
  const places = names.map((name) => `${name} recording`);
  const { killedAt, life } = await lives.killAtEach(places, first);
  expect(killedAt).toEqual(places);

  await eventually("the end of the rollback", async () => {
    const [job] = await life.sql`select from control.provisioning_jobs where state = 'rolled_back'`;
    return job;
  });
  expect(await lives.leftAtVendors(tenantId)).toEqual({ projects: [], customers: [], secrets: [] });
  expect(await life.sql`select state from control.tenants`).toMatchObject([{ state: "closed" }]);
  const ended = await life.sql`select from control.audit_log where action = 'tenant.rolled_back'`;
  expect(ended).toHaveLength(1);
  expect(await lives.operate("list", "--state", "rolled_back")).toMatchObject({
    code: 0,
    output: expect.stringContaining("ashes pharmacy"),
  });
  await enter(life, await beginSignUp(life, "ashes", pharmacy.email));
}, 240_000);
