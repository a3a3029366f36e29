import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { latestVersion } from "@pharmasight/adapters/postgres/migrator";
import { steps } from "@pharmasight/core/control/provisioning/steps";
import { freePort } from "@pharmasight/local/ports";
import { build } from "@pharmasight/views/build";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { beginSignUp, enter, eventually } from "../harness/stack.ts";
import type { PlatformReady } from "./platform.ts";

/** From a death to the next start: more than a lease, a late hint and a mail's visibility timeout. */
const DOWN_SECONDS = 200;
/** How far into a step a kill falls, in turn. */
const INTO_STEP_MS = [0, 15, 30, 60];

interface Life extends PlatformReady {
  readonly child: ChildProcess;
  readonly sql: postgres.Sql;
}

let root: string;
let port: number;
let starts = 0;
let life: Life | undefined;

beforeAll(async () => {
  await build();
  root = await mkdtemp(join(tmpdir(), "pharmasight-killed-"));
  // The database server runs as another user and has to pass through.
  await chmod(root, 0o755);
  port = await freePort();
});
afterAll(async () => {
  await kill();
  // The database server follows its platform within a moment.
  await eventually("the folder to be free", async () =>
    rm(root, { recursive: true, force: true }).then(
      () => true,
      () => undefined,
    ),
  );
});

async function start(): Promise<Life> {
  const args = [join(root, "state"), String(port), String(starts * DOWN_SECONDS), join(root, "mails")];
  starts += 1;
  const child = fork(join(import.meta.dirname, "platform.ts"), args, { execArgv: ["--import", "tsx"] });
  const died = once(child, "exit").then(([code]) => {
    throw new Error(`The platform did not start: it ended with ${String(code)}.`);
  });
  const [message] = await Promise.race([once(child, "message"), died]);
  died.catch(() => undefined);
  const ready = message as PlatformReady;
  // A death takes this connection along.
  const sql = postgres({ ...ready.control, max: 1, onnotice: () => {} });
  life = { ...ready, child, sql };
  return life;
}

async function kill(): Promise<void> {
  if (life === undefined) return;
  const { child, sql } = life;
  life = undefined;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
  await sql.end({ timeout: 0 });
}

/** Where a hint for the next step, or the mail, may be lost after the commit. */
const AFTERWARDS = new Set(["reserve_tenant", "create_database", "welcome_email", "open"]);

/**
 * Where the platform is killed: while a step runs; when everything that it does is done but not yet committed to the
 * record; and for some, right after.
 */
const everyPlace = steps.flatMap(({ name }) => [
  `${name} running`,
  `${name} recording`,
  ...(AFTERWARDS.has(name) ? [`${name} done`] : []),
]);

/** The places that the job has come to, in their order. */
async function placesReached(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql`
    select name, state,
      exists (select from pg_stat_activity where application_name = 'recording ' || name) as recording
    from control.provisioning_steps order by position`;
  return rows.flatMap(({ name, state, recording }) => {
    if (state === "done") return [`${name} running`, `${name} recording`, `${name} done`];
    if (recording) return [`${name} running`, `${name} recording`];
    return state === "running" ? [`${name} running`] : [];
  });
}

/**
 * Every change of a step takes a moment to commit, so that it is seen; the last one says so, and waits the first time
 * until it is caught.
 */
async function slowDown(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(`
    create table control.caught (name text primary key);
    create function control.take_a_moment() returns trigger language plpgsql security definer as $$
    begin
      if new.state = 'done' and not exists (select from control.caught c where c.name = new.name) then
        perform set_config('application_name', 'recording ' || new.name, true);
        perform pg_sleep(10);
      end if;
      perform pg_sleep(0.06);
      return null;
    end $$;
    create trigger take_a_moment after update on control.provisioning_steps
      for each row execute function control.take_a_moment();
  `);
}

const read = async <T extends z.ZodType>(file: string, schema: T): Promise<z.output<T>> =>
  schema.parse(JSON.parse(await readFile(join(root, "state", file), "utf8")));

