import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import type { SchemaOutcome } from "@pharmasight/core/ports/schemas";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type FleetWorld, failureOf, NEWEST, startFleetWorld } from "./fleet-world.ts";

let fleet: FleetWorld;

beforeAll(async () => {
  fleet = await startFleetWorld();
});
afterAll(() => fleet?.stop());
beforeEach(() => fleet.clear());

const WHY = "because of a test";
const TENANTS = 12;
const CAP = 4;

type Act =
  | { readonly kind: "deliver" | "lose" | "stall"; readonly pick: number }
  | { readonly kind: "sweep" | "pause" | "resume" | "retry" | "wake" }
  | { readonly kind: "skip"; readonly pick: number }
  | { readonly kind: "jump"; readonly seconds: number };

const pick = fc.nat(1000);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("deliver" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("lose" as const, "stall" as const), pick }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("sweep" as const, "resume" as const, "wake" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("pause" as const, "retry" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("skip" as const), pick: fc.nat(TENANTS - 1) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("jump" as const), seconds: fc.integer({ min: -300, max: 600 }) }),
  },
);

/** What a lead meets, one after the other; then all is well. */
const trouble = fc.constantFrom("none", "none", "none", "55P03", "57014", "08006", "23514", "53100");

test("whatever a queue, a clock, workers and operators do: one lead at a time, counts sum, caps hold, it ends", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { minLength: 20, maxLength: 60 }),
      fc.array(trouble, { maxLength: 20 }),
      async (acts, troubles) => {
        await fleet.clear();
        const staging = await fleet.addTenants(1, { ring: "staging" });
        const others = await fleet.addTenants(TENANTS - 1, {
          server: (index) => (index < 7 ? "shared" : `own-${index}`),
        });
        const tenants = [...staging, ...others];
        const id = await fleet.deploy();
        // The queue: every message stays, so that any may come again at any time, in any order.
        const queue: { deploymentId: string; tenantId: string }[] = [];
        const stalled: { wake: () => void; done: Promise<void> }[] = [];
        const troubled = [...troubles];
        let stall = false;
        fleet.schemas.everyLead = async (lead): Promise<SchemaOutcome | undefined> => {
          if (stall) {
            stall = false;
            await new Promise<void>((wake) => waiting.push(wake));
          }
          if (lead.signal.aborted) return { kind: "overtaken", reason: "lost" };
          const state = troubled.pop();
          return state === undefined || state === "none" ? undefined : failureOf(state);
        };
        const waiting: (() => void)[] = [];

        const check = async () => {
          const status = await Fleet.status(fleet.system, id);
          expect(Object.values(status.counts).reduce((sum, count) => sum + count, 0)).toBe(TENANTS);
          const busy = await fleet.system.db
            .selectFrom("deploymentTargets")
            .select((e) => ["server", e.fn.countAll<string>().as("count")])
            .where("state", "in", ["queued", "running"])
            .groupBy("server")
            .execute();
          for (const { count } of busy) expect(Number(count)).toBeLessThanOrEqual(CAP);
          for (const { tenantId } of tenants) {
            expect(fleet.schemas.of(tenantId).applied.get(NEWEST) ?? 0).toBeLessThanOrEqual(1);
          }
          return status;
        };
        const quietly = (run: Promise<unknown>) =>
          run.catch((error: { code?: string }) => expect(error.code).toBe("conflict"));

        for (const step of acts) {
          queue.push(...fleet.messages());
          const message = "pick" in step ? queue[step.pick % Math.max(1, queue.length)] : undefined;
          if (step.kind === "deliver" && message !== undefined) {
            await Promise.all([
              fleet.lead(message.deploymentId, message.tenantId),
              fleet.lead(message.deploymentId, message.tenantId),
            ]);
          }
          if (step.kind === "lose" && message !== undefined) queue.splice(queue.indexOf(message), 1);
          if (step.kind === "stall" && message !== undefined) {
            stall = true;
            const before = waiting.length;
            const done = fleet.lead(message.deploymentId, message.tenantId);
            await Promise.race([done, untilStalled(waiting, before)]);
            stall = false;
            const wake = waiting[before];
            if (wake === undefined) await done;
            else stalled.push({ wake, done });
          }
          if (step.kind === "wake") {
            const worker = stalled.shift();
            worker?.wake();
            await worker?.done;
          }
          if (step.kind === "sweep") await Fleet.sweep(fleet.system);
          if (step.kind === "pause") await quietly(Fleet.pause(fleet.operator, id, WHY));
          if (step.kind === "resume") await quietly(Fleet.resume(fleet.operator, id, WHY));
          if (step.kind === "retry") await quietly(Fleet.retry(fleet.operator, id, "failed", WHY));
          if (step.kind === "skip")
            await quietly(Fleet.skip(fleet.operator, id, tenants[step.pick]?.subdomain ?? "", WHY));
          if (step.kind === "jump") fleet.clock.advance(step.seconds);
          await check();
        }

        // The weather clears; whatever was lost stays lost.
        fleet.schemas.everyLead = () => undefined;
        for (let round = 0; round < 30; round += 1) {
          const { state } = await Fleet.status(fleet.system, id);
          if (state === "completed") break;
          await quietly(Fleet.retry(fleet.operator, id, "failed", WHY));
          await quietly(Fleet.resume(fleet.operator, id, WHY));
          await fleet.drain();
          fleet.clock.advance(600);
          await Fleet.sweep(fleet.system);
        }
        const ended = await check();
        expect(ended).toMatchObject({ state: "completed", counts: { pending: 0, queued: 0, running: 0, failed: 0 } });
        const rows = await Fleet.targets(fleet.system, id, { limit: 100 });
        for (const { tenantId, state } of rows.targets) {
          if (state === "succeeded") expect(fleet.schemas.of(tenantId)).toMatchObject({ version: NEWEST });
        }
        // Workers that were thought dead come back: nothing of theirs counts any more.
        for (const { wake, done } of stalled) {
          wake();
          await done;
        }
        const { waitsFor: _, ...after } = await check();
        expect(after).toMatchObject({ state: "completed", counts: ended.counts });
      },
    ),
    { numRuns: 15 },
  );
}, 180_000);

