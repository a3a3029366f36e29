import { expect, test } from "vitest";
import { blockerOf, type Holder } from "./blockers.ts";

const holder = (transaction: string, table: string, name: string): Holder => ({ transaction, table, name });
const report = holder("3/7", "items", "night-report");
const sale = holder("4/1", "items", "pharmasight");
const elsewhere = holder("5/9", "branches", "backup");
const alter = "alter table pharmacy.items add note text";

test("of those at a table that the statement names, who was there all the time", () => {
  expect(blockerOf(alter, [report, elsewhere], [sale, report, elsewhere])).toBe("night-report");
  // Each sale is another transaction: together they leave no gap.
  expect(blockerOf(alter, [holder("4/0", "items", "pharmasight")], [sale, elsewhere])).toBe("pharmasight");
});

test("nobody, when whoever was there has gone meanwhile: others are not blamed", () => {
  expect(blockerOf(alter, [report, elsewhere], [elsewhere])).toBeUndefined();
  expect(blockerOf(alter, [], [])).toBeUndefined();
});

test("a statement that names no table may have waited for any", () => {
  expect(blockerOf("select set_words()", [report, elsewhere], [report, elsewhere])).toBe("backup, night-report");
});
