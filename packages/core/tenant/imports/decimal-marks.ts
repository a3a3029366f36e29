import { westernDigits } from "./cells.ts";
import { withoutCurrency } from "./currencies.ts";

/*
 * A list writes 1.234 and means 1234, or a bit more than one: a factor of a thousand, and no cell of its own tells. So
 * that is decided once for the file. All other ways to write a number have one reading, whatever was decided.
 */

export const decimalMarks = ["point", "comma"] as const;
/** What a file writes between a number's whole part and its decimals; the other sign separates thousands. */
export type DecimalMark = (typeof decimalMarks)[number];

/** Whether a number is a thousand times larger if its sign separates thousands. No group of thousands begins with 0. */
export const hasTwoReadings = (number: string): boolean => /^[1-9]\d{0,2}[.,]\d{3}$/.test(tidied(number));

/** A number as plain decimal text. @returns undefined for what is no number, and for two readings without a mark */
export function decimalOf(number: string, mark: DecimalMark | null): string | undefined {
  const text = tidied(number);
  if (hasTwoReadings(text)) return mark === null ? undefined : readingOf(text, mark);
  const plain = notations.find(([pattern]) => pattern.test(text))?.[1](text);
  return plain === undefined || /^\d{17}/.test(plain) ? undefined : plain;
}

/** How a cell with two readings is read by each mark, as plain decimal text; undefined for any other cell. */
export function readingsOf(cell: string): Readonly<Record<DecimalMark, string>> | undefined {
  const number = tidied(withoutCurrency(cell).sum);
  if (!hasTwoReadings(number)) return undefined;
  return { point: readingOf(number, "point"), comma: readingOf(number, "comma") };
}

export interface DecimalMarkGuess {
  /** Undefined: it matters, and the file does not tell or contradicts itself. Somebody has to say it. */
  readonly mark: DecimalMark | undefined;
  /** Whether there are cells with two readings. */
  readonly matters: boolean;
}

/**
 * Which mark a file writes, from those of its amounts that have one reading. A file that does not tell is taken for one
 * with a point, as East Africa writes; but where numbers like 1.234 are the only ones with a point, they look like
 * thousands, and somebody has to say it.
 * @param isWorkbook cells that are numbers come with a point, whatever the person who sees them writes, and tell nothing
 */
export function guessDecimalMark(
  cells: Iterable<string>,
  { isWorkbook }: { readonly isWorkbook: boolean },
): DecimalMarkGuess {
  const told = new Set<DecimalMark>();
  const open = new Set<string>();
  for (const cell of cells) {
    const number = tidied(withoutCurrency(cell).sum);
    if (hasTwoReadings(number)) open.add(number.includes(".") ? "." : ",");
    else if (!isWorkbook || !/^\d+\.\d+$/.test(number)) {
      const mark = markOf(number);
      if (mark !== undefined) told.add(mark);
    }
  }
  const matters = open.size > 0;
  const [first] = told;
  if (told.size === 1) return { mark: first, matters };
  const isCustomary = told.size === 0 && !open.has(".");
  return { mark: isCustomary || !matters ? "point" : undefined, matters };
}

/** The mark by which a number with one reading is written; undefined when it would be the same by the other one. */
function markOf(number: string): DecimalMark | undefined {
  const signs = number.match(/[.,]/g) ?? [];
  const last = signs.at(-1);
  if (last === undefined || number.endsWith(last) || decimalOf(number, null) === undefined) return undefined;
  // A sign that comes twice separates thousands.
  const isDecimal = signs.filter((sign) => sign === last).length === 1;
  return (last === ".") === isDecimal ? "point" : "comma";
}

const readingOf = (number: string, mark: DecimalMark): string =>
  number.includes(".") === (mark === "point") ? number.replace(",", ".") : number.replace(/[.,]/, "");

const tidied = (number: string): string => westernDigits(number).replaceAll(/\s/g, " ").trim();

/** The ways to write a number of which each has one reading, and how each becomes a plain decimal. */
const notations: readonly (readonly [RegExp, (text: string) => string])[] = [
  [/^(\d{1,16}(\.\d{0,20})?|\.\d{1,20})$/, (text) => text],
  // 0,125 is no thousands: no number begins with a group that is zero.
  [/^0,\d{1,20}$/, (text) => text.replace(",", ".")],
  // 1,234,567.50, and 12,34,567.50 as in India
  [/^\d{1,3}(,\d{3})+(\.\d{0,20})?$|^\d{1,2}(,\d{2})+,\d{3}(\.\d{0,20})?$/, (text) => text.replaceAll(",", "")],
  // 1.234,50
  [/^\d{1,3}(\.\d{3})+,\d{1,20}$/, (text) => text.replaceAll(".", "").replace(",", ".")],
  // 1.234.567
  [/^\d{1,3}(\.\d{3}){2,}$/, (text) => text.replaceAll(".", "")],
  // 1 234.50, 1'234,50
  [/^\d{1,3}([ '’]\d{3})+([.,]\d{1,20})?$/, (text) => text.replaceAll(/[ '’]/g, "").replace(",", ".")],
  // 12,5 and 1234,567: a group of thousands has three digits, and at most three stand before it.
  [/^\d{1,16},(\d{1,2}|\d{4,20})$|^\d{4,16},\d{3}$/, (text) => text.replace(",", ".")],
  // The signs of Arabic have one meaning each.
  [/^(\d{1,16}|\d{1,3}(٬\d{3})+)(٫\d{1,20})?$/, (text) => text.replaceAll("٬", "").replace("٫", ".")],
];
