import { expect, test } from "vitest";
import { countOf, formatAmount, formatCount, formatDuration, formatMoment, formatQuantity } from "./formats.ts";

test.each([
  ["0", "0.00"],
  ["0.0197", "0.0197"],
  ["12.5", "12.50"],
  ["1234567.8900", "1,234,567.89"],
  ["-1000", "-1,000.00"],
  ["9007199254740993.01", "9,007,199,254,740,993.01"],
  ["<b>", "<b>"],
])("an amount keeps every digit that says something: %s reads %s", (decimal, shown) => {
  expect(formatAmount(decimal)).toBe(shown);
});

test("quantities drop empty decimals", () => {
  expect(formatQuantity("10.0000")).toBe("10");
  expect(formatQuantity("2.5000")).toBe("2.5");
});

test("counts agree with their noun", () => {
  expect(countOf(1, "item")).toBe("1 item");
  expect(countOf(1074, "item")).toBe("1,074 items");
  expect(formatCount(50000)).toBe("50,000");
});

test("durations are rough on purpose", () => {
  expect([3, 45, 60, 200, 7200].map(formatDuration)).toEqual([
    "a few seconds",
    "under a minute",
    "about 1 minute",
    "about 3 minutes",
    "about 2 hours",
  ]);
});

test("moments are shown in the pharmacy's time zone", () => {
  expect(formatMoment(new Date("2026-11-24T00:59:00Z"), "Africa/Nairobi")).toBe("24 Nov 2026, 03:59");
});
