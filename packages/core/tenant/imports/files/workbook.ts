import { headingScore } from "../mapping.ts";
import { Archive, damaged, passwordProtected } from "./archive.ts";
import type { FileRow } from "./file-rows.ts";
import { readNumberFormats } from "./number-formats.ts";
import { refused } from "./refusals.ts";
import { readSharedTexts, readWorksheet, type Worksheet } from "./worksheet.ts";
import { readXml } from "./xml.ts";

export interface Workbook {
  /** Names of the sheets that are not hidden, in their order. */
  readonly sheets: readonly string[];
  readonly sheet: string;
  readonly rows: readonly FileRow[];
}

const ROWS_LOOKED_AT = 50;

/**
 * One sheet of an Excel workbook (.xlsx; macros and links of it are never looked at): the one that is asked for, else
 * the one whose headings say most. yauzl and a streaming parser read it, because readers that build the whole workbook
 * hold every sheet of it in memory, number the rows anew or fill each row to the widest one, and one cell in the last
 * column then costs gigabytes.
 * @throws DomainError `invalid_input` on `file`
 */
export async function readWorkbook(content: Uint8Array, wanted: string | undefined): Promise<Workbook> {
  const archive = await Archive.open(content);
  requireWorkbook(archive);
  const path = (await relations(archive, "")).find(isOfType("officeDocument"))?.target ?? "xl/workbook.xml";
  const parts = archive.has(relationsPath(path)) ? await relations(archive, path) : [];
  const { entries, isFrom1904 } = await readOutline(archive, path);
  const textsPath = parts.find(isOfType("sharedStrings"))?.target;
  const stylesPath = parts.find(isOfType("styles"))?.target;
  const context = {
    archive,
    isFrom1904,
    sharedTexts: textsPath !== undefined && archive.has(textsPath) ? await readSharedTexts(archive, textsPath) : [],
    formats: stylesPath !== undefined && archive.has(stylesPath) ? await readNumberFormats(archive, stylesPath) : [],
  };
  const sheets = entries.flatMap(({ name, relationId }) => {
    const part = parts.filter(isOfType("worksheet")).find(({ id }) => id === relationId);
    return part === undefined ? [] : [{ name, worksheet: { ...context, path: part.target } }];
  });
  const chosen = wanted === undefined ? await mostTelling(sheets) : sheets.find(({ name }) => name === wanted);
  if (chosen === undefined) {
    throw refused(
      sheets.length === 0
        ? "The workbook has no sheet with rows. Put your list on a sheet, and upload it again."
        : "The workbook has no sheet of that name. Choose one of its sheets.",
    );
  }
  return { sheets: sheets.map(({ name }) => name), sheet: chosen.name, rows: await readWorksheet(chosen.worksheet) };
}

/** The many other files that are zip archives as well. */
function requireWorkbook(archive: Archive): void {
  archive.requireOpen();
  if (archive.has("encryptedpackage")) throw passwordProtected();
  if (archive.has("[content_types].xml") && archive.hasFolder("xl/") && !archive.has("xl/workbook.bin")) return;
  if (archive.has("xl/workbook.bin")) {
    throw refused("This is a binary Excel workbook (.xlsb). Save it as an Excel workbook (.xlsx), and upload that.");
  }
  if (archive.has("mimetype") || archive.has("content.xml")) {
    throw refused(
      "This is an OpenDocument file (.ods). In LibreOffice choose File → Save as → Excel 2007–365 (.xlsx), and upload that.",
    );
  }
  if (archive.hasFolder("index/") || archive.has("index.zip")) {
    throw refused("This is an Apple Numbers file. Choose File → Export to → Excel, and upload that.");
  }
  if (archive.hasFolder("word/") || archive.hasFolder("ppt/")) {
    throw refused("This is a text document or a presentation. Copy its list into a spreadsheet, and upload that.");
  }
  throw refused("This is a zip archive, not a workbook. Unpack it, and upload the workbook or CSV file in it.");
}

interface Relation {
  readonly id: string;
  readonly type: string;
  readonly target: string;
}

/** Types end alike in both editions of the standard, whose addresses differ. */
const isOfType =
  (type: string) =>
  (relation: Relation): boolean =>
    relation.type.endsWith(`/${type}`);

/** `xl/workbook.xml` → `xl/_rels/workbook.xml.rels`; the whole archive's are in `_rels/.rels`. */
function relationsPath(path: string): string {
  const slash = path.lastIndexOf("/") + 1;
  return `${path.slice(0, slash)}_rels/${path.slice(slash)}.rels`;
}

/** Which other parts of the archive a part refers to. Links to other files and addresses are left out. */
async function relations(archive: Archive, path: string): Promise<readonly Relation[]> {
  const found: Relation[] = [];
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  await readXml(archive.read(relationsPath(path)), {
    onOpen: (name, attribute) => {
      if (name !== "Relationship" || attribute("TargetMode") === "External") return;
      const target = attribute("Target") ?? "";
      found.push({
        id: attribute("Id") ?? "",
        type: attribute("Type") ?? "",
        target: target.startsWith("/") ? target.slice(1) : resolved(folder + target),
      });
      if (found.length > RELATIONS_MAX) throw damaged();
    },
  });
  return found;
}

const RELATIONS_MAX = 2_000;

/** `xl/worksheets/../styles.xml` → `xl/styles.xml` */
function resolved(path: string): string {
  const steps: string[] = [];
  for (const step of path.split("/")) {
    if (step === "..") steps.pop();
    else if (step !== "." && step !== "") steps.push(step);
  }
  return steps.join("/");
}

interface Outline {
  readonly entries: readonly { readonly name: string; readonly relationId: string }[];
  readonly isFrom1904: boolean;
}

async function readOutline(archive: Archive, path: string): Promise<Outline> {
  const visible: { name: string; relationId: string }[] = [];
  let isFrom1904 = false;
  await readXml(archive.read(path), {
    onOpen: (name, attribute) => {
      if (name === "workbookPr") isFrom1904 = ["1", "true"].includes(attribute("date1904") ?? "");
      if (name !== "sheet" || (attribute("state") ?? "visible") !== "visible") return;
      visible.push({ name: attribute("name") ?? "", relationId: attribute("id") ?? "" });
      if (visible.length > RELATIONS_MAX) throw damaged();
    },
  });
  return { entries: visible, isFrom1904 };
}

interface Sheet {
  readonly name: string;
  readonly worksheet: Worksheet;
}

/** The sheet whose first rows name the most fields of an item; of equals the first that is not blank. */
async function mostTelling(sheets: readonly Sheet[]): Promise<Sheet | undefined> {
  const [only] = sheets;
  if (sheets.length <= 1) return only;
  let best: Sheet | undefined;
  let bestScore = 0;
  for (const sheet of sheets) {
    const rows = await readWorksheet(sheet.worksheet, ROWS_LOOKED_AT);
    // Any row is better than none.
    const score = rows.length === 0 ? 0 : 1 + headingScore(rows);
    if (score > bestScore) [best, bestScore] = [sheet, score];
  }
  return best ?? only;
}
