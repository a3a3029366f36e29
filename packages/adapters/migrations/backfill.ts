import * as z from "zod";
import { LeadFailed } from "./failures.ts";
import type { Migration } from "./migration.ts";
import { pause, type SchemaRun, timeLeftMs } from "./schema-session.ts";
import { type Checkpoint, keepCheckpoint, readCheckpoints } from "./steps/checkpoints.ts";
import { inFencedTransaction, inPlace, placeOf, withRetries } from "./steps/transaction.ts";
import { recordApplied } from "./steps/transactional.ts";

/** Migrations that change rows in batches, each with its cursor in one transaction. */

export interface Pace {
  readonly batchSize: number;
  readonly delayMs: number;
}

/** Where nobody works yet, and nobody is asked. */
const ALONE: Pace = { batchSize: 1000, delayMs: 0 };
/** A worker that has less than this leaves the rest to the next one. */
const TIME_LEFT_MIN_MS = 60_000;
const ONLY_STATEMENT = 1;

/** The cursor of the batch after, null when there is none, and how many rows this one changed. */
const batchSchema = z.tuple([
  z.object({
    cursor: z
      .union([z.string(), z.number()])
      .nullable()
      .transform((cursor) => cursor?.toString() ?? null),
    rows: z.coerce.number(),
  }),
]);

/**
 * Goes on where it stopped until no row is left, verifies, and writes the history.
 * @returns rows that are done; `isFinished` is false when the lead stops, or its time is over, before the rows are
 * @throws LeadFailed when the lead cannot be asked
 */
export async function backfill(
  run: SchemaRun,
  migration: Migration,
): Promise<{ readonly isFinished: boolean; readonly rowsDone: number }> {
  const startedAt = performance.now();
  let at = await beginning(run, migration);
  while (at.state !== "done") {
    const isStopping = run.lead?.isStopping() === true || timeLeftMs(run) < TIME_LEFT_MIN_MS;
    if (isStopping) return { isFinished: false, rowsDone: at.rowsDone };
    const pace = await asked(() => run.lead?.pace() ?? ALONE);
    at = await runBatch(run, migration, at, pace.batchSize);
    const { rowsDone } = at;
    await asked(() => run.lead?.progressed(rowsDone));
    if (at.state !== "done" && pace.delayMs > 0) await pause(run, pace.delayMs);
  }
  await withRetries(run, migration, () =>
    inFencedTransaction(run, migration, () => recordApplied(run, migration, startedAt)),
  );
  return { isFinished: true, rowsDone: at.rowsDone };
}

async function beginning(run: SchemaRun, migration: Migration): Promise<Checkpoint> {
  const checkpoints = await readCheckpoints(run, migration.version);
  const found = checkpoints.find(({ statement }) => statement === ONLY_STATEMENT);
  return found ?? { statement: ONLY_STATEMENT, state: "intended", cursor: null, rowsDone: 0 };
}

const runBatch = (run: SchemaRun, migration: Migration, at: Checkpoint, size: number): Promise<Checkpoint> =>
  withRetries(run, migration, () =>
    inFencedTransaction(run, migration, () =>
      inPlace(placeOf(run.plane, migration, "up", ONLY_STATEMENT), async () => {
        const answer = await run.session.rows(migration.up[0] ?? "", [at.cursor, size]);
        const [{ cursor, rows }] = batchSchema.parse(answer);
        if (cursor !== null && cursor === at.cursor) {
          throw new Error("The batch ended where it began: its cursor has to move on, or be null when no row is left.");
        }
        const state = cursor === null ? "done" : "intended";
        const next = { statement: ONLY_STATEMENT, state, cursor, rowsDone: at.rowsDone + rows } as const;
        await keepCheckpoint(run, migration.version, next);
        return next;
      }),
    ),
  );

async function asked<T>(ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new LeadFailed(error);
  }
}
