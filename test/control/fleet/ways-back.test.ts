import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type AddedTenant,
  BEFORE,
  type FleetWorld,
  factsOf,
  failureOf,
  NEWEST,
  startFleetWorld,
} from "./fleet-world.ts";

/** Rollbacks that meet what deployments meet: halves, failures, operators who change their minds. */

let fleet: FleetWorld;

beforeAll(async () => {
  fleet = await startFleetWorld();
});
afterAll(() => fleet?.stop());
beforeEach(() => fleet.clear());

const WHY = "because of a test";
const request = { ...Fleet.defaults, soakSeconds: 0, reason: WHY, withoutRehearsal: "none was made" };

const registryVersion = async (tenantId: string) => {
  const { schemaVersion } = await fleet.system.db
    .selectFrom("tenants")
    .select("schemaVersion")
    .where("id", "=", tenantId)
    .executeTakeFirstOrThrow();
  return schemaVersion;
};
const databaseVersion = (tenantId: string) => fleet.schemas.of(tenantId).version;
const status = (id: string) => Fleet.status(fleet.system, id);
const rollback = (id: string) => Fleet.rollback(fleet.operator, fleet.ports, id, request);
const planned = (id: string) => Fleet.planRollback(fleet.operator, fleet.ports, id, "none was made");

/** Delivers the messages that are there, without letting time pass. */
async function deliver(): Promise<void> {
  await fleet.system.relay();
  for (const { deploymentId, tenantId } of fleet.messages()) await fleet.lead(deploymentId, tenantId);
}

/** Two pharmacies that a deployment has led to the newest version. */
async function deployed() {
  const [staging] = await fleet.addTenants(1, { ring: "staging" });
  const [pilot] = await fleet.addTenants(1, { ring: "pilot" });
  const id = await fleet.deploy();
  expect(await fleet.finish(id, 5)).toMatchObject({ state: "completed" });
  const nobody: AddedTenant = { tenantId: "", subdomain: "" };
  return { id, staging: staging ?? nobody, pilot: pilot ?? nobody };
}

test("whoever got a part of it is taken back too, from where it stopped", async () => {
  fleet.schemas.migrations = [factsOf(BEFORE), factsOf(NEWEST), factsOf(NEWEST + 1, { losses: [] })];
  const [whole] = await fleet.addTenants(1, { ring: "staging" });
  const [half, none] = await fleet.addTenants(2, { ring: "pilot" });
  fleet.schemas.faults.set(half?.tenantId ?? "", (_lead, database) => {
    database.version = NEWEST;
    return failureOf("23514", { version: NEWEST });
  });
  fleet.schemas.faults.set(none?.tenantId ?? "", () => failureOf("23514"));
  const id = await fleet.deploy();
  await fleet.finish(id, 3);
  await Fleet.resume(fleet.operator, id, WHY).catch(() => undefined);
  await fleet.drain();
  await Fleet.pause(fleet.operator, id, WHY).catch(() => undefined);
  fleet.schemas.faults.clear();

  const { plan, deploymentId } = await rollback(id);
  expect(plan).toMatchObject({ targets: 2, partly: [half?.subdomain], back: 0 });
  // An index or a backfill adds nothing that could be lost.
  expect(plan.losses).toEqual(["0016_change: what was written into column items.change_16."]);
  expect(await fleet.finish(deploymentId, 10)).toMatchObject({ state: "completed", counts: { succeeded: 2 } });
  for (const tenant of [whole, half, none]) {
    expect(databaseVersion(tenant?.tenantId ?? "")).toBe(BEFORE);
    expect(await registryVersion(tenant?.tenantId ?? "")).toBe(BEFORE);
  }
  expect(fleet.schemas.of(half?.tenantId ?? "").undone).toEqual(new Map([[NEWEST, 1]]));
});

