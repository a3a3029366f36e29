import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BEFORE, type FleetWorld, factsOf, failureOf, NEWEST, startFleetWorld } from "./fleet-world.ts";

/** What lets a deployment begin, its next wave begin, and the version of new pharmacies move on. */

let fleet: FleetWorld;

beforeAll(async () => {
  fleet = await startFleetWorld();
});
afterAll(() => fleet?.stop());
beforeEach(() => fleet.clear());

const WHY = "because of a test";
const status = (id: string) => Fleet.status(fleet.system, id);
const settled = () => Fleet.settledVersion(fleet.system, 99, 1);
const plan = (changes: Partial<Fleet.DeploymentRequest> = {}) =>
  Fleet.plan(fleet.system, fleet.ports, fleet.request(changes));

describe("a wave that failed", () => {
  test.each([
    { others: 40, ofWave: 4 },
    { others: 9, ofWave: 1 },
  ])(
    "is not followed by the next one: $ofWave of $ofWave, far below the sample, of $others",
    async ({ others, ofWave }) => {
      await fleet.addTenants(1, { ring: "staging" });
      const bad = await fleet.addTenants(others, { server: (index) => `region-${index}` });
      for (const { tenantId } of bad) fleet.schemas.faults.set(tenantId, () => failureOf("23514"));
      const id = await fleet.deploy();
      const halted = await fleet.finish(id, 6);
      expect(halted).toMatchObject({
        state: "halted",
        wave: 2,
        counts: { succeeded: 1, failed: ofWave, pending: others - ofWave },
        haltReason: `${ofWave} of the ${ofWave} pharmacies of this wave failed.`,
        needsOperator: true,
      });
      expect(fleet.alarms).toEqual(["deployment-halted"]);
      // Whoever resumes without seeing to them stays where they are, and is told why; not halted by what they know.
      await Fleet.resume(fleet.operator, id, WHY);
      expect(await fleet.finish(id, 2)).toMatchObject({
        state: "running",
        wave: 2,
        obstacles: [{ kind: "failures", count: ofWave }],
        needsOperator: true,
      });
      fleet.schemas.faults.clear();
      await Fleet.retry(fleet.operator, id, "failed", WHY);
      expect(await fleet.finish(id)).toMatchObject({ state: "completed", counts: { succeeded: others + 1 } });
    },
  );

  test("is not halted again by what its operator saw before resuming", async () => {
    const [staging] = await fleet.addTenants(1, { ring: "staging" });
    await fleet.addTenants(4);
    fleet.schemas.faults.set(staging?.tenantId ?? "", () => failureOf("23514"));
    const id = await fleet.deploy();
    expect(await fleet.finish(id)).toMatchObject({ state: "halted", wave: 1 });
    expect(await Fleet.resume(fleet.operator, id, WHY)).toEqual({ changed: true, state: "running" });
    expect(await fleet.finish(id, 2)).toMatchObject({ state: "running", wave: 1, needsOperator: true });
    expect(fleet.alarms).toEqual(["deployment-halted"]);
  });

  test("with one poisoned pharmacy of several is followed by it, and more than the rate are not tolerated", async () => {
    await fleet.addTenants(1, { ring: "staging" });
    await fleet.addTenants(40, { server: (index) => `region-${index}` });
    const id = await fleet.deploy();
    const ofWave = (position: number) =>
      fleet.system.db
        .selectFrom("deploymentTargets")
        .select("tenantId")
        .where("deploymentId", "=", id)
        .where("wave", "=", position)
        .orderBy("position")
        .execute();
    const [one] = await ofWave(2);
    const [two, three] = await ofWave(3);
    for (const poisoned of [one, two, three])
      fleet.schemas.faults.set(poisoned?.tenantId ?? "", () => failureOf("23514"));
    expect(await fleet.finish(id, 8)).toMatchObject({
      state: "halted",
      wave: 3,
      haltReason: "2 of the 16 pharmacies of this wave failed.",
    });
  });
});

describe("an older version", () => {
  test("is refused, with the way back named, and nothing settles there", async () => {
    await fleet.addTenants(3);
    const id = await fleet.deploy();
    await fleet.finish(id);
    expect(await settled()).toBe(NEWEST);
    const older = await plan({ toVersion: BEFORE });
    expect(older).toMatchObject({ targets: 0, refusals: [expect.stringContaining(`the newest is ${id}`)] });
    await expect(Fleet.deploy(fleet.operator, fleet.ports, fleet.request({ toVersion: BEFORE }))).rejects.toMatchObject(
      { code: "conflict" },
    );
    expect(await settled()).toBe(NEWEST);
  });

  test("that some have is no way back, and leaves what is settled as it is", async () => {
    await fleet.addTenants(2, { version: NEWEST });
    fleet.clock.advance(1);
    await Fleet.deploy(fleet.operator, fleet.ports, fleet.request());
    await fleet.addTenants(1, { version: BEFORE });
    expect(await plan({ toVersion: BEFORE })).toMatchObject({ refusals: [], targets: 0, current: 3 });
    await Fleet.deploy(fleet.operator, fleet.ports, fleet.request({ toVersion: BEFORE }));
    expect(await settled()).toBe(NEWEST);
    const moves = await fleet.system.db
      .selectFrom("auditLog")
      .select(["actorId", "before", "after"])
      .where("action", "=", "fleet.settled")
      .orderBy("at", "desc")
      .limit(1)
      .execute();
    expect(moves).toMatchObject([{ actorId: "wanjiku", before: { version: null }, after: { version: NEWEST } }]);
  });
});

