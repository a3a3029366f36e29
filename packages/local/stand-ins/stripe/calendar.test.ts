import * as fc from "fast-check";
import { expect, test } from "vitest";
import { boundary, nextBoundary, type Rhythm } from "./calendar.ts";

const moment = fc.integer({ min: Date.UTC(2020, 0) / 1000, max: Date.UTC(2040, 0) / 1000 });
const rhythm: fc.Arbitrary<Rhythm> = fc.record({
  interval: fc.constantFrom("day", "week", "month", "year"),
  interval_count: fc.integer({ min: 1, max: 3 }),
});

test("boundaries rise, keep the time of day, and never skip a month", () => {
  fc.assert(
    fc.property(moment, rhythm, fc.integer({ min: 0, max: 60 }), (anchor, every, times) => {
      const [at, next] = [boundary(anchor, every, times), boundary(anchor, every, times + 1)];
      expect(next).toBeGreaterThan(at);
      expect(at % 86_400).toBe(anchor % 86_400);
      if (every.interval === "month") {
        const months = (seconds: number) => {
          const date = new Date(seconds * 1000);
          return date.getUTCFullYear() * 12 + date.getUTCMonth();
        };
        expect(months(next) - months(at)).toBe(every.interval_count);
      }
    }),
  );
});

test("the next boundary is the first one after the moment", () => {
  fc.assert(
    fc.property(moment, rhythm, moment, (anchor, every, after) => {
      const next = nextBoundary(anchor, every, after);
      expect(next).toBeGreaterThan(after);
      const times = Array.from({ length: 8000 }, (_, index) => index).find(
        (index) => boundary(anchor, every, index) === next,
      );
      expect(times).toBeDefined();
      if (times !== undefined && times > 0) expect(boundary(anchor, every, times - 1)).toBeLessThanOrEqual(after);
    }),
    { numRuns: 50 },
  );
});
