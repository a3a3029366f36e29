import { DomainError } from "@pharmasight/core/kernel/errors";
import type { RateLimit, RateLimits } from "@pharmasight/core/kernel/rate-limits";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ManualClock, manualClock } from "../local/stand-ins/world.ts";
import { type Pharmacies, startPharmacies } from "../tenant/pharmacy.ts";
import { type ControlWorld, startControlWorld } from "./world.ts";

let world: ControlWorld;
let pharmacies: Pharmacies;
let planes: Readonly<Record<"control" | "tenant", { readonly limits: RateLimits; readonly clock: ManualClock }>>;
let subjects = 0;

beforeAll(async () => {
  const clock = manualClock();
  world = await startControlWorld();
  pharmacies = await startPharmacies(clock);
  const visitor = await (await pharmacies.open("limits")).visitor();
  planes = {
    control: { limits: world.system.limits, clock: world.clock },
    tenant: { limits: visitor.limits, clock },
  };
}, 120_000);
afterAll(async () => {
  await pharmacies?.stop();
  await world?.stop();
});

/** Whom nobody has counted yet. */
function newSubject(): string {
  subjects += 1;
  return `subject ${subjects}`;
}

/** Seconds until there is room, or 0 when there was. */
const hit = (limits: RateLimits, limit: RateLimit, subject: string): Promise<number> =>
  limits.take([{ limit, subject }], "Too many.").then(
    () => 0,
    (error: unknown) => {
      if (error instanceof DomainError && error.code === "rate_limited") return error.retryAfterSeconds ?? -1;
      throw error;
    },
  );

/** What a limit is, in as few words as possible: the hits that counted, and those of them that still do. */
class Model {
  readonly #hits = new Map<string, number[]>();

  hit(key: string, limit: RateLimit, nowMs: number): number {
    const kept = (this.#hits.get(key) ?? []).filter((at) => at > nowMs - limit.windowSeconds * 1000);
    const [oldest] = kept;
    if (oldest !== undefined && kept.length >= limit.hits)
      return Math.max(1, Math.ceil((oldest + limit.windowSeconds * 1000 - nowMs) / 1000));
    this.#hits.set(key, [...kept, nowMs]);
    return 0;
  }

  clear(key: string): void {
    this.#hits.delete(key);
  }
}

type Step =
  | { readonly kind: "hit" | "clear"; readonly limit: number; readonly subject: number }
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "obey"; readonly limit: number; readonly subject: number };

const of = { limit: fc.nat(1), subject: fc.nat(1) };
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant("hit" as const), ...of }), weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant("obey" as const), ...of }), weight: 2 },
  { arbitrary: fc.record({ kind: fc.constant("clear" as const), ...of }), weight: 1 },
  {
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      // Whole windows too, to the millisecond: the edge is where a limit goes wrong.
      seconds: fc.oneof(
        fc.constantFrom(7, 20),
        fc.integer({ min: 1, max: 25_000 }).map((ms) => ms / 1000),
      ),
    }),
    weight: 3,
  },
);

describe.each(["control", "tenant"] as const)("limits in the database of the %s plane", (plane) => {
  test("allow what a plain list of times allows, whatever happens when", async () => {
    const { limits, clock } = planes[plane];
    const kinds: readonly RateLimit[] = [
      { name: "short", hits: 2, windowSeconds: 7 },
      { name: "long", hits: 4, windowSeconds: 20 },
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const model = new Model();
        const run = newSubject();
        for (const one of steps) {
          if (one.kind === "wait") {
            clock.advance(one.seconds);
            continue;
          }
          const limit = kinds[one.limit] ?? expect.unreachable();
          const subject = `${run} ${one.subject}`;
          const key = `${limit.name} ${subject}`;
          if (one.kind === "clear") {
            await limits.clear([{ limit, subject }]);
            model.clear(key);
            continue;
          }
          const wait = await hit(limits, limit, subject);
          expect(wait).toBe(model.hit(key, limit, clock.now().getTime()));
          if (one.kind === "hit" || wait === 0) continue;
          // Who waits as long as was said finds room.
          clock.advance(wait);
          expect(await hit(limits, limit, subject)).toBe(0);
          expect(model.hit(key, limit, clock.now().getTime())).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  test("let exactly as many through as they say when all come at once, again and again", async () => {
    const { limits, clock } = planes[plane];
    for (const hits of [1, 7, 50]) {
      const limit = { name: `at once ${hits}`, hits, windowSeconds: 60 };
      const subject = newSubject();
      for (let round = 0; round < 3; round += 1) {
        const waits = await Promise.all(Array.from({ length: 60 }, () => hit(limits, limit, subject)));
        expect(waits.filter((wait) => wait === 0)).toHaveLength(hits);
        for (const wait of waits) expect([0, 60]).toContain(wait);
        clock.advance(60);
      }
    }
  }, 120_000);

  test("stop at the first without room, and count nothing behind it", async () => {
    const { limits } = planes[plane];
    const first = { limit: { name: "first", hits: 1, windowSeconds: 60 }, subject: newSubject() };
    const second = { limit: { name: "second", hits: 2, windowSeconds: 60 }, subject: newSubject() };
    await limits.take([first, second], "Too many.");
    for (let again = 0; again < 5; again += 1)
      await expect(limits.take([first, second], "Too many.")).rejects.toThrow();
    await limits.take([second], "Too many.");
    await expect(limits.take([second], "Too many.")).rejects.toMatchObject({ code: "rate_limited" });
  });
});

test("limits keep no name of whom they count, and forget who has not come for long", async () => {
  const { limits, clock } = planes.control;
  const limit = { name: "kept", hits: 3, windowSeconds: 60 };
  await hit(limits, limit, "amina@example.com");
  const keys = async () =>
    (await world.system.db.selectFrom("rateLimits").select("key").execute()).map(({ key }) => key);
  for (const key of await keys()) expect(key).not.toMatch(/amina|example|kept/);
  clock.advance(100_000);
  // Each hit takes a few away.
  for (let others = 0; others < 100; others += 1) await hit(limits, limit, newSubject());
  clock.advance(100_000);
  for (let others = 0; others < 20; others += 1) await hit(limits, limit, newSubject());
  expect((await keys()).length).toBeLessThanOrEqual(20);
});