describe("the settled version", () => {
  test("does not go back when an older deployment ends later", async () => {
    fleet.schemas.migrations = [factsOf(BEFORE), factsOf(NEWEST), factsOf(17)];
    await fleet.addTenants(1, { ring: "staging" });
    await fleet.addTenants(20);
    const first = await fleet.deploy({ toVersion: NEWEST });
    const last = await fleet.system.db
      .selectFrom("deploymentTargets")
      .innerJoin("tenantHosts", "tenantHosts.tenantId", "deploymentTargets.tenantId")
      .select(["deploymentTargets.tenantId", "tenantHosts.host"])
      .where("deploymentId", "=", first)
      .orderBy("wave", "desc")
      .limit(1)
      .executeTakeFirstOrThrow();
    fleet.schemas.faults.set(last.tenantId, () => failureOf("23514"));
    expect(await fleet.finish(first, 8)).toMatchObject({ state: "running", counts: { failed: 1 } });
    fleet.schemas.faults.clear();
    const second = await fleet.deploy();
    expect(await fleet.finish(second)).toMatchObject({ state: "completed" });
    expect(await settled()).toBe(17);
    await Fleet.skip(fleet.operator, first, last.host, WHY);
    expect((await status(first)).state).toBe("completed");
    expect(await settled()).toBe(17);
  });

  test("does not move when everybody was left out", async () => {
    const [only] = await fleet.addTenants(1);
    const id = await fleet.deploy();
    await Fleet.skip(fleet.operator, id, only?.subdomain ?? "", WHY);
    expect((await status(id)).state).toBe("completed");
    expect(await settled()).toBe(BEFORE);
    // Once more: it is so already, though the deployment is over. Any other target of it would be refused.
    expect(await Fleet.skip(fleet.operator, id, only?.subdomain ?? "", WHY)).toEqual({
      changed: false,
      state: "completed",
    });
  });
});

describe("rehearsals", () => {
  const rehearse = (tenant: string) => Fleet.rehearse(fleet.operator, fleet.ports, { tenant });
  const rehearsed = { withoutRehearsal: undefined };

  test("the newest decides: one that failed closes the door that an older one opened", async () => {
    const [staging] = await fleet.addTenants(1, { ring: "staging" });
    await rehearse(staging?.subdomain ?? "");
    expect((await plan(rehearsed)).refusals).toEqual([]);
    fleet.clock.advance(60);
    fleet.rehearsed.failure = "0016_change/up.sql, statement 1: no.";
    await rehearse(staging?.subdomain ?? "");
    const refused = await plan(rehearsed);
    expect(refused.refusals.join()).toContain("0016_change/up.sql, statement 1: no.");
    expect(refused.rehearsal).toBeUndefined();
    await expect(fleet.deploy(rehearsed)).rejects.toMatchObject({ code: "conflict" });
    fleet.clock.advance(60);
    fleet.rehearsed.failure = undefined;
    await rehearse(staging?.subdomain ?? "");
    expect((await plan(rehearsed)).refusals).toEqual([]);
  });

  test("tables of which nobody knows the size count as long, where their size matters", async () => {
    const [staging] = await fleet.addTenants(1, { ring: "staging" });
    const [unseen, seen] = await fleet.addTenants(2, { ring: "pilot" });
    const statement = {
      ...{ migration: "0016_change", statement: 1, what: "alter table", durationMs: 300, lockedBytes: 1 },
      ...{ blockedReadersMs: 300, locks: [{ relation: "pharmacy.items", mode: "AccessExclusiveLock" }] },
    };
    fleet.rehearsed.statements = [{ ...statement, rewrites: ["pharmacy.items"], scans: [] }];
    await rehearse(staging?.subdomain ?? "");
    for (const known of [staging, seen]) await Fleet.look(fleet.system, fleet.ports, known?.tenantId ?? "");
    const planned = await plan(rehearsed);
    expect(planned).toMatchObject({ isQuiet: true, unknownLocks: 1, predictedLockMsMax: 300 });
    expect(planned.warnings.join()).toContain("1 of them were never looked at");
    // To the next 12:00 UTC, which is 15:00 in Nairobi.
    fleet.clock.advance((36 * 3600 - ((fleet.clock.now().getTime() / 1000) % 86_400)) % 86_400);
    const id = await fleet.deploy(rehearsed);
    await fleet.finish(id, 3);
    expect(await fleet.target(id, seen?.tenantId ?? "")).toMatchObject({ state: "succeeded" });
    expect(await fleet.target(id, unseen?.tenantId ?? "")).toMatchObject({ state: "pending" });
    expect((await status(id)).waitsFor.join()).toContain("quiet hours");
    fleet.clock.advance(7 * 3600);
    expect(await fleet.finish(id, 5)).toMatchObject({ state: "completed" });
  });

  test("a statement that only changes the catalogue takes as long everywhere, seen or not", async () => {
    const [staging] = await fleet.addTenants(1, { ring: "staging" });
    const locks = [{ relation: "pharmacy.items", mode: "AccessExclusiveLock" }];
    const statement = { migration: "0016_change", statement: 1, what: "alter table", durationMs: 3, locks };
    fleet.rehearsed.statements = [{ ...statement, rewrites: [], scans: [], blockedReadersMs: 3, lockedBytes: 1 }];
    await rehearse(staging?.subdomain ?? "");
    expect(await plan(rehearsed)).toMatchObject({ isQuiet: false, unknownLocks: 0, predictedLockMsMax: 3 });
  });
});

