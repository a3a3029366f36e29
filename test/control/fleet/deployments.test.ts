import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BEFORE, type FleetWorld, factsOf, failureOf, NEWEST, startFleetWorld } from "./fleet-world.ts";

let fleet: FleetWorld;

beforeAll(async () => {
  fleet = await startFleetWorld();
});
afterAll(() => fleet?.stop());
beforeEach(() => fleet.clear());

const status = (id?: string) => Fleet.status(fleet.system, id);
const WHY = "because of a test";

describe("waves", () => {
  test("a fleet gets a version wave by wave, and each tenant once", async () => {
    const [first] = await fleet.addTenants(1, { ring: "staging" });
    const others = await fleet.addTenants(20);
    const id = await fleet.deploy({ soakSeconds: 600 });
    expect((await status(id)).waves.map(({ name, targets }) => [name, targets])).toEqual([
      ["staging and pilot", 1],
      ["10 %", 2],
      ["50 %", 8],
      ["100 %", 10],
    ]);
    await fleet.drain();
    expect(await status(id)).toMatchObject({ state: "running", wave: 1, counts: { succeeded: 1, pending: 20 } });
    expect(fleet.schemas.order).toEqual([first?.tenantId]);
    fleet.clock.advance(599);
    await Fleet.sweep(fleet.system);
    expect((await status(id)).wave).toBe(1);
    fleet.clock.advance(2);
    await Fleet.sweep(fleet.system);
    expect((await status(id)).wave).toBe(2);
    expect(await fleet.finish(id)).toMatchObject({ state: "completed", counts: { succeeded: 21 }, targets: 21 });
    for (const { tenantId } of others) expect(fleet.schemas.of(tenantId).applied.get(NEWEST)).toBe(1);
    const shown = await fleet.system.db
      .selectFrom("tenants")
      .select("schemaVersion")
      .where("id", "=", others[0]?.tenantId ?? "")
      .executeTakeFirstOrThrow();
    expect(shown.schemaVersion).toBe(NEWEST);
    expect(await Fleet.settledVersion(fleet.system, 99, 1)).toBe(NEWEST);
  });

  test("the next wave waits for an operator when that was wanted", async () => {
    await fleet.addTenants(4);
    const id = await fleet.deploy({ promotion: "operator" });
    await expect(Fleet.promote(fleet.operator, id, WHY)).rejects.toMatchObject({ code: "conflict" });
    await fleet.drain();
    expect((await status(id)).waitsFor).toEqual(["The next wave waits for an operator: promote it."]);
    expect((await status(id)).wave).toBe(1);
    await Fleet.promote(fleet.operator, id, WHY);
    expect((await status(id)).wave).toBe(2);
  });

  test("a schema that is not what it should be halts, with the tenant's name and the object", async () => {
    const [odd] = await fleet.addTenants(1, { ring: "staging" });
    await fleet.addTenants(3);
    fleet.schemas.of(odd?.tenantId ?? "").extra = { "index pharmacy.odd": "x" };
    const id = await fleet.deploy();
    await fleet.drain();
    const halted = await status(id);
    expect(halted).toMatchObject({ state: "halted", counts: { succeeded: 1, pending: 3 } });
    expect(halted.haltReason).toContain(odd?.subdomain);
    expect(halted.haltReason).toContain("index pharmacy.odd (unexpected)");
    // Not even a resume gets past it, until a look finds it mended.
    await Fleet.resume(fleet.operator, id, WHY);
    await fleet.drain();
    expect((await status(id)).wave).toBe(1);
    expect((await Fleet.drift(fleet.system, { limit: 10 })).tenants).toMatchObject([{ subdomain: odd?.subdomain }]);
    fleet.schemas.of(odd?.tenantId ?? "").extra = {};
    await Fleet.look(fleet.system, fleet.ports, odd?.tenantId ?? "");
    expect(await fleet.finish(id)).toMatchObject({ state: "completed" });
  });

  test("who is opened while it is under way is taken in at the end", async () => {
    await fleet.addTenants(2);
    const id = await fleet.deploy();
    expect(await Fleet.settledVersion(fleet.system, NEWEST, 1)).toBe(BEFORE);
    const [late] = await fleet.addTenants(1);
    expect(await fleet.finish(id)).toMatchObject({ state: "completed", targets: 3 });
    expect(fleet.schemas.of(late?.tenantId ?? "").version).toBe(NEWEST);
  });

  test("the suspended are targets too, and the choice is by words", async () => {
    const [suspended] = await fleet.addTenants(1, { state: "suspended" });
    const [named] = await fleet.addTenants(1, { ring: "pilot" });
    const planned = async (selection: Fleet.Selection) =>
      (await Fleet.plan(fleet.system, fleet.ports, fleet.request({ selection }))).targets;
    expect(await planned({ tenants: [], selector: "" })).toBe(2);
    expect(await planned({ tenants: [], selector: "state=suspended" })).toBe(1);
    expect(
      await planned({ tenants: [], selector: "ring=pilot, version<16, provider=postgres, region=nairobi-1" }),
    ).toBe(1);
    expect(await planned({ tenants: [named?.subdomain ?? ""], selector: "state=suspended" })).toBe(0);
    expect(await planned({ tenants: [suspended?.tenantId ?? ""], selector: "" })).toBe(1);
    expect(await planned({ tenants: [], selector: "plan=starter" })).toBe(0);
    for (const selector of ["ring=gold", "colour=red", "ring=pilot,ring=staging", "version<x", "ring<pilot"]) {
      await expect(planned({ tenants: [], selector })).rejects.toMatchObject({ code: "invalid_input" });
    }
    await expect(planned({ tenants: ["nobody"], selector: "" })).rejects.toMatchObject({ code: "invalid_input" });
  });
});

