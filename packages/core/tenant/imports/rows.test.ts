import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readFile } from "./files/files.ts";
import { guessHeader, guessMapping, importFields, type Mapping } from "./mapping.ts";
import { type RowSettings, readRow, rowSettingsSchema } from "./rows.ts";

const settings: RowSettings = {
  rate: "1",
  currency: "KES",
  taxClass: null,
  missingTaxClass: "parked",
  priceUnit: "base",
  costUnit: "base",
  stockUnit: "base",
  dateOrder: "dmy",
  decimalMark: "point",
  today: "2026-11-24",
};

/** The row's cells by their field. */
const read = (cells: Partial<Record<keyof Mapping, string>>, more: Partial<RowSettings> = {}) => {
  const entries = Object.entries({ name: "Panadol", ...cells });
  const mapping = Object.fromEntries(entries.map(([field], index) => [field, index]));
  return readRow(
    entries.map(([, text]) => text),
    mapping,
    { ...settings, ...more },
  );
};
const itemOf = (...parameters: Parameters<typeof read>) => {
  const result = read(...parameters);
  return result.ok ? result.item : result.reason;
};
const stockOf = (...parameters: Parameters<typeof read>) => {
  const result = read(...parameters);
  return result.ok ? result.stock : result.reason;
};
const reasonOf = (...parameters: Parameters<typeof read>) => {
  const result = read(...parameters);
  return result.ok ? "read" : result.reason;
};
const fixture = async (url: URL, more: Partial<RowSettings>) => {
  const { rows } = await readFile(readFileSync(url));
  const head = guessHeader(rows);
  const mapping = guessMapping(rows[head]?.cells ?? [], new Map());
  return rows
    .slice(head + 1)
    .map(({ number, cells }) => ({ number, ...readRow(cells, mapping, { ...settings, ...more }) }));
};

const boxes = { baseUnit: "tablet", wholesaleUnit: "box", basePerWholesale: "30" };
const cartons = { ...boxes, supplierUnit: "carton", wholesalePerSupplier: "24" };

describe("names", () => {
  test("an item without one of its own is called by what is in it", () => {
    expect(itemOf({ name: "NaN", genericName: "Abacavir", strength: "20 mg/ml", form: "solution" })).toMatchObject({
      name: "Abacavir 20 mg/ml solution",
      baseUnit: "ml",
    });
    expect(reasonOf({ name: "#N/A", strength: "5 mg" })).toMatch(/names no item/);
  });

  test.each(["???? 500 mg", "Caf\ufffd"])("%j has lost letters, and is refused", (name) => {
    expect(reasonOf({ name })).toMatch(/^Letters of .* were lost.*“CSV UTF-8”/);
    expect(reasonOf({ brandNames: name })).toMatch(/^Letters of/);
    expect(itemOf({ name: "What? Why?" })).toMatchObject({ name: "What? Why?" });
  });

  test("a list of brands that is too long is cut after a whole name", () => {
    const brandNames = Array.from({ length: 100 }, (_, index) => `Brand ${index}`).join(";");
    expect(itemOf({ brandNames })).toMatchObject({ brandNames: expect.stringMatching(/^Brand 0; .*; Brand \d\d$/) });
    expect(itemOf({ brandNames: "x".repeat(600) })).toMatchObject({ brandNames: null });
  });
});

describe("prices come down to one base unit, rounded half up", () => {
  test.each([
    ["0.0197", "129.5", "base", "2.5512"],
    ["0.00005", "1", "base", "0.0001"],
    ["9999999999.99", "3", "base", "29999999999.97"],
    ["100", "1", "wholesale", "3.3333"],
    ["200", "1", "wholesale", "6.6667"],
    ["4,800.00", "1", "supplier", "6.6667"],
    ["0", "1", "supplier", "0"],
    ["", "1", "supplier", null],
  ] as const)("%s × %s per %s unit", (price, rate, unit, expected) => {
    const more = { rate, priceUnit: unit, costUnit: unit };
    expect(itemOf({ ...cartons, retailPrice: price, costPrice: price }, more)).toMatchObject({
      retailPrice: expected,
      costPrice: expected,
    });
  });

  test.each([
    [
      "a unit that the item has not",
      { costPrice: "5" },
      { costUnit: "supplier" },
      /cost price “5” is of one supplier unit, and the row has none/,
    ],
    [
      "what rounds to nothing",
      { ...cartons, costPrice: "0.01" },
      { costUnit: "supplier" },
      /less than 0\.00005 for one tablet/,
    ],
    ["more than can be kept", { retailPrice: "9999999999999999" }, { rate: "10" }, /too large/],
    ["another currency", { retailPrice: "$5" }, {}, /rate/],
  ] as const)("%s is refused", (_, cells, more, reason) => {
    expect(reasonOf(cells, more)).toMatch(reason);
  });
});