describe("a rollback that was left half-done", () => {
  test("says the truth of who failed, and another one takes the rest back", async () => {
    const { id, staging, pilot } = await deployed();
    fleet.schemas.faults.set(pilot.tenantId, () => failureOf("2BP01", { version: NEWEST }));
    const first = await rollback(id);
    expect(await fleet.finish(first.deploymentId, 5)).toMatchObject({ state: "halted" });
    expect(await registryVersion(pilot.tenantId)).toBe(NEWEST);
    await Fleet.skip(fleet.operator, first.deploymentId, pilot.subdomain, WHY);
    await Fleet.resume(fleet.operator, first.deploymentId, WHY);
    expect(await fleet.finish(first.deploymentId, 5)).toMatchObject({ state: "completed" });
    expect([staging, pilot].map(({ tenantId }) => databaseVersion(tenantId))).toEqual([BEFORE, NEWEST]);

    fleet.schemas.faults.clear();
    const again = await rollback(id);
    expect(again.plan).toMatchObject({ targets: 1, back: 1, refusals: [] });
    expect(await fleet.finish(again.deploymentId, 5)).toMatchObject({ state: "completed", counts: { succeeded: 1 } });
    expect([staging, pilot].map(({ tenantId }) => databaseVersion(tenantId))).toEqual([BEFORE, BEFORE]);
    expect((await planned(id)).refusals).toEqual(["All who got it are back where they came from."]);
  });

  test("abandoned before it did anything, it leaves the versions as they are, and can be begun again", async () => {
    const { id, staging, pilot } = await deployed();
    const first = await rollback(id);
    await deliver();
    expect(await registryVersion(pilot.tenantId)).toBe(BEFORE);
    expect((await planned(id)).refusals).toEqual([
      expect.stringMatching(`Deployment ${first.deploymentId} has not done with 2 of them`),
    ]);
    await Fleet.abandon(fleet.operator, first.deploymentId, WHY);
    for (const { tenantId } of [staging, pilot]) {
      expect([databaseVersion(tenantId), await registryVersion(tenantId)]).toEqual([NEWEST, NEWEST]);
    }
    const again = await rollback(id);
    expect(await fleet.finish(again.deploymentId, 10)).toMatchObject({ state: "completed", counts: { succeeded: 2 } });
  });

  test("half-way back by two migrations, the other one is taken back by the next rollback", async () => {
    fleet.schemas.migrations = [BEFORE, NEWEST, NEWEST + 1].map((version) => factsOf(version));
    const { id, pilot } = await deployed();
    fleet.schemas.faults.set(pilot.tenantId, (_lead, database) => {
      database.version = NEWEST;
      return failureOf("2BP01", { version: NEWEST });
    });
    const first = await rollback(id);
    expect(await fleet.finish(first.deploymentId, 5)).toMatchObject({ state: "halted" });
    expect(await registryVersion(pilot.tenantId)).toBe(NEWEST);
    await Fleet.abandon(fleet.operator, first.deploymentId, WHY);
    fleet.schemas.faults.clear();
    const again = await rollback(id);
    expect(again.plan.migrations.map(({ version }) => version)).toEqual([NEWEST]);
    expect(await fleet.finish(again.deploymentId, 5)).toMatchObject({ state: "completed" });
    expect(databaseVersion(pilot.tenantId)).toBe(BEFORE);
  });

  test("whose worker died after its work: another one, given up at once, does not bring the gone version back", async () => {
    const { id, pilot } = await deployed();
    let die = () => {};
    fleet.schemas.faults.set(pilot.tenantId, async (_lead, database) => {
      database.version = BEFORE;
      await new Promise<void>((resolve) => {
        die = resolve;
      });
      return { kind: "overtaken", reason: "lost" };
    });
    const first = await rollback(id);
    await deliver();
    fleet.clock.advance(71);
    const dead = fleet.lead(first.deploymentId, pilot.tenantId);
    await expect.poll(() => databaseVersion(pilot.tenantId)).toBe(BEFORE);
    await Fleet.abandon(fleet.operator, first.deploymentId, WHY);
    fleet.clock.advance(91);
    await Fleet.sweep(fleet.system);
    const looks = fleet.world.sent.filter(({ queue }) => queue === "fleet-looks");
    expect(looks.map(({ message }) => message.tenantId)).toContain(pilot.tenantId);
    const again = await rollback(id);
    await deliver();
    await Fleet.abandon(fleet.operator, again.deploymentId, WHY);
    expect(await registryVersion(pilot.tenantId)).toBe(BEFORE);
    die();
    await dead;
  });

  test("skipped before it was begun, a pharmacy has the version that it has", async () => {
    const { id, pilot } = await deployed();
    const { deploymentId } = await rollback(id);
    await deliver();
    await Fleet.skip(fleet.operator, deploymentId, pilot.subdomain, WHY);
    expect(await registryVersion(pilot.tenantId)).toBe(NEWEST);
  });

  test("where nobody knows how far it got, the older version stands until somebody has looked", async () => {
    const { id, pilot } = await deployed();
    fleet.schemas.faults.set(pilot.tenantId, () => failureOf("28P01", { version: undefined }));
    const { deploymentId } = await rollback(id);
    expect(await fleet.finish(deploymentId, 5)).toMatchObject({ state: "halted" });
    expect(await registryVersion(pilot.tenantId)).toBe(BEFORE);
    await fleet.system.relay();
    const looks = fleet.world.sent.filter(({ queue }) => queue === "fleet-looks");
    expect(looks.map(({ message }) => message.tenantId)).toContain(pilot.tenantId);
    await Fleet.look(fleet.system, fleet.ports, pilot.tenantId);
    expect(await registryVersion(pilot.tenantId)).toBe(NEWEST);
  });

  test("while it is tried again, the older version stands", async () => {
    const { id, pilot } = await deployed();
    fleet.schemas.faults.set(pilot.tenantId, () => failureOf("55P03", { version: NEWEST }));
    const { deploymentId } = await rollback(id);
    await deliver();
    fleet.clock.advance(71);
    await deliver();
    await fleet.lead(deploymentId, pilot.tenantId);
    expect(await fleet.target(deploymentId, pilot.tenantId)).toMatchObject({ state: "pending", sqlState: "55P03" });
    expect(await registryVersion(pilot.tenantId)).toBe(BEFORE);
  });
});

