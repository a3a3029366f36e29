import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import type { ControlScope } from "@pharmasight/core/control/scope";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { follow } from "../../../scripts/fleet/following.ts";
import { BEFORE, type FleetWorld, factsOf, failureOf, NEWEST, startFleetWorld } from "./fleet-world.ts";

/** `--follow` stays while something happens by itself, and ends when an operator is needed. */

let fleet: FleetWorld;

beforeAll(async () => {
  fleet = await startFleetWorld();
});
afterAll(() => fleet?.stop());
beforeEach(() => fleet.clear());

const WHY = "because of a test";
const SOON = { lookMs: 5, patienceMs: 2000 };
const terminal = { isInteractive: false, width: 80, write: () => {}, ask: async () => "" };

const following = (id: string, operator: ControlScope = fleet.operator, how = SOON) =>
  follow({ operator, terminal, options: { json: true } }, id, how);

/** How a deployment is followed as it is now: nothing happens meanwhile. */
async function stays(id: string): Promise<boolean> {
  const ended = following(id).then(() => false);
  const stayed = new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 300));
  const result = await Promise.race([ended, stayed]);
  if (result) {
    // Whoever still follows sees the end.
    await Fleet.abandon(fleet.operator, id, WHY);
    await ended;
  }
  return result;
}

async function withOneFailed(changes: Partial<Fleet.DeploymentRequest>) {
  await fleet.addTenants(1, { ring: "staging" });
  await fleet.addTenants(40, { server: (index) => `region-${index}` });
  const id = await fleet.deploy(changes);
  const poisoned = await fleet.system.db
    .selectFrom("deploymentTargets")
    .select("tenantId")
    .where("deploymentId", "=", id)
    .where("wave", "=", 2)
    .orderBy("position")
    .limit(1)
    .executeTakeFirstOrThrow();
  fleet.schemas.faults.set(poisoned.tenantId, () => failureOf("23514"));
  return id;
}

test("it stays while a wave with one failure soaks: the next wave begins by itself", async () => {
  const id = await withOneFailed({ soakSeconds: 900 });
  await fleet.drain();
  fleet.clock.advance(901);
  await Fleet.sweep(fleet.system);
  await fleet.drain();
  expect(await Fleet.status(fleet.system, id)).toMatchObject({
    wave: 2,
    counts: { failed: 1, pending: 36 },
    obstacles: [{ kind: "soak" }],
  });
  expect(await stays(id)).toBe(true);
});

test("it ends where the last wave waits for a failed one to be retried or skipped", async () => {
  const id = await withOneFailed({ soakSeconds: 0 });
  await fleet.finish(id, 4);
  expect(await following(id)).toMatchObject({ code: 3, data: { state: "running", counts: { failed: 1 } } });
});

test("it ends where a schema that is not what it should be keeps the next wave back", async () => {
  const [odd] = await fleet.addTenants(1, { ring: "staging" });
  await fleet.addTenants(3);
  fleet.schemas.of(odd?.tenantId ?? "").extra = { "index pharmacy.odd": "x" };
  const id = await fleet.deploy();
  await fleet.drain();
  expect(await following(id)).toMatchObject({ code: 3, data: { state: "halted" } });
  await Fleet.resume(fleet.operator, id, WHY);
  await fleet.drain();
  expect(await following(id)).toMatchObject({
    code: 3,
    data: { state: "running", counts: { failed: 0 }, obstacles: [{ kind: "drift", count: 1 }] },
  });
});

test("it ends where an operator is to promote, and when it is paused", async () => {
  await fleet.addTenants(5);
  const id = await fleet.deploy({ promotion: "operator" });
  await fleet.drain();
  expect(await following(id)).toMatchObject({ code: 0, data: { obstacles: [{ kind: "operator" }] } });
  await Fleet.pause(fleet.operator, id, WHY);
  expect(await following(id)).toMatchObject({ code: 0, data: { state: "paused" } });
});

test("it stays while tries are to come, and while quiet hours are waited for", async () => {
  const [tenant] = await fleet.addTenants(1);
  fleet.schemas.everyLead = () => failureOf("55P03");
  const id = await fleet.deploy();
  await fleet.lead(id, tenant?.tenantId ?? "");
  expect(await stays(id)).toBe(true);
  fleet.schemas.migrations = [factsOf(BEFORE), factsOf(NEWEST, { phase: "contract", codeKnows: BEFORE })];
  const release = { name: "2.0", channel: "stable" as const, schemaKnown: NEWEST, schemaRequired: 13 };
  await Fleet.announceRelease(fleet.system, release);
  // To the next 12:00 UTC, which is 15:00 in Nairobi.
  fleet.clock.advance((36 * 3600 - ((fleet.clock.now().getTime() / 1000) % 86_400)) % 86_400);
  expect(await stays(await fleet.deploy())).toBe(true);
});

/** As `operator`, with a control database that does not answer while `isAway` says so. */
function reached(isAway: () => boolean): ControlScope {
  return Object.create(fleet.operator, {
    db: {
      get: () => {
        if (isAway()) throw new Error("connect ECONNREFUSED");
        return fleet.operator.db;
      },
    },
  });
}

test("a control database that is restarted is waited for, and one that stays away is an error", async () => {
  await fleet.addTenants(1);
  const id = await fleet.deploy();
  await fleet.finish(id);
  let calls = 0;
  const restarted = reached(() => {
    calls += 1;
    return calls < 5;
  });
  expect(await following(id, restarted)).toMatchObject({ code: 0, data: { state: "completed" } });
  const gone = reached(() => true);
  await expect(following(id, gone, { lookMs: 5, patienceMs: 100 })).rejects.toThrow("ECONNREFUSED");
  await expect(following(crypto.randomUUID())).rejects.toMatchObject({ code: "not_found" });
});
