import fc from "fast-check";
import { expect, test } from "vitest";
import { Money } from "./money.ts";

test.each([
  ["99.00", "USD", true],
  ["12900.50", "KES", true],
  ["990.00", "RWF", true],
  ["990.50", "RWF", false],
  ["990.50", "UGX", false],
  ["990.00", "UGX", true],
  ["12.34", "KWD", false],
  ["12.00", "KWD", false],
])("%s %s can be charged: %s", (amount, currency, expected) => {
  expect(Money.isChargeable(amount, currency)).toBe(expected);
});

test("what can be charged comes back as it was", () => {
  const currency = fc.constantFrom("USD", "KES", "RWF", "UGX", "JPY", "KWD");
  fc.assert(
    fc.property(fc.nat(999_999_999), currency, (cents, code) => {
      const amount = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
      fc.pre(Money.isChargeable(amount, code));
      expect(Money.fromMinor(Money.toMinor(amount, code), code)).toBe(amount);
    }),
  );
});
