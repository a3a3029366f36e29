import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DomainError } from "../../kernel/errors.ts";
import { backoffSeconds, isHopeless, reasonOf } from "./attempts.ts";

describe("backoff", () => {
  it("lies between half of the doubled delay and the whole, and never above a queue's longest delay", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, random) => {
          const longest = Math.min(900, 2 * 2 ** (attempts - 1));
          const seconds = backoffSeconds(attempts, undefined, random);
          expect(seconds).toBeGreaterThanOrEqual(Math.floor(longest / 2));
          expect(seconds).toBeLessThanOrEqual(longest);
        },
      ),
    );
  });

  it("never comes back before the time that the provider asked for", () => {
    expect(backoffSeconds(1, 45, 0)).toBe(45);
    expect(backoffSeconds(8, 10, 0)).toBeGreaterThan(10);
  });

  it("spreads those whom the provider told the same time, by a quarter of it at most", () => {
    const times = Array.from({ length: 100 }, (_, index) => backoffSeconds(1, 60, index / 100));
    expect(new Set(times).size).toBeGreaterThan(10);
    expect(Math.min(...times)).toBe(60);
    expect(Math.max(...times)).toBeLessThanOrEqual(75);
    expect(backoffSeconds(1, 3600, 0.999)).toBe(900);
  });
});

describe("a failure", () => {
  it("is given up at once only when the other side refused for good", () => {
    expect(isHopeless(new DomainError("invalid_input", "No such region."))).toBe(true);
    expect(isHopeless(new DomainError("conflict", "Another tenant's database."))).toBe(true);
    expect(isHopeless(new DomainError("unavailable", "Slow down."))).toBe(false);
    expect(isHopeless(new Error("reset"))).toBe(false);
  });

  it("is recorded without the words of an unforeseen error, which may hold a secret", () => {
    expect(reasonOf(new DomainError("unavailable", "Slow down."))).toBe("Slow down.");
    expect(reasonOf(new TypeError("password=hunter2"))).not.toContain("hunter2");
  });
});
