import type { Tone } from "../shared/badge.tsx";

export type ImportState =
  | "waiting"
  | "reading"
  | "mapping"
  | "checking"
  | "checked"
  | "running"
  | "paused"
  | "done"
  | "stopped"
  | "undoing"
  | "undone"
  | "cancelled"
  | "failed";

/** One import in a list of recent ones. */
export interface ImportRow {
  id: string;
  fileName: string;
  state: ImportState;
  createdAt: Date;
  /** Rows read so far, and what became of them. */
  read: number;
  added: number;
  skipped: number;
  rejected: number;
}

/** What every page of one import shows. */
export interface ImportFile {
  id: string;
  fileName: string;
  createdAt: Date;
  createdByName: string;
}

/** A step that the background is at. */
export interface ImportWork {
  state: "waiting" | "reading" | "checking" | "running" | "undoing";
  done: number;
  /** As soon as it is known. */
  total?: number;
  rowsPerSecond?: number;
  secondsLeft?: number;
}

/** A row that was not taken, or not whole. `number` counts as in the file, with its first row as 1. */
export interface LeftRow {
  number: number;
  /** `stock_left`: the item was taken, its opening stock was not. */
  kind: "rejected" | "stock_left";
  reason: string;
  text: string;
}

/** One of the files that rows which were not taken are downloaded as. Rows are counted as in the file. */
export interface LeftPart {
  rows: number;
  firstRow: number;
  lastRow: number;
}

/** The first rows that were not taken. `hidden`: this person may not see what is in the file. */
export interface LeftRows {
  total: number;
  rows: LeftRow[];
  /** More than one where one download could not hold them. */
  parts: LeftPart[];
  hidden: boolean;
}

export const importStates: Readonly<Record<ImportState, { label: string; tone: Tone }>> = {
  waiting: { label: "Waiting", tone: "neutral" },
  reading: { label: "Reading", tone: "info" },
  mapping: { label: "Match columns", tone: "warning" },
  checking: { label: "Checking", tone: "info" },
  checked: { label: "Ready to start", tone: "warning" },
  running: { label: "Running", tone: "info" },
  paused: { label: "Paused", tone: "warning" },
  done: { label: "Done", tone: "success" },
  stopped: { label: "Stopped early", tone: "warning" },
  undoing: { label: "Undoing", tone: "info" },
  undone: { label: "Undone", tone: "neutral" },
  cancelled: { label: "Cancelled", tone: "neutral" },
  failed: { label: "Not read", tone: "error" },
};
