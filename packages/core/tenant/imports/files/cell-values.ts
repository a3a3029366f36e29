import { Decimal } from "decimal.js";
import { isoOfSerial } from "../dates.ts";
import { hasTwoReadings } from "../decimal-marks.ts";
import { cellText } from "./file-rows.ts";
import type { NumberFormat } from "./number-formats.ts";

/** A cell of a sheet as its markup gives it (ECMA-376 part 1, 18.3.1.4). */
export interface RawCell {
  /** `t`: s shared text, str text of a formula, inlineStr text, b boolean, e error, d date, n number. */
  readonly type: string;
  readonly format: NumberFormat;
  /** Of `v`: for a formula, the result that was saved with it. Undefined: there is none. */
  readonly value: string | undefined;
  readonly inlineText: string;
  /** Of `f`. Formulas are never calculated. */
  readonly formula: string | undefined;
}

export interface WorkbookContext {
  readonly sharedTexts: readonly string[];
  /** The workbook counts days from 1904, as old Macs did. */
  readonly isFrom1904: boolean;
}

/**
 * A cell as text: what a person sees in the spreadsheet, but numbers in full and dates as ISO writes them.
 * @returns undefined for a cell that cannot be in an undamaged workbook
 */
export function textOfCell(cell: RawCell, workbook: WorkbookContext): string | undefined {
  if (cell.type === "inlineStr") return cellText(unescaped(cell.inlineText));
  const value = cell.value ?? "";
  if (value === "") return cell.formula === undefined ? "" : `=${cellText(cell.formula).slice(0, 100)}`;
  switch (cell.type) {
    case "s":
      return /^\d{1,9}$/.test(value) ? workbook.sharedTexts[Number(value)] : undefined;
    case "b":
      return value === "1" || value === "true" ? "yes" : "no";
    case "d":
      return value.slice(0, 10);
    case "n":
      return textOfNumber(value.trim(), cell.format, workbook.isFrom1904);
    default:
      return cellText(unescaped(value));
  }
}

/** Characters that XML cannot hold, as workbooks write them: `_x000D_` (ECMA-376 part 1, 22.9.2.19). */
export const unescaped = (text: string): string =>
  text.includes("_x")
    ? text.replace(/_x([\da-fA-F]{4})_/g, (_, code) => String.fromCharCode(Number.parseInt(String(code), 16)))
    : text;

function textOfNumber(value: string, format: NumberFormat, isFrom1904: boolean): string {
  const number = Number(value);
  // A number beyond what a spreadsheet calculates with is left to the reader of its column.
  if (value === "" || !Number.isFinite(number)) return cellText(value).slice(0, 100);
  switch (format.kind) {
    case "number":
    case "time":
      return ofOneReading(plain(value, number));
    case "padded":
      return plain(value, number).padStart(format.digits, "0");
    case "percent":
      return `${significant(new Decimal(number).times(100))}%`;
    default: {
      const date = isoOfSerial(number, isFrom1904);
      if (date === undefined) return plain(value, number);
      if (format.kind === "date") return date;
      return format.kind === "month" ? date.slice(0, 7) : dayAndMonth(date);
    }
  }
}

/**
 * A number of a workbook is no text, and its point is no separator of thousands: 1.234 gets a fourth decimal, so that it
 * has that one reading in a file of decimal commas too.
 */
const ofOneReading = (number: string): string => (hasTwoReadings(number) ? `${number}0` : number);

/**
 * Without exponent and without the noise of binary fractions: spreadsheets calculate with 15 digits and save 17, so that
 * 0.1+0.2 is saved as 0.30000000000000004 and shown as 0.3. Whole numbers keep all their digits.
 */
function plain(value: string, number: number): string {
  if (/^\d+$/.test(value) || (value.length <= 15 && /^-?\d+\.\d*[1-9]$/.test(value))) return value;
  return significant(new Decimal(number));
}

const significant = (number: Decimal): string =>
  number.isZero() ? "0" : number.toSignificantDigits(15, Decimal.ROUND_HALF_UP).toFixed();

/** As the spreadsheet shows it, without a year: nobody knows which one was meant. */
function dayAndMonth(date: string): string {
  const month = new Date(`${date}T00:00:00Z`).toLocaleDateString("en", { month: "short", timeZone: "UTC" });
  return `${Number(date.slice(8))}-${month}`;
}
