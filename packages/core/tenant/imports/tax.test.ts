import { expect, test } from "vitest";
import { readTaxClass } from "./tax.ts";

const read = (text: string, fallback: Parameters<typeof readTaxClass>[1] = null) => {
  const taxClass = readTaxClass(text, fallback);
  return taxClass.ok ? taxClass.value : taxClass.reason;
};

test.each([
  ["0.16", "standard"],
  ["16", "standard"],
  ["16.00", "standard"],
  ["16%", "standard"],
  ["0,16", "standard"],
  ["VAT 16%", "standard"],
  ["Standard (16%)", "standard"],
  ["VAT Standard", "standard"],
  ["STANDARD_RATED", "standard"],
  ["Yes", "standard"],
  ["Zero-rated", "zero_rated"],
  ["zero_rated", "zero_rated"],
  ["ZERO RATED (0%)", "zero_rated"],
  ["EXEMPT", "exempt"],
  ["VAT exempt", "exempt"],
  ["Non-VAT", "out_of_scope"],
  ["out of scope", "out_of_scope"],
  ["", null],
  ["NaN", null],
  // Zero-rated or exempt: nobody knows.
  ["0", null],
  ["0%", null],
  ["0.00", null],
  ["No", null],
])("%j is %j", (text, taxClass) => {
  expect(read(text)).toBe(taxClass);
});

test.each([
  "banana",
  "160",
  "-16",
  "1",
  "A",
  "E",
  "Exempt 16%",
  "Standard 0%",
  "16 17",
  "0.16%",
  "معفى 16",
  "constructor",
])("%j is refused", (text) => {
  expect(read(text)).toMatch(/is not a tax class or rate\. Write/);
});

test("a rate of zero takes the file's class only if that charges nothing either", () => {
  expect(read("0", "exempt")).toBe("exempt");
  expect(read("0", "standard")).toBeNull();
  expect(read("", "standard")).toBe("standard");
});
