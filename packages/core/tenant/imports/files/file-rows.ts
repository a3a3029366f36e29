import { refused } from "./refusals.ts";

/** A row as in the file. `number` is what a spreadsheet shows beside it, from 1. */
export interface FileRow {
  readonly number: number;
  /** Text of each column; blank ones at the end are left out. */
  readonly cells: readonly string[];
}

export const ROWS_MAX = 100_000;
export const COLUMNS_MAX = 256;
export const ROW_CHARACTERS_MAX = 200_000;
/**
 * Over the whole file. The cells of a workbook share their texts, so a small file can spell out far more than its size:
 * this is what a list of 100,000 rows with 500 characters each holds.
 */
const FILE_CHARACTERS_MAX = 50_000_000;

/** Gathers the rows of a file that are not blank, and refuses one that no list of items can be. */
export class RowCollector {
  readonly rows: FileRow[] = [];
  #characters = 0;

  /** @throws DomainError `invalid_input` on `file` when the file outgrows a limit */
  add(number: number, cells: readonly string[]): void {
    const width = cells.findLastIndex((cell) => cell !== "") + 1;
    if (width === 0) return;
    if (width > COLUMNS_MAX) throw tooManyColumns();
    if (this.rows.length === ROWS_MAX) {
      throw refused(
        `The file has more than ${ROWS_MAX.toLocaleString("en")} rows. Split it into smaller files, each with the heading row, and upload them one after another.`,
      );
    }
    const characters = cells.reduce((sum, cell) => sum + cell.length, 0);
    if (characters > ROW_CHARACTERS_MAX) throw rowTooLong(number);
    this.#characters += characters;
    if (this.#characters > FILE_CHARACTERS_MAX) {
      throw refused("The file holds more text than a list of items can. Split it, and upload the parts one by one.");
    }
    this.rows.push({ number, cells: cells.slice(0, width) });
  }
}

export const tooManyColumns = () =>
  refused(
    `The file has more than ${COLUMNS_MAX} columns. Delete the columns that say nothing about the items, and upload it again.`,
  );

export const rowTooLong = (number: number) =>
  refused(
    `Row ${number} is longer than ${ROW_CHARACTERS_MAX.toLocaleString("en")} characters, so it is no row of a list. Check it for text that was pasted there, or for a quotation mark that is opened and not closed.`,
  );

/**
 * A cell's text without what cannot be seen or stored: control characters other than tabs and line breaks (the database
 * refuses the first of them), halves of characters, and blanks around it.
 */
export const cellText = (text: string): string => {
  const visible = CONTROL.test(text) ? text.replaceAll(CONTROLS, "") : text;
  return visible.toWellFormed().trim();
};

const CONTROL = /(?![\t\n\r])\p{Cc}/u;
const CONTROLS = /(?![\t\n\r])\p{Cc}/gu;
