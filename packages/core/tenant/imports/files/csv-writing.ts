export * as CsvWriting from "./csv-writing.ts";

/* Apart from reading, because pages that offer a download need no parser. */

/**
 * Rows as CSV text (RFC 4180). What a spreadsheet would take for a formula is marked as text; `unmarked` takes the marks
 * away. A spreadsheet whose lists are separated by semicolons divides this file at them, within quotation marks too when
 * they do not stand at the beginning of what it takes for a cell: so every place where a cell may begin is marked.
 */
export function write(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `${cells.map(quoted).join(",")}\r\n`).join("");
}

/** A cell without the marks that `write` sets. */
export const unmarked = (cell: string): string => cell.replaceAll(/(?<=^|[;\t\r\n] *)'(?='*[=+\-@\t\r])/g, "");

function quoted(cell: string): string {
  const isNumber = /^-?\d+(\.\d+)?$/.test(cell);
  const safe = isNumber ? cell : cell.replaceAll(/(?<=^|[;\t\r\n] *)(?='*[=+\-@\t\r])/g, "'");
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
