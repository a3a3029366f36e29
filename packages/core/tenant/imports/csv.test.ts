import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Csv } from "./csv.ts";
import { matchColumns, readRow } from "./item-rows.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const rowsOf = (content: Uint8Array) => Csv.read(content).rows.map((row) => row.cells);

describe("reading", () => {
  test.each([
    ["UTF-8 with a mark", utf8("\uFEFFname\nCafé")],
    ["UTF-16 with a mark", Buffer.from("\uFEFFname\nCafé", "utf16le")],
    ["Windows-1252", Uint8Array.from([...utf8("name\nCaf"), 0xe9])],
  ])("takes %s for what it is", (_, content) => {
    expect(Csv.read(content)).toEqual({ header: ["name"], rows: [{ number: 2, cells: ["Café"] }] });
  });

  test.each(["name;price\na;1,5", "name\tprice\na\t1,5", 'name,price\na,"1,5"'])(
    "finds the separator of %j",
    (text) => {
      expect(rowsOf(utf8(text))).toEqual([["a", "1,5"]]);
    },
  );

  test("skips blank rows, and numbers rows as a spreadsheet does", () => {
    const file = Csv.read(utf8('\n,,\r\nname,price\r\n\r\n"a\nb",1\r\n , \r\nc,2\r\n'));
    expect(file).toEqual({
      header: ["name", "price"],
      rows: [
        { number: 5, cells: ["a\nb", "1"] },
        { number: 7, cells: ["c", "2"] },
      ],
    });
  });

  test("gives back whatever was written, but for formulas, which become text", () => {
    const cell = fc
      .string()
      .map((text) => text.trim().replace(/^[=+\-@]+/, ""))
      .filter((text) => text === text.trim());
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 }), (rows) => {
        const written = utf8(Csv.write([["name", "x"], ...rows]));
        expect(
          rowsOf(
            utf8(
              `${Csv.write([
                ["name", "x"],
                ["first", "row"],
              ])}`,
            ),
          ),
        ).toEqual([["first", "row"]]);
        const kept = rows.filter((row) => row.some((text) => text !== ""));
        if (kept.length > 0 && !written.includes(0)) expect(rowsOf(written)).toEqual(kept);
      }),
    );
    expect(Csv.write([["=1+1", "-5.20", "@x"]])).toBe("'=1+1,-5.20,'@x\r\n");
  });
});

describe("rows of items", () => {
  const options = { rate: "1", taxClass: null };
  const read = (header: string, row: string, more: Partial<Parameters<typeof readRow>[2]> = {}) => {
    const result = readRow(row.split("|"), matchColumns(header.split("|")), { ...options, ...more });
    return result.ok ? result.item : result.reason;
  };

  test.each([
    ["0.16", "standard"],
    ["16", "standard"],
    ["16%", "standard"],
    ["Standard (16%)", "standard"],
    ["VAT Standard", "standard"],
    ["Zero-rated", "zero_rated"],
    ["zero_rated", "zero_rated"],
    ["EXEMPT", "exempt"],
    ["0", null],
    ["", null],
  ])("tax of %j is %j", (text, taxClass) => {
    expect(read("Item_Name|VAT_Category", `a|${text}`)).toMatchObject({ taxClass });
  });

  test.each(["banana", "160", "-16"])("tax of %j is refused", (text) => {
    expect(read("Item_Name|VAT_Category", `a|${text}`)).toMatch(/tax/);
  });

  test.each([
    ["0.0197", "129.5", "2.5512"],
    ["0.00005", "1", "0.0001"],
    ["1,234.5", "1", "1234.5"],
    ["0.00004999", "1", "0"],
    ["9999999999.99", "3", "29999999999.97"],
  ])("a price of %s at %s is %s, rounded half up", (price, rate, expected) => {
    expect(read("name|price", `a|${price}`, { rate })).toMatchObject({ retailPrice: expected });
  });

  test.each(["-1", "1e3", "12,34", "KES 5", "0x10", "Infinity"])("a price of %j is refused", (price) => {
    expect(read("name|price", `a|${price}`)).toMatch(/price/);
  });

  test("an item without a name of its own is called by what is in it", () => {
    expect(read("generic_name|strength|dosage_form", "Abacavir|20 mg/ml|solution")).toMatchObject({
      name: "Abacavir 20 mg/ml solution",
      baseUnit: "ml",
    });
    expect(read("generic_name|strength|dosage_form", "|5 mg|cream")).toMatch(/names no item/);
  });

  test("a list of brands that is too long is cut after a whole name", () => {
    const brands = Array.from({ length: 100 }, (_, index) => `Brand ${index}`).join(";");
    const item = read("name|brand_names", `a|${brands}`);
    expect(item).toMatchObject({ brandNames: expect.stringMatching(/^Brand 0; .*; Brand \d\d$/) });
    expect(read("name|brand_names", `a|${"x".repeat(600)}`)).toMatchObject({ brandNames: null });
  });

  test("headings are known in any dress, the most telling first", () => {
    expect(matchColumns(["Description", "Item_Name", "Retail_Price (KES)", "BARCODE", "units"])).toMatchObject({
      name: 1,
      barcode: 3,
      baseUnit: 4,
    });
    expect(matchColumns(["Description", "Price"])).toMatchObject({ name: 0, price: 1 });
    expect(() => matchColumns(["colour", "weight"])).toThrow(/Item name/);
  });
});
