import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import type { SchemaOutcome } from "@pharmasight/core/ports/schemas";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type AddedTenant,
  BEFORE,
  type FleetWorld,
  factsOf,
  failureOf,
  NEWEST,
  startFleetWorld,
} from "./fleet-world.ts";

let fleet: FleetWorld;

beforeAll(async () => {
  fleet = await startFleetWorld();
});
afterAll(() => fleet?.stop());

const WHY = "because of a test";
const TO = NEWEST + 1;
const request = { ...Fleet.defaults, soakSeconds: 0, reason: WHY, withoutRehearsal: "none was made" };

type Act =
  | { readonly kind: "deliver" | "die" | "look" | "skip"; readonly pick: number }
  | { readonly kind: "sweep" | "pause" | "resume" | "retry" | "abandon" | "rollback" }
  | { readonly kind: "jump"; readonly seconds: number };

const pick = fc.nat(1000);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("deliver" as const), pick }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("die" as const, "look" as const, "skip" as const), pick }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("sweep" as const, "resume" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("rollback" as const, "abandon" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("pause" as const, "retry" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("jump" as const), seconds: fc.integer({ min: 1, max: 200 }) }),
  },
);
/** How a lead ends: all of it, or one migration and then a failure that passes, one that does not, one that tells nothing. */
const ending = fc.constantFrom("all", "all", "passes", "fails", "tells nothing");

test("whatever becomes of rollbacks: the registry never says more than is there, and in the end all are back", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { minLength: 20, maxLength: 60 }),
      fc.array(ending, { maxLength: 15 }),
      async (acts, endings) => {
        await fleet.clear();
        fleet.schemas.migrations = [BEFORE, NEWEST, TO].map((version) => factsOf(version));
        const tenants = [...(await fleet.addTenants(1, { ring: "staging" })), ...(await fleet.addTenants(3))];
        const first = await fleet.deploy();
        const deployments = [first];
        const queue: { deploymentId: string; tenantId: string }[] = [];
        const troubles = [...endings];
        const wakes: (() => void)[] = [];
        const dead: Promise<void>[] = [];
        let isDying = false;
        fleet.schemas.everyLead = async (lead, database): Promise<SchemaOutcome | undefined> => {
          const trouble = isDying ? "dies" : (troubles.pop() ?? "all");
          if (trouble === "all") return undefined;
          // As the tenant's database does it.
          if (BigInt(lead.fence) < database.fence) return { kind: "overtaken", reason: "fenced", fence: undefined };
          database.fence = BigInt(lead.fence);
          if (lead.mayGoDown) database.version = Math.max(BEFORE, database.version - 1);
          else database.version = Math.min(TO, database.version + 1);
          const { version } = database;
          if (trouble === "dies") {
            isDying = false;
            await new Promise<void>((wake) => wakes.push(wake));
            return { kind: "overtaken", reason: "lost" };
          }
          if (trouble === "tells nothing") return failureOf("28P01", { version: undefined });
          return failureOf(trouble === "passes" ? "55P03" : "23514", { version });
        };
        const quietly = (run: Promise<unknown>) =>
          run.catch((error: { code?: string }) => expect(error.code).toBe("conflict"));
        const rollback = async () => {
          const { deploymentId } = await Fleet.rollback(fleet.operator, fleet.ports, first, request);
          deployments.push(deploymentId);
        };
        const check = async () => {
          const rows = await fleet.system.db
            .selectFrom("tenants")
            .select(["id", "schemaVersion"])
            .where(
              "id",
              "in",
              tenants.map(({ tenantId }) => tenantId),
            )
            .execute();
          for (const { id, schemaVersion } of rows) {
            expect(schemaVersion).toBeLessThanOrEqual(fleet.schemas.of(id).version);
          }
        };
        const perform = async (step: Act): Promise<unknown> => {
          const newest = deployments.at(-1) ?? "";
          const tenant: AddedTenant | undefined = "pick" in step ? tenants[step.pick % tenants.length] : undefined;
          const message = "pick" in step ? queue[step.pick % Math.max(1, queue.length)] : undefined;
          switch (step.kind) {
            case "deliver":
              return message && fleet.lead(message.deploymentId, message.tenantId);
            case "die": {
              if (message === undefined) return;
              isDying = true;
              const asleep = wakes.length;
              const done = fleet.lead(message.deploymentId, message.tenantId);
              dead.push(done);
              await Promise.race([done, expect.poll(() => wakes.length, { interval: 2 }).toBeGreaterThan(asleep)]);
              isDying = false;
              return;
            }
            case "look":
              return Fleet.look(fleet.system, fleet.ports, tenant?.tenantId ?? "");
            case "skip":
              return quietly(Fleet.skip(fleet.operator, newest, tenant?.subdomain ?? "", WHY)).catch(() => undefined);
            case "sweep":
              return Fleet.sweep(fleet.system);
            case "jump":
              return fleet.clock.advance(step.seconds);
            case "rollback":
              await quietly(Fleet.pause(fleet.operator, newest, WHY));
              return quietly(rollback());
            case "retry":
              return quietly(Fleet.retry(fleet.operator, newest, "failed", WHY));
            default:
              return quietly(Fleet[step.kind](fleet.operator, newest, WHY));
          }
        };
        for (const step of acts) {
          await fleet.system.relay();
          queue.push(...fleet.messages());
          await perform(step);
          await check();
        }

        // The weather clears: what is open is led to its end, what was asked for is looked at, and the rest is taken back.
        fleet.schemas.everyLead = () => undefined;
        const settle = async () => {
          for (let round = 0; round < 20; round += 1) {
            for (const id of deployments) {
              await quietly(Fleet.retry(fleet.operator, id, "failed", WHY));
              await quietly(Fleet.resume(fleet.operator, id, WHY));
            }
            await fleet.drain();
            fleet.clock.advance(100);
            await Fleet.sweep(fleet.system);
            const open = await fleet.system.db
              .selectFrom("deployments")
              .select("id")
              .where("finishedAt", "is", null)
              .execute();
            if (open.length === 0) break;
          }
          await fleet.system.relay();
          const asked = fleet.world.sent.filter(({ queue: name }) => name === "fleet-looks");
          const wanted = new Set(asked.map(({ message }) => message.tenantId ?? ""));
          for (const { tenantId } of tenants) {
            if (wanted.has(tenantId)) await Fleet.look(fleet.system, fleet.ports, tenantId);
          }
          await check();
        };
        await settle();
        const { refusals } = await Fleet.planRollback(fleet.operator, fleet.ports, first, "none was made");
        if (refusals.length > 0) expect(refusals.join()).toMatch(/^(Nobody got a new schema|All who got it are back)/);
        else {
          await rollback();
          await settle();
        }
        const rows = await fleet.system.db.selectFrom("tenants").select(["id", "schemaVersion"]).execute();
        const said = new Map(rows.map(({ id, schemaVersion }) => [id, schemaVersion]));
        for (const { tenantId } of tenants) {
          expect([fleet.schemas.of(tenantId).version, said.get(tenantId)]).toEqual([BEFORE, BEFORE]);
        }
        for (const wake of wakes) wake();
        await Promise.all(dead);
      },
    ),
    { numRuns: 12 },
  );
}, 180_000);