async function untilStalled(waiting: readonly unknown[], before: number): Promise<void> {
  while (waiting.length === before) await new Promise((resolve) => setTimeout(resolve, 2));
}

test("a worker that dies is overtaken, and what it records late is refused", async () => {
  const [tenant] = await fleet.addTenants(1);
  const tenantId = tenant?.tenantId ?? "";
  const id = await fleet.deploy();
  let wake = () => {};
  let leads = 0;
  fleet.schemas.everyLead = async () => {
    leads += 1;
    if (leads > 1) return undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
    return failureOf("42601");
  };
  const dead = fleet.lead(id, tenantId);
  await expect.poll(() => leads).toBe(1);
  // While its lease lasts nobody else gets it, whatever the queue says.
  await fleet.lead(id, tenantId);
  expect(leads).toBe(1);
  fleet.clock.advance(91);
  expect(await Fleet.sweep(fleet.system)).toBe(1);
  await fleet.drain();
  expect(await fleet.target(id, tenantId)).toMatchObject({ state: "succeeded", fence: "2" });
  wake();
  await dead;
  expect(await fleet.target(id, tenantId)).toMatchObject({ state: "succeeded", error: null });
  expect(fleet.schemas.of(tenantId).applied.get(NEWEST)).toBe(1);
});

test("signs of life keep the lead for as long as it takes; without it, the work is cancelled", async () => {
  const [tenant] = await fleet.addTenants(1);
  const tenantId = tenant?.tenantId ?? "";
  const id = await fleet.deploy();
  const until = async () => (await fleet.target(id, tenantId)).leaseUntil?.getTime() ?? 0;
  fleet.schemas.everyLead = async (lead) => {
    const first = await until();
    fleet.clock.advance(60);
    await expect.poll(until).toBeGreaterThan(first);
    // Somebody took the target over.
    await fleet.system.db
      .updateTable("deploymentTargets")
      .set({ fence: "99" })
      .where("tenantId", "=", tenantId)
      .execute();
    await expect.poll(() => lead.signal.aborted).toBe(true);
    return { kind: "overtaken", reason: "lost" };
  };
  await fleet.lead(id, tenantId, { heartbeatMs: 20 });
  expect(await fleet.target(id, tenantId)).toMatchObject({ state: "running", fence: "99" });
});

test("a control database that fails while an outcome is recorded: nothing of it happened, and a later hint converges", async () => {
  const [tenant] = await fleet.addTenants(2, { ring: "staging" });
  const tenantId = tenant?.tenantId ?? "";
  const id = await fleet.deploy();
  const owner = fleet.controlOwner;
  const { default: postgres } = await import("postgres");
  const { host, port, database, user: username, password } = owner;
  const sql = postgres({ host, port, database, username, password, max: 1, onnotice: () => {} });
  try {
    // The last statement of the record fails: the tenant's row cannot be changed.
    await sql.unsafe(`
      create function control.refuse() returns trigger language plpgsql as
        $$ begin raise exception 'down' using errcode = '57P01'; end $$;
      create trigger a_refuse before update on control.tenants for each row execute function control.refuse()`);
    await expect(fleet.lead(id, tenantId)).rejects.toThrow();
    expect(await fleet.target(id, tenantId)).toMatchObject({ state: "running", reachedVersion: null });
  } finally {
    await sql.unsafe("drop trigger if exists a_refuse on control.tenants; drop function if exists control.refuse()");
    await sql.end();
  }
  expect(await fleet.finish(id)).toMatchObject({ state: "completed", counts: { succeeded: 2 } });
  expect(fleet.schemas.of(tenantId).applied.get(NEWEST)).toBe(1);
});

test("1,000 tenants: counts always sum, no server above its limit, each led once", async () => {
  await fleet.addTenants(1, { ring: "staging" });
  const tenants = await fleet.addTenants(999, { server: (index) => `region-${index % 8}` });
  let busiest = 0;
  const busy = new Map<string, number>();
  const serverOf = new Map(tenants.map(({ tenantId }, index) => [tenantId, index % 8]));
  fleet.schemas.everyLead = async (_, database) => {
    const [tenantId = ""] = [...fleet.schemas.databases].find(([, found]) => found === database) ?? [];
    const server = String(serverOf.get(tenantId));
    busy.set(server, (busy.get(server) ?? 0) + 1);
    busiest = Math.max(busiest, busy.get(server) ?? 0);
    await new Promise((resolve) => setTimeout(resolve, 1));
    busy.set(server, (busy.get(server) ?? 0) - 1);
    return undefined;
  };
  const id = await fleet.deploy();
  const sums: number[] = [];
  let ended = false;
  const watch = (async () => {
    while (!ended) {
      const { counts } = await Fleet.status(fleet.system, id);
      sums.push(Object.values(counts).reduce((sum, count) => sum + count, 0));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  await fleet.drain(8);
  ended = true;
  await watch;
  expect(await Fleet.status(fleet.system, id)).toMatchObject({ state: "completed", counts: { succeeded: 1000 } });
  expect(new Set(sums)).toEqual(new Set([1000]));
  expect(busiest).toBeLessThanOrEqual(CAP);
  for (const { tenantId } of tenants) expect(fleet.schemas.of(tenantId).applied.get(NEWEST)).toBe(1);
}, 180_000);
