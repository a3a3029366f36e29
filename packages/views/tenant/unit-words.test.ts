import { expect, test } from "vitest";
import { countOfUnit } from "./unit-words.ts";

test.each([
  ["1.0000", "box", "1 box"],
  ["2", "box", "2 boxes"],
  ["0", "tablet", "0 tablets"],
  ["1234.5", "tablet", "1,234.5 tablets"],
  ["3", "pessary", "3 pessaries"],
  ["3", "tray", "3 trays"],
  ["2", "PATCH", "2 PATCHES"],
  ["2", "pcs", "2 pcs"],
  ["30", "ml", "30 ml"],
  ["2", "tablets", "2 tablets"],
  ["2", "10's", "2 10's"],
  ["2", "Pack (30)", "2 Pack (30)"],
])("%s of %s is %j", (count, unit, words) => {
  expect(countOfUnit(count, unit)).toBe(words);
});
