import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Csv } from "./csv.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const cellsOf = (text: string) => Csv.read(utf8(text)).map((row) => row.cells);

describe("reading", () => {
  test.each([
    ["UTF-8", utf8("name\nCafé")],
    ["UTF-8 with a mark", utf8("\uFEFFname\nCafé")],
    ["UTF-16 with a mark", Buffer.from("\uFEFFname\nCafé", "utf16le")],
    ["UTF-16 of the other order", Buffer.from("\uFEFFname\nCafé", "utf16le").swap16()],
    ["Windows-1252", Uint8Array.from([...utf8("name\nCaf"), 0xe9])],
  ])("takes %s for what it is", (_, content) => {
    expect(Csv.read(content)).toEqual([
      { number: 1, cells: ["name"] },
      { number: 2, cells: ["Café"] },
    ]);
  });

  /** دواء, a medicine, and its like; each as the bytes of its own encoding. */
  test.each([
    ["Windows-1256, Arabic", [0xcf, 0xe6, 0xc7, 0xc1]],
    ["Windows-1251, Cyrillic", [0xef, 0xf0, 0xe5, 0xef]],
    ["Windows-1253, Greek", [0xf6, 0xe1, 0xf1, 0xec]],
    ["DOS, with a byte that Windows-1252 has not", [0x81]],
  ])("refuses %s, which would turn to gibberish, and says how to save it", (_, bytes) => {
    const content = Uint8Array.from([...utf8("name,price\nPanadol,1\n"), ...bytes, ...utf8(",5\n")]);
    expect(() => Csv.read(content)).toThrow(/row 3 is the first.*Excel workbook \(\.xlsx\) or as “CSV UTF-8”/);
  });

  test.each([
    [
      "names of Europe",
      "Crème à l'œillet – 5 µg",
      [
        ...utf8("Cr"),
        0xe8,
        ...utf8("me "),
        0xe0,
        ...utf8(" l'"),
        0x9c,
        ...utf8("illet "),
        0x96,
        ...utf8(" 5 "),
        0xb5,
        ...utf8("g"),
      ],
    ],
    ["two accents in a row", "Soirée créée", [...utf8("Soir"), 0xe9, ...utf8("e cr"), 0xe9, 0xe9, ...utf8("e")]],
    ["signs in a row", "½®™°", [0xbd, 0xae, 0x99, 0xb0]],
  ])("takes %s in Windows-1252", (_, text, bytes) => {
    expect(Csv.read(Uint8Array.from([...utf8("name\n"), ...bytes]))[1]?.cells).toEqual([text]);
  });

  test("takes UTF-8 with a letter that was cut for UTF-8, so that one row is wrong and not all", () => {
    const content = Uint8Array.from([...utf8("name\nدواء\nCaf"), 0xc3, ...utf8("\nAmharic: መድኃኒት")]);
    expect(Csv.read(content).map(({ cells }) => cells[0])).toEqual(["name", "دواء", "Caf\ufffd", "Amharic: መድኃኒት"]);
  });

  test.each([
    [
      "name;price\na;1,5",
      [
        ["name", "price"],
        ["a", "1,5"],
      ],
    ],
    [
      "name\tprice\na\t1,5",
      [
        ["name", "price"],
        ["a", "1,5"],
      ],
    ],
    [
      "name|price\na|1,5",
      [
        ["name", "price"],
        ["a", "1,5"],
      ],
    ],
    [
      'name,price\na,"1,5"',
      [
        ["name", "price"],
        ["a", "1,5"],
      ],
    ],
    [
      "sep=;\r\nname;price\r\na,b,c;1",
      [
        ["name", "price"],
        ["a,b,c", "1"],
      ],
    ],
    [
      "Prices, Nairobi, Kenya, 2026\nname;price\na;1,5\nb;2,5",
      [["Prices, Nairobi, Kenya, 2026"], ["name", "price"], ["a", "1,5"], ["b", "2,5"]],
    ],
    [
      "generic,brands\nx,a;b;c;d\ny,e;f",
      [
        ["generic", "brands"],
        ["x", "a;b;c;d"],
        ["y", "e;f"],
      ],
    ],
  ])("finds the separator of %j", (text, cells) => {
    expect(cellsOf(text)).toEqual(cells);
  });

  test("numbers rows as a spreadsheet does, whatever ends them, and leaves blank ones out", () => {
    expect(Csv.read(utf8('\n,,\r\nname,price\r\n\r"a\nb",1\n , \r\nc,2,,\r\n'))).toEqual([
      { number: 3, cells: ["name", "price"] },
      { number: 5, cells: ["a\nb", "1"] },
      { number: 7, cells: ["c", "2"] },
    ]);
    expect(Csv.read(utf8("sep=;\nname\nx"))[1]).toEqual({ number: 2, cells: ["x"] });
  });

  test("rows may be ragged", () => {
    expect(cellsOf("name,price\na\nb,1,2,3\n")).toEqual([["name", "price"], ["a"], ["b", "1", "2", "3"]]);
  });

  test("drops what cannot be seen or stored", () => {
    const text = Buffer.from("\uFEFFna\u0000me,\u0007x\n\ud800a\u001f,\u00a0b ", "utf16le");
    expect(() => Csv.read(text)).toThrow(/not a list/);
    expect(cellsOf("na\u001fme,\u0007x\na\u0085,\u00a0b ")).toEqual([
      ["name", "x"],
      ["a", "b"],
    ]);
  });

  test("reads cells that were marked as text", () => {
    expect(cellsOf(`barcode,note\n="00123",'=1+1\n"=""00124""",'-x`)).toEqual([
      ["barcode", "note"],
      ["00123", "=1+1"],
      ["00124", "-x"],
    ]);
  });

  test.each([
    ["a row beyond 200,000 characters", `name\n"${"x".repeat(200_001)}"`, /Row|longer than 200,000/],
    ["a line of separators alone", ",".repeat(300_000), /longer than 200,000/],
    ["an open quotation mark", 'name\n"abc\ndef', /quotation mark/],
    ["more than 256 columns", "x,".repeat(257), /256 columns/],
    ["more than 100,000 rows", "a\n".repeat(100_001), /Split it into smaller files/],
    ["a web page", "<html><table><tr><td>name", /web page/],
    ["what is no text", "\u0001\u0002".repeat(10), /not a list/],
  ])("refuses %s", (_, text, message) => {
    expect(() => Csv.read(utf8(text))).toThrow(message);
  });

  test("takes 200 columns", () => {
    expect(cellsOf(`${"x,".repeat(199)}x`)[0]).toHaveLength(200);
  });
});

