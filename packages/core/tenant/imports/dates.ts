import { isBlank, quote, type Reading, read, unreadable, westernDigits } from "./cells.ts";

export const dateOrders = ["dmy", "mdy", "ymd"] as const;
/** In which order a file writes the day, the month and the year of a date in numbers. */
export type DateOrder = (typeof dateOrders)[number];

const words: Readonly<Record<DateOrder, string>> = {
  dmy: "day/month/year",
  mdy: "month/day/year",
  ymd: "year/month/day",
};

const MILLISECONDS_PER_DAY = 86_400_000;

/**
 * The day that a spreadsheet counts so many days after its epoch. Its 1900 had a 29 February, which never was.
 * @returns `yyyy-mm-dd`; undefined before 1900-03-01 and after 9999
 */
export function isoOfSerial(serial: number, isFrom1904: boolean): string | undefined {
  const days = Math.floor(serial) + (isFrom1904 ? 1462 : 0);
  if (days < 61 || days > 2_958_465) return undefined;
  return new Date(Date.UTC(1899, 11, 30) + days * MILLISECONDS_PER_DAY).toISOString().slice(0, 10);
}

/**
 * The last day on which a medicine may be used, as labels and lists write it: a day, or a month, which means its last
 * day. Blank is null.
 */
export function readExpiry(text: string, order: DateOrder): Reading<string | null> {
  const cell = westernDigits(text.trim());
  if (isBlank(cell) || /^(no|never|without)( expiry| expires?)?$/i.test(cell)) return read(null);
  const date =
    inNumbers(cell, order) ?? inWords(cell) ?? (/^\d{5}(\.\d+)?$/.test(cell) ? ofSerial(Number(cell)) : undefined);
  return date ?? unreadable(`${quote(cell)} is not a date. Write it like 2027-01-31, or 2027-01 for a month.`);
}

/**
 * In which order a column writes its dates, from those that have one reading.
 * @returns undefined when no value tells, or when they contradict each other
 */
export function guessDateOrder(values: Iterable<string>): DateOrder | undefined {
  const orders = new Set<DateOrder>();
  for (const value of values) {
    const [, first = "", second = "", third = ""] = triple.exec(westernDigits(value.trim())) ?? [];
    if (first.length === 4 || first === "") continue;
    if (Number(first) > 31) orders.add("ymd");
    else if (Number(second) > 12) orders.add("mdy");
    else if (Number(first) > 12 && (third.length === 4 || Number(third) > 31)) orders.add("dmy");
  }
  const [only] = orders;
  return orders.size === 1 ? only : undefined;
}

/** Three numbers; a time of day may follow, which programs write for midnight. */
const triple = /^(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})(?:[T ]\d{1,2}:\d{2}.*)?$/;

