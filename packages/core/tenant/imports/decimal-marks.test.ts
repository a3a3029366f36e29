import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DecimalMark, decimalMarks, decimalOf, guessDecimalMark, readingsOf } from "./decimal-marks.ts";

const guess = (cells: readonly string[], isWorkbook = false) => guessDecimalMark(cells, { isWorkbook });

describe("a number with two readings", () => {
  test.each([
    ["1.234", "1.234", "1234"],
    ["1,234", "1234", "1.234"],
    ["12.500", "12.500", "12500"],
    ["999,000", "999000", "999.000"],
    ["KES 1.234", "1.234", "1234"],
    ["1,200/=", "1200", "1.200"],
    ["١.٢٣٤", "1.234", "1234"],
  ])("%j is %s after a point and %s after a comma", (cell, point, comma) => {
    expect(readingsOf(cell)).toEqual({ point, comma });
  });

  test.each([
    "0.125",
    "0,125",
    "12.5",
    "1.2345",
    "1234,567",
    "1,234.50",
    "1.234.567",
    "1 234",
    "١٫٢٣٤",
    "1234",
    "x.123",
    "",
  ])("%j is none", (cell) => {
    expect(readingsOf(cell)).toBeUndefined();
  });

  test("is none at all while nobody has decided", () => {
    expect([decimalOf("1.234", null), decimalOf("1.234", "point"), decimalOf("1.234", "comma")]).toEqual([
      undefined,
      "1.234",
      "1234",
    ]);
  });
});

describe("the mark of a file", () => {
  test.each([
    [["12.50", "1.234"], "point"],
    [["12,50", "1.234", "850"], "comma"],
    [["1,234.50", "1,234"], "point"],
    [["1.234.567", "1,234"], "comma"],
    [["1,234,567", "1.234"], "point"],
    [["1 234,50", "1,234"], "comma"],
    [["KES 5,5", "1.234"], "comma"],
    [["12,5", "nonsense.1", "12.", "-", "1.234"], "comma"],
    // Nothing tells: with a comma it is thousands, as East Africa writes.
    [["1,234", "850"], "point"],
    [["1.234", "850"], undefined],
    [["1.234", "1,234"], undefined],
    [["12.5", "12,5", "1,234"], undefined],
  ] as const)("%j writes decimals after a %s", (cells, mark) => {
    expect(guess(cells)).toEqual({ mark, matters: true });
  });

  test.each([
    [["12.5", "12,5"], "point"],
    [["12,5"], "comma"],
    [["850", "٨٫٥"], "point"],
    [[], "point"],
  ] as const)("%j has no cell for which it matters", (cells, mark) => {
    expect(guess(cells)).toEqual({ mark, matters: false });
  });

  test("is not told by the numbers of a workbook, which have a point in any language", () => {
    expect(guess(["12.5", "1.234"], true)).toEqual({ mark: undefined, matters: true });
    expect(guess(["12.5", "12,50", "1.234"], true)).toEqual({ mark: "comma", matters: true });
    expect(guess(["12.5", "1,250.00", "1.234"], true)).toEqual({ mark: "point", matters: true });
  });
});

describe("whatever the numbers", () => {
  const amount = fc.record({
    whole: fc.oneof(fc.nat(9999), fc.nat(999_999_999)),
    decimals: fc.stringMatching(/^\d{0,5}$/),
    isGrouped: fc.boolean(),
  });
  const signs = { point: [".", ","], comma: [",", "."] } as const;
  const written = (
    { whole, decimals, isGrouped }: typeof amount extends fc.Arbitrary<infer A> ? A : never,
    mark: DecimalMark,
  ) => {
    const [decimal, thousands] = signs[mark];
    const digits = isGrouped ? String(whole).replaceAll(/\B(?=(\d{3})+$)/g, thousands) : String(whole);
    return decimals === "" ? digits : `${digits}${decimal}${decimals}`;
  };
  const mark = fc.constantFrom(...decimalMarks);

  test("each is read back by the mark that it was written with", () => {
    fc.assert(
      fc.property(amount, mark, (number, by) => {
        const plain = decimalOf(written(number, by), by);
        expect(Number(plain)).toBe(Number(`${number.whole}.${number.decimals || "0"}`));
      }),
      { numRuns: 2000 },
    );
  });

  test("the mark changes what has two readings, and nothing else", () => {
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[\d., '٫٬]{0,10}$/),
      amount.map((one) => written(one, "comma")),
    );
    fc.assert(
      fc.property(text, (cell) => {
        const [point, comma, open] = [decimalOf(cell, "point"), decimalOf(cell, "comma"), decimalOf(cell, null)];
        if (point === comma) expect(open).toBe(point);
        else {
          expect(open).toBeUndefined();
          expect(Math.abs(Math.log10(Number(point) / Number(comma)))).toBeCloseTo(3);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test("a file in one way of writing is guessed right or not at all, and in two ways never where it matters", () => {
    const file = fc.array(amount, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(file, mark, (numbers, by) => {
        const found = guess(numbers.map((number) => written(number, by)));
        if (!found.matters || found.mark === by) return;
        // Only a file of decimal commas whose every amount looks like 1,234 is misread: nothing in it speaks against it.
        expect(found.mark === undefined || numbers.every((number) => !written(number, by).includes("."))).toBe(true);
        if (found.mark !== undefined) expect(by).toBe("comma");
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(file, (numbers) => {
        const cells = numbers.flatMap((number) => decimalMarks.map((by) => written(number, by)));
        const { mark: found, matters } = guess(["1.5", "1,5", ...cells]);
        expect(found).toBe(matters ? undefined : "point");
      }),
    );
  });
});
