import { expect, test } from "vitest";
import { amountColumn, amountHead } from "./amounts.ts";

const written = (amount: number, currency: string, locale: string) =>
  new Intl.NumberFormat(locale, { style: "currency", currency }).format(amount);

test.each([
  ["USD", "en", "$"],
  ["USD", "en-KE", "US$"],
  ["KES", "en-KE", "Ksh"],
  ["KES", "en", "KES"],
  ["TZS", "en-TZ", "TSh"],
  ["ZAR", "en-ZA", "R"],
])("a column in %s for %s says %s once, and loses no figure", (currency, locale, symbol) => {
  const amounts = [99, 1_234_567.89, 0, -12.5].map((amount) => written(amount, currency, locale));
  const column = amountColumn(amounts);
  expect(amountHead("Amount", column)).toBe(`Amount (${symbol})`);
  for (const amount of amounts) {
    const figure = column.figure(amount).replace("−", "-");
    expect(figure).toBe(amount.replace(symbol, "").replace(/^(-?)\s+/, "$1"));
  }
});

test("a column with two currencies, or with what is no amount, keeps each as it is", () => {
  for (const amounts of [["US$99.00", "€80.00"], ["US$99.00", "free"], []]) {
    const column = amountColumn(amounts);
    expect(amountHead("Amount", column)).toBe("Amount");
    expect(amounts.map(column.figure)).toEqual(amounts);
  }
  expect(amountColumn(["US$1.00", "€1.00"]).figure("-US$1.00")).toBe("−US$1.00");
});
