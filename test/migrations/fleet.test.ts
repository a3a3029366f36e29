import { postgresRehearsals } from "@pharmasight/adapters/migrations/rehearsal";
import { postgresTenantSchemas } from "@pharmasight/adapters/migrations/tenant-schemas";
import { type DeploymentRequest, Fleet, type FleetPorts } from "@pharmasight/core/control/fleet/fleet";
import type { Log } from "@pharmasight/core/kernel/log";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ProvisioningJobs } from "../control/provisioning-jobs.ts";
import { type ControlWorld, OWN_REGION, openTenant, startControlWorld } from "../control/world.ts";

/** A fleet on real databases, where several things go wrong at once while four workers lead it. */

const FROM = 13;
const TO = 16;
const PHARMACIES = 12;
const WORKERS = 4;
/** Of a shared server. */
const MIGRATIONS_MAX = 4;
const silent: Log = { info() {}, warn() {}, error() {}, alarm() {} };
const cautious = { promotion: "automatic", soakSeconds: 0, halt: { rate: 0.01, sample: 50, failures: 10 } } as const;
const why = "search by strength and form";

let world: ControlWorld;
let ports: FleetPorts;
let jobs: ProvisioningJobs;
let admin: postgres.Sql;
const tenants: { readonly id: string; readonly database: string }[] = [];
let migrationsAtOnce = 0;

const connect = (database: string) => {
  const { host, port, superuser } = world.cluster;
  return postgres({ host, port, database, ...superuser, max: 1, onnotice: () => {} });
};

async function inTenant<T>(index: number, run: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = connect(tenants[index]?.database ?? "");
  try {
    return await run(sql);
  } finally {
    await sql.end();
  }
}

const request: DeploymentRequest = {
  ...cautious,
  toVersion: TO,
  selection: { tenants: [], selector: "" },
  batchSize: 50,
  batchDelayMs: 0,
  quietOverride: undefined,
  withoutRehearsal: "the rehearsals have tests of their own",
  reason: why,
};

/** Works through hints in any order, some of them several times, until the deployment is as wanted. */
async function drive(deploymentId: string, isDone: () => Promise<boolean>, meanwhile: (turn: number) => Promise<void>) {
  for (let turn = 0; turn < 150; turn += 1) {
    if (await isDone().catch(() => false)) return;
    const hints = world.sent.filter(({ message }) => message.deploymentId === deploymentId).slice(-40);
    const picked = Array.from({ length: WORKERS }, () => hints[Math.floor(Math.random() * hints.length)]);
    await meanwhile(turn);
    const watching = setInterval(() => void countMigrations(), 20);
    await Promise.allSettled(
      picked.map(async (hint) => {
        const tenantId = hint?.message.tenantId ?? "";
        await Fleet.lead(world.system, ports, { deploymentId, tenantId, timeLeftMs: () => 600_000 });
      }),
    );
    clearInterval(watching);
    await Fleet.sweep(world.system).catch(() => 0);
    world.clock.advance(20);
  }
  throw new Error(JSON.stringify(await Fleet.status(world.operator, deploymentId)));
}

async function countMigrations(): Promise<void> {
  const [row] = await admin`
    select count(*)::int as n from pg_stat_activity where application_name = 'pharmasight-migrate'`.catch(() => []);
  migrationsAtOnce = Math.max(migrationsAtOnce, Number(row?.n ?? 0));
}

const countsOf = async (deploymentId: string) => (await Fleet.status(world.operator, deploymentId)).counts;

