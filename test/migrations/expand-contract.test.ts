import { postgresRehearsals } from "@pharmasight/adapters/migrations/rehearsal";
import { postgresTenantSchemas } from "@pharmasight/adapters/migrations/tenant-schemas";
import { openDatabase } from "@pharmasight/adapters/postgres/database";
import { postgresTenantDatabases } from "@pharmasight/adapters/postgres/tenant-databases";
import { type DeploymentRequest, Fleet, type FleetPorts } from "@pharmasight/core/control/fleet/fleet";
import { newId } from "@pharmasight/core/kernel/ids";
import type { Log } from "@pharmasight/core/kernel/log";
import { deriveKey, randomToken } from "@pharmasight/core/kernel/tokens";
import { registryReader } from "@pharmasight/core/registry/registry";
import type { RegistryTables } from "@pharmasight/core/registry/tables.generated";
import type { Member } from "@pharmasight/core/tenant/actors";
import { Items } from "@pharmasight/core/tenant/items/items";
import { OpenTenants } from "@pharmasight/core/tenant/open-tenants";
import type { CodeSchema } from "@pharmasight/core/tenant/schema/capabilities";
import { SESSION_KEY_PURPOSE, type Tenancy, TenantScope } from "@pharmasight/core/tenant/scope";
import { SessionTokens } from "@pharmasight/core/tenant/sessions/tokens";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ProvisioningJobs } from "../control/provisioning-jobs.ts";
import { type ControlWorld, OWN_REGION, openTenant, startControlWorld } from "../control/world.ts";

/**
 * One real change of the schema from end to end: the words that a search looks in get a column of their own (0014), are
 * filled (0015) and indexed (0016), and the old column goes (0017). A pharmacy works all the while, served by code that
 * knows nothing of the change and by code that does.
 */

const BEFORE = 13;
const EXPANDED = 16;
const CONTRACTED = 17;
const old: CodeSchema = { required: BEFORE, known: BEFORE };
const current: CodeSchema = { required: BEFORE, known: CONTRACTED };
const silent: Log = { info() {}, warn() {}, error() {}, alarm() {} };
const origin = { sourceIp: "192.0.2.7", requestId: "test" };
const ITEMS = 3000;

let world: ControlWorld;
let ports: FleetPorts;
let tenantId: string;
let sessionId: string;
let ownerId: string;
const closers: (() => Promise<void>)[] = [];
const masterKey = new Uint8Array(32).fill(7);

/** A process of its own, with one release of the code. */
function processOf(schema: CodeSchema): () => Promise<TenantScope<Member>> {
  const { host, port, database, user, password } = world.controlOwner;
  const shared = { idleSeconds: 60, maxAgeSeconds: 600, connectTimeoutMs: 5000, queryTimeoutMs: 20_000, log: silent };
  const registry = openDatabase<RegistryTables>({
    ...shared,
    endpoint: { host, port, database },
    credential: async () => ({ user, password }),
    poolSize: 2,
    transactionTimeoutMs: 20_000,
    applicationName: "expand-contract",
  });
  closers.push(() => registry.close());
  const openTenants = new OpenTenants({
    registry: registryReader(registry.db.withSchema("registry")),
    databases: postgresTenantDatabases({
      secrets: world.ports.secrets,
      clock: world.clock,
      poolSize: 4,
      applicationName: "expand-contract",
      ca: undefined,
      idleSeconds: 60,
      log: silent,
    }),
    clock: world.clock,
    log: silent,
    tenantsMax: 5,
    ttlSeconds: 300,
    checkSeconds: 5,
    graceSeconds: 60,
  });
  const jobs = { send: async () => {} };
  const tenancy: Tenancy = {
    openTenants,
    jobs,
    clock: world.clock,
    log: silent,
    masterKey: async () => masterKey,
    schema,
  };
  return () => {
    const expiresAt = Math.floor(world.clock.now().getTime() / 1000) + 3600;
    const claims = { userId: ownerId, sessionId, tenantId, expiresAt };
    const token = SessionTokens.sign(claims, deriveKey(masterKey, SESSION_KEY_PURPOSE, tenantId));
    return TenantScope.forMember(tenancy, "busy", token, origin, "work");
  };
}

/** Searches and writes without a pause, until it is stopped. @returns what it did, and what went wrong */
function work(enter: () => Promise<TenantScope<Member>>, name: string) {
  const failures: unknown[] = [];
  let requests = 0;
  let isOver = false;
  const loop = async (mark: number) => {
    for (let turn = 0; !isOver; turn += 1) {
      try {
        const member = await enter();
        const found = await Items.list(member, { search: "amoxicillin" });
        if (found.total < 1) throw new Error("A search did not find what is there.");
        const item = await Items.create(member, {
          name: `${name} ${mark}-${turn}`,
          strength: "250 mg",
          baseUnit: "unit",
        });
        const again = await Items.list(await enter(), { search: `${name} ${mark}-${turn}` });
        if (!again.items.some(({ id }) => id === item.id)) throw new Error("What was written is not found.");
      } catch (error) {
        failures.push(error);
      }
      requests += 3;
    }
  };
  const loops = [loop(1), loop(2)];
  return {
    failures,
    requests: () => requests,
    stop: async () => {
      isOver = true;
      await Promise.all(loops);
    },
  };
}

