import { setTimeout as sleep } from "node:timers/promises";
import type { RehearsedStatement } from "@pharmasight/core/ports/schemas";
import type { Session } from "../postgres/client.ts";
import { stopsPeople, strongest, type Table, type TableState, tableStates, worksOnTable } from "./locks.ts";
import type { Reader } from "./readers.ts";
import { shownStatement } from "./statement-text.ts";
import type { Measure, TrialStep } from "./trial.ts";

/** What the statements of a rehearsal did to the tables that were there before it. */
export interface Measurements {
  readonly measure: Measure;
  /** To be asked once the reader has stopped: it may wait until a transaction ends. */
  statements(): readonly RehearsedStatement[];
}

export interface Measured {
  readonly session: Session;
  /** Another session of the same database, which looks on where the first one cannot look at itself. */
  readonly observer: Session;
  readonly reader: Reader;
  readonly tables: readonly Table[];
  /** Of `session`. */
  readonly pid: number;
}

type States = ReadonlyMap<string, TableState>;
interface Taken {
  readonly step: TrialStep;
  readonly from: number;
  readonly to: number;
  readonly durationMs: number;
  readonly before: States;
  readonly seen: readonly States[];
}

const LOOK_PAUSE_MS = 2;

export function measurements({ session, observer, reader, tables, pid }: Measured): Measurements {
  const taken: Taken[] = [];

  const measure: Measure = async (step, run) => {
    const looker = step.isInTransaction ? session : observer;
    const look = () => tableStates(looker, pid, tables);
    const before = await look();
    const seen: States[] = [];
    let lookedMs = 0;
    const from = performance.now();
    const running = run(async () => {
      const began = performance.now();
      seen.push(await look());
      lookedMs += performance.now() - began;
    });
    if (!step.isInTransaction) await lookOnWhile(running, async () => seen.push(await look()));
    await running;
    const to = performance.now();
    taken.push({ step, from, to, durationMs: to - from - lookedMs, before, seen });
  };

  const described = ({ step, from, to, durationMs, before, seen }: Taken): RehearsedStatement => {
    const locks = tables.flatMap(({ name }) => {
      const mode = strongest(seen.flatMap((states) => states.get(name)?.modes ?? []));
      return mode === undefined ? [] : [{ relation: name, mode }];
    });
    const modes = new Map(locks.map(({ relation, mode }) => [relation, mode]));
    const was = (name: string, what: (now: TableState, then: TableState) => boolean): boolean => {
      const then = before.get(name);
      return then !== undefined && seen.some((states) => what(states.get(name) ?? then, then));
    };
    const names = tables.map(({ name }) => name);
    return {
      migration: step.migration.name,
      statement: step.statement,
      what: shownStatement(step.what),
      durationMs: rounded(durationMs),
      locks,
      rewrites: names.filter((name) => was(name, (now, then) => now.file !== undefined && now.file !== then.file)),
      // From outside nobody sees what a transaction reads: there the lock has to tell.
      scans: names.filter((name) =>
        step.isInTransaction ? was(name, (now, then) => now.scans > then.scans) : worksOnTable(modes.get(name) ?? ""),
      ),
      blockedReadersMs: rounded(reader.longestWaitMs(from, to)),
      lockedBytes: tables
        .filter(({ name }) => stopsPeople(modes.get(name) ?? ""))
        .reduce((bytes, table) => bytes + table.bytes, 0),
    };
  };

  return { measure, statements: () => taken.map(described) };
}

/** A last look comes after the end, for what the statement left behind. */
async function lookOnWhile(running: Promise<void>, look: () => Promise<unknown>): Promise<void> {
  let isRunning = true;
  const ended = Promise.allSettled([running]).then(() => {
    isRunning = false;
  });
  while (isRunning) {
    await look();
    await Promise.race([ended, sleep(LOOK_PAUSE_MS)]);
  }
  await look();
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;