test("a repair of a pharmacy whose schema has drifted is carried out and over", async () => {
  const [odd] = await fleet.addTenants(1);
  fleet.schemas.of(odd?.tenantId ?? "").extra = { "index pharmacy.odd": "x" };
  const { deploymentId } = await Fleet.repair(fleet.operator, fleet.ports, {
    repair: "mend",
    tenant: odd?.subdomain ?? "",
    reason: WHY,
  });
  expect(await fleet.finish(deploymentId, 3)).toMatchObject({ state: "completed", counts: { succeeded: 1 } });
  expect(fleet.alarms).toEqual([]);
  // It is no less known for that.
  expect((await Fleet.drift(fleet.system, { limit: 9 })).tenants).toMatchObject([{ tenantId: odd?.tenantId }]);
});

describe("a release of before a contract", () => {
  const release = { channel: "stable" as const, schemaRequired: 13 };
  const contract = { version: NEWEST, name: "0016_change", codeKnows: BEFORE };
  const announce = (name: string, schemaKnown: number) =>
    Fleet.announceRelease(fleet.system, { ...release, name, schemaKnown });

  beforeEach(async () => {
    await fleet.addTenants(2);
    fleet.schemas.migrations = [factsOf(BEFORE), factsOf(NEWEST, { phase: "contract", codeKnows: BEFORE })];
    await Fleet.announceRelease(fleet.system, { ...release, name: "1.1", schemaKnown: BEFORE, contracts: [contract] });
  });

  test("may not come back once a pharmacy has lost what it needs", async () => {
    await announce("1.0", BEFORE - 1);
    await Fleet.retireRelease(fleet.operator, "1.0", WHY);
    fleet.clock.advance(15 * 60 + 1);
    const id = await fleet.deploy({ quietOverride: "nobody is there" });
    expect(await fleet.finish(id)).toMatchObject({ state: "completed" });
    await expect(announce("1.0", BEFORE - 1)).rejects.toThrow("0016_change was carried out");
    await expect(announce("0.9", BEFORE - 1)).rejects.toMatchObject({ code: "conflict" });
    expect(await Fleet.releases(fleet.system)).toMatchObject([
      { name: "1.0", retiredAt: expect.any(Date) },
      { name: "1.1", retiredAt: null },
    ]);
    await announce("1.1", BEFORE);
  });

  test("nor while the first pharmacy is losing it", async () => {
    const id = await fleet.deploy({ quietOverride: "nobody is there" });
    fleet.schemas.everyLead = async () => {
      await expect(announce("1.0", BEFORE - 1)).rejects.toMatchObject({ code: "conflict" });
      return undefined;
    };
    expect(await fleet.finish(id)).toMatchObject({ state: "completed" });
  });
});

test("plans are of facts: no statement of a migration is in them", async () => {
  await fleet.addTenants(1);
  const full = { ...factsOf(NEWEST), up: ["drop table secret_shape"], verify: "select 1" };
  fleet.schemas.migrations = [factsOf(BEFORE), full];
  expect(JSON.stringify(await plan())).not.toContain("secret_shape");
});

test("a history that is too long to show keeps its end", async () => {
  await fleet.addTenants(1);
  const id = await fleet.deploy();
  await fleet.system.db
    .insertInto("auditLog")
    .values(
      Array.from({ length: 600 }, () => ({
        ...{
          id: crypto.randomUUID(),
          at: fleet.clock.now(),
          actorKind: "system" as const,
          action: "deployment.wave_begun",
        },
        after: { deploymentId: id },
      })),
    )
    .execute();
  fleet.clock.advance(1);
  await Fleet.pause(fleet.operator, id, WHY);
  const history = await Fleet.history(fleet.system, id);
  expect(history).toHaveLength(500);
  expect(history.at(-1)).toMatchObject({ action: "deployment.paused" });
});