describe("refusals", () => {
  test("nobody behind: no deployment, and new tenants begin there", async () => {
    await fleet.addTenants(3, { version: NEWEST });
    expect(await Fleet.deploy(fleet.operator, fleet.ports, fleet.request())).toEqual({ deploymentId: undefined });
    expect(await Fleet.settledVersion(fleet.system, 99, 1)).toBe(NEWEST);
  });

  test("what nobody rehearsed as it is now is refused", async () => {
    const [staging] = await fleet.addTenants(1, { ring: "staging" });
    const wanted = { withoutRehearsal: undefined };
    await expect(fleet.deploy(wanted)).rejects.toMatchObject({ code: "conflict" });
    const kept = await Fleet.rehearse(fleet.operator, fleet.ports, { tenant: staging?.subdomain ?? "" });
    expect(kept).toMatchObject({ hasPassed: true, toVersion: NEWEST });
    expect(await Fleet.rehearsal(fleet.system, kept.id)).toEqual(kept);
    const edited = [factsOf(BEFORE), factsOf(NEWEST, { checksum: "edited" })];
    const { migrations } = fleet.schemas;
    fleet.schemas.migrations = edited;
    await expect(fleet.deploy(wanted)).rejects.toMatchObject({ code: "conflict" });
    fleet.schemas.migrations = migrations;
    expect(await fleet.finish(await fleet.deploy(wanted))).toMatchObject({ state: "completed", rehearsalId: kept.id });
  });

  test("only a staging tenant is rehearsed with", async () => {
    const [customer] = await fleet.addTenants(1);
    const tried = Fleet.rehearse(fleet.operator, fleet.ports, { tenant: customer?.subdomain ?? "" });
    await expect(tried).rejects.toMatchObject({ code: "conflict" });
  });

  test("a contract waits until no release needs the old shape", async () => {
    await fleet.addTenants(2);
    fleet.schemas.migrations = [factsOf(BEFORE), factsOf(NEWEST, { phase: "contract", codeKnows: BEFORE })];
    const deploy = () => fleet.deploy({ quietOverride: "nobody is there" });
    await expect(deploy()).rejects.toThrow("No release");
    const release = { channel: "stable" as const, schemaRequired: 13 };
    await Fleet.announceRelease(fleet.system, { ...release, name: "1.0", schemaKnown: BEFORE - 1 });
    await Fleet.announceRelease(fleet.system, { ...release, name: "1.1", schemaKnown: BEFORE });
    await expect(deploy()).rejects.toThrow("1.0");
    await Fleet.retireRelease(fleet.operator, "1.0", WHY);
    await expect(deploy()).rejects.toThrow("1.0");
    fleet.clock.advance(15 * 60 + 1);
    const id = await deploy();
    // An old release that comes back while it is under way stops it.
    await Fleet.announceRelease(fleet.system, { ...release, name: "1.0", schemaKnown: BEFORE - 1 });
    await fleet.drain();
    expect(await status(id)).toMatchObject({ state: "halted", counts: { succeeded: 0, pending: 2 } });
    expect(fleet.alarms).toEqual(["deployment-halted"]);
  });

  test("two deployments never have the same tenant, though begun at once", async () => {
    await fleet.addTenants(5);
    const begun = await Promise.allSettled([fleet.deploy(), fleet.deploy(), fleet.deploy()]);
    expect(begun.filter(({ status: how }) => how === "fulfilled")).toHaveLength(1);
    const refused = begun.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    for (const reason of refused) expect(reason).toMatchObject({ code: "conflict" });
    const again = await Fleet.plan(fleet.system, fleet.ports, fleet.request());
    expect(again.refusals.join()).toContain((await status()).id);
  });

  test("only an operator deploys, and says why", async () => {
    await fleet.addTenants(1);
    await expect(Fleet.deploy(fleet.system, fleet.ports, fleet.request())).rejects.toMatchObject({ code: "forbidden" });
    await expect(fleet.deploy({ reason: "" })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(fleet.deploy({ batchSize: 0 })).rejects.toMatchObject({ code: "invalid_input" });
  });
});

describe("failures", () => {
  test("the first failure of the first wave halts; nothing more is released, and unreleased ones stay", async () => {
    const [staging] = await fleet.addTenants(1, { ring: "staging" });
    await fleet.addTenants(9);
    fleet.schemas.faults.set(staging?.tenantId ?? "", () => failureOf("42703"));
    const id = await fleet.deploy();
    await fleet.drain();
    const halted = await status(id);
    expect(halted).toMatchObject({ state: "halted", counts: { failed: 1, pending: 9 } });
    expect(halted.failures).toMatchObject([
      { sqlState: "42703", migration: "0016_change", failed: 1, tenants: [staging?.subdomain] },
    ]);
    expect(fleet.alarms).toEqual(["deployment-halted"]);
    fleet.schemas.faults.clear();
    await Fleet.retry(fleet.operator, id, "failed", WHY);
    expect((await status(id)).state).toBe("halted");
    await Fleet.resume(fleet.operator, id, WHY);
    expect(await fleet.finish(id)).toMatchObject({ state: "completed", counts: { succeeded: 10 } });
    const actions = (await Fleet.history(fleet.system, id)).map(({ action }) => action);
    expect(actions).toEqual(
      expect.arrayContaining([
        "deployment.begun",
        "deployment.halted",
        "deployment.retried",
        "deployment.resumed",
        "deployment.completed",
      ]),
    );
  });

  test("one poisoned tenant of 100: the others get there, and the report names it", async () => {
    await fleet.addTenants(1, { ring: "staging" });
    const tenants = await fleet.addTenants(99, { server: (index) => `region-${index % 10}` });
    const id = await fleet.deploy();
    const last = await fleet.system.db
      .selectFrom("deploymentTargets")
      .select("tenantId")
      .where("wave", "=", 3)
      .orderBy("position")
      .executeTakeFirstOrThrow();
    fleet.schemas.faults.set(last.tenantId, () => failureOf("23514"));
    const ended = await fleet.finish(id, 3);
    expect(ended).toMatchObject({ state: "running", counts: { succeeded: 99, failed: 1 }, targets: 100 });
    const poisoned = tenants.find(({ tenantId }) => tenantId === last.tenantId);
    expect(ended.failures).toMatchObject([{ sqlState: "23514", tenants: [poisoned?.subdomain] }]);
    expect(ended.waitsFor).toEqual(["1 pharmacy failed: retry or skip them."]);
    await Fleet.skip(fleet.operator, id, poisoned?.subdomain ?? "", WHY);
    expect(await status(id)).toMatchObject({ state: "completed", counts: { skipped: 1 } });
  });

  test("failures above the rate halt a later wave", async () => {
    await fleet.addTenants(1, { ring: "staging" });
    const bad = await fleet.addTenants(40);
    for (const { tenantId } of bad) fleet.schemas.faults.set(tenantId, () => failureOf("22012"));
    const id = await fleet.deploy({ halt: { rate: 0.01, sample: 3, failures: 100 } });
    await fleet.drain(1);
    const halted = await status(id);
    expect(halted).toMatchObject({
      state: "halted",
      counts: { failed: 2, succeeded: 1, pending: 38, queued: 0, running: 0 },
    });
  });

  test("what may pass is tried again later, and counts as no failure meanwhile", async () => {
    const [tenant] = await fleet.addTenants(1);
    let tries = 0;
    fleet.schemas.everyLead = () => {
      tries += 1;
      return tries < 4 ? failureOf("55P03", { blocker: "pg_dump" }) : undefined;
    };
    const id = await fleet.deploy();
    await fleet.lead(id, tenant?.tenantId ?? "");
    expect(await fleet.target(id, tenant?.tenantId ?? "")).toMatchObject({
      state: "pending",
      attempts: 1,
      blocker: "pg_dump",
    });
    expect((await status(id)).waitsFor[0]).toMatch(/^1 pharmacy to be tried again/);
    expect(await fleet.finish(id)).toMatchObject({ state: "completed" });
    expect(tries).toBe(4);
  });

  test("a database that refuses connections is given up after eight tries, and an expired worker counts as one", async () => {
    const [tenant] = await fleet.addTenants(1);
    fleet.schemas.everyLead = () => failureOf(undefined, { isConnection: true, migration: undefined });
    const id = await fleet.deploy();
    expect(await fleet.finish(id)).toMatchObject({ state: "halted", counts: { failed: 1 } });
    expect((await fleet.target(id, tenant?.tenantId ?? "")).attempts).toBe(8);
  });
});

test("a hint that was lost is sent again after half a minute, and not each minute anew while a queue is behind", async () => {
  const [tenant] = await fleet.addTenants(1);
  await fleet.deploy();
  expect(fleet.messages()).toHaveLength(1);
  fleet.clock.advance(29);
  expect(await Fleet.sweep(fleet.system)).toBe(0);
  fleet.clock.advance(2);
  expect(await Fleet.sweep(fleet.system)).toBe(1);
  expect(fleet.messages()).toMatchObject([{ tenantId: tenant?.tenantId }]);
  expect(await Fleet.sweep(fleet.system)).toBe(0);
});

test("a hint for one that was not released finds its server full", async () => {
  const tenants = await fleet.addTenants(6, { ring: "staging" });
  const id = await fleet.deploy();
  expect((await status(id)).counts).toMatchObject({ queued: 4, pending: 2 });
  const states = await Promise.all(tenants.map(({ tenantId }) => fleet.target(id, tenantId)));
  for (const { tenantId } of states.filter(({ state }) => state === "pending")) await fleet.lead(id, tenantId);
  expect(fleet.schemas.order).toEqual([]);
  expect(await fleet.finish(id)).toMatchObject({ state: "completed" });
});

describe("operators", () => {
  test("a pause bites at once: messages on their way find nothing to do", async () => {
    const tenants = await fleet.addTenants(4, { ring: "staging" });
    const id = await fleet.deploy();
    const sent = fleet.messages();
    expect(sent.length).toBeGreaterThan(0);
    await Fleet.pause(fleet.operator, id, WHY);
    for (const { deploymentId, tenantId } of sent) await fleet.lead(deploymentId, tenantId);
    expect(fleet.schemas.order).toEqual([]);
    expect(await status(id)).toMatchObject({ state: "paused", counts: { pending: tenants.length, queued: 0 } });
    await Fleet.resume(fleet.operator, id, WHY);
    expect(await fleet.finish(id)).toMatchObject({ state: "completed" });
  });

  test("one under way ends though paused, and a backfill stops at its next batch and goes on after", async () => {
    const [tenant] = await fleet.addTenants(1);
    const paces: number[] = [];
    let batches = 0;
    const id = await fleet.deploy();
    fleet.schemas.everyLead = async (lead) => {
      for (; batches < 6; batches += 1) {
        const { batchSize } = await lead.pace();
        if (lead.isStopping()) return { kind: "continues", version: BEFORE, rowsDone: batches * 10 };
        paces.push(batchSize);
        await lead.progressed(batches * 10);
        if (batches === 2) await Fleet.pace(fleet.operator, id, { batchSize: 7, batchDelayMs: 0 }, WHY);
        if (batches === 3) await Fleet.pause(fleet.operator, id, WHY);
      }
      return undefined;
    };
    await fleet.lead(id, tenant?.tenantId ?? "");
    expect(await fleet.target(id, tenant?.tenantId ?? "")).toMatchObject({
      state: "pending",
      attempts: 0,
      rowsDone: "40",
    });
    await Fleet.resume(fleet.operator, id, WHY);
    expect(await fleet.finish(id)).toMatchObject({ state: "completed" });
    expect(paces).toEqual([1000, 1000, 1000, 7, 7, 7]);
  });

  test("an abandoned deployment keeps what it got and holds nobody", async () => {
    await fleet.addTenants(4);
    const id = await fleet.deploy();
    await Fleet.abandon(fleet.operator, id, WHY);
    expect(await status(id)).toMatchObject({ state: "abandoned", counts: { skipped: 4 } });
    await expect(Fleet.resume(fleet.operator, id, WHY)).rejects.toMatchObject({ code: "conflict" });
    expect(await fleet.finish(await fleet.deploy())).toMatchObject({ state: "completed" });
  });

  test("strangers, reasons and those under way are refused", async () => {
    const [tenant] = await fleet.addTenants(1);
    const [stranger] = await fleet.addTenants(1, { version: NEWEST });
    const id = await fleet.deploy();
    await expect(Fleet.skip(fleet.operator, id, stranger?.subdomain ?? "", WHY)).rejects.toMatchObject({
      code: "invalid_input",
    });
    await expect(Fleet.pause(fleet.operator, id, "")).rejects.toMatchObject({ code: "invalid_input" });
    await expect(Fleet.pause(fleet.system, id, WHY)).rejects.toMatchObject({ code: "forbidden" });
    await expect(Fleet.pause(fleet.operator, "x", WHY)).rejects.toBeInstanceOf(DomainError);
    fleet.schemas.everyLead = async () => {
      await expect(Fleet.skip(fleet.operator, id, tenant?.subdomain ?? "", WHY)).rejects.toMatchObject({
        code: "conflict",
      });
      return undefined;
    };
    await fleet.lead(id, tenant?.tenantId ?? "");
    expect((await status(id)).state).toBe("completed");
  });
});

describe("rollback", () => {
  test("exactly those who got it go back, the last wave first", async () => {
    await fleet.addTenants(1, { ring: "staging" });
    const others = await fleet.addTenants(6);
    const id = await fleet.deploy({ promotion: "operator" });
    await fleet.drain();
    await Fleet.promote(fleet.operator, id, WHY);
    await fleet.drain();
    const request = { ...Fleet.defaults, soakSeconds: 0, reason: WHY, withoutRehearsal: "none was made" };
    await expect(Fleet.rollback(fleet.operator, fleet.ports, id, request)).rejects.toThrow("pause it first");
    await Fleet.pause(fleet.operator, id, WHY);
    const got = [...fleet.schemas.order];
    expect(got).toHaveLength(2);
    const { deploymentId, plan } = await Fleet.rollback(fleet.operator, fleet.ports, id, request);
    expect(plan).toMatchObject({
      targets: 2,
      waves: [{ name: "back from 10 %" }, { name: "back from staging and pilot" }],
    });
    expect(plan.losses[0]).toContain("0016_change");
    fleet.schemas.order = [];
    expect(await fleet.finish(deploymentId)).toMatchObject({ state: "completed", counts: { succeeded: 2 } });
    expect(fleet.schemas.order).toEqual(got.toReversed());
    expect((await status(id)).state).toBe("abandoned");
    for (const { tenantId } of others) expect(fleet.schemas.of(tenantId).version).toBe(BEFORE);
    expect(await Fleet.settledVersion(fleet.system, 99, 1)).toBe(BEFORE);
  });

  test("not once a shape was taken away, nor while somebody is under way", async () => {
    const [tenant] = await fleet.addTenants(1);
    const id = await fleet.deploy();
    const request = { ...Fleet.defaults, reason: WHY, withoutRehearsal: "none was made" };
    fleet.schemas.everyLead = async () => {
      await Fleet.pause(fleet.operator, id, WHY);
      await expect(Fleet.rollback(fleet.operator, fleet.ports, id, request)).rejects.toThrow("under way");
      return undefined;
    };
    await fleet.lead(id, tenant?.tenantId ?? "");
    fleet.schemas.migrations = [factsOf(BEFORE), factsOf(NEWEST, { phase: "contract", codeKnows: BEFORE })];
    await expect(Fleet.rollback(fleet.operator, fleet.ports, id, request)).rejects.toThrow("restore a backup");
  });
});

test("a repair is a deployment of one tenant and of a reviewed file, once", async () => {
  const [tenant] = await fleet.addTenants(2);
  const wanted = { repair: "mend", tenant: tenant?.subdomain ?? "", reason: WHY };
  await expect(Fleet.repair(fleet.operator, fleet.ports, { ...wanted, repair: "delete-all" })).rejects.toThrow("mend");
  const { deploymentId } = await Fleet.repair(fleet.operator, fleet.ports, wanted);
  expect(await fleet.finish(deploymentId)).toMatchObject({ state: "completed", targets: 1, repair: "mend" });
  expect(fleet.schemas.of(tenant?.tenantId ?? "").repaired.get("mend")).toBe(1);
  const history = await Fleet.history(fleet.system, deploymentId);
  const begun = history.find(({ action }) => action === "deployment.begun");
  expect(begun).toMatchObject({ actorId: "wanjiku", reason: WHY, after: { reviewedBy: "Njeri" } });
});

test("long locks and contracts wait for the night, at the place of the pharmacy", async () => {
  const [tenant] = await fleet.addTenants(1);
  fleet.schemas.migrations = [factsOf(BEFORE), factsOf(NEWEST, { phase: "contract", codeKnows: BEFORE })];
  await Fleet.announceRelease(fleet.system, {
    name: "2.0",
    channel: "stable",
    schemaKnown: NEWEST,
    schemaRequired: 13,
  });
  // To the next 12:00 UTC, which is 15:00 in Nairobi.
  const noon = (36 * 3600 - ((fleet.clock.now().getTime() / 1000) % 86_400)) % 86_400;
  fleet.clock.advance(noon);
  const id = await fleet.deploy();
  expect(fleet.messages()).toEqual([]);
  await fleet.lead(id, tenant?.tenantId ?? "");
  expect((await status(id)).waitsFor[0]).toMatch(/quiet hours, the first at .*T19:00:00.000Z/);
  fleet.clock.advance(7 * 3600 - 60);
  await Fleet.sweep(fleet.system);
  expect(fleet.messages()).toEqual([]);
  fleet.clock.advance(60);
  await Fleet.sweep(fleet.system);
  expect(await fleet.finish(id, 2)).toMatchObject({ state: "completed" });
});

test("only those whose tables make a lock long wait for the night, by what the rehearsal measured", async () => {
  const [staging] = await fleet.addTenants(1, { ring: "staging" });
  const [small, large] = await fleet.addTenants(2, { ring: "pilot" });
  const table = "pharmacy.items";
  const locks = [{ relation: table, mode: "AccessExclusiveLock" }];
  const measured = {
    migration: "0016_change",
    statement: 1,
    what: "alter table",
    durationMs: 300,
    locks,
    rewrites: [table],
  };
  fleet.rehearsed.statements = [{ ...measured, scans: [], blockedReadersMs: 300, lockedBytes: 1 }];
  await Fleet.rehearse(fleet.operator, fleet.ports, { tenant: staging?.subdomain ?? "" });
  const sizes = { [table]: 1_000_000_000 };
  await fleet.system.db
    .insertInto("tenantSchemas")
    .values({ tenantId: large?.tenantId ?? "", tableSizes: sizes })
    .execute();
  for (const seen of [staging, small]) await Fleet.look(fleet.system, fleet.ports, seen?.tenantId ?? "");
  const wanted = fleet.request({ withoutRehearsal: undefined });
  const plan = await Fleet.plan(fleet.system, fleet.ports, wanted);
  expect(plan).toMatchObject({ isQuiet: true, refusals: [] });
  expect(plan.longest[0]?.tenant).toBe(large?.subdomain);
  const noon = (36 * 3600 - ((fleet.clock.now().getTime() / 1000) % 86_400)) % 86_400;
  fleet.clock.advance(noon);
  const id = await fleet.deploy(wanted);
  await fleet.finish(id, 5);
  expect(await fleet.target(id, small?.tenantId ?? "")).toMatchObject({ state: "succeeded" });
  expect(await fleet.target(id, large?.tenantId ?? "")).toMatchObject({ state: "pending" });
  fleet.clock.advance(7 * 3600);
  await Fleet.sweep(fleet.system);
  expect(await fleet.finish(id, 5)).toMatchObject({ state: "completed" });
});

test("who was not looked at for a day is, and drift is told object by object", async () => {
  const [one, other] = await fleet.addTenants(2);
  expect(await Fleet.scan(fleet.system)).toBe(2);
  await Fleet.look(fleet.system, fleet.ports, one?.tenantId ?? "");
  fleet.schemas.of(other?.tenantId ?? "").extra = { "table pharmacy.items": "other", "table pharmacy.mine": "1" };
  await Fleet.look(fleet.system, fleet.ports, other?.tenantId ?? "");
  const report = await Fleet.drift(fleet.system, { limit: 10 });
  expect(report).toMatchObject({ counts: { tenants: 2, drifted: 1, unseen: 0 } });
  expect(report.tenants[0]?.differences).toEqual([
    { object: "table pharmacy.items", is: "different" },
    { object: "table pharmacy.mine", is: "unexpected" },
  ]);
  expect(await Fleet.scan(fleet.system)).toBe(0);
  fleet.clock.advance(86_401);
  expect(await Fleet.scan(fleet.system)).toBe(2);
});
