import { Decimal } from "decimal.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { inLargerUnits } from "./units.ts";

const tablets = {
  baseUnit: "tablet",
  wholesaleUnit: "box",
  basePerWholesale: "100.0000",
  supplierUnit: "carton",
  wholesalePerSupplier: "24.0000",
};
const words = (quantity: string, item: Parameters<typeof inLargerUnits>[1] = tablets) =>
  inLargerUnits(quantity, item)
    .map(({ count, unit }) => `${count} ${unit}`)
    .join(" + ");

test.each([
  ["205", "2 box + 5 tablet"],
  ["200.0000", "2 box"],
  ["99.9999", ""],
  ["0", ""],
  ["100.5", "1 box + 0.5 tablet"],
  ["4805", "2 carton + 5 tablet"],
  ["2500", "1 carton + 1 box"],
  ["9999999999999999.9999", "4166666666666 carton + 15 box + 99.9999 tablet"],
])("%s tablets are %j", (quantity, expected) => {
  expect(words(quantity)).toBe(expected);
});

test("without larger units there is nothing to say", () => {
  const plain = {
    ...tablets,
    wholesaleUnit: null,
    basePerWholesale: null,
    supplierUnit: null,
    wholesalePerSupplier: null,
  };
  expect(words("500", plain)).toBe("");
  expect(words("500", { ...tablets, supplierUnit: null, wholesalePerSupplier: null })).toBe("5 box");
});

test("whatever the factors, the parts add up to the quantity", () => {
  const factor = fc
    .tuple(fc.nat(999), fc.integer({ min: 1, max: 9999 }))
    .map(([whole, part]) => `${whole}.${String(part).padStart(4, "0")}`);
  fc.assert(
    fc.property(fc.nat(1e9), factor, factor, (quantity, basePerWholesale, wholesalePerSupplier) => {
      const item = { ...tablets, basePerWholesale, wholesalePerSupplier };
      const holds = new Map([
        ["tablet", new Decimal(1)],
        ["box", new Decimal(basePerWholesale)],
        ["carton", new Decimal(basePerWholesale).times(wholesalePerSupplier)],
      ]);
      const parts = inLargerUnits(String(quantity), item);
      const sum = parts.reduce((all, { count, unit }) => all.plus(holds.get(unit)?.times(count) ?? 0), new Decimal(0));
      expect(sum.toFixed()).toBe(parts.length === 0 ? "0" : String(quantity));
    }),
  );
});
