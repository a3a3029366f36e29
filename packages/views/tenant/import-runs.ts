/** One import in a list of recent ones. */
export interface ImportRow {
  id: string;
  fileName: string;
  state: "waiting" | "running" | "done" | "failed";
  createdAt: Date;
  /** Rows read so far, and what became of them. */
  read: number;
  added: number;
  skipped: number;
  rejected: number;
}

/** One import in full. */
export interface ImportRun extends ImportRow {
  /** Rows in the file, as soon as they are counted. */
  total?: number;
  rowsPerSecond?: number;
  secondsLeft?: number;
  /** Why the whole import stopped, in words for a person. */
  failure?: string;
  /** The first fifty rejected rows; `row` counts as in the file, with the heading as row 1. */
  rejectedRows: { row: number; text: string; reason: string }[];
}
