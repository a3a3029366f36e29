import type {
  Import,
  ImportDetails,
  NamedImport,
  Rejection,
  RejectionsPart,
  RowOutcome,
  StagedRow,
  TwoReadings,
} from "@pharmasight/core/tenant/imports/imports";
import { ownColumns } from "@pharmasight/core/tenant/imports/mapping";
import { formatAmount, formatQuantity } from "@pharmasight/views/shared/formats";
import type { PastImport } from "@pharmasight/views/tenant/import-history.tsx";
import type { ImportMappingPageProps, PreviewRow } from "@pharmasight/views/tenant/import-mapping.tsx";
import type { ProgressFigure } from "@pharmasight/views/tenant/import-progress.tsx";
import type { ImportOutcome } from "@pharmasight/views/tenant/import-result.tsx";
import type { ImportFile, ImportState, ImportWork, LeftRow, LeftRows } from "@pharmasight/views/tenant/import-runs";
import { taxClassLabels } from "@pharmasight/views/tenant/tax-class.tsx";

/** Values of a column that are shown beside its heading. */
const SAMPLES_SHOWN = 3;
const SAMPLE_CHARACTERS_MAX = 60;

export const importFile = ({ id, fileName, createdAt, createdByName }: NamedImport): ImportFile => ({
  id,
  fileName,
  createdAt,
  createdByName,
});

/** One that somebody ended before its last row is done for us, and stopped for them. */
export const shownState = ({ state, rowsRead, rowsTotal }: Import): ImportState =>
  state === "done" && rowsRead < (rowsTotal ?? 0) ? "stopped" : state;

/** An import in the history. `mayUndo` and `maySeeRows` are this person's. */
export const pastImport = (run: NamedImport, maySeeRows: boolean): PastImport => ({
  ...importFile(run),
  state: shownState(run),
  added: run.rowsAdded,
  updated: run.rowsUpdated,
  skipped: run.rowsSkipped,
  rejected: run.rowsRejected,
  undone: run.rowsUndone,
  kept: run.rowsKept,
  hasRejectedFile: maySeeRows && leftCount(run) > 0 && run.state !== "cancelled",
  canUndo: run.state === "done" && run.rowsAdded + run.rowsUpdated + run.rowsStocked > 0,
});

/** Rows that the latest pass over the file has not taken, or not whole. */
function leftCount({ state, rowsBad, rowsRejected, rowsStockLeft }: Import): number {
  return (state === "checking" || state === "checked" ? rowsBad : rowsRejected) + rowsStockLeft;
}

export const leftRows = (
  run: ImportDetails,
  rows: readonly Rejection[],
  parts: readonly RejectionsPart[],
): LeftRows => ({
  total: leftCount(run),
  rows: rows.map(leftRow),
  parts: parts.map(({ rows: count, firstRow, lastRow }) => ({ rows: count, firstRow, lastRow })),
  hidden: !run.showsRows,
});

const leftRow = ({ rowNumber, kind, reason, cells }: Rejection): LeftRow => ({
  number: rowNumber,
  kind,
  reason,
  text: cells.filter((cell) => cell !== "").join(", "),
});

/** What the background is at, with its pace since the step began or went on. */
export function importWork(run: ImportDetails, now: Date): ImportWork | undefined {
  const { state, stageStartedAt, stageRows } = run;
  if (state !== "waiting" && state !== "reading" && state !== "checking" && state !== "running" && state !== "undoing")
    return undefined;
  const done = { waiting: 0, reading: 0, checking: run.rowsChecked, running: run.rowsRead, undoing: handled(run) }[
    state
  ];
  if (state === "waiting" || state === "reading") return { state, done };
  const total = state === "undoing" ? handled(run) + run.openChanges : (run.rowsTotal ?? 0);
  const seconds = stageStartedAt === null ? 0 : (now.getTime() - stageStartedAt.getTime()) / 1000;
  if (seconds < 1 || done <= stageRows) return { state, done, total };
  const rowsPerSecond = (done - stageRows) / seconds;
  return { state, done, total, rowsPerSecond, secondsLeft: Math.ceil((total - done) / rowsPerSecond) };
}

const handled = ({ rowsUndone, rowsKept }: Import): number => rowsUndone + rowsKept;

/** The numbers beside the bar, by the step. */
export function progressFigures(run: ImportDetails): ProgressFigure[] {
  const figures: Readonly<Partial<Record<Import["state"], readonly (readonly [string, number])[]>>> = {
    checking: [
      ["New items", run.rowsNew],
      ["Known items", run.rowsKnown],
      ["Rejected rows", run.rowsBad],
      ["With opening stock", run.rowsStocked],
    ],
    running: [
      ["Added", run.rowsAdded],
      ["Updated", run.rowsUpdated],
      ["Skipped", run.rowsSkipped],
      ["Rejected", run.rowsRejected],
    ],
    undoing: [
      ["Undone", run.rowsUndone],
      ["Left as they are", run.rowsKept],
    ],
  };
  return (figures[run.state] ?? []).map(([label, count]) => ({ label, count }));
}

