import fc from "fast-check";
import { expect, test } from "vitest";
import { PORTIONS, QuotaShare, secondsToReset, WINDOW_MS } from "./quota.ts";

const start = new Date("2026-11-24T08:00:00Z");

/** Several processes that share one count, as the table does. */
function processes(perMinute: number, howMany: number) {
  const taken = new Map<number, number>();
  const shares = Array.from({ length: howMany }, () => new QuotaShare(perMinute));
  const take = (process: number, now: Date): boolean => {
    const share = shares[process % howMany] as QuotaShare;
    let answer = share.take(now);
    if (answer === "portion needed") {
      const portion = share.portion(now);
      taken.set(portion.window, (taken.get(portion.window) ?? 0) + portion.size);
      share.receive(portion, taken.get(portion.window) as number);
      answer = share.take(now);
    }
    return answer === "allowed";
  };
  return { shares, take };
}

test("in no window do processes together let more through than the quota", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.record({ process: fc.nat(7), times: fc.integer({ min: 1, max: 600 }), waitMs: fc.nat(30_000) })),
      (perMinute, howMany, bursts) => {
        const { take } = processes(perMinute, howMany);
        const allowed = new Map<number, number>();
        let at = start.getTime();
        for (const { process, times, waitMs } of bursts) {
          at += waitMs;
          const window = Math.floor(at / WINDOW_MS);
          for (let index = 0; index < times; index++) {
            if (take(process, new Date(at))) allowed.set(window, (allowed.get(window) ?? 0) + 1);
          }
        }
        for (const count of allowed.values()) expect(count).toBeLessThanOrEqual(perMinute);
      },
    ),
  );
});

test("a process that asks for all of it gets all but what the others hold: as many as they let through, or a portion", () => {
  const others = fc.array(fc.nat(400), { maxLength: 7 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), others, (perMinute, used) => {
      const { take } = processes(perMinute, used.length + 1);
      let allowed = 0;
      for (const [index, requests] of used.entries()) {
        for (let sent = 0; sent < requests; sent++) if (take(index + 1, start)) allowed += 1;
      }
      for (let sent = 0; sent < perMinute; sent++) if (take(0, start)) allowed += 1;
      const held = used.reduce((sum, requests) => sum + Math.min(requests, Math.ceil(perMinute / PORTIONS)), 0);
      expect(allowed).toBeGreaterThanOrEqual(perMinute - held);
    }),
  );
});

test("what is left is never more than nobody has taken, and the next window begins with all of it", () => {
  const { shares, take } = processes(100, 2);
  for (let index = 0; index < 60; index++) take(index, start);
  expect(shares[0]?.remaining).toBeLessThanOrEqual(44);
  for (let index = 0; index < 60; index++) take(0, start);
  expect(shares[0]?.remaining).toBe(0);
  expect(take(0, start)).toBe(false);
  expect(take(0, new Date(start.getTime() + WINDOW_MS))).toBe(true);
});

test("a request that began in the window before counts in the present one", () => {
  const { take } = processes(2, 1);
  const later = new Date(start.getTime() + WINDOW_MS);
  expect([take(0, later), take(0, start), take(0, start)]).toEqual([true, true, false]);
});

test("an answer that comes after the window has turned neither spends the next one nor adds to it", () => {
  const late = new Date(start.getTime() + WINDOW_MS - 1);
  const next = new Date(start.getTime() + WINDOW_MS);
  for (const takenByAll of [64, 5000]) {
    const share = new QuotaShare(640);
    expect(share.take(late)).toBe("portion needed");
    const asked = share.portion(late);
    // Another request of this process comes while the answer is under way.
    expect(share.take(next)).toBe("portion needed");
    share.receive(asked, takenByAll);
    expect(share.take(next)).toBe("portion needed");
    expect(share.remaining).toBe(640);
  }
});

test("the wait is until the next window, in whole seconds", () => {
  expect(secondsToReset(start)).toBe(60);
  expect(secondsToReset(new Date(start.getTime() + 59_999))).toBe(1);
});