const request = (toVersion: number): DeploymentRequest => ({
  toVersion,
  selection: { tenants: [], selector: "" },
  promotion: "automatic",
  soakSeconds: 0,
  halt: { rate: 0.01, sample: 50, failures: 10 },
  batchSize: 200,
  batchDelayMs: 5,
  quietOverride: "a test does not wait for the night",
  withoutRehearsal: "the rehearsals have tests of their own",
  reason: "search by strength and form",
});

/** Leads every target of the deployment, as its hints would; time passes between two looks. */
async function carryOut(deploymentId: string): Promise<void> {
  for (let look = 0; look < 60; look += 1) {
    const { state } = await Fleet.status(world.operator, deploymentId);
    if (state === "completed") return;
    await Fleet.lead(world.system, ports, { deploymentId, tenantId, timeLeftMs: () => 600_000 });
    await Fleet.sweep(world.system);
    world.clock.advance(6);
  }
  throw new Error(`It did not end: ${JSON.stringify(await Fleet.targets(world.operator, deploymentId, { limit: 5 }))}`);
}

const jobs = () =>
  new ProvisioningJobs(world, {
    ...world.settings,
    places: { ...world.settings.places, starter: { provider: "postgres", region: OWN_REGION, size: "shared" } },
  });
const ask = (query: string) => jobs().askTenant(tenantId, query);

describe("a change of the schema under a busy pharmacy", () => {
  beforeAll(async () => {
    world = await startControlWorld();
    ports = {
      schemas: postgresTenantSchemas({ ca: undefined, log: silent, clock: world.clock }),
      rehearsals: postgresRehearsals({ log: silent }),
      secrets: world.ports.secrets,
      hosts: world.hosts,
    };
    // The fleet has the older schema: a new pharmacy begins with it.
    await world.system.db.updateTable("fleet").set({ settledVersion: BEFORE }).execute();
    const opened = await openTenant(world, "busy");
    tenantId = opened.tenantId;
    await jobs().advanceUntil(opened.jobId, jobs().ended(opened.jobId));
    await jobs().expectOpen(tenantId, opened.email);
    const [owner] = await ask("select id::text from pharmacy.users where role = 'owner'");
    ownerId = String(owner?.id);
    sessionId = newId(world.clock);
    await ask(`
      insert into pharmacy.sessions (id, user_id, token, expires_at, created_at, updated_at)
      values ('${sessionId}', '${ownerId}', '${randomToken()}', now() + interval '1 year', now(), now())`);
    await ask(`
      insert into pharmacy.items (id, sku, name, strength, base_unit, created_at, updated_at)
      select gen_random_uuid(), 'X' || n, 'Amoxicillin ' || n, n || ' mg', 'capsule', now(), now()
      from generate_series(1, ${ITEMS}) n`);
  }, 120_000);
  afterAll(async () => {
    await Promise.all(closers.map((close) => close()));
    await world?.stop();
  });

  test("fails no request of old or new code, and takes nothing away that somebody needs", async () => {
    expect((await jobs().tenantOf(tenantId)).schemaVersion).toBe(BEFORE);
    await Fleet.announceRelease(world.system, {
      name: "r1",
      channel: "stable",
      schemaKnown: BEFORE,
      schemaRequired: BEFORE,
    });
    await Fleet.announceRelease(world.system, {
      name: "r2",
      channel: "stable",
      schemaKnown: CONTRACTED,
      schemaRequired: BEFORE,
    });
    const before = work(processOf(old), "old");
    const after = work(processOf(current), "new");
    try {
      // All at once would surprise whoever does not yet know of the new column.
      await expect(Fleet.deploy(world.operator, ports, request(CONTRACTED))).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringContaining("--to 16"),
      });
      const expanded = await Fleet.deploy(world.operator, ports, request(EXPANDED));
      await carryOut(expanded.deploymentId ?? "");
      expect((await jobs().tenantOf(tenantId)).schemaVersion).toBe(EXPANDED);
      expect(await ask("select count(*)::int as n from pharmacy.items where search_words is null")).toEqual([{ n: 0 }]);
      // The new code finds by strength; the old code goes on beside it.
      world.clock.advance(6);
      const found = await Items.list(await processOf(current)(), { search: "amoxicillin 2999 mg" });
      expect(found.items.map(({ strength }) => strength)).toEqual(["2999 mg"]);

      // The old release still runs: the contract is refused by its name.
      const refused = Fleet.deploy(world.operator, ports, request(CONTRACTED));
      await expect(refused).rejects.toMatchObject({ code: "conflict", message: expect.stringContaining("r1") });
      await before.stop();
      await Fleet.retireRelease(world.operator, "r1", "r2 serves everybody");
      world.clock.advance(16 * 60);
      const contracted = await Fleet.deploy(world.operator, ports, request(CONTRACTED));
      await carryOut(contracted.deploymentId ?? "");
      expect((await jobs().tenantOf(tenantId)).schemaVersion).toBe(CONTRACTED);
      world.clock.advance(6);
      expect((await Items.list(await processOf(current)(), { search: "amoxicillin 17 mg" })).total).toBeGreaterThan(0);
    } finally {
      await Promise.all([before.stop(), after.stop()]);
    }
    expect([before.failures, after.failures]).toEqual([[], []]);
    expect(before.requests()).toBeGreaterThan(20);
    expect(after.requests()).toBeGreaterThan(20);
    expect(await Fleet.drift(world.operator, { limit: 10 })).toMatchObject({ tenants: [] });
  }, 180_000);
});
