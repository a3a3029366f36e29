import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { BEFORE, type FleetWorld, factsOf, failureOf, NEWEST, startFleetWorld } from "./fleet-world.ts";

/** What a lead is told while it lasts, and what is kept of one that does not get to its end. */

let fleet: FleetWorld;

beforeAll(async () => {
  fleet = await startFleetWorld();
});
afterAll(() => fleet?.stop());
beforeEach(() => fleet.clear());

const WHY = "because of a test";

async function tenantWith(changes: Parameters<FleetWorld["addTenants"]>[1] = { ring: "staging" }) {
  const [tenant] = await fleet.addTenants(1, changes);
  return tenant ?? { tenantId: "", subdomain: "" };
}

/** What the registry says, and what was last seen. */
const known = (tenantId: string) =>
  fleet.system.db
    .selectFrom("tenants")
    .leftJoin("tenantSchemas", "tenantSchemas.tenantId", "tenants.id")
    .select(["tenants.schemaVersion", "tenantSchemas.version", "tenantSchemas.fence"])
    .where("tenants.id", "=", tenantId)
    .executeTakeFirstOrThrow();

test.each(["pause", "halt"] as const)("a %s leaves those under way their time, and tells them to stop", async (how) => {
  const { tenantId } = await tenantWith();
  const [other] = await fleet.addTenants(1, { ring: "staging" });
  const id = await fleet.deploy();
  const told: unknown[] = [];
  fleet.schemas.everyLead = async (lead) => {
    told.push([lead.isStopping(), lead.timeLeftMs()]);
    if (how === "pause") await Fleet.pause(fleet.operator, id, WHY);
    else {
      fleet.schemas.everyLead = () => failureOf("23514");
      await fleet.lead(id, other?.tenantId ?? "");
    }
    await expect.poll(() => lead.isStopping()).toBe(true);
    told.push([lead.isStopping(), lead.timeLeftMs()]);
    return undefined;
  };
  await fleet.lead(id, tenantId, { heartbeatMs: 20 });
  expect(told).toEqual([
    [false, 600_000],
    [true, 600_000],
  ]);
  expect(await fleet.target(id, tenantId)).toMatchObject({ state: "succeeded", reachedVersion: NEWEST });
});

test("how far one got that failed half-way, or waits to go on, is known and shown at once", async () => {
  fleet.schemas.migrations = [BEFORE, NEWEST, NEWEST + 1, NEWEST + 2].map((version) => factsOf(version));
  const { tenantId } = await tenantWith();
  const id = await fleet.deploy();
  const shown = async () => {
    const { targets } = await Fleet.targets(fleet.system, id, { limit: 1 });
    return [targets[0]?.state, targets[0]?.reachedVersion];
  };
  fleet.schemas.everyLead = () => ({ kind: "continues", version: NEWEST, rowsDone: 10 });
  await fleet.lead(id, tenantId);
  expect(await shown()).toEqual(["queued", NEWEST]);
  expect(await known(tenantId)).toMatchObject({ schemaVersion: NEWEST, version: NEWEST });

  const half = { version: NEWEST + 1, migration: "0018_change" };
  fleet.schemas.everyLead = () => failureOf("55P03", half);
  await fleet.lead(id, tenantId);
  expect(await shown()).toEqual(["pending", NEWEST + 1]);
  expect(await known(tenantId)).toMatchObject({ schemaVersion: NEWEST + 1, version: NEWEST + 1 });

  fleet.clock.advance(600);
  fleet.schemas.everyLead = () => failureOf("23514", half);
  await fleet.lead(id, tenantId);
  expect(await shown()).toEqual(["failed", NEWEST + 1]);
});

test("a failure of which nobody knows how far it got changes nothing that was known", async () => {
  const { tenantId } = await tenantWith();
  const id = await fleet.deploy();
  fleet.schemas.everyLead = () => failureOf("28P01", { version: undefined });
  await fleet.lead(id, tenantId);
  expect(await fleet.target(id, tenantId)).toMatchObject({ state: "failed", reachedVersion: null });
  expect((await known(tenantId)).schemaVersion).toBe(BEFORE);
});

test("after a restore of the control database its numbers catch up with the pharmacies', and the next attempt leads", async () => {
  const { tenantId } = await tenantWith();
  fleet.schemas.of(tenantId).fence = 50n;
  const id = await fleet.deploy();
  await fleet.lead(id, tenantId);
  expect(await fleet.target(id, tenantId)).toMatchObject({
    state: "pending",
    error: expect.stringContaining("restore of the control database"),
  });
  expect((await known(tenantId)).fence).toBe("50");
  expect(await fleet.finish(id, 5)).toMatchObject({ state: "completed" });
  expect(await fleet.target(id, tenantId)).toMatchObject({ state: "succeeded", fence: "51", attempts: 2 });
});

test("a lead that was cancelled because the control database was away says so, and is tried again", async () => {
  const { tenantId } = await tenantWith();
  const id = await fleet.deploy();
  fleet.schemas.everyLead = () => ({ kind: "overtaken", reason: "lost" });
  await fleet.lead(id, tenantId);
  expect(await fleet.target(id, tenantId)).toMatchObject({
    state: "pending",
    error: "The control database did not answer for as long as a lease lasts, so that the work was cancelled.",
  });
  fleet.schemas.everyLead = () => undefined;
  expect(await fleet.finish(id, 5)).toMatchObject({ state: "completed" });
});
