import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import { unavailable } from "@pharmasight/core/kernel/errors";
import type { TenantSchemas } from "@pharmasight/core/ports/schemas";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { BEFORE, type FleetWorld, NEWEST, startFleetWorld } from "./fleet-world.ts";

/** What is known of every schema, and how it comes to be known. */

let fleet: FleetWorld;
/** Tenants whose database does not answer. */
const shut = new Set<string>();

beforeAll(async () => {
  fleet = await startFleetWorld();
  const look: TenantSchemas["look"] = fleet.schemas.look.bind(fleet.schemas);
  fleet.schemas.look = async (owner) => {
    if (shut.has(owner.tenantId)) throw unavailable("The project is paused.", 60);
    return look(owner);
  };
});
afterAll(() => fleet?.stop());
beforeEach(async () => {
  await fleet.clear();
  shut.clear();
});

const WHY = "because of a test";
const counts = async () => (await Fleet.drift(fleet.system, { limit: 1 })).counts;
const inventory = (page: Partial<Parameters<typeof Fleet.inventory>[2]> = {}) =>
  Fleet.inventory(fleet.system, fleet.ports, { limit: 100, ...page });

/** One call relays a part of what there is. */
async function eventuallySent(before: number, found: number): Promise<void> {
  while (fleet.world.sent.slice(before).filter(({ queue }) => queue === "fleet-looks").length < found) {
    await fleet.system.relay();
  }
}

/** Tenants that a scan asked for, each of whom is looked at as the worker does it. */
async function scanned(): Promise<string[]> {
  const before = fleet.world.sent.length;
  const found = await Fleet.scan(fleet.system);
  await eventuallySent(before, found);
  const asked = fleet.world.sent
    .slice(before)
    .filter(({ queue }) => queue === "fleet-looks")
    .map(({ message }) => message.tenantId ?? "");
  for (const tenantId of asked) await Fleet.lookOnSchedule(fleet.system, fleet.ports, tenantId);
  return asked;
}

test("who never answers keeps nobody else waiting", async () => {
  // More than one scan takes.
  for (const { tenantId } of await fleet.addTenants(252)) shut.add(tenantId);
  const healthy = await fleet.addTenants(3);
  for (const hours of [1, 1, 24, 1, 1]) {
    await scanned();
    fleet.clock.advance(hours * 3600);
  }
  // Each day anew.
  const { pharmacies } = await inventory({ limit: 300 });
  const day = fleet.clock.now().getTime() - 86_400_000;
  for (const { tenantId } of healthy) {
    expect(pharmacies.find((one) => one.tenantId === tenantId)?.lookedAt?.getTime()).toBeGreaterThan(day);
  }
  expect(await counts()).toMatchObject({ tenants: 255, unseen: 252, failing: 252, overdue: 0, drifted: 0 });
}, 60_000);

test("a look that failed is listed with its reason until one succeeds, and is no failure of its worker", async () => {
  const [one] = await fleet.addTenants(1);
  const { tenantId = "" } = one ?? {};
  shut.add(tenantId);
  await Fleet.lookOnSchedule(fleet.system, fleet.ports, tenantId);
  expect(await Fleet.drift(fleet.system, { limit: 9 })).toMatchObject({
    tenants: [{ tenantId, lookError: "The project is paused.", differences: [], lookedAt: null }],
    counts: { drifted: 0, unseen: 1, failing: 1 },
  });
  await expect(Fleet.look(fleet.system, fleet.ports, tenantId)).rejects.toMatchObject({ code: "unavailable" });
  shut.clear();
  await Fleet.look(fleet.system, fleet.ports, tenantId);
  expect(await Fleet.drift(fleet.system, { limit: 9 })).toMatchObject({
    tenants: [],
    counts: { unseen: 0, failing: 0 },
  });
});

