import type { Log } from "@pharmasight/core/kernel/log";
import type { RegistryEntry, RegistryReader } from "@pharmasight/core/registry/registry";
import { TenantConnection } from "@pharmasight/core/tenant/connection";
import { OpenTenants } from "@pharmasight/core/tenant/open-tenants";
import type { TenantTables } from "@pharmasight/core/tenant/tables.generated";
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";
import { beforeEach, describe, expect, test } from "vitest";

const silent: Log = { info() {}, warn() {}, error() {}, alarm() {} };

/** A registry whose answers, delays and failures the test decides. */
class Registry implements RegistryReader {
  entries = new Map<string, RegistryEntry>();
  version = 1n;
  changed: string[] = [];
  down = false;
  lookups = 0;
  gate: Promise<void> = Promise.resolve();
  /** Looks at the counter wait for it. */
  counter: Promise<void> = Promise.resolve();

  async findByHost(host: string) {
    this.lookups += 1;
    const entry = this.entries.get(host);
    await this.gate;
    if (this.down) throw new Error("connection refused");
    return entry;
  }
  async findByTenant(tenantId: string) {
    return [...this.entries.values()].find((entry) => entry.tenantId === tenantId);
  }
  checks = 0;

  async changesSince() {
    this.checks += 1;
    await this.counter;
    if (this.down) throw new Error("connection refused");
    return { version: this.version, tenantIds: this.changed };
  }
}

/** Nothing here asks a database. */
const noDatabase = new Kysely<TenantTables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

function entryOf(host: string, state: RegistryEntry["state"], version: bigint): RegistryEntry {
  return {
    host,
    hostKind: "primary",
    hostUntil: null,
    primaryHost: host,
    tenantId: `id-${host}`,
    companyName: host,
    state,
    currency: "KES",
    timeZone: "Africa/Nairobi",
    trialEndsAt: null,
    schemaVersion: 1,
    flags: {},
    settings: {},
    registryVersion: version,
    appSecretArn: "arn",
    planCode: "starter",
    planName: "Starter",
    modulePrices: [],
    raises: [],
    graceEndsAt: null,
    accessEndsAt: null,
    suspension: null,
    includedModules: [],
    grantedModules: [],
    maxBranches: 1,
    maxUsers: 5,
    maxItems: 10,
    apiRequestsPerMinute: null,
  };
}

