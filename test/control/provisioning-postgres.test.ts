import { postgresServerHosts } from "@pharmasight/adapters/postgres-server/database-hosts";
import { roleNames } from "@pharmasight/core/control/provisioning/credentials";
import type { Place } from "@pharmasight/core/control/provisioning/places";
import { Provisioning, type ProvisioningPorts } from "@pharmasight/core/control/provisioning/provisioning";
import { unavailable } from "@pharmasight/core/kernel/errors";
import fc from "fast-check";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ProvisioningJobs } from "./provisioning-jobs.ts";
import { type ControlWorld, formOf, newVisitor, OWN_REGION, openTenant, startControlWorld } from "./world.ts";

const own: Place = { provider: "postgres", region: OWN_REGION, size: "shared" };
const reason = "the server is back";
const STORMS = 10;

let world: ControlWorld;
let jobs: ProvisioningJobs;
let sql: postgres.Sql;

beforeAll(async () => {
  world = await startControlWorld();
  // The starter's pharmacies are on our own server, all others at Supabase.
  jobs = new ProvisioningJobs(world, placedAt(own));
  const { host, port, superuser } = world.cluster;
  sql = postgres({ host, port, database: "postgres", ...superuser, max: 2, onnotice: () => {} });
});
afterAll(async () => {
  await sql?.end();
  await world?.stop();
});

function placedAt(starter: Place) {
  return { ...world.settings, places: { ...world.settings.places, starter } };
}

/** All that carries the tenant's name on our server, as the server says it. */
async function leftOnServer(tenantId: string, ref: string | null) {
  const { projects } = await world.hosts.postgres.list(`pharmasight-${tenantId}`);
  const databases = await sql`select datname from pg_database where datname = ${ref ?? ""}`;
  const { app, reader } = roleNames(tenantId);
  const roles = await sql`
    select rolname from pg_roles
    where rolname in (${app}, ${reader}) or starts_with(rolname, ${ref ?? "no such name"})`;
  return { projects: projects.length, databases: databases.length, roles: roles.length };
}

async function expectOneOnServer(tenantId: string, email: string): Promise<void> {
  await jobs.expectOpen(tenantId, email);
  const { provider, projectRef } = await jobs.databaseOf(tenantId);
  expect(provider).toBe("postgres");
  expect(await leftOnServer(tenantId, projectRef)).toEqual({ projects: 1, databases: 1, roles: 3 });
  expect(jobs.projectsOf(tenantId)).toEqual([]);
}

/** The world's ports with another way to our server, or none. */
const withServer = (server: ProvisioningPorts["hosts"]["postgres"]): ProvisioningPorts => {
  const { supabase } = world.hosts;
  return { ...world.ports, hosts: server === undefined ? { supabase } : { supabase, postgres: server } };
};

const unreachable = () =>
  postgresServerHosts({
    administrator: async () => ({ host: "127.0.0.1", port: 1, database: "postgres", user: "nobody", password: "-" }),
    region: OWN_REGION,
  });

async function openProfessional(subdomain: string) {
  const { SignUps } = await import("@pharmasight/core/control/sign-ups/sign-ups");
  const { sourceIp, email } = newVisitor();
  const visitor = world.visitor(sourceIp);
  const started = await SignUps.start(visitor, formOf(subdomain, email, { plan: "professional" }));
  const code = await SignUps.codeOf(visitor, started.signUpId, 1);
  const { tenantId } = await SignUps.confirm(visitor, started.browserToken, code);
  const job = await world.system.db
    .selectFrom("provisioningJobs")
    .select("id")
    .where("tenantId", "=", tenantId)
    .executeTakeFirstOrThrow();
  return { tenantId, jobId: job.id, email };
}

