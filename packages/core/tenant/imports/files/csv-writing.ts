export * as CsvWriting from "./csv-writing.ts";

/* Apart from reading, because pages that offer a download need no parser. */

/** Rows as CSV text (RFC 4180). A cell that a spreadsheet would take for a formula is marked as text; `read` knows. */
export function write(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `${cells.map(quoted).join(",")}\r\n`).join("");
}

function quoted(cell: string): string {
  const isFormula = /^'*[=+\-@\t\r]/.test(cell) && !/^-?\d+(\.\d+)?$/.test(cell);
  const safe = isFormula ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
