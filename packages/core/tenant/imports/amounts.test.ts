import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Exact, kept, readAmount } from "./amounts.ts";

const price = { what: "price", example: "12.50", currency: "KES", decimalMark: "point" } as const;
const read = (text: string, context: Parameters<typeof readAmount>[1] = price) => {
  const amount = readAmount(text, context);
  return amount.ok ? (amount.value?.toFixed() ?? null) : amount.reason;
};

test.each([
  ["12.5", "12.5"],
  ["0012.50", "12.5"],
  [".5", "0.5"],
  ["1,234", "1234"],
  ["1,234,567.25", "1234567.25"],
  ["12,34,567.25", "1234567.25"],
  ["1.234,50", "1234.5"],
  ["1.234.567", "1234567"],
  ["1 234,50", "1234.5"],
  ["1\u00a0234.50", "1234.5"],
  ["1'234.50", "1234.5"],
  ["12,5", "12.5"],
  ["12,50", "12.5"],
  ["1234,567", "1234.567"],
  ["0,125", "0.125"],
  ["KES 1,200.00", "1200"],
  ["Ksh.1200", "1200"],
  ["KSh 1,200/=", "1200"],
  ["1,200/-", "1200"],
  ["50 shs", "50"],
  ["+5", "5"],
  ["0.30000000000000004", "0.30000000000000004"],
])("%j is %s", (text, amount) => {
  expect(read(text)).toBe(amount);
});

test.each(["", " ", "-", "–", "NaN", "nan", "N/A", "#N/A", "nil", "NULL"])("%j is blank", (text) => {
  expect(read(text)).toBeNull();
});

test.each([
  ["-1", /below zero/],
  ["(5.00)", /below zero/],
  ["KES -5", /below zero/],
  ["1e3", /“1e3” is not a price/],
  ["0x10", /not a price/],
  ["Infinity", /not a price/],
  ["12 boxes", /not a price.*only the number/],
  ["1,23,4", /not a price/],
  ["1.2.3", /not a price/],
  ["16%", /not a price/],
  ["#REF!", /formula that failed/],
  ["=A1*2", /formula without its result/],
  ["$5", /is in USD, not in KES.*rate/],
  ["12345678901234567", /not a price/],
])("%j is refused: %s", (text, reason) => {
  expect(read(text)).toMatch(reason);
});

test("other currencies are taken where a rate converts them, and none is where no money is counted", () => {
  expect(read("$5", { ...price, currency: null })).toBe("5");
  expect(read("KES 5", { what: "quantity", example: "5", decimalMark: null })).toMatch(/not a quantity/);
});

test("the file decides what a number with two readings is, and it is refused while nobody has", () => {
  expect(read("KES 1.234", { ...price, decimalMark: "comma" })).toBe("1234");
  expect(read("1,234", { ...price, decimalMark: "comma" })).toBe("1.234");
  expect(read("1.234")).toBe("1.234");
  expect(read("1.234", { ...price, decimalMark: null })).toMatch(/“1\.234” has two readings\. Say/);
  expect(read("12,5", { ...price, decimalMark: null })).toBe("12.5");
  expect(read("-1.234", { ...price, decimalMark: null })).toMatch(/below zero/);
});

test.each([
  ["١٢٫٥", "12.5"],
  ["١٬٢٣٤٫٥٠", "1234.5"],
  ["١٫٢٣٤", "1.234"],
  ["۱۲۳۴", "1234"],
  ["KES ٥٠", "50"],
])("%j is %s in Arabic digits", (text, amount) => {
  expect(read(text, { ...price, decimalMark: "comma" })).toBe(amount);
});

test("a long cell is clipped in its reason", () => {
  expect(read("x".repeat(500))).toMatch(/^“x{40}…” is not/);
});

describe("whatever the text", () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^(KES |Ksh|\$)?[-(]?[\d., ']{0,12}\)?(\/=|%)?$/));

  test("it is zero or more, blank, or refused in a sentence", () => {
    fc.assert(
      fc.property(text, (cell) => {
        const amount = readAmount(cell, price);
        if (!amount.ok) expect(amount.reason).toMatch(/\.$/);
        else if (amount.value !== null) {
          expect(amount.value.isFinite() && amount.value.greaterThanOrEqualTo(0)).toBe(true);
          expect(kept(amount.value)).toMatch(/^\d{1,16}(\.\d{1,4})?$/);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("a number is the same in every way to write it", () => {
    const written = fc.tuple(fc.nat(999_999_999), fc.integer({ min: 0, max: 99 }));
    fc.assert(
      fc.property(written, ([whole, cents]) => {
        const decimals = String(cents).padStart(2, "0");
        const grouped = (separator: string) => String(whole).replaceAll(/\B(?=(\d{3})+$)/g, separator);
        const expected = new Exact(`${whole}.${decimals}`).toFixed();
        for (const way of [
          `${whole}.${decimals}`,
          `${whole},${decimals}`,
          `${grouped(",")}.${decimals}`,
          `${grouped(".")},${decimals}`,
          `${grouped(" ")},${decimals}`,
        ])
          expect(read(way)).toBe(expected);
      }),
    );
  });
});