test("the mark of the file holds for prices, pack sizes and quantities", () => {
  const cells = {
    ...boxes,
    basePerWholesale: "1.000",
    retailPrice: "2.500",
    costPrice: "KES 1,250",
    stockQuantity: "1.500",
  };
  expect(read(cells, { decimalMark: "comma", priceUnit: "wholesale" })).toMatchObject({
    item: { basePerWholesale: "1000", retailPrice: "2.5", costPrice: "1.25" },
    stock: { quantity: "1500" },
  });
  expect(read(cells)).toMatchObject({ item: { basePerWholesale: "1", retailPrice: "2.5", costPrice: "1250" } });
  expect(reasonOf(cells, { decimalMark: null })).toMatch(/“1\.000” has two readings/);
});

describe("tax", () => {
  test("a class that is missing is parked, or refused where every row must have one", () => {
    expect(itemOf({ taxClass: "" })).toMatchObject({ taxClass: null });
    expect(itemOf({ taxClass: "" }, { taxClass: "exempt" })).toMatchObject({ taxClass: "exempt" });
    expect(reasonOf({ taxClass: "" }, { missingTaxClass: "refused" })).toMatch(/has no tax class/);
    expect(reasonOf({ taxClass: "0" }, { missingTaxClass: "refused" })).toMatch(/zero-rated or exempt/);
  });
});

describe("barcodes", () => {
  test("are digits, not numbers", () => {
    expect(itemOf({ barcode: "0012345678905" })).toMatchObject({ barcode: "0012345678905" });
    expect(itemOf({ barcode: "6164001234567.0" })).toMatchObject({ barcode: "6164001234567" });
    expect(itemOf({ barcode: "0" })).toMatchObject({ barcode: null });
    expect(reasonOf({ barcode: "6.164E+12" })).toMatch(/lost its last digits/);
  });
});

describe("stock", () => {
  const batch = { batchNumber: " B 1 ", expiryDate: "31/01/2027", branchCode: "HQ" };

  test("is counted in base units, in the unit that was said and no other", () => {
    const expected = { batchNumber: "B 1", expiresOn: "2027-01-31", branchCode: "HQ" };
    expect(stockOf({ ...cartons, ...batch, stockQuantity: "2" })).toEqual({ ...expected, quantity: "2" });
    expect(stockOf({ ...cartons, ...batch, stockQuantity: "2" }, { stockUnit: "wholesale" })).toEqual({
      ...expected,
      quantity: "60",
    });
    expect(stockOf({ ...cartons, ...batch, stockQuantity: "0.5" }, { stockUnit: "supplier" })).toEqual({
      ...expected,
      quantity: "360",
    });
    expect(stockOf({ stockQuantity: "7" })).toEqual({
      quantity: "7",
      batchNumber: "",
      expiresOn: null,
      branchCode: null,
    });
  });

  test.each(["", "0", "-", "NaN", "0.000"])("a quantity of %j is none, whatever the batch says", (stockQuantity) => {
    expect(stockOf({ stockQuantity, expiryDate: "never seen" })).toBeNull();
  });

  test.each([
    ["less than nothing", { stockQuantity: "-3" }, {}, /below zero/],
    ["words", { stockQuantity: "3 boxes" }, {}, /not a quantity/],
    ["a unit that the item has not", { stockQuantity: "3" }, { stockUnit: "wholesale" }, /counts wholesale units/],
    [
      "what does not come out even",
      { ...boxes, stockQuantity: "0.333333" },
      { stockUnit: "wholesale" },
      /comes to 9\.99999 tablet.*at most 4 decimals/,
    ],
    ["five decimals", { stockQuantity: "0.33333" }, {}, /at most 4 decimals/],
    ["expired stock", { stockQuantity: "3", expiryDate: "23/11/2026" }, {}, /expired on 2026-11-23/],
    ["a year that was mistyped", { stockQuantity: "3", expiryDate: "31/01/2072" }, {}, /Check the year/],
    ["no date", { stockQuantity: "3", expiryDate: "soon" }, {}, /“soon” is not a date/],
    ["an endless batch number", { stockQuantity: "3", batchNumber: "x".repeat(65) }, {}, /longer than 64/],
  ] as const)("%s is refused", (_, cells, more, reason) => {
    expect(reasonOf(cells, more)).toMatch(reason);
  });

  test("that expires today is still good", () => {
    expect(stockOf({ stockQuantity: "3", expiryDate: "24/11/2026" })).toMatchObject({ expiresOn: "2026-11-24" });
  });
});

test("everything that is wrong with a row is said at once", () => {
  expect(reasonOf({ name: "", baseUnit: "5", retailPrice: "x", taxClass: "y", isControlled: "z" })).toMatch(
    /names no item.*“5” is not the name.*“x” is not a retail price.*“y” is not a tax class.*“z” does not say/,
  );
});

test("only the fields that a row says something about are given", () => {
  expect(read({ retailPrice: "", strength: "-", form: "syrup", taxClass: "0" })).toMatchObject({
    given: ["name", "form", "taxClass"],
  });
});

