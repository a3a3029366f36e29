import type { RehearsalReport, RehearsedStatement } from "../../ports/schemas.ts";

/** Locks that stop those who write, or read too: all from `SHARE` on. Weaker ones let everybody work. */
const STOPPING: ReadonlySet<string> = new Set([
  "ShareLock",
  "ShareRowExclusiveLock",
  "ExclusiveLock",
  "AccessExclusiveLock",
]);

/** Of a smaller table than this, the time went into something else than its rows. */
const MEASURABLE_BYTES = 128 * 1024;

/**
 * The longest that one table of a pharmacy will be locked against its people, in milliseconds: as long as it was in the
 * rehearsal, and longer by as much as the pharmacy's tables are larger where a statement goes through them. A lock is
 * held to the end of its migration.
 * @param tableSizes the pharmacy's, in bytes
 */
export function predictedLockMs(report: RehearsalReport, tableSizes: Readonly<Record<string, number>>): number {
  const windows = new Map<string, number>();
  for (const statement of report.statements) {
    const durationMs = statement.durationMs * growth(statement, report.tableSizes, tableSizes);
    for (const { relation, mode } of statement.locks) {
      if (!STOPPING.has(mode)) continue;
      const window = `${statement.migration} ${relation}`;
      windows.set(window, (windows.get(window) ?? 0) + durationMs);
    }
  }
  return Math.ceil(Math.max(0, ...windows.values()));
}

/**
 * Whether the sizes of a pharmacy's tables matter: some statement goes through a table while it or an earlier one stops
 * people.
 */
export function growsWithTables({ statements }: Pick<RehearsalReport, "statements">): boolean {
  return statements.some(
    ({ locks, rewrites, scans }) => rewrites.length + scans.length > 0 && locks.some(({ mode }) => STOPPING.has(mode)),
  );
}

/** Never below 1: a small pharmacy is given the measured time. */
function growth(
  { rewrites, scans }: RehearsedStatement,
  rehearsed: Readonly<Record<string, number>>,
  sizes: Readonly<Record<string, number>>,
): number {
  const grown = [...rewrites, ...scans].map(
    (table) => (sizes[table] ?? 0) / Math.max(rehearsed[table] ?? 0, MEASURABLE_BYTES),
  );
  return Math.max(1, ...grown);
}