function inNumbers(cell: string, order: DateOrder): Reading<string> | undefined {
  const compact = /^(20\d{2})(\d{2})(\d{2})$/.exec(cell);
  if (compact !== null) return day(cell, compact[1], compact[2], compact[3]);
  const [, first = "", second = "", third = ""] = triple.exec(cell) ?? [];
  if (first.length === 4) return third.length > 2 ? undefined : day(cell, first, second, third);
  if (first.length === 3 || third.length === 3) return undefined;
  if (first !== "") {
    // Four digits behind can only be the year.
    if (order === "ymd" && third.length !== 4) return day(cell, first, second, third);
    if (third.length === 1) return shortYear(cell);
    const date = order === "mdy" ? day(cell, third, first, second) : day(cell, third, second, first);
    if (date.ok) return date;
    return unreadable(
      `${quote(cell)} is no date when read as ${words[order === "ymd" ? "dmy" : order]}. Write it like 2027-01-31, or change the order of dates for this file.`,
    );
  }
  const yearFirst = /^(\d{4})[-/. ](\d{1,2})$/.exec(cell);
  if (yearFirst !== null) return month(cell, yearFirst[1], yearFirst[2]);
  const pair = /^(\d{1,2})[-/. ](\d{4}|\d{2})$/.exec(cell);
  if (pair === null) return undefined;
  const [, monthNumber = "", year = ""] = pair;
  // 01/12 may be January 2012, 2001 December or the first of December.
  return year.length === 2 && Number(year) <= 31 && (Number(year) <= 12 || Number(monthNumber) > 12)
    ? withoutYear(cell)
    : month(cell, year, monthNumber);
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const fullMonths =
  /^(january|february|march|april|may|june|july|august|september|sept|october|november|december|[a-z]{3})$/;

function inWords(cell: string): Reading<string> | undefined {
  const parts = cell
    .toLowerCase()
    .replace(/[T ]\d{1,2}:\d{2}.*$/i, "")
    .split(/[-/., ]+|(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d)/)
    .filter((part) => part !== "" && !/^(st|nd|rd|th)$/.test(part));
  const named = parts.findIndex((part) => fullMonths.test(part) && months.includes(part.slice(0, 3)));
  const name = parts[named];
  if (name === undefined) return undefined;
  const monthNumber = String(months.indexOf(name.slice(0, 3)) + 1);
  const numbers = parts.filter((part) => /^\d{1,4}$/.test(part));
  if (numbers.length !== parts.length - 1) return undefined;
  const [first = "", second = ""] = numbers;
  if (numbers.length === 1) {
    // In front of the month a number is a day, unless only a year has so many digits.
    return named === 0 || first.length === 4 ? month(cell, first, monthNumber) : withoutYear(cell);
  }
  if (numbers.length !== 2) return undefined;
  return first.length === 4 ? day(cell, first, monthNumber, second) : day(cell, second, monthNumber, first);
}

const withoutYear = (cell: string): Reading<never> =>
  unreadable(
    `${quote(cell)} does not tell the year. Spreadsheets take Jan-27 for the 27th of January: write it like 2027-01.`,
  );

/** Days since 1900, of this century: other numbers of five digits are hardly dates. */
function ofSerial(serial: number): Reading<string> | undefined {
  const date = serial >= 36_526 && serial <= 73_050 ? isoOfSerial(serial, false) : undefined;
  return date === undefined ? undefined : read(date);
}

function day(cell: string, year = "", monthNumber = "", dayNumber = ""): Reading<string> {
  if (year.length === 1) return shortYear(cell);
  const fullYear = yearOf(year);
  const wanted = [fullYear, Number(monthNumber), Number(dayNumber)] as const;
  const date = new Date(Date.UTC(wanted[0], wanted[1] - 1, wanted[2]));
  const isReal = date.getUTCMonth() === wanted[1] - 1 && date.getUTCDate() === wanted[2];
  return isReal && isYear(fullYear) ? read(date.toISOString().slice(0, 10)) : unreal(cell);
}

function month(cell: string, year = "", monthNumber = ""): Reading<string> {
  if (year.length === 1) return shortYear(cell);
  const fullYear = yearOf(year);
  const number = Number(monthNumber);
  if (number < 1 || number > 12 || !isYear(fullYear)) return unreal(cell);
  return read(new Date(Date.UTC(fullYear, number, 0)).toISOString().slice(0, 10));
}

const unreal = (cell: string): Reading<never> =>
  unreadable(`${quote(cell)} is no day of the calendar. Write it like 2027-01-31, or 2027-01 for a month.`);

/** 1/2/7 is no year but a digit that was lost, or a day. */
const shortYear = (cell: string): Reading<never> =>
  unreadable(`${quote(cell)} has a year of one digit. Write it in full, like 2027-01-31, or 2027-01 for a month.`);

/** Medicines expire in this century. */
const yearOf = (year: string): number => (year.length <= 2 ? 2000 + Number(year) : Number(year));
const isYear = (year: number): boolean => year >= 1950 && year <= 2199;