test("drift that a schedule finds wakes somebody, once", async () => {
  const [odd] = await fleet.addTenants(1);
  const { tenantId = "" } = odd ?? {};
  await scanned();
  fleet.schemas.of(tenantId).extra = { "index pharmacy.odd": "x" };
  for (let day = 0; day < 3; day += 1) {
    fleet.clock.advance(86_401);
    await scanned();
  }
  expect(fleet.alarms).toEqual(["schema-drift"]);
  fleet.schemas.of(tenantId).extra = {};
  await Fleet.look(fleet.system, fleet.ports, tenantId);
  fleet.schemas.of(tenantId).extra = { "index pharmacy.odd": "y" };
  await Fleet.look(fleet.system, fleet.ports, tenantId);
  expect(fleet.alarms).toEqual(["schema-drift", "schema-drift"]);
});

test("the end of a lead is a look, and one of two days ago proves nothing any more", async () => {
  await fleet.addTenants(2);
  expect(await counts()).toMatchObject({ unseen: 2 });
  await fleet.finish(await fleet.deploy());
  expect(await counts()).toMatchObject({ unseen: 0, overdue: 0 });
  // The sizes of their tables are not known by it.
  expect(await scanned()).toHaveLength(2);
  fleet.clock.advance(2 * 86_400 + 1);
  expect(await counts()).toMatchObject({ unseen: 0, overdue: 2 });
});

test("the inventory has every pharmacy once, page by page, and its counts sum to the fleet", async () => {
  const tenants = [
    ...(await fleet.addTenants(5)),
    ...(await fleet.addTenants(4, { version: NEWEST, ring: "pilot" })),
    ...(await fleet.addTenants(1, { version: 101 })),
  ];
  const [odd, ...others] = tenants;
  fleet.schemas.of(odd?.tenantId ?? "").extra = { "index pharmacy.odd": "x" };
  for (const { tenantId } of [odd, ...others.slice(0, 7)].filter((one) => one !== undefined)) {
    await Fleet.look(fleet.system, fleet.ports, tenantId);
  }
  const whole = await inventory();
  expect(whole.counts).toEqual({
    tenants: 10,
    versions: [
      { version: 101, fingerprint: undefined, tenants: 1, asExpected: 0, different: 0, unseen: 1 },
      { version: NEWEST, fingerprint: expect.any(String), tenants: 4, asExpected: 3, different: 0, unseen: 1 },
      { version: BEFORE, fingerprint: expect.any(String), tenants: 5, asExpected: 4, different: 1, unseen: 0 },
    ],
  });
  const seen: string[] = [];
  let page = await inventory({ limit: 3 });
  for (;;) {
    expect(page.counts).toEqual(whole.counts);
    seen.push(...page.pharmacies.map(({ tenantId }) => tenantId));
    if (page.next === undefined) break;
    page = await inventory({ limit: 3, after: page.next });
  }
  expect(seen.toSorted()).toEqual(tenants.map(({ tenantId }) => tenantId).toSorted());
  expect(whole.pharmacies.find(({ tenantId }) => tenantId === odd?.tenantId)).toMatchObject({
    version: BEFORE,
    verdict: "different",
    fingerprint: expect.stringContaining("odd"),
    server: "postgres:nairobi-1",
  });
  const pilots = await inventory({ selection: { tenants: [], selector: "ring=pilot" } });
  expect(pilots).toMatchObject({ counts: { tenants: 4, versions: [{ version: NEWEST, tenants: 4 }] } });
  expect(pilots.pharmacies).toHaveLength(4);
});

test("drift, targets and inventory are of those that were asked for", async () => {
  const [one, other] = await fleet.addTenants(2);
  for (const { tenantId } of [one, other].filter((tenant) => tenant !== undefined)) {
    fleet.schemas.of(tenantId).extra = { "index pharmacy.odd": "x" };
    await Fleet.look(fleet.system, fleet.ports, tenantId);
  }
  const selection = { tenants: [one?.subdomain ?? ""], selector: "" };
  expect(await Fleet.drift(fleet.system, { limit: 9, selection })).toMatchObject({
    tenants: [{ tenantId: one?.tenantId }],
    counts: { tenants: 1, drifted: 1 },
  });
  const id = await fleet.deploy();
  const { targets } = await Fleet.targets(fleet.system, id, { limit: 9, selection });
  expect(targets.map(({ tenantId }) => tenantId)).toEqual([one?.tenantId]);
  await expect(
    Fleet.drift(fleet.system, { limit: 9, selection: { tenants: [], selector: "moon=full" } }),
  ).rejects.toMatchObject({ code: "invalid_input" });
});

