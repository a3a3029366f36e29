export type Cell = string | number | null | undefined;

const COLUMN_MAX = 60;
export const NOTHING = "-";

/** Columns as wide as their widest cell; numbers to the right. What came from outside cannot steer the terminal. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[], columnMax = COLUMN_MAX): string {
  const texts = rows.map((row) => row.map((cell) => shorten(printable(cell), columnMax)));
  const widths = head.map((title, column) => Math.max(title.length, ...texts.map((row) => row[column]?.length ?? 0)));
  const isNumber = head.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"));
  const line = (cells: readonly string[]) =>
    cells
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return isNumber[column] ? text.padStart(width) : text.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return [line(head), ...texts.map(line)].join("\n");
}

/** Names and what they are, one under the other. */
export function facts(lines: readonly (readonly [string, Cell])[]): string {
  return lines.map(([name, value]) => `${name.padEnd(14)}${printable(value)}`).join("\n");
}

/** Such as `4 min`: one unit is enough to decide by. */
export function span(from: Date, to: Date): string {
  const seconds = Math.max(0, (to.getTime() - from.getTime()) / 1000);
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

function printable(cell: Cell): string {
  if (cell === null || cell === undefined) return NOTHING;
  return String(cell).replaceAll(/\p{C}/gu, "?");
}

const shorten = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max - 1)}…` : text);

/** Such as `340 ms` or `12.5 s`. */
export function milliseconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Such as `4 min`. */
export const seconds = (count: number): string => span(new Date(0), new Date(count * 1000));