describe("whole files", () => {
  const url = (name: string) => new URL(`../../../../test/fixtures/${name}`, import.meta.url);

  test("the template with its dirty rows", async () => {
    const rows = await fixture(url("template-items.csv"), { costUnit: "supplier" });
    expect(rows).toMatchObject([
      {
        number: 5,
        item: {
          barcode: "6164001234567",
          costPrice: "2",
          retailPrice: "3",
          taxClass: "zero_rated",
          basePerWholesale: "100",
          wholesalePerSupplier: "24",
        },
        stock: { quantity: "2400", batchNumber: "B2417", expiresOn: "2028-01-31" },
      },
      {
        number: 6,
        item: { costPrice: "120", isControlled: true, taxClass: "exempt" },
        stock: { expiresOn: "2027-06-30" },
      },
      {
        number: 7,
        item: { barcode: null, wholesaleUnit: null, isColdChain: true, taxClass: null },
        stock: { expiresOn: "2028-01-31" },
      },
      {
        number: 8,
        item: { baseUnit: "piece", wholesaleUnit: "piece", costPrice: "1200", taxClass: "standard" },
        stock: { expiresOn: null },
      },
      { number: 9, ok: false, reason: expect.stringMatching(/^The row names no item/) },
      { number: 10, ok: false, reason: expect.stringMatching(/“100” is not the name of a unit/) },
      { number: 11, ok: false, reason: expect.stringMatching(/how many “tablet” one “box” holds/) },
      { number: 12, ok: false, reason: expect.stringMatching(/expired on 2025-01-31/) },
    ]);
  });

  test("a pharmacy's own export", async () => {
    const rows = await fixture(url("pharmacy-export.csv"), { priceUnit: "wholesale", costUnit: "wholesale" });
    expect(rows).toMatchObject([
      { number: 2, item: { wholesaleUnit: "pack", basePerWholesale: "100", costPrice: "0.085", retailPrice: "0.12" } },
      { number: 3, item: { costPrice: "0.6786" }, stock: { quantity: "63" } },
      { number: 4, item: { wholesaleUnit: null, retailPrice: "420" } },
      { number: 6, stock: null },
    ]);
  });

  const medicines = new URL("../../../../../shared/data/medicines.csv", import.meta.url);
  test.skipIf(!existsSync(medicines))("every row of a price list of medicines", async () => {
    const rows = await fixture(medicines, { rate: "129.5" });
    expect(rows).toHaveLength(1074);
    expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  });
});

test("settings are checked in words", () => {
  // Settings of an import that began before there was a choice of the mark are read as they were then.
  const { currency: _, missingTaxClass: __, decimalMark: ___, ...given } = settings;
  expect(rowSettingsSchema.parse(given)).toEqual(settings);
  expect(rowSettingsSchema.safeParse({ ...given, rate: "0.0" }).error?.issues[0]?.message).toMatch(/above zero/);
  expect(rowSettingsSchema.safeParse({ ...given, stockUnit: "" }).error?.issues[0]?.message).toMatch(
    /stock is counted/,
  );
  expect(rowSettingsSchema.safeParse({ ...given, today: "2026-02-30" }).success).toBe(false);
});

describe("whatever a row holds", () => {
  const mapping: Mapping = Object.fromEntries(importFields.map(({ key }, index) => [key, index]));
  const number = fc.stringMatching(/^(KES )?-?\d{0,14}([.,]\d{0,6})?$/);
  const cell = fc.oneof(
    fc.string(),
    number,
    fc.constantFrom("", "1", "30", "tablet", "box", "yes", "2027-01-31", "16%", "NaN", "=A1", "x".repeat(700)),
  );
  const units = fc.constantFrom("base", "wholesale", "supplier");

  test("it is an item with exact numbers, or a reason", () => {
    fc.assert(
      fc.property(
        fc.array(cell, { maxLength: importFields.length }),
        units,
        fc.constantFrom("1", "129.5"),
        (cells, unit, rate) => {
          const result = readRow(cells, mapping, {
            ...settings,
            rate,
            priceUnit: unit,
            costUnit: unit,
            stockUnit: unit,
          });
          if (!result.ok) {
            expect(result.reason).toMatch(/\.$/);
            return;
          }
          const exact = /^\d{1,16}(\.\d{1,4})?$/;
          const { costPrice, retailPrice, basePerWholesale, wholesalePerSupplier } = result.item;
          for (const amount of [
            costPrice,
            retailPrice,
            basePerWholesale,
            wholesalePerSupplier,
            result.stock?.quantity ?? null,
          ]) {
            if (amount !== null) expect(amount).toMatch(exact);
          }
          if (result.stock !== null) {
            expect(Number(result.stock.quantity)).toBeGreaterThan(0);
            expect((result.stock.expiresOn ?? settings.today) >= settings.today).toBe(true);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  test("a price of a larger unit, times what it holds, is the price again but for the rounding", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000_000 }), fc.integer({ min: 1, max: 1000 }), (cents, size) => {
        const price = (cents / 100).toFixed(2);
        const item = itemOf(
          { ...boxes, basePerWholesale: String(size), retailPrice: price },
          { priceUnit: "wholesale" },
        );
        if (typeof item === "string") expect(item).toMatch(/less than/);
        else expect(Math.abs(Number(item.retailPrice) * size - cents / 100)).toBeLessThanOrEqual(0.00005 * size + 1e-6);
      }),
    );
  });
});
