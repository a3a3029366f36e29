import { setTimeout as sleep } from "node:timers/promises";
import type { Session } from "../postgres/client.ts";
import { quoteTable } from "./contents.ts";

/** A reader of tables, as people's requests read them: one short query after another. */
export interface Reader {
  /** The longest that it waited of the time from `from` on, for a wait that began before `to`. In milliseconds. */
  longestWaitMs(from: number, to: number): number;
  /** Returns when its last query has been answered. */
  stop(): Promise<void>;
}

/** A shorter read was not stopped by anybody. */
const BLOCKED_MS = 5;
const PAUSE_MS = 1;

/** @param session used by nobody else until it has stopped */
export function startReader(session: Session, tables: readonly string[]): Reader {
  const waits: { readonly from: number; readonly to: number }[] = [];
  let isStopped = tables.length === 0;
  const read = async (table: string): Promise<void> => {
    const from = performance.now();
    // A table may go away in the middle of it.
    await session.script(`select from ${quoteTable(table)} limit 1`).catch(() => {});
    const to = performance.now();
    if (to - from > BLOCKED_MS) waits.push({ from, to });
  };
  const reading = (async () => {
    while (!isStopped && !session.closed()) {
      for (const table of tables) await read(table);
      await sleep(PAUSE_MS);
    }
  })();
  return {
    longestWaitMs: (from, to) =>
      Math.max(
        0,
        ...waits.filter((wait) => wait.from < to && wait.to > from).map((wait) => wait.to - Math.max(wait.from, from)),
      ),
    stop: async () => {
      isStopped = true;
      await reading;
    },
  };
}