test("a platform killed at every step goes on after each start: one of everything, and an owner who can enter", async () => {
  let { sql, ...platform } = await start();
  await slowDown(sql);
  const pharmacy = await beginSignUp(platform, "phoenix");
  const passed = new Set<string>();
  const killedAt: string[] = [];
  while (everyPlace.some((place) => !passed.has(place))) {
    const reached = await eventually("the next place", async () => {
      const fresh = (await placesReached(sql)).filter((place) => everyPlace.includes(place) && !passed.has(place));
      return fresh.length > 0 ? fresh : undefined;
    });
    const place = reached.at(-1) ?? "";
    const [name = "", where] = place.split(" ");
    if (where === "recording") await sql`insert into control.caught values (${name})`;
    if (where === "running") await sleep(INTO_STEP_MS[killedAt.length % INTO_STEP_MS.length]);
    await kill();
    for (const before of reached) passed.add(before);
    killedAt.push(place);
    ({ sql, ...platform } = await start());
  }
  // A quick step may be missed while it runs, but none goes by uncaught with its effects made and not recorded.
  const caught = killedAt.filter((place) => place.endsWith("recording")).map((place) => place.split(" ")[0]);
  expect(caught).toEqual(steps.map(({ name }) => name));

  await enter(platform, pharmacy);
  expect((await pharmacy.client.ask(pharmacy.host, "/items")).status).toBe(200);

  const [tenant] = await sql`
    select t.id, t.state, t.schema_version, s.stripe_customer_id, d.project_ref, d.owner_secret_arn, d.app_secret_arn
    from control.tenants t
    join control.tenant_subscriptions s on s.tenant_id = t.id
    join control.tenant_databases d on d.tenant_id = t.id`;
  const { projects } = await read(
    "supabase.json",
    z.object({ projects: z.array(z.looseObject({ ref: z.string(), name: z.string() })) }),
  );
  expect(projects.map(({ name, ref }) => ({ name, ref }))).toEqual([
    { name: `pharmasight-${tenant?.id}`, ref: tenant?.project_ref },
  ]);
  const { customers } = await read("stripe.json", z.object({ customers: z.array(z.looseObject({ id: z.string() })) }));
  expect(customers.map(({ id }) => id)).toEqual([tenant?.stripe_customer_id]);
  const { secrets } = await read(
    "secrets.json",
    z.object({ secrets: z.array(z.looseObject({ arn: z.string(), name: z.string() })) }),
  );
  const own = secrets.filter(({ name }) => name.includes(`/tenants/${tenant?.id}/`)).map(({ arn }) => arn);
  expect(own.toSorted()).toEqual([tenant?.app_secret_arn, tenant?.owner_secret_arn].toSorted());

  const database = postgres({ ...platform.control, database: `project_${tenant?.project_ref}`, max: 1 });
  const [counts] = await database`
    select (select array_agg(role) from pharmacy.users) as roles,
      (select count(*)::int from pharmacy.branches) as branches,
      (select count(*)::int from pharmacy.companies) as companies,
      (select array_agg(tenant_id) from pharmacy.identity) as identity`;
  await database.end();
  expect(counts).toMatchObject({ roles: ["owner"], branches: 1, companies: 1, identity: [tenant?.id] });
  expect(tenant).toMatchObject({ state: "trial", schema_version: latestVersion("tenant") });
  const [opened] = await sql`select count(*)::int from control.audit_log where action = 'tenant.opened'`;
  expect(opened?.count).toBe(1);

  // Two only when a death came between the mail service's yes and our record of it.
  const mails = await eventually("the welcome mail", async () => {
    const rows = await sql`select done_at from control.outbox where dedupe_key = ${`welcome:${tenant?.id}`}`;
    return rows.every((row) => row.done_at !== null) ? rows : undefined;
  });
  expect(mails).toHaveLength(1);
  const sent = (await readFile(join(root, "mails"), "utf8")).trim().split("\n").length;
  const codes = 1;
  expect(sent - codes).toBeGreaterThanOrEqual(1);
  expect(sent - codes).toBeLessThanOrEqual(2);
}, 240_000);