describe("a fleet in which several things go wrong at once", () => {
  let deploymentId: string;

  beforeAll(async () => {
    world = await startControlWorld();
    admin = connect("postgres");
    jobs = new ProvisioningJobs(world, {
      ...world.settings,
      places: { ...world.settings.places, starter: { provider: "postgres", region: OWN_REGION, size: "shared" } },
    });
    ports = {
      schemas: postgresTenantSchemas({ ca: undefined, log: silent, clock: world.clock }),
      rehearsals: postgresRehearsals({ ca: undefined, log: silent }),
      secrets: world.ports.secrets,
      hosts: world.hosts,
    };
    await world.system.db.updateTable("fleet").set({ settledVersion: FROM }).execute();
    for (let index = 0; index < PHARMACIES; index += 1) {
      const { tenantId, jobId } = await openTenant(world, `fleet-${index}`);
      await jobs.advanceUntil(jobId, jobs.ended(jobId));
      tenants.push({ id: tenantId, database: (await jobs.databaseOf(tenantId)).projectRef ?? "" });
      await inTenant(
        index,
        (sql) => sql`
          insert into pharmacy.items (id, sku, name, strength, base_unit, created_at, updated_at)
          select gen_random_uuid(), 'X' || n, 'Item ' || n, n || ' mg', 'unit', now(), now() from generate_series(1, 120) n`,
      );
    }
    await world.system.db
      .updateTable("tenants")
      .set({ ring: "staging" })
      .where("id", "=", tenants[0]?.id ?? "")
      .execute();
  }, 180_000);
  afterAll(async () => {
    await admin?.end();
    await world?.stop();
  });

  test("the others get there, each change once, and what failed is named", { timeout: 240_000 }, async () => {
    // One has the column already, by somebody's hand; one is locked by a report; one takes no connections.
    await inTenant(3, (sql) => sql`alter table pharmacy.items add column search_words integer`);
    const report = connect(tenants[5]?.database ?? "");
    await report`begin`;
    await report`select count(*) from pharmacy.items`;
    await admin.unsafe(`alter database ${tenants[7]?.database} allow_connections false`);
    const begun = await Fleet.deploy(world.operator, ports, request);
    deploymentId = begun.deploymentId ?? "";

    const { controlOwner } = world;
    await drive(
      deploymentId,
      async () => {
        const counts = await countsOf(deploymentId);
        const sum = Object.values(counts).reduce((all, count) => all + count, 0);
        expect(sum).toBe(PHARMACIES);
        return counts.failed === 1 && counts.succeeded === PHARMACIES - 1;
      },
      async (turn) => {
        if (turn === 6) await report`rollback`;
        if (turn === 8) await admin.unsafe(`alter database ${tenants[7]?.database} allow_connections true`);
        // The control database drops everybody in the middle of their work.
        if (turn % 5 === 2) {
          setTimeout(() => {
            void admin`
              select pg_terminate_backend(pid) from pg_stat_activity
              where datname = ${controlOwner.database} and application_name = 'control-test'`.catch(() => []);
          }, 150);
        }
      },
    );
    await report.end();

    const failed = await Fleet.targets(world.operator, deploymentId, { state: "failed", limit: 5 });
    expect(failed.targets).toMatchObject([{ subdomain: "fleet-3", sqlState: "42701", statement: 1 }]);
    expect((await Fleet.status(world.operator, deploymentId)).state).toBe("running");

    // Mended and tried again, that one gets there too, and the deployment ends.
    await inTenant(3, (sql) => sql`alter table pharmacy.items drop column search_words`);
    await Fleet.retry(world.operator, deploymentId, "failed", "the column was dropped");
    const isCompleted = async () => (await Fleet.status(world.operator, deploymentId)).state === "completed";
    await drive(deploymentId, isCompleted, async () => {});

    for (const index of tenants.keys()) {
      const rows = await inTenant(
        index,
        (sql) => sql`select version from pharmacy.schema_migrations where version > ${FROM} order by version`,
      );
      expect(rows.map(({ version }) => version)).toEqual([14, 15, 16]);
      const [items] = await inTenant(
        index,
        (sql) => sql`select count(*)::int as n from pharmacy.items where search_words is null`,
      );
      expect(items?.n).toBe(0);
    }
    expect(await admin`select 1 from pg_locks where locktype = 'advisory'`).toHaveLength(0);
    expect(migrationsAtOnce).toBeGreaterThan(0);
    expect(migrationsAtOnce).toBeLessThanOrEqual(MIGRATIONS_MAX);
    expect(await Fleet.drift(world.operator, { limit: 10 })).toMatchObject({ tenants: [] });
    const { settledVersion } = await world.system.db
      .selectFrom("fleet")
      .select("settledVersion")
      .executeTakeFirstOrThrow();
    expect(settledVersion).toBe(TO);
  });

  test("a fleet that is there already is left alone without a connection to it", async () => {
    const before = await admin`select pid from pg_stat_activity where datname like 'ps\_%'`;
    expect(await Fleet.deploy(world.operator, ports, request)).toEqual({ deploymentId: undefined });
    expect(await admin`select pid from pg_stat_activity where datname like 'ps\_%'`).toEqual(before);
  });

  test("taken back, exactly those who got it are where they came from", { timeout: 120_000 }, async () => {
    const back = await Fleet.rollback(world.operator, ports, deploymentId, {
      ...cautious,
      reason: "searches became slow",
      withoutRehearsal: "the rehearsals have tests of their own",
    });
    expect(back.plan.targets).toBe(PHARMACIES);
    const isCompleted = async () => (await Fleet.status(world.operator, back.deploymentId)).state === "completed";
    await drive(back.deploymentId, isCompleted, async () => {});
    const rows = await world.system.db
      .selectFrom("tenantSchemas")
      .innerJoin("tenants", "tenants.id", "tenantSchemas.tenantId")
      .select(["tenantSchemas.version", "tenantSchemas.fingerprint", "tenants.schemaVersion"])
      .execute();
    const { hash } = ports.schemas.expected(FROM);
    expect(rows).toEqual(Array(PHARMACIES).fill({ version: FROM, fingerprint: hash, schemaVersion: FROM }));
  });
});
