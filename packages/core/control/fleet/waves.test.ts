import fc from "fast-check";
import { expect, test } from "vitest";
import { type WaveCandidate, wavesOf } from "./waves.ts";

const key = new Uint8Array(32).fill(7);
const rings = fc.constantFrom("staging", "pilot", "general", "general", "general");
const fleets = fc.uniqueArray(
  fc.record({
    tenantId: fc.uuid(),
    ring: rings,
    server: fc.constantFrom("postgres:one", "postgres:two", "postgres:three", "supabase:a", "supabase:b"),
  }) as fc.Arbitrary<WaveCandidate>,
  { selector: ({ tenantId }) => tenantId, maxLength: 150, size: "max" },
);

const general = (fleet: readonly WaveCandidate[]) =>
  wavesOf(fleet, key)
    .flatMap(({ targets }) => targets)
    .filter(({ ring }) => ring === "general");

test("everybody is in one wave, none is empty, staging comes before pilot before all others, sizes are exact", () => {
  fc.assert(
    fc.property(fleets, (fleet) => {
      const waves = wavesOf(fleet, key);
      const ordered = waves.flatMap(({ targets }) => targets);
      expect(ordered.map(({ tenantId }) => tenantId).sort()).toEqual(fleet.map(({ tenantId }) => tenantId).sort());
      expect(waves.every(({ targets }) => targets.length > 0)).toBe(true);
      expect(waves.map(({ position }) => position)).toEqual(waves.map((_, index) => index + 1));
      const ranks = ordered.map(({ ring }) => ["staging", "pilot", "general"].indexOf(ring));
      expect(ranks).toEqual(ranks.toSorted((one, other) => one - other));
      const all = fleet.filter(({ ring }) => ring === "general").length;
      let sum = 0;
      for (const { percent, targets } of waves) {
        if (percent === undefined) continue;
        sum += targets.length;
        expect(sum).toBe(Math.ceil((all * percent) / 100));
      }
    }),
  );
});

test("whoever joins changes nobody's order on the same server, nor among other servers", () => {
  fc.assert(
    fc.property(fleets, fc.uuid(), (fleet, tenantId) => {
      const newcomer: WaveCandidate = { tenantId, ring: "general", server: "postgres:one" };
      const before = general(fleet);
      const after = general([...fleet, newcomer]).filter((candidate) => candidate.tenantId !== tenantId);
      const on = (list: readonly WaveCandidate[], isOne: boolean) =>
        list.filter(({ server }) => (server === "postgres:one") === isOne);
      expect(on(after, true)).toEqual(on(before, true));
      expect(on(after, false)).toEqual(on(before, false));
    }),
  );
});

test("each server has its share of every beginning, within one tenant", () => {
  fc.assert(
    fc.property(fleets, fc.double({ min: 0, max: 1, noNaN: true }), (fleet, share) => {
      const ordered = general(fleet);
      const begun = ordered.slice(0, Math.ceil(ordered.length * share));
      const count = (list: readonly WaveCandidate[], name: string) =>
        list.filter(({ server }) => server === name).length;
      const servers = [...new Set(ordered.map(({ server }) => server))];
      const bounds = servers.map((name) => {
        const all = count(ordered, name);
        const here = count(begun, name);
        return { least: (here - 1) / all, most: (here + 1) / all };
      });
      // There is one share of which every server has as much, give or take one tenant.
      if (bounds.length === 0) return;
      expect(Math.max(...bounds.map(({ least }) => least))).toBeLessThanOrEqual(
        Math.min(...bounds.map(({ most }) => most)),
      );
    }),
  );
});

test("another key is another order", () => {
  const fleet = Array.from(
    { length: 40 },
    (_, index): WaveCandidate => ({ tenantId: `t${index}`, ring: "general", server: "s" }),
  );
  expect(wavesOf(fleet, key)).not.toEqual(wavesOf(fleet, new Uint8Array(32).fill(8)));
  expect(wavesOf(fleet.toReversed(), key)).toEqual(wavesOf(fleet, key));
});
