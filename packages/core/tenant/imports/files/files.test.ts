import { describe, expect, test } from "vitest";
import writeXlsx from "write-excel-file/node";
import { textRows, workbookOf } from "../../../../../test/fixtures/workbooks.ts";
import { readFile } from "./files.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const sheet = (rows: string) => `<row><c t="inlineStr"><is><t>name</t></is></c></row>${rows}`;
/** The cells of the row after the heading. */
const rowOf = async (cells: string, parts: Omit<Parameters<typeof workbookOf>[0], "sheets"> = {}) =>
  (await readFile(workbookOf({ ...parts, sheets: { Items: sheet(`<row>${cells}</row>`) } }))).rows[1]?.cells;

describe("a workbook that another program wrote", () => {
  test("comes out as people see it", async () => {
    const rows = [
      [{ value: "Stock as at" }, { value: new Date("2026-11-01T00:00:00Z"), type: Date, format: "dd/mm/yyyy" }],
      [],
      [{ value: "Item Name*" }, { value: "Barcode" }, { value: "Price" }, { value: "VAT" }, { value: "Cold\nchain" }],
      [
        { value: "  Panadol “500” & <b>Extra</b> " },
        { value: 6164001234567, type: Number },
        { value: 0.1 + 0.2, type: Number },
        { value: 0.16, type: Number, format: "0%" },
        { value: true, type: Boolean },
      ],
      [{ value: "007" }, { value: "0012300", type: String }, { value: 1250, type: Number, format: "#,##0.00" }],
    ];
    const content = await writeXlsx(rows as never, { sheet: "Stock list" }).toBuffer();
    expect(await readFile(content)).toEqual({
      format: "xlsx",
      sheets: ["Stock list"],
      sheet: "Stock list",
      rows: [
        { number: 1, cells: ["Stock as at", "2026-11-01"] },
        { number: 3, cells: ["Item Name*", "Barcode", "Price", "VAT", "Cold\nchain"] },
        { number: 4, cells: ["Panadol “500” & <b>Extra</b>", "6164001234567", "0.3", "16%", "yes"] },
        { number: 5, cells: ["007", "0012300", "1250"] },
      ],
    });
  });
});