test("rings, quiet hours and limits are set with a reason, and the audit log keeps before and after", async () => {
  const [one] = await fleet.addTenants(2);
  const { tenantId = "", subdomain = "" } = one ?? {};
  const chosen = { tenants: [subdomain], selector: "" };
  expect(await Fleet.setRing(fleet.operator, chosen, "staging", WHY)).toEqual({ selected: 1, changed: 1 });
  expect(await Fleet.setRing(fleet.operator, chosen, "staging", WHY)).toEqual({ selected: 1, changed: 0 });
  // It may be rehearsed with now, and the first wave is its.
  await Fleet.rehearse(fleet.operator, fleet.ports, { tenant: subdomain });
  const { waves } = await Fleet.plan(fleet.system, fleet.ports, fleet.request());
  expect(waves[0]).toMatchObject({ name: "staging and pilot", targets: 1 });
  fleet.clock.advance(1);
  const hours = { from: "23:30", until: "04:00" };
  expect(await Fleet.setQuietHours(fleet.operator, chosen, hours, WHY)).toEqual({ selected: 1, changed: 1 });
  fleet.clock.advance(1);
  expect(await Fleet.setMigrationsMax(fleet.operator, "postgres:nairobi-1", 9, WHY)).toEqual({
    changed: true,
    before: 4,
  });
  expect(await Fleet.plan(fleet.system, fleet.ports, fleet.request())).toMatchObject({
    servers: [{ migrationsMax: 9 }],
  });
  expect((await inventory()).pharmacies.find((shown) => shown.tenantId === tenantId)).toMatchObject({
    ring: "staging",
    quietFrom: "23:30",
    quietUntil: "04:00",
  });
  const kept = await fleet.system.db
    .selectFrom("auditLog")
    .select(["action", "actorId", "reason", "before", "after"])
    .where((e) => e.or([e("tenantId", "=", tenantId), e("action", "=", "server.migrations_max_changed")]))
    .where("action", "<>", "migration.rehearsed")
    .orderBy("at")
    .execute();
  const by = { actorId: "wanjiku", reason: WHY };
  expect(kept).toEqual([
    { ...by, action: "tenant.ring_changed", before: { ring: "general" }, after: { ring: "staging" } },
    { ...by, action: "tenant.quiet_hours_changed", before: { from: "22:00", until: "06:00" }, after: hours },
    {
      ...by,
      action: "server.migrations_max_changed",
      before: { server: "postgres:nairobi-1", migrationsMax: 4 },
      after: { server: "postgres:nairobi-1", migrationsMax: 9 },
    },
  ]);
  const everybody = { tenants: [], selector: "" };
  const refused: readonly (() => Promise<unknown>)[] = [
    () => Fleet.setRing(fleet.operator, everybody, "pilot", WHY),
    () => Fleet.setQuietHours(fleet.operator, everybody, hours, WHY),
    () => Fleet.setQuietHours(fleet.operator, chosen, { from: "25:00", until: "06:00" }, WHY),
    () => Fleet.setRing(fleet.operator, chosen, "pilot", ""),
    () => Fleet.setMigrationsMax(fleet.operator, "postgres:moon", 2, WHY),
    () => Fleet.setMigrationsMax(fleet.operator, "postgres:nairobi-1", 0, WHY),
  ];
  for (const attempt of refused) await expect(attempt()).rejects.toMatchObject({ code: "invalid_input" });
  await expect(
    Fleet.setRing(fleet.operator, { tenants: [], selector: "ring=pilot" }, "general", WHY),
  ).rejects.toMatchObject({ code: "conflict" });
  await expect(Fleet.setRing(fleet.system, chosen, "pilot", WHY)).rejects.toMatchObject({ code: "forbidden" });
});