describe("writing", () => {
  test("gives back whatever was written", () => {
    const cell = fc
      .oneof(fc.string(), fc.stringMatching(/^['=+@-]{0,3}"?[a-z0-9,;|."'=\t\n @-]{0,6}$/))
      .map((text) => text.trim());
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 }), (rows) => {
        const kept = rows.filter((row) => row.some((text) => text !== ""));
        const read = cellsOf(Csv.write([["name", "other"], ...rows])).slice(1);
        expect(read.map(([first = "", second = ""]) => [first, second])).toEqual(kept);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["a semicolon", "Panadol;=1+1;x", `"Panadol;'=1+1;x"\r\n`],
    ["a semicolon and a blank", "a; @SUM(1)", `"a; '@SUM(1)"\r\n`],
    ["a tab", "a\t-1+1", `"a\t'-1+1"\r\n`],
    ["a line break", "a\n+1", `"a\n'+1"\r\n`],
    ["a semicolon alone", "Panadol; Hedex", `"Panadol; Hedex"\r\n`],
    ["a tab alone", "a\tb", `"a\tb"\r\n`],
  ])("quotes %s, and marks a formula behind it, for spreadsheets that divide there", (_, cell, text) => {
    expect(Csv.write([[cell]])).toBe(text);
  });

  test("leaves no formula at the beginning of a cell, wherever a spreadsheet divides", () => {
    const cell = fc.stringMatching(/^[a1;=+@\t\n," '-]{0,10}$/);
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 3 }), (cells) => {
        const pieces = Csv.write([cells]).split(/[;\t\r\n]/);
        // The first piece begins as the file does; a number below zero is none.
        for (const piece of pieces.slice(1)) expect(piece).not.toMatch(/^ *[=+@-]/);
      }),
      { numRuns: 1000 },
    );
  });

  test("marks formulas as text, and leaves numbers alone", () => {
    expect(Csv.write([["=1+1", "-5.20", "@x", "+254 700", "a"]])).toBe("'=1+1,-5.20,'@x,'+254 700,a\r\n");
  });
});