export const importOutcome = (run: Import): ImportOutcome => ({
  total: run.rowsTotal ?? 0,
  read: run.rowsRead,
  added: run.rowsAdded,
  updated: run.rowsUpdated,
  skipped: run.rowsSkipped,
  rejected: run.rowsRejected,
  parked: run.rowsParked,
  stocked: run.rowsStocked,
  stockLeft: run.rowsStockLeft,
  documents: Object.values(run.documentNumbers).toSorted(),
  undone: run.rowsUndone,
  kept: run.rowsKept,
});

/** The columns of a file with some of their values. */
export function importColumns(run: Import, rows: readonly StagedRow[], chosen: readonly string[]) {
  const below = rows.filter(({ number }) => number > (run.headerRow ?? 0));
  const own = ownColumns(run.header ?? []);
  return (run.header ?? []).map((heading, column): ImportMappingPageProps["columns"][number] => ({
    heading,
    isOurs: column < own,
    field: chosen[column] ?? "",
    samples: below
      .map(({ cells }) => (cells[column] ?? "").trim().slice(0, SAMPLE_CHARACTERS_MAX))
      .filter((cell) => cell !== "")
      .slice(0, SAMPLES_SHOWN),
  }));
}

/** A cell with two readings, each in words that nobody can misread. */
export const shownReadings = ({ rowNumber, text, point, comma }: TwoReadings) => ({
  row: rowNumber,
  text: text.slice(0, SAMPLE_CHARACTERS_MAX),
  point: inFull(point),
  comma: inFull(comma),
});

/** Without separators, and a fraction by the whole number below it, since 1.234 is what is in doubt. */
function inFull(plain: string): string {
  const [whole = "", decimals = ""] = plain.split(".");
  return /[1-9]/.test(decimals) ? `a bit more than ${whole}` : whole;
}

interface PreviewContext {
  readonly currency: string;
  /** Branch id → name. */
  readonly branches: ReadonlyMap<string, string>;
  readonly seesCosts: boolean;
  /** Whether somebody has said what quantities count. */
  readonly hasStockUnit: boolean;
}

/** A row as it would be read. Costs only for whom they are. */
export function previewRow(
  outcome: RowOutcome,
  { currency, branches, seesCosts, hasStockUnit }: PreviewContext,
): PreviewRow {
  const { number } = outcome.row;
  if (!outcome.ok) return { number, ok: false, reason: outcome.reason };
  const { item, stock } = outcome;
  const { wholesaleUnit, basePerWholesale, supplierUnit, wholesalePerSupplier } = item;
  const details = [
    item.genericName,
    item.strength,
    item.form,
    item.brandNames,
    item.barcode === null ? null : `barcode ${item.barcode}`,
    `sold by the ${item.baseUnit}`,
    pack(wholesaleUnit, basePerWholesale, item.baseUnit),
    pack(supplierUnit, wholesalePerSupplier, wholesaleUnit ?? ""),
    item.retailPrice === null ? "no price" : `${currency} ${formatAmount(item.retailPrice)} per ${item.baseUnit}`,
    seesCosts && item.costPrice !== null
      ? `costs ${currency} ${formatAmount(item.costPrice)} per ${item.baseUnit}`
      : null,
    item.taxClass === null ? "no tax class" : taxClassLabels[item.taxClass].toLowerCase(),
    item.isControlled ? "controlled" : null,
    item.isPrescriptionOnly ? "prescription only" : null,
    item.isColdChain ? "cold chain" : null,
    stock === null ? null : stockWords(stock, item.baseUnit, hasStockUnit, branches),
    stock === null || stock.batchNumber === "" ? null : `batch ${stock.batchNumber}`,
    stock?.expiresOn ? `expires ${stock.expiresOn}` : null,
  ];
  return { number, ok: true, name: item.name, details: details.filter((detail) => detail !== null) };
}

function stockWords(
  { quantity, branchId }: { readonly quantity: string; readonly branchId: string },
  unit: string,
  hasStockUnit: boolean,
  branches: ReadonlyMap<string, string>,
): string {
  if (!hasStockUnit) return "stock: first say above what the quantities count";
  return `stock ${formatQuantity(quantity)} × ${unit} in ${branches.get(branchId) ?? ""}`;
}

const pack = (unit: string | null, holds: string | null, of: string): string | null =>
  unit === null || holds === null ? null : `1 ${unit} = ${formatQuantity(holds)} × ${of}`;
