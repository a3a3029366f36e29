import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import writeXlsx from "write-excel-file/node";
import { textRows, workbookOf } from "../../../../../test/fixtures/workbooks.ts";
import { DomainError } from "../../../kernel/errors.ts";
import { readFile } from "./files.ts";

const MEGABYTE = 1024 * 1024;
const SHEET = "xl/worksheets/sheet1.xml";
const TEXTS = "xl/sharedStrings.xml";
const innocent = textRows([["name"], ["Panadol"]]);

/** Beyond every limit that it can meet: fifty megabytes that pack to some hundred kilobytes. */
const many = (piece: string) => {
  const bytes = Buffer.from(piece);
  return Buffer.alloc(Math.floor((50 * MEGABYTE) / bytes.length) * bytes.length, bytes);
};
const rows = (piece: string) =>
  workbookOf({ more: { [SHEET]: Buffer.concat([Buffer.from("<worksheet><sheetData>"), many(piece)]) } });
const texts = (piece: string) =>
  workbookOf({ sheets: { Items: innocent }, more: { [TEXTS]: Buffer.concat([Buffer.from("<sst>"), many(piece)]) } });

/** With headers that say that the part has so many bytes. */
function claiming(size: number, content: Uint8Array, path: string): Uint8Array {
  const bytes = Buffer.from(content);
  for (let at = bytes.indexOf(path); at >= 0; at = bytes.indexOf(path, at + 1)) {
    if (bytes.readUInt32LE(at - 30) === 0x04034b50) bytes.writeUInt32LE(size, at - 8);
    else if (bytes.readUInt32LE(at - 46) === 0x02014b50) bytes.writeUInt32LE(size, at - 22);
  }
  return bytes;
}

/** What is said about a file by a thread that may use so much memory and no more. */
function readInside(content: Uint8Array, heapMegabytes: number): Promise<string> {
  const files = new URL("./files.ts", import.meta.url).href;
  const script = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(${JSON.stringify(files)})
      .then(({ readFile }) => readFile(workerData))
      .then(({ rows }) => parentPort.postMessage("read " + rows.length), (error) => parentPort.postMessage(error.code + ": " + error.message));`;
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, {
      eval: true,
      workerData: content,
      execArgv: ["--no-warnings"],
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes, maxYoungGenerationSizeMb: 16 },
    });
    worker.on("message", (said) => {
      resolve(String(said));
      void worker.terminate();
    });
    worker.on("error", reject);
  });
}

describe("a file made to exhaust memory is refused within 64 MB of heap", () => {
  test.each([
    ["a sheet of zeros", () => workbookOf({ more: { [SHEET]: many("\0") } }), /damaged/],
    ["a part of a gigabyte", () => claiming(2 ** 30, rows("<row/>"), SHEET), /too large/],
    ["a part larger than it says", () => claiming(100, rows("<row/>"), SHEET), /damaged/],
    ["millions of rows", () => rows("<row><c><v>1</v></c></row>"), /100,000 rows/],
    ["millions of empty rows", () => rows("<row/>"), /damaged/],
    ["millions of empty cells", () => rows("<c/>"), /too large/],
    ["an endless row", () => rows("<c><v>1</v></c>"), /256 columns/],
    ["an endless nest", () => rows("<a>"), /damaged/],
    ["an endless text", () => rows("abcdefgh"), /damaged/],
    ["millions of texts", () => texts("<si><t>a</t></si>"), /too large/],
    ["texts of all lengths", () => texts(`<si><t>${"é".repeat(30_000)}</t></si>`), /too large/],
    [
      "a long text in every row",
      () =>
        workbookOf({
          texts: `<si><t>${"x".repeat(30_000)}</t></si>`,
          sheets: { Items: '<row><c t="s"><v>0</v></c></row>'.repeat(99_000) },
        }),
      /more text/,
    ],
    ["four million line breaks", () => Buffer.alloc(4 * MEGABYTE, "\n"), /empty/],
    ["four million separators", () => Buffer.alloc(4 * MEGABYTE, ","), /longer than/],
    ["four million quotation marks", () => Buffer.alloc(4 * MEGABYTE, '"'), /quotation mark/],
  ])("%s", async (_, make, message) => {
    expect(await readInside(make(), 64)).toMatch(new RegExp(`^invalid_input: .*${message.source}`));
  });

  test("and a sheet whose million rows are formatted but blank is read", async () => {
    const blank = Array.from({ length: 1_000_000 }, (_, index) => `<row r="${index + 3}" s="1"/>`).join("");
    expect(await readInside(workbookOf({ sheets: { Items: `${innocent}${blank}` } }), 64)).toBe("read 2");
  });
});

describe("markup that reaches beyond the file is refused", () => {
  test.each([
    [
      "entities of entities",
      `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]><sst><si><t>&lol2;</t></si></sst>`,
    ],
    ["an entity of a file", `<!DOCTYPE sst SYSTEM "file:///etc/passwd"><sst><si><t>x</t></si></sst>`],
  ])("%s", async (_, markup) => {
    const content = workbookOf({ sheets: { Items: innocent }, more: { [TEXTS]: markup } });
    await expect(readFile(content)).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("and an entity that nobody declared stays text", async () => {
    const content = workbookOf({ sheets: { Items: textRows([["name"], ["&xxe;"]]) } });
    expect((await readFile(content)).rows[1]?.cells).toEqual(["&xxe;"]);
  });
});

describe("whatever the bytes, a file is read or refused in words", () => {
  const readOrRefused = async (content: Uint8Array) => {
    const result = await readFile(content).catch((error: unknown) => error);
    if (result instanceof Error) {
      expect(result).toBeInstanceOf(DomainError);
      expect(result).toMatchObject({ code: "invalid_input", fields: { file: expect.stringMatching(/^[A-Z].*\.$/s) } });
    }
  };

  test("random ones", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), readOrRefused), { numRuns: 300 });
  });

  test("those of a workbook with some changed", async () => {
    const content = await writeXlsx([
      [{ value: "Item Name" }, { value: "Price" }],
      [{ value: "Panadol" }, { value: 5, type: Number }],
    ] as never).toBuffer();
    await mutated(new Uint8Array(content));
  });

  test("those of stored parts with some changed", async () => {
    await mutated(workbookOf({ texts: "<si><t>a</t></si>", sheets: { Items: innocent, Other: innocent } }));
  });

  test("those of a list with some changed", async () => {
    await mutated(new TextEncoder().encode('\uFEFFname;"price";x\r\n"Pan""adol";1,5;\r\nb;2;3\r\n'));
  });

  const mutated = async (content: Uint8Array) => {
    const change = fc.record({ at: fc.nat(content.length - 1), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 8 }),
        fc.nat(content.length),
        async (changes, cut) => {
          const bytes = content.slice(0, cut % 5 === 0 ? cut : content.length);
          for (const { at, byte } of changes) if (at < bytes.length) bytes[at] = byte;
          await readOrRefused(bytes);
        },
      ),
      { numRuns: 400 },
    );
  };
});
