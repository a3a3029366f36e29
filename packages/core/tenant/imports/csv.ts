export * as Csv from "./csv.ts";

import { CsvError, parse } from "csv-parse/sync";
import { invalidInput } from "../../kernel/errors.ts";

/** A row as in the file. `number` is what a spreadsheet shows beside it, from 1. */
export interface CsvRow {
  readonly number: number;
  readonly cells: readonly string[];
}

export interface CsvFile {
  readonly header: readonly string[];
  /** The rows after the heading that are not blank. */
  readonly rows: readonly CsvRow[];
}

const RECORD_CHARACTERS_MAX = 100_000;

/**
 * Reads a CSV file as spreadsheets write it: UTF-8, UTF-16 with a mark or Windows-1252; comma, semicolon or tab. The
 * heading is the first row that is not blank.
 * @throws DomainError `invalid_input` on field `file`, for a file that is empty, not text or not CSV
 */
export function read(content: Uint8Array): CsvFile {
  const text = decode(content);
  if (text.trim() === "") throw refused("The file is empty.");
  const rows = records(text)
    .map((cells, index) => ({ number: index + 1, cells: cells.map((cell) => cell.trim()) }))
    .filter((row) => row.cells.some((cell) => cell !== ""));
  const [header, ...body] = rows;
  if (header === undefined) throw refused("The file is empty.");
  if (body.length === 0) throw refused("The file has a heading but no rows below it.");
  return { header: header.cells, rows: body };
}

/** Rows as CSV text (RFC 4180). A cell that a spreadsheet would take for a formula is marked as text. */
export function write(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `${cells.map(quoted).join(",")}\r\n`).join("");
}

function quoted(cell: string): string {
  const isFormula = /^[=+\-@\t\r]/.test(cell) && !/^-?\d+(\.\d+)?$/.test(cell);
  const safe = isFormula ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function decode(content: Uint8Array): string {
  const [first, second] = content;
  if (first === 0x50 && second === 0x4b) {
    throw refused("This is a spreadsheet file. Save it as CSV and upload that.");
  }
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(content);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(content);
  if (content.includes(0)) throw refused("This file is not text. Save your list as CSV and upload that.");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return new TextDecoder("windows-1252").decode(content);
  }
}

function records(text: string): string[][] {
  try {
    return parse(text, {
      bom: true,
      delimiter: delimiterOf(text),
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: false,
      max_record_size: RECORD_CHARACTERS_MAX,
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === "number" ? ` near line ${error.lines}` : "";
    throw refused(
      `The file cannot be read as CSV${line}: a quotation mark is opened and not closed, or a row is too long.`,
    );
  }
}

/** The separator that the first line with any uses most: spreadsheets of some countries write semicolons. */
function delimiterOf(text: string): string {
  const line = text.split(/\r?\n|\r/, 50).find((candidate) => /[,;\t]/.test(candidate)) ?? "";
  const uses = (separator: string) => line.split(separator).length;
  return [",", ";", "\t"].reduce((best, separator) => (uses(separator) > uses(best) ? separator : best));
}

const refused = (message: string) => invalidInput(message, { file: message });
