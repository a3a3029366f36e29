import { type Archive, damaged, tooLarge } from "./archive.ts";
import { type RawCell, textOfCell, unescaped, type WorkbookContext } from "./cell-values.ts";
import {
  COLUMNS_MAX,
  cellText,
  type FileRow,
  ROW_CHARACTERS_MAX,
  RowCollector,
  rowTooLong,
  tooManyColumns,
} from "./file-rows.ts";
import { type NumberFormat, plainNumber } from "./number-formats.ts";
import { readXml } from "./xml.ts";

/** The last row of a sheet. */
const ROW_NUMBER_MAX = 1_048_576;
const SHARED_TEXTS_MAX = 1_000_000;
const SHARED_CHARACTERS_MAX = 20_000_000;

/**
 * The texts that cells refer to by their number. Runs of a text in several fonts are one text; how it is pronounced is
 * left out.
 * @throws DomainError `invalid_input` on `file`
 */
export async function readSharedTexts(archive: Archive, path: string): Promise<readonly string[]> {
  const texts: string[] = [];
  let text = "";
  let characters = 0;
  let isText = false;
  let isPronunciation = false;
  await readXml(archive.read(path), {
    onOpen: (name) => {
      if (name === "si") text = "";
      if (name === "rPh") isPronunciation = true;
      isText = name === "t" && !isPronunciation;
    },
    onText: (piece) => {
      if (!isText) return;
      text += piece;
      characters += piece.length;
      if (characters > SHARED_CHARACTERS_MAX) throw tooLarge();
    },
    onClose: (name) => {
      isText = false;
      if (name === "rPh") isPronunciation = false;
      if (name !== "si") return;
      if (texts.length === SHARED_TEXTS_MAX) throw tooLarge();
      texts.push(detached(cellText(unescaped(text))));
    },
  });
  return texts;
}

export interface Worksheet extends WorkbookContext {
  readonly archive: Archive;
  readonly path: string;
  readonly formats: readonly NumberFormat[];
}

/**
 * The first rows of a sheet that are not blank, with the numbers that the spreadsheet shows. Of merged cells the first
 * one has the value. Nothing after `rowsMax` rows is inflated.
 * @throws DomainError `invalid_input` on `file`
 */
export async function readWorksheet(sheet: Worksheet, rowsMax = Number.POSITIVE_INFINITY): Promise<readonly FileRow[]> {
  const collector = new RowCollector();
  let isDone = false;
  let rowNumber = 0;
  let column = 0;
  let cells: string[] = [];
  let characters = 0;
  let cell: { -readonly [Key in keyof RawCell]: RawCell[Key] } | undefined;
  let part: "v" | "f" | "t" | undefined;

  const openRow = (number: string | undefined) => {
    const next = number === undefined ? rowNumber + 1 : Number(number);
    if (!Number.isInteger(next) || next <= rowNumber || next > ROW_NUMBER_MAX) throw damaged();
    rowNumber = next;
    column = 0;
    cells = [];
    characters = 0;
  };
  const closeCell = (closed: RawCell) => {
    const text = textOfCell(closed, sheet);
    if (text === undefined) throw damaged();
    if (text === "") return;
    if (column > COLUMNS_MAX) throw tooManyColumns();
    while (cells.length < column - 1) cells.push("");
    cells[column - 1] = closed.type === "s" ? text : detached(text);
  };

  await readXml(sheet.archive.read(sheet.path), {
    onOpen: (name, attribute) => {
      part = undefined;
      if (name === "row") openRow(attribute("r"));
      else if (name === "c") {
        column = columnOf(attribute("r")) ?? column + 1;
        cell = {
          type: attribute("t") ?? "n",
          format: sheet.formats[Number(attribute("s") ?? -1)] ?? plainNumber,
          value: undefined,
          inlineText: "",
          formula: undefined,
        };
      } else if (cell !== undefined && (name === "v" || name === "f" || name === "t")) part = name;
      else if (name === "rPh") cell = undefined;
      if (cell !== undefined && part === "f") cell.formula ??= "";
    },
    onText: (text) => {
      if (cell === undefined || part === undefined) return;
      characters += text.length;
      if (characters > ROW_CHARACTERS_MAX) throw rowTooLong(rowNumber);
      if (part === "v") cell.value = (cell.value ?? "") + text;
      else if (part === "f") cell.formula = (cell.formula ?? "") + text;
      else cell.inlineText += text;
    },
    onClose: (name) => {
      part = undefined;
      if (name === "c" && cell !== undefined) {
        closeCell(cell);
        cell = undefined;
      } else if (name === "row") {
        if (!isDone) collector.add(rowNumber, cells);
        cells = [];
        isDone = collector.rows.length >= rowsMax;
      } else if (name === "sheetData") isDone = true;
    },
    isDone: () => isDone,
  });
  return collector.rows;
}

/** `AB12` is column 28. */
function columnOf(reference: string | undefined): number | undefined {
  const letters = /^([A-Z]{1,3})\d+$/.exec(reference ?? "")?.[1];
  if (letters === undefined) return undefined;
  return [...letters].reduce((column, letter) => column * 26 + letter.charCodeAt(0) - 64, 0);
}

/**
 * A copy of its own. A part of a string keeps the whole string alive, here the piece of markup that the text was cut
 * from; texts below 13 characters are copies already.
 */
const detached = (text: string): string => (text.length < 13 ? text : Buffer.from(text).toString());