describe("the plan's place", () => {
  test("is where the database is made, one provider beside the other", async () => {
    const starter = await openTenant(world, "on-our-server");
    const professional = await openProfessional("at-supabase");
    for (const { jobId } of [starter, professional]) await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await expectOneOnServer(starter.tenantId, starter.email);
    expect(await jobs.databaseOf(starter.tenantId)).toMatchObject(own);
    await jobs.expectOneOfEach(professional.tenantId, professional.email);
    expect(await jobs.databaseOf(professional.tenantId)).toMatchObject({ provider: "supabase", size: "micro" });
    expect(await leftOnServer(professional.tenantId, null)).toMatchObject({ projects: 0, databases: 0 });
  });

  test("is kept by a tenant that has it, whatever the plan's is by then", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "keeps-its-place");
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "create_database"));
    const later = new ProvisioningJobs(world);
    await later.advanceUntil(jobId, later.ended(jobId));
    await expectOneOnServer(tenantId, email);
  });

  test("is not recorded, and no other one taken, where its provider is not configured", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "no-server-here");
    await jobs.advanceUntil(jobId, jobs.ended(jobId), withServer(undefined));
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "failed" });
    expect((await jobs.stepsOf(jobId))[0]?.lastError).toContain("postgres is not configured here");
    expect(world.alarms).toContain("provisioning-failed");
    expect(await Provisioning.show(world.operator, tenantId)).toMatchObject({ database: undefined });
    expect(jobs.projectsOf(tenantId)).toEqual([]);
    await Provisioning.retry(world.operator, tenantId, { reason });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await expectOneOnServer(tenantId, email);
  });

  test("when it is recorded, a worker without its provider neither goes on nor takes anything back", async () => {
    const { tenantId, jobId } = await openTenant(world, "recorded-here");
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "await_database"));
    const { projectRef } = await jobs.databaseOf(tenantId);
    await jobs.advance(jobId, withServer(undefined));
    expect((await jobs.stepsOf(jobId))[2]?.lastError).toContain("not configured");
    await Provisioning.rollback(world.operator, tenantId, { reason });
    await jobs.advanceUntil(jobId, jobs.ended(jobId), withServer(undefined));
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "failed" });
    expect(await leftOnServer(tenantId, projectRef)).toMatchObject({ projects: 1, databases: 1 });
    await Provisioning.rollback(world.operator, tenantId, { reason });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    expect(await leftOnServer(tenantId, projectRef)).toEqual({ projects: 0, databases: 0, roles: 0 });
  });
});

describe("a server that fails", () => {
  test("by not answering its administrator leaves the job to an operator, and goes on with one database", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "server-down");
    await jobs.advanceUntil(jobId, jobs.ended(jobId), withServer(unreachable()));
    expect((await jobs.stepsOf(jobId))[1]).toMatchObject({ state: "failed", attempts: 8 });
    expect((await jobs.stepsOf(jobId))[1]?.lastError).toContain("cannot be reached");
    await Provisioning.retry(world.operator, tenantId, { reason });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await expectOneOnServer(tenantId, email);
  });

  test("while it makes the database is asked again until there is one", async () => {
    const { tenantId, jobId, email } = await openTenant(world, "server-dies");
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "create_database"));
    let ended = 0;
    // Ends the administrator's sessions while they are at it: at each attempt a little later.
    const dying = jobs.intercepted(async (method, call) => {
      if (method !== "create" || ended >= 6) return call();
      ended += 1;
      const made = call();
      const killing = (async () => {
        await new Promise((resolve) => setTimeout(resolve, 15 * ended));
        await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pharmasight-hosts'`;
      })();
      const [outcome] = await Promise.allSettled([made, killing]);
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    });
    await jobs.advanceUntil(jobId, jobs.ended(jobId), dying);
    expect(ended).toBeGreaterThan(0);
    await expectOneOnServer(tenantId, email);
  });

  test("at random, before or after any call, ends with one of each, or with none when it is taken back", async () => {
    const storm = fc.record({
      fails: fc.array(fc.constantFrom("no", "before", "after"), { minLength: 3, maxLength: 12 }),
      copies: fc.integer({ min: 1, max: 3 }),
      takenBack: fc.option(fc.nat(12)),
    });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(storm, async ({ fails, copies, takenBack }) => {
        runs += 1;
        world.clock.advance(86_400);
        const { tenantId, jobId, email } = await openTenant(world, `own-storm-${runs}`);
        let calls = 0;
        const ports = jobs.intercepted(async (_, call) => {
          const fate = fails[calls++];
          if (fate === "before") throw unavailable("The server is away.", 1);
          const result = await call();
          if (fate === "after") throw unavailable("The reply was lost.", 1);
          return result;
        });
        let turns = 0;
        const weather = async () => {
          for (let turn = 0; turn < 200 && !(await jobs.ended(jobId)()); turn += 1) {
            await Promise.all(Array.from({ length: copies }, () => jobs.advance(jobId, ports)));
            world.clock.advance(30);
            if (turns++ === takenBack)
              await Provisioning.rollback(world.operator, tenantId, { reason }).catch(() => {});
          }
        };
        await weather();
        // The worst storms leave a job to an operator, who has it go on once they are over.
        if ((await jobs.jobOf(jobId)).state === "failed") {
          calls = fails.length;
          const isTakenBack = takenBack !== null && turns > takenBack;
          if (isTakenBack) await Provisioning.rollback(world.operator, tenantId, { reason });
          else await Provisioning.retry(world.operator, tenantId, { reason });
          await weather();
        }
        const { state } = await jobs.jobOf(jobId);
        if (state === "done") return expectOneOnServer(tenantId, email);
        expect(state).toBe("rolled_back");
        const [row] = await sql`select count(*)::int as n from pharmasight.databases where name like ${`%${tenantId}`}`;
        expect(row).toEqual({ n: 0 });
        expect(await leftOnServer(tenantId, null)).toEqual({ projects: 0, databases: 0, roles: 0 });
        expect(await jobs.secretsOf(tenantId, jobId)).toEqual([]);
        expect(jobs.customersOf(tenantId)).toEqual([]);
      }),
      { numRuns: STORMS, endOnFailure: true },
    );
  }, 120_000);
});

