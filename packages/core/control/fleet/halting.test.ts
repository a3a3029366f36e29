import { expect, test } from "vitest";
import { haltReason } from "./halting.ts";

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