test("who went on to a later version since is not taken back past it", async () => {
  const { id } = await deployed();
  fleet.schemas.migrations = [...fleet.schemas.migrations, factsOf(NEWEST + 1)];
  expect(await fleet.finish(await fleet.deploy(), 5)).toMatchObject({ state: "completed" });
  expect((await planned(id)).refusals).toEqual([
    "2 of its pharmacies went on to another version since: roll that back first.",
  ]);
});

describe("the time until every process has heard of the older version", () => {
  const waiting = /\d pharmac(y|ies) waiting until every process has heard of its schema's version, the first at /;

  test("is said to be that, and not quiet hours", async () => {
    const { id } = await deployed();
    const { deploymentId } = await rollback(id);
    await deliver();
    const words = (await status(deploymentId)).waitsFor.join(" ");
    expect(words).toMatch(waiting);
    expect(words).not.toContain("quiet hours");
  });

  test("is not passed over by a retry", async () => {
    const { id, pilot } = await deployed();
    const { deploymentId } = await rollback(id);
    await deliver();
    fleet.clock.advance(30);
    await Fleet.retry(fleet.operator, deploymentId, [pilot.subdomain], WHY);
    await deliver();
    expect(databaseVersion(pilot.tenantId)).toBe(NEWEST);
    fleet.clock.advance(39);
    await fleet.lead(deploymentId, pilot.tenantId);
    expect(databaseVersion(pilot.tenantId)).toBe(NEWEST);
    fleet.clock.advance(2);
    await fleet.lead(deploymentId, pilot.tenantId);
    expect(databaseVersion(pilot.tenantId)).toBe(BEFORE);
  });

  test("does not begin anew with every look", async () => {
    const { id, pilot, staging } = await deployed();
    const { deploymentId } = await rollback(id);
    for (let minute = 0; minute < 6; minute += 1) {
      await deliver();
      for (const { tenantId } of [pilot, staging]) await Fleet.look(fleet.system, fleet.ports, tenantId);
      fleet.clock.advance(60);
      await Fleet.sweep(fleet.system);
    }
    expect((await status(deploymentId)).state).toBe("completed");
  });

  test("of a contract it is told from quiet hours too", async () => {
    const [tenant] = await fleet.addTenants(1);
    await fleet.finish(await fleet.deploy(), 5);
    fleet.schemas.migrations = [
      ...fleet.schemas.migrations,
      factsOf(NEWEST + 1, { phase: "contract", codeKnows: NEWEST }),
    ];
    const release = { name: "2.0", channel: "stable", schemaKnown: NEWEST, schemaRequired: BEFORE } as const;
    await Fleet.announceRelease(fleet.system, release);
    // To the next 20:00 UTC, which is 23:00 in Nairobi.
    fleet.clock.advance((44 * 3600 - ((fleet.clock.now().getTime() / 1000) % 86_400)) % 86_400);
    await fleet.system.db
      .updateTable("deploymentTargets")
      .set({ finishedAt: fleet.clock.now() })
      .where("tenantId", "=", tenant?.tenantId ?? "")
      .execute();
    const id = await fleet.deploy();
    await deliver();
    expect((await status(id)).waitsFor.join(" ")).toMatch(waiting);
    expect(await fleet.finish(id, 5)).toMatchObject({ state: "completed" });
  });
});
