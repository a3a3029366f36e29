import { passwordProtected } from "./archive.ts";
import { Csv } from "./csv.ts";
import type { FileRow } from "./file-rows.ts";
import { refused } from "./refusals.ts";
import { readWorkbook } from "./workbook.ts";

/** A list as it was uploaded, every cell as text. */
export interface ImportFile {
  readonly format: "csv" | "xlsx";
  /** Sheets to choose from; none for a CSV file. */
  readonly sheets: readonly string[];
  /** The sheet that `rows` are of; null for a CSV file. */
  readonly sheet: string | null;
  /** The rows that are not blank, the heading and whatever stands above it among them. At least two. */
  readonly rows: readonly FileRow[];
}

/**
 * Reads an uploaded list. What it is, its content decides, not its name. Memory is bounded by the limits of rows, columns
 * and text, whatever the file unpacks to.
 * @throws DomainError `invalid_input` on field `file`, in words that say what to do; nothing else
 */
export async function readFile(content: Uint8Array, options: { readonly sheet?: string } = {}): Promise<ImportFile> {
  if (content.length === 0) throw refused("The file is empty.");
  const file = beginsWith(content, zipMark)
    ? await readXlsx(content, options.sheet)
    : { format: "csv" as const, sheets: [], sheet: null, rows: readText(content) };
  if (file.rows.length === 0) {
    throw refused(file.sheet === null ? "The file is empty." : `The sheet “${file.sheet.slice(0, 40)}” is empty.`);
  }
  if (file.rows.length === 1) throw refused("The file has a heading but no rows below it.");
  return file;
}

async function readXlsx(content: Uint8Array, sheet: string | undefined): Promise<ImportFile> {
  return { format: "xlsx", ...(await readWorkbook(content, sheet)) };
}

function readText(content: Uint8Array): readonly FileRow[] {
  if (beginsWith(content, oleMark)) throw oldWorkbook(content);
  if (beginsWith(content, pdfMark)) {
    throw refused("This is a PDF. Ask for the list as an Excel workbook (.xlsx) or as CSV, and upload that.");
  }
  return Csv.read(content);
}

const zipMark = [0x50, 0x4b];
const pdfMark = [0x25, 0x50, 0x44, 0x46];
/** Of Microsoft's older container, which holds both the workbooks before 2007 and those under a password. */
const oleMark = [0xd0, 0xcf, 0x11, 0xe0];

const beginsWith = (content: Uint8Array, mark: readonly number[]): boolean =>
  mark.every((byte, index) => content[index] === byte);

function oldWorkbook(content: Uint8Array) {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (bytes.includes(Buffer.from("EncryptedPackage", "utf16le"))) return passwordProtected();
  return refused(
    "This is an Excel file of the old kind (.xls). Open it, choose File → Save as → Excel workbook (.xlsx), and upload that.",
  );
}