describe("taken back", () => {
  test.each(["create_database", "await_database", "secrets", "seed", "payment_customer"])(
    "before %s, nothing is left: no database, no role, no secret",
    async (step) => {
      world.clock.advance(86_400);
      const { tenantId, jobId } = await openTenant(world, `back-${step.replace("_", "-")}`);
      await jobs.advanceUntil(jobId, jobs.nextIs(jobId, step));
      const { projectRef } = await jobs.databaseOf(tenantId);
      await Provisioning.rollback(world.operator, tenantId, { reason });
      await jobs.advanceUntil(jobId, jobs.ended(jobId));
      expect(await jobs.jobOf(jobId)).toMatchObject({ state: "rolled_back" });
      expect(await leftOnServer(tenantId, projectRef)).toEqual({ projects: 0, databases: 0, roles: 0 });
      expect(await jobs.secretsOf(tenantId, jobId)).toEqual([]);
      expect(jobs.customersOf(tenantId)).toEqual([]);
    },
  );
});

describe("an operator", () => {
  const byHand = async (name: string) => {
    const made = { name, ownerPassword: "made-by-hand", region: OWN_REGION, size: "any" };
    return (await world.hosts.postgres.create(made)).ref;
  };

  test("adopts a database of our server for a tenant of Supabase, whose own project is then an orphan", async () => {
    world.clock.advance(86_400);
    const { tenantId, jobId, email } = await openProfessional("moves-here");
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "database_roles"));
    const [left] = jobs.projectsOf(tenantId);
    const ref = await byHand("made by hand");
    const project = { kind: "project", ref, password: "made-by-hand" } as const;
    const adopt = (database: Parameters<typeof Provisioning.adopt>[4]["database"]) =>
      Provisioning.adopt(world.operator, world.ports, world.settings, tenantId, { database, reason });
    // Its own provider knows no such project.
    await expect(adopt(project)).rejects.toMatchObject({ code: "not_found" });
    await adopt({ ...project, provider: "postgres" });
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "payment_customer"));
    expect(await jobs.databaseOf(tenantId)).toMatchObject({ provider: "postgres", projectRef: ref, isAdopted: true });
    const orphans = await Provisioning.orphans(world.operator, world.ports.hosts);
    expect(orphans.filter((orphan) => orphan.ref === left?.ref)).toMatchObject([
      { provider: "supabase", why: "replaced" },
    ]);
    expect(orphans.some((orphan) => orphan.ref === ref)).toBe(false);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOpen(tenantId, email);
  });

  test("who gives an adoption up loses nothing that a person made, and all that the saga made at any provider", async () => {
    world.clock.advance(86_400);
    const { tenantId, jobId } = await openProfessional("adopts-and-leaves");
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "await_database"));
    expect(jobs.projectsOf(tenantId)).toHaveLength(1);
    const ref = await byHand("made by hand, too");
    const database = { kind: "project", provider: "postgres", ref, password: "made-by-hand" } as const;
    await Provisioning.adopt(world.operator, world.ports, world.settings, tenantId, { database, reason });
    await Provisioning.rollback(world.operator, tenantId, { reason });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "rolled_back" });
    expect(jobs.projectsOf(tenantId)).toEqual([]);
    expect(await world.hosts.postgres.inspect(ref)).toMatchObject({ status: "ready" });
  });

  test("sees the databases of our server that serve nobody", async () => {
    const ref = await byHand("pharmasight-nobody");
    const orphans = await Provisioning.orphans(world.operator, world.ports.hosts);
    expect(orphans.filter((orphan) => orphan.provider === "postgres")).toMatchObject([{ ref, why: "unknown" }]);
  });
});
