import { expect, test } from "vitest";
import { haltReason, waveRefusal } from "./halting.ts";

const rule = { rate: 0.01, sample: 50, failures: 10 };

test.each([
  { succeeded: 0, failed: 1, first: true, halts: true, why: "any failure of the first wave" },
  { succeeded: 500, failed: 0, first: true, halts: false, why: "no failure" },
  { succeeded: 70, failed: 1, first: false, halts: false, why: "one poisoned pharmacy" },
  { succeeded: 47, failed: 2, first: false, halts: false, why: "below the sample" },
  { succeeded: 48, failed: 2, first: false, halts: true, why: "above the rate, the sample is full" },
  { succeeded: 198, failed: 2, first: false, halts: false, why: "exactly the rate" },
  { succeeded: 197, failed: 2, first: false, halts: true, why: "just above the rate" },
  { succeeded: 1, failed: 10, first: false, halts: true, why: "too many whatever the rate" },
  { succeeded: 5000, failed: 10, first: false, halts: true, why: "too many though far below the rate" },
])("$failed failed, $succeeded did not: $why", ({ succeeded, failed, first, halts }) => {
  expect(haltReason(rule, { succeeded, failed }, first) !== undefined).toBe(halts);
});

test.each([
  { succeeded: 4, failed: 0, targets: 4, isRefused: false, why: "nobody failed" },
  { succeeded: 0, failed: 0, targets: 4, isRefused: false, why: "all were left out" },
  { succeeded: 1, failed: 1, targets: 2, isRefused: false, why: "one poisoned pharmacy, however small the wave" },
  { succeeded: 0, failed: 1, targets: 1, isRefused: true, why: "nobody got there" },
  { succeeded: 0, failed: 1, targets: 4, isRefused: true, why: "nobody got there, three were left out" },
  { succeeded: 98, failed: 2, targets: 100, isRefused: true, why: "more than one, and above the rate" },
  { succeeded: 198, failed: 2, targets: 200, isRefused: false, why: "exactly the rate" },
])(
  "at the end of a wave of $targets, $failed failed, $succeeded did not: $why",
  ({ targets, isRefused, ...attempted }) => {
    expect(waveRefusal(rule, attempted, targets) !== undefined).toBe(isRefused);
  },
);
