export * as Csv from "./csv.ts";

import { CsvError, parse } from "csv-parse/sync";
import { unmarked } from "./csv-writing.ts";
import { cellText, type FileRow, ROW_CHARACTERS_MAX, RowCollector, rowTooLong } from "./file-rows.ts";
import { refused } from "./refusals.ts";
import { decodeText } from "./text-encoding.ts";

export { write } from "./csv-writing.ts";

/**
 * The rows of a CSV file as spreadsheets write it: UTF-8, UTF-16 with a mark or Windows-1252; comma, semicolon, tab or
 * bar, or what a first line `sep=;` says. Rows may differ in length. Blank rows are left out.
 * @throws DomainError `invalid_input` on field `file`, for a file that is not text, not CSV, beyond a limit or in an
 *   encoding that nobody can tell
 */
export function read(content: Uint8Array): readonly FileRow[] {
  const text = decodeText(content);
  requireText(text);
  // A spreadsheet hides this line, and counts its rows from the next one.
  const announced = /^sep=(.)[ \t]*(?:\r\n|\n|\r)/i.exec(text);
  const body = announced === null ? text : text.slice(announced[0].length);
  return records(body, announced?.[1] ?? delimiterOf(body));
}

/** What was meant by a cell that is marked as text, with an apostrophe or as `="00123"`. */
function unquoted(cell: string): string {
  return /^="([^"]*)"$/.exec(cell)?.[1] ?? unmarked(cell);
}

function requireText(text: string): void {
  if (/^\s*(<\?xml|<!doctype|<html|<head|<meta|<table|<style)/i.test(text)) {
    throw refused(
      "This is a web page with the name of a spreadsheet. Open it in your spreadsheet program, save it as an Excel workbook (.xlsx), and upload that.",
    );
  }
  const controls = text.slice(0, 10_000).match(/(?![\t\n\r])\p{Cc}/gu)?.length ?? 0;
  if (text.includes("\0") || controls > 10) {
    throw refused("This file is not a list. Save your list as an Excel workbook (.xlsx) or as CSV, and upload that.");
  }
}

function records(text: string, delimiter: string): readonly FileRow[] {
  const collector = new RowCollector();
  let number = 0;
  requireShortLines(text);
  try {
    parse(text, {
      delimiter,
      // Programs mix them; the parser by itself would go by the first one.
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: false,
      max_record_size: ROW_CHARACTERS_MAX,
      // Nothing is kept by the parser: a file of four million line breaks would become as many arrays.
      on_record: (cells: readonly string[]) => {
        number += 1;
        collector.add(
          number,
          cells.map((cell) => cellText(unquoted(cell.trim()))),
        );
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw refused(
      `The file cannot be read as CSV after row ${number}: a quotation mark is opened and not closed, or a row is longer than ${ROW_CHARACTERS_MAX.toLocaleString("en")} characters.`,
    );
  }
  return collector.rows;
}

/** The parser counts the characters of cells only, so that a line of separators alone would have no limit. */
function requireShortLines(text: string): void {
  let row = 1;
  for (const { 0: line } of text.matchAll(/[^\r\n]+/g)) {
    if (line.length > ROW_CHARACTERS_MAX) throw rowTooLong(row);
    row += 1;
  }
}

const delimiters = [",", ";", "\t", "|"] as const;
const LINES_LOOKED_AT = 100;
/** With the separator before them. Only at the beginning of a cell do quotation marks quote: a 5" bandage is one. */
const QUOTED_CELLS = /(^|[,;\t|\r\n])"(?:[^"]|"")*"/g;

/**
 * The separator that divides most lines into the same number of cells. Commas within a semicolon file (prices, titles
 * above the heading) differ from line to line.
 */
function delimiterOf(text: string): string {
  const lines = text
    .slice(0, ROW_CHARACTERS_MAX)
    .replaceAll(QUOTED_CELLS, "$1")
    .split(/\r\n|\n|\r/, LINES_LOOKED_AT);
  const alike = (separator: string) => {
    const linesByUses = new Map<number, number>();
    for (const line of lines) {
      const uses = line.split(separator).length - 1;
      if (uses > 0) linesByUses.set(uses, (linesByUses.get(uses) ?? 0) + 1);
    }
    return Math.max(0, ...linesByUses.values());
  };
  return delimiters.reduce((best, separator) => (alike(separator) > alike(best) ? separator : best));
}
