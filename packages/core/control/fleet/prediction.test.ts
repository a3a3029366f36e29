import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { RehearsalReport, RehearsedStatement } from "../../ports/schemas.ts";
import { growsWithTables, predictedLockMs } from "./prediction.ts";

const MiB = 1024 * 1024;

const statement = (given: Partial<RehearsedStatement> = {}): RehearsedStatement => ({
  migration: "0014_step",
  statement: 1,
  what: "alter table items …",
  durationMs: 20,
  locks: [{ relation: "pharmacy.items", mode: "AccessExclusiveLock" }],
  rewrites: [],
  scans: [],
  blockedReadersMs: 0,
  lockedBytes: 0,
  ...given,
});
const report = (...statements: RehearsedStatement[]): RehearsalReport => ({
  fromVersion: 13,
  toVersion: 14,
  statements,
  rollback: { isProved: true, reason: undefined },
  failure: undefined,
  tableSizes: { "pharmacy.items": 10 * MiB, "pharmacy.batches": MiB, "pharmacy.identity": 8192 },
});

test("a statement that goes through a table takes as much longer as the pharmacy's table is larger", () => {
  for (const given of [{ rewrites: ["pharmacy.items"] }, { scans: ["pharmacy.items"] }]) {
    expect(predictedLockMs(report(statement(given)), { "pharmacy.items": 500 * MiB })).toBe(1000);
  }
});

test("a smaller pharmacy, or one without the table, is given the measured time", () => {
  const scan = report(statement({ scans: ["pharmacy.items"] }));
  expect(predictedLockMs(scan, { "pharmacy.items": MiB })).toBe(20);
  expect(predictedLockMs(scan, {})).toBe(20);
});

test("a statement that only changes the catalogue takes as long everywhere", () => {
  expect(predictedLockMs(report(statement()), { "pharmacy.items": 900 * MiB })).toBe(20);
});

test("locks that let people read and write do not count", () => {
  for (const mode of ["AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock"]) {
    expect(predictedLockMs(report(statement({ locks: [{ relation: "pharmacy.items", mode }] })), {})).toBe(0);
  }
  for (const mode of ["ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"]) {
    expect(predictedLockMs(report(statement({ locks: [{ relation: "pharmacy.items", mode }] })), {})).toBe(20);
  }
});

test("a lock is held to the end of its migration, and the longest of all tables counts", () => {
  const both = [
    { relation: "pharmacy.items", mode: "AccessExclusiveLock" },
    { relation: "pharmacy.batches", mode: "ShareLock" },
  ];
  const first = statement({ durationMs: 5 });
  const second = statement({ statement: 2, durationMs: 30, locks: both });
  const next = statement({ migration: "0015_next", durationMs: 32 });
  expect(predictedLockMs(report(first, second, next), {})).toBe(35);
});

test("a table that was almost empty in the rehearsal is not scaled by a few kilobytes", () => {
  const scan = statement({
    locks: [{ relation: "pharmacy.identity", mode: "ShareLock" }],
    scans: ["pharmacy.identity"],
  });
  expect(predictedLockMs(report(scan), { "pharmacy.identity": 64 * 1024 })).toBe(20);
  expect(predictedLockMs(report(scan), { "pharmacy.identity": 256 * 1024 })).toBe(40);
});

test("it is never below the measured time, and never shorter for a larger pharmacy", () => {
  const anyStatement = fc
    .record({ durationMs: fc.integer({ min: 0, max: 10_000 }), scans: fc.subarray(["pharmacy.items"]) })
    .map(statement);
  fc.assert(
    fc.property(anyStatement, fc.nat(1e9), fc.nat(1e9), (given, bytes, more) => {
      const smaller = predictedLockMs(report(given), { "pharmacy.items": bytes });
      expect(smaller).toBeGreaterThanOrEqual(given.durationMs);
      expect(predictedLockMs(report(given), { "pharmacy.items": bytes + more })).toBeGreaterThanOrEqual(smaller);
    }),
  );
});

test("the sizes of tables matter where a statement goes through one while somebody is locked out", () => {
  expect(growsWithTables(report(statement({ scans: ["pharmacy.items"] })))).toBe(true);
  expect(growsWithTables(report(statement({ rewrites: ["pharmacy.items"] })))).toBe(true);
  expect(growsWithTables(report(statement()))).toBe(false);
  const locks = [{ relation: "pharmacy.items", mode: "ShareUpdateExclusiveLock" }];
  expect(growsWithTables(report(statement({ locks, scans: ["pharmacy.items"] })))).toBe(false);
});
