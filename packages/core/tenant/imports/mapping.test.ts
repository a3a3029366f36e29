import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readFile } from "./files/files.ts";
import {
  checkMapping,
  guessHeader,
  guessMapping,
  guessUnits,
  importFields,
  mappingSchema,
  normaliseHeading,
} from "./mapping.ts";

const guessed = (header: readonly string[], remembered = new Map()) =>
  Object.fromEntries(
    Object.entries(guessMapping(header, remembered)).map(([field, column]) => [field, header[column]]),
  );
const rowsOf = (...rows: readonly (readonly string[])[]) => rows.map((cells) => ({ cells }));
const fixture = (name: string) => readFile(readFileSync(new URL(`../../../../test/fixtures/${name}`, import.meta.url)));

describe("headings", () => {
  test("of the template of the program before this one", async () => {
    const { rows } = await fixture("template-items.csv");
    const header = rows[guessHeader(rows)]?.cells ?? [];
    expect(header).toHaveLength(25);
    expect(guessed(header)).toEqual({
      name: "Item_Name*",
      barcode: "Barcode",
      baseUnit: "Retail_Unit",
      wholesaleUnit: "Wholesale_Unit",
      basePerWholesale: "Pack_Size",
      supplierUnit: "Supplier_Unit",
      wholesalePerSupplier: "Wholesale_Units_per_Supplier",
      costPrice: "Purchase_Price_per_Supplier_Unit",
      retailPrice: "Retail_Price_per_Retail_Unit",
      taxClass: "VAT_Category",
      isControlled: "Is_Controlled",
      isColdChain: "Is_Cold_Chain",
      stockQuantity: "Current_Stock_Quantity",
      batchNumber: "Opening_Batch_Number",
      expiryDate: "Opening_Expiry_Date",
    });
    expect(guessUnits(header, guessMapping(header, new Map()))).toEqual({ priceUnit: "base", costUnit: "supplier" });
  });

  test("of a pharmacy's own export, whose description is the name", async () => {
    const { rows } = await fixture("pharmacy-export.csv");
    const header = rows[guessHeader(rows)]?.cells ?? [];
    expect(guessed(header)).toEqual({
      name: "Description",
      basePerWholesale: "pack size",
      brandNames: "Brand",
      costPrice: "Cost price",
      retailPrice: "Selling price",
      stockQuantity: "Quantity Available",
    });
    expect(checkMapping(guessMapping(header, new Map()), header)).toEqual({});
  });

  test("of a price list", () => {
    expect(guessed(["generic_name", "strength", "dosage_form", "reference_price_usd", "brand_names"])).toEqual({
      genericName: "generic_name",
      strength: "strength",
      form: "dosage_form",
      retailPrice: "reference_price_usd",
      brandNames: "brand_names",
    });
  });

  test("are known in any dress, the most telling first", () => {
    expect(
      guessed(["Description", "ITEM\nNAME *", "Price (KES)", "Price (wholesale)", "BARCODE:", "units", "EXP. DATE"]),
    ).toEqual({
      name: "ITEM\nNAME *",
      retailPrice: "Price (KES)",
      barcode: "BARCODE:",
      baseUnit: "units",
      expiryDate: "EXP. DATE",
    });
    expect(guessed(["Name", "Price - Retail", "Units per pack", "Qty", "Total value"])).toEqual({
      name: "Name",
      retailPrice: "Price - Retail",
      basePerWholesale: "Units per pack",
      stockQuantity: "Qty",
    });
    expect(guessed(["Name", "Price (wholesale)", "Stock value"])).toEqual({ name: "Name" });
  });

  test("twice the same serve once", () => {
    expect(guessMapping(["Name", "Price", "Price", "Name"], new Map())).toEqual({ name: 0, retailPrice: 1 });
  });

  test("a remembered one wins, also one that was left out", () => {
    const remembered = new Map([
      ["colour", "name"],
      ["barcode", null],
    ] as const);
    expect(guessed(["Item name", "Colour", "Barcode"], remembered)).toEqual({ name: "Colour" });
  });

  test("mean one field each", () => {
    const header = importFields.map(({ title }) => title);
    expect(new Set(header).size).toBe(header.length);
    expect(normaliseHeading("  Prix_unitaire (é)*\n2 ")).toBe("prix unitaire e 2");
    expect(normaliseHeading("x".repeat(500))).toHaveLength(200);
  });

  test.each([
    ["Cost per carton", "supplier"],
    ["Cost price (per box)", "wholesale"],
    ["Cost/tablet", "base"],
    ["Cost price per piece", undefined],
    ["Unit cost", undefined],
    ["Cost", undefined],
  ])("%j is the cost of one %s", (heading, unit) => {
    expect(guessUnits(["Name", heading], { name: 0, costPrice: 1 }).costUnit).toBe(unit);
  });
});

describe("the heading's row", () => {
  test("may stand below titles and dates", () => {
    const rows = rowsOf(
      ["PharmaCare Ltd, Nairobi"],
      ["Stock", "as at 01/11/2026"],
      ["Item name", "Qty", "Price"],
      ["a", "1", "2"],
    );
    expect(guessHeader(rows)).toBe(2);
  });

  test("is the first with most texts where nothing is known", () => {
    expect(guessHeader(rowsOf(["My list"], ["colour", "weight"], ["red", "5"], ["blue", "green"]))).toBe(1);
    expect(guessHeader(rowsOf(["1", "2"]))).toBe(0);
    expect(guessHeader([])).toBe(0);
  });
});

describe("a mapping is checked", () => {
  const header = ["a", "b", "c"];
  test.each([
    [{ barcode: 0 }, { name: /its generic name/ }],
    [{ name: 0, barcode: 0 }, { barcode: /taken by Item name/ }],
    [{ name: 9 }, { name: /no such column/ }],
    [{ name: 0, expiryDate: 1 }, { stockQuantity: /quantity/ }],
    [{ name: 0, wholesaleUnit: 1 }, { basePerWholesale: /pack size/ }],
    [{ name: 0, wholesalePerSupplier: 1 }, { supplierUnit: /names the supplier unit/ }],
    [{ genericName: 0, basePerWholesale: 1 }, {}],
  ])("%j", (mapping, errors) => {
    const found = checkMapping(mapping, header);
    expect(Object.keys(found)).toEqual(Object.keys(errors));
    for (const [field, message] of Object.entries(errors)) expect(found[field]).toMatch(message);
  });

  test("and is what is stored", () => {
    expect(mappingSchema.parse({ name: 0, batchNumber: 255 })).toEqual({ name: 0, batchNumber: 255 });
    expect(mappingSchema.safeParse({ name: 256 }).success).toBe(false);
    expect(mappingSchema.safeParse({ colour: 1 }).success).toBe(false);
  });
});
