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
/** How far into a step each kill falls, in turn. */
const KILL_AFTER_MS = [0, 12, 25, 40];

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

/** `name running` and `name done`, in the order in which they come. */
const everyPlace = steps.flatMap(({ name }) => [`${name} running`, `${name} done`]);

async function placesReached(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql`select name, state from control.provisioning_steps order by position`;
  return rows.flatMap(({ name, state }) => {
    if (state === "done") return [`${name} running`, `${name} done`];
    return state === "running" ? [`${name} running`] : [];
  });
}

/** Every change of a step takes a moment longer to commit, so that none is over before it was seen. */
async function slowDown(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(`
    create function control.take_a_moment() returns trigger language plpgsql as
      $$ begin perform pg_sleep(0.06); return null; end $$;
    create trigger take_a_moment after update on control.provisioning_steps
      for each statement execute function control.take_a_moment();
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
  while (passed.size < everyPlace.length) {
    const reached = await eventually("the next step", async () => {
      const fresh = (await placesReached(sql)).filter((place) => !passed.has(place));
      return fresh.length > 0 ? fresh : undefined;
    });
    await sleep(KILL_AFTER_MS[killedAt.length % KILL_AFTER_MS.length]);
    await kill();
    for (const place of reached) passed.add(place);
    killedAt.push(reached.at(-1) ?? "");
    ({ sql, ...platform } = await start());
  }
  // A machine in a hurry may pass a place between two looks, but no step as a whole.
  expect(new Set(killedAt.map((place) => place.split(" ")[0]))).toEqual(new Set(steps.map(({ name }) => name)));

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