describe("cells", () => {
  test.each([
    ["a number as it is", "<c><v>12.5</v></c>", "12.5"],
    ["an exponent", "<c><v>6.164001234567E+12</v></c>", "6164001234567"],
    ["a small number", "<c><v>2.5E-3</v></c>", "0.0025"],
    ["noise of fractions", "<c><v>17.100000000000001</v></c>", "17.1"],
    ["a result of a formula", "<c><f>A1*2</f><v>84</v></c>", "84"],
    ["a text of a formula", '<c t="str"><f>A1&amp;B1</f><v>x</v></c>', "x"],
    ["a formula without a result", "<c><f>A1*2</f></c>", "=A1*2"],
    ["an error", '<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"],
    ["no", '<c t="b"><v>0</v></c>', "no"],
    ["a date of its own type", '<c t="d"><v>2027-01-31T00:00:00</v></c>', "2027-01-31"],
    ["several fonts", '<c t="inlineStr"><is><r><t>Pan</t></r><r><rPr/><t>adol</t></r></is></c>', "Panadol"],
    ["entities, by name and number", '<c t="inlineStr"><is><t>&lt;&#233;&#x1F48A;&amp;lt;</t></is></c>', "<é💊&lt;"],
    ["escapes of a workbook", '<c t="inlineStr"><is><t>a_x000D_b_x0000_c</t></is></c>', "a\rbc"],
    ["text beyond the markup", '<c t="inlineStr"><is><t><![CDATA[<a>]]></t></is></c>', "<a>"],
  ])("%s", async (_, markup, text) => {
    expect(await rowOf(`<c r="A2"/>${markup}`.replace('<c r="A2"/>', ""))).toEqual([text]);
  });

  const styled = (code: string, value: string, properties?: string) =>
    rowOf(`<c s="0"><v>${value}</v></c>`, {
      styles: `<numFmts><numFmt numFmtId="164" formatCode="${code}"/></numFmts><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="164"/></cellXfs>`,
      ...(properties === undefined ? {} : { properties }),
    });

  test.each([
    ["dd/mm/yyyy", "46418", "2027-01-31"],
    ["[$-409]d-mmm-yy;@", "46418.75", "2027-01-31"],
    // What Excel makes of 01/2027 and of Jan-27: a month, and the 27th of January of this year.
    ["mmm-yy", "46388", "2027-01"],
    ["d-mmm", "46049", "27-Jan"],
    ["0.0%", "0.165", "16.5%"],
    ["0000000000000", "123", "0000000000123"],
    ["&quot;KES&quot; #,##0.00;[Red]-#,##0.00", "46418", "46418"],
    ["[h]:mm", "1.5", "1.5"],
  ])("of the format %s", async (code, value, text) => {
    expect(await styled(code, value)).toEqual([text]);
  });

  test("dates of old Macs count from 1904", async () => {
    expect(await styled("yyyy-mm-dd", "44956", 'date1904="1"')).toEqual(["2027-01-31"]);
  });

  test("stay in their columns, and of merged cells the first has the value", async () => {
    const cells = '<c r="B2"><v>1</v></c><c r="D2" s="0"/><c r="E2" t="s"><v>1</v></c>';
    const texts = "<si><t>a</t></si><si><r><t>shared</t></r><rPh><t>reading</t></rPh></si>";
    const content = workbookOf({
      texts,
      sheets: { Items: `${sheet(`<row r="7">${cells}</row><row><c><v>2</v></c></row>`)}` },
      more: {},
    });
    expect((await readFile(content)).rows.slice(1)).toEqual([
      { number: 7, cells: ["", "1", "", "", "shared"] },
      { number: 8, cells: ["2"] },
    ]);
  });
});

describe("sheets", () => {
  const sheets = {
    Cover: textRows([["PharmaCare"], ["Price list"]]),
    Stock: textRows([["As at 01/11/2026"], [], ["Item Name", "Pack size", "Selling price"], ["Panadol", "10", "5"]]),
    Suppliers: textRows([
      ["Name", "Phone"],
      ["Dawa", "0700"],
    ]),
    Secret: textRows([
      ["Item Name", "Barcode", "Pack size", "Selling price"],
      ["x", "1", "2", "3"],
    ]),
  };
  const content = workbookOf({ sheets, hidden: ["Secret"] });

  test("are listed but for hidden ones, and the most telling is read", async () => {
    expect(await readFile(content)).toMatchObject({ sheets: ["Cover", "Stock", "Suppliers"], sheet: "Stock" });
  });

  test("are chosen by name", async () => {
    expect(await readFile(content, { sheet: "Suppliers" })).toMatchObject({
      sheet: "Suppliers",
      rows: [{ cells: ["Name", "Phone"] }, { cells: ["Dawa", "0700"] }],
    });
    await expect(readFile(content, { sheet: "Secret" })).rejects.toThrow(/no sheet of that name/);
  });

  test("with nothing but links and macros around them are read all the same", async () => {
    const more = {
      "xl/vbaProject.bin": "macro",
      "xl/externalLinks/externalLink1.xml": "<!DOCTYPE x>",
      "xl/media/image1.png": "picture",
      "nested.zip": workbookOf({}),
    };
    expect((await readFile(workbookOf({ sheets, more }))).sheet).toBe("Secret");
  });
});

describe("what is not a list is refused, with the way out", () => {
  const ole = (text: string) => Buffer.concat([Buffer.from("d0cf11e0a1b11ae1", "hex"), Buffer.from(text, "utf16le")]);
  const zip = (paths: Record<string, string>) => workbookOf({ more: paths });
  const good = workbookOf({ sheets: { Items: textRows([["name"], ["Panadol"]]) } });

  test.each([
    ["nothing", new Uint8Array(), /empty/],
    ["blanks", utf8(" \n \n"), /empty/],
    ["a heading alone", utf8("name,price\n"), /no rows below/],
    ["an old workbook", ole("Workbook"), /old kind \(\.xls\).*Save as/],
    ["a workbook under a password", ole("EncryptedPackage"), /password/],
    ["a PDF", utf8("%PDF-1.7 x"), /PDF/],
    ["a binary workbook", zip({ "xl/workbook.bin": "x" }), /\.xlsb/],
    ["half a workbook", good.slice(0, good.length / 2), /damaged/],
    ["a picture", Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 0]), /not a list/],
    ["an empty sheet", workbookOf({}), /“Items” is empty/],
    ["a workbook without sheets", workbookOf({ sheets: {} }), /no sheet with rows/],
  ])("%s", async (_, content, message) => {
    await expect(readFile(content)).rejects.toMatchObject({
      code: "invalid_input",
      fields: { file: expect.stringMatching(message) },
    });
  });

  test.each([
    [
      "OpenDocument",
      { mimetype: "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>" },
      /OpenDocument/,
    ],
    ["Numbers", { "Index/Document.iwa": "x" }, /Numbers/],
    ["a letter", { "[Content_Types].xml": "<x/>", "word/document.xml": "<x/>" }, /text document/],
    ["a zip of lists", { "items.csv": "name" }, /Unpack it/],
  ])("%s", async (_, paths, message) => {
    const { zipSync } = await import("fflate");
    const content = zipSync(Object.fromEntries(Object.entries(paths).map(([path, text]) => [path, utf8(text)])));
    await expect(readFile(content)).rejects.toThrow(message);
  });
});