describe("the open tenants of a process", () => {
  let registry: Registry;
  let now: number;
  let tenants: OpenTenants;
  /** What was opened and retired, by tenant; opening waits for `opened`. */
  let events: string[];
  let opened: Promise<void>;

  beforeEach(() => {
    registry = new Registry();
    now = Date.parse("2026-11-24T08:00:00Z");
    events = [];
    opened = Promise.resolve();
    for (const host of ["alfa", "bravo", "charlie"]) registry.entries.set(host, entryOf(host, "trial", 1n));
    tenants = new OpenTenants({
      registry,
      databases: {
        open: async ({ tenantId }) => {
          await opened;
          events.push(`open ${tenantId}`);
          const retire = () => void events.push(`retire ${tenantId}`);
          return new TenantConnection(tenantId, { db: noDatabase, retire, close: async () => {} });
        },
      },
      clock: { now: () => new Date(now) },
      log: silent,
      tenantsMax: 2,
      ttlSeconds: 300,
      checkSeconds: 5,
      graceSeconds: 60,
    });
  });

  test("ask the registry once for many requests at the same time", async () => {
    await Promise.all(Array.from({ length: 50 }, () => tenants.findByHost("alfa")));
    expect(registry.lookups).toBe(1);
  });

  test("show a change within ten seconds and without a restart", async () => {
    await tenants.findByHost("alfa");
    registry.entries.set("alfa", entryOf("alfa", "suspended", 2n));
    registry.version = 2n;
    registry.changed = ["id-alfa"];
    now += 5001;
    expect((await tenants.findByHost("alfa"))?.tenant.entry.state).toBe("suspended");
  });

  test("find a pharmacy that opened after its address had been asked for", async () => {
    expect(await tenants.findByHost("beta")).toBeUndefined();
    registry.entries.set("beta", entryOf("beta", "trial", 2n));
    registry.version = 2n;
    now += 5001;
    expect((await tenants.findByHost("beta"))?.entry.host).toBe("beta");
  });

  test("never keep what was read before a change that overtook the reading", async () => {
    const gate = Promise.withResolvers<void>();
    registry.gate = gate.promise;
    const early = tenants.findByHost("alfa");
    // Not before the registry was asked: a look that has not begun cannot be overtaken.
    await expect.poll(() => registry.lookups).toBe(1);
    registry.version = 2n;
    registry.changed = ["id-alfa"];
    now += 5001;
    registry.gate = Promise.resolve();
    registry.entries.set("alfa", entryOf("alfa", "suspended", 2n));
    expect((await tenants.findByHost("alfa"))?.entry.state).toBe("suspended");
    gate.resolve();
    await early;
    expect((await tenants.findByHost("alfa"))?.entry.state).toBe("suspended");
  });

  test("are served a minute longer when the control database is silent, and then not", async () => {
    await tenants.findByHost("alfa");
    registry.down = true;
    now += 60_000;
    expect((await tenants.findByHost("alfa"))?.entry.host).toBe("alfa");
    now += 6000;
    await expect(tenants.findByHost("alfa")).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 5 });
  });

  test("are served at once while a control database hangs, and wait for it when nothing is known", async () => {
    await tenants.findByHost("alfa");
    const hanging = Promise.withResolvers<void>();
    registry.counter = hanging.promise;
    now += 5001;
    const answers = await Promise.all(Array.from({ length: 10 }, () => tenants.findByHost("alfa")));
    expect(answers.map((found) => found?.entry.host)).toEqual(Array.from({ length: 10 }, () => "alfa"));
    hanging.resolve();
    await expect.poll(() => registry.checks).toBe(2);
    // Past the minute of grace nobody is served without a look.
    const second = Promise.withResolvers<void>();
    registry.counter = second.promise;
    now += 66_000;
    const late = tenants.findByHost("alfa");
    registry.entries.set("alfa", entryOf("alfa", "suspended", 2n));
    registry.version = 2n;
    registry.changed = ["id-alfa"];
    second.resolve();
    expect((await late)?.entry.state).toBe("suspended");
  });

  test("look again five seconds after a look has failed, however long it took to", async () => {
    await tenants.findByHost("alfa");
    const hanging = Promise.withResolvers<void>();
    registry.counter = hanging.promise;
    registry.down = true;
    registry.checks = 0;
    now += 5001;
    await tenants.findByHost("alfa");
    now += 10_000;
    hanging.resolve();
    await expect.poll(async () => (await tenants.findByHost("alfa"))?.entry.host).toBe("alfa");
    now += 4000;
    await tenants.findByHost("alfa");
    expect(registry.checks).toBe(1);
    now += 1001;
    await tenants.findByHost("alfa");
    expect(registry.checks).toBe(2);
  });

  test("believe nothing that was read before the counter went back, as that of a restored database does", async () => {
    registry.version = 9n;
    registry.entries.set("alfa", entryOf("alfa", "trial", 9n));
    await tenants.findByHost("alfa");
    registry.version = 5n;
    registry.entries.set("alfa", entryOf("alfa", "suspended", 4n));
    registry.changed = [];
    now += 5001;
    expect((await tenants.findByHost("alfa"))?.tenant.entry.state).toBe("suspended");
  });

  test("ask a silent control database once in five seconds, and keep what expires meanwhile", async () => {
    await tenants.findByHost("alfa");
    now += 298_000;
    await tenants.findByHost("alfa");
    registry.down = true;
    registry.checks = 0;
    now += 5001;
    for (let i = 0; i < 20; i += 1) expect((await tenants.findByHost("alfa"))?.entry.host).toBe("alfa");
    expect(registry.checks).toBe(1);
  });

  test("are unavailable, not unknown, when the control database was silent from the start", async () => {
    registry.down = true;
    await expect(tenants.findByHost("alfa")).rejects.toMatchObject({ code: "unavailable" });
  });

  test("give up the connection of the one that was used least when there are too many", async () => {
    for (const host of ["alfa", "bravo", "charlie"]) await (await tenants.findByHost(host))?.tenant.connection();
    expect(events).toEqual(["open id-alfa", "open id-bravo", "retire id-alfa", "open id-charlie"]);
  });

  test("give up a connection that was still being opened when its tenant changed", async () => {
    const gate = Promise.withResolvers<void>();
    opened = gate.promise;
    const opening = (await tenants.findByHost("alfa"))?.tenant.connection();
    registry.version = 2n;
    registry.changed = ["id-alfa"];
    now += 5001;
    await tenants.findByHost("bravo");
    gate.resolve();
    await opening;
    expect(events).toEqual(["open id-alfa", "retire id-alfa"]);
  });

  test("give up a connection that a request opens after its tenant changed", async () => {
    const held = (await tenants.findByHost("alfa"))?.tenant;
    registry.version = 2n;
    registry.changed = ["id-alfa"];
    now += 5001;
    await tenants.findByHost("bravo");
    await held?.connection();
    expect(events).toEqual(["open id-alfa", "retire id-alfa"]);
  });
});
