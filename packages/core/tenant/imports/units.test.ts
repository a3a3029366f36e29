import { describe, expect, test } from "vitest";
import { baseUnitOf, readUnits, type UnitCells } from "./units.ts";

const read = (cells: Partial<UnitCells>) => {
  const all = {
    baseUnit: "tablet",
    wholesaleUnit: "",
    basePerWholesale: "",
    supplierUnit: "",
    wholesalePerSupplier: "",
    form: "",
    decimalMark: "point" as const,
  };
  const units = readUnits({ ...all, ...cells });
  if (!units.ok) return units.reason;
  const { baseUnit, wholesaleUnit, basePerWholesale, supplierUnit, wholesalePerSupplier, baseUnitsPer } = units.value;
  const wholesale = wholesaleUnit === null ? "" : ` ${basePerWholesale}/${wholesaleUnit}`;
  const supplier = supplierUnit === null ? "" : ` ${wholesalePerSupplier}/${supplierUnit}`;
  return `${baseUnit}${wholesale}${supplier} = ${baseUnitsPer.wholesale?.toFixed() ?? "-"}, ${baseUnitsPer.supplier?.toFixed() ?? "-"}`;
};
const box = (size: string, unit: string | undefined = "box") => ({ wholesaleUnit: unit, basePerWholesale: size });

test("three tiers, and what the larger ones hold", () => {
  const carton = { supplierUnit: "carton", wholesalePerSupplier: "24" };
  expect(read({ ...box("100"), ...carton })).toBe("tablet 100/box 24/carton = 100, 2400");
  expect(read(box("2.5"))).toBe("tablet 2.5/box = 2.5, -");
  expect(read({ baseUnit: "bottle", ...box("1", "bottle"), ...carton })).toBe("bottle 1/bottle 24/carton = 1, 24");
  expect(read({ baseUnit: "bottle", ...box("1", ""), ...carton })).toBe("bottle 1/bottle 24/carton = 1, 24");
  expect(read({})).toBe("tablet = -, -");
  expect(read(box("1", ""))).toBe("tablet = 1, -");
});

test.each([
  ["100.0", "100"],
  ["1,000", "1000"],
  ["100's", "100"],
  ["30s", "30"],
  ["10x10", "100"],
  ["10 X 10's", "100"],
  ["30 tablets", "30"],
  ["30 tabs", "30"],
  ["١٠٠", "100"],
])("a size of %j is %s", (text, size) => {
  expect(read(box(text))).toBe(`tablet ${size}/box = ${size}, -`);
});

test("a number for a unit is a pack size only where nothing else says one", () => {
  expect(read(box("", "100"))).toBe("tablet 100/pack = 100, -");
  expect(read(box("100", "100's"))).toBe("tablet 100/pack = 100, -");
  expect(read(box("30", "100"))).toMatch(/“100” is not the name of a unit/);
  expect(read({ baseUnit: "100" })).toMatch(/“100” is not the name of a unit.*for example tablet/);
  expect(read({ baseUnit: "10x10" })).toMatch(/not the name of a unit/);
});

test("a file with sizes and no column of units means packs", () => {
  const { wholesaleUnit: _, ...cells } = box("30");
  expect(read({ wholesaleUnit: undefined, ...cells })).toBe("tablet 30/pack = 30, -");
  expect(read(box("30", ""))).toMatch(/The size “30” has no unit/);
});

describe("what cannot be is refused", () => {
  test.each([
    ["a unit without its size", box(""), /how many “tablet” one “box” holds/],
    ["nothing in a pack", box("0"), /more than nothing/],
    ["less than nothing", box("-5"), /below zero/],
    ["words for a size", box("many"), /not a size of the wholesale unit/],
    ["a size of something else", box("100 ml"), /not a size/],
    ["more decimals than are kept", box("1.23456"), /at most 4 decimals/],
    [
      "a unit made of itself",
      { baseUnit: "piece", ...box("10", "Pieces") },
      /both the wholesale unit and what it is made of/,
    ],
    ["a carton of nothing known", { supplierUnit: "carton", wholesalePerSupplier: "24" }, /made of wholesale units/],
    [
      "a carton of tablets called tablet",
      { ...box("10"), supplierUnit: "tablet", wholesalePerSupplier: "2" },
      /both the smallest unit and the supplier unit/,
    ],
    ["a supplier's size alone", { ...box("10"), wholesalePerSupplier: "2" }, /The size “2” has no unit/],
  ])("%s", (_, cells, reason) => {
    expect(read(cells)).toMatch(reason);
  });
});

test.each([
  ["tab-cap", "tablet"],
  ["suspen", "ml"],
  ["cream", "g"],
  ["opht oint", "g"],
  ["vial", "vial"],
  ["", "unit"],
])("a %s is counted by the %s", (form, unit) => {
  expect(baseUnitOf(form)).toBe(unit);
  expect(read({ baseUnit: "NaN", form })).toBe(`${unit} = -, -`);
});

test.each([
  ["Shampoo", "ml"],
  ["Amp. 2 ml", "ampoule"],
  ["injection ampoule", "ampoule"],
  ["Softgel", "capsule"],
  ["soft gel capsules", "capsule"],
  ["Gel", "g"],
  ["device", "unit"],
])("a %j is counted in %s where the file does not say", (form, unit) => {
  expect(baseUnitOf(form)).toBe(unit);
});
