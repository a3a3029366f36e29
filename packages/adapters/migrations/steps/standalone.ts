import { takenBackStatement } from "../history.ts";
import type { Migration } from "../migration.ts";
import type { SchemaRun } from "../schema-session.ts";
import { keepCheckpoint, readCheckpoints } from "./checkpoints.ts";
import { dropInvalid, dropReindexed, indexBuiltBy, indexState, isReindex } from "./indexes.ts";
import { inFencedTransaction, inPlace, placeOf, sessionLimits, withRetries } from "./transaction.ts";
import { recordApplied } from "./transactional.ts";

/**
 * Migrations whose statements cannot run in a transaction. Each is recorded before it begins and after it is done, so
 * that whoever comes after a death knows what may be half done; only kinds that may be repeated are let in.
 */

/** Where the way back of the whole migration is recorded. */
const MIGRATION = 0;

/** Goes on where it stopped, verifies, and writes the history. */
export async function applyStandalone(run: SchemaRun, migration: Migration): Promise<void> {
  const startedAt = performance.now();
  const found = await readCheckpoints(run, migration.version);
  for (const [index, text] of migration.up.entries()) {
    const statement = index + 1;
    const before = found.find((checkpoint) => checkpoint.statement === statement);
    if (before?.state === "done") continue;
    const isBegun = before !== undefined || found.some((checkpoint) => checkpoint.statement === MIGRATION);
    await withRetries(run, migration, () =>
      inPlace(placeOf(run.plane, migration, "up", statement), () => runOnce(run, migration, statement, text, isBegun)),
    );
  }
  await withRetries(run, migration, () =>
    inFencedTransaction(run, migration, () => recordApplied(run, migration, startedAt)),
  );
}

/**
 * The history forgets the migration first: when the way back stops, what is left counts as begun, and can be gone on
 * with in both directions.
 */
export async function takeBackStandalone(run: SchemaRun, migration: Migration): Promise<void> {
  const { version } = migration;
  await withRetries(run, migration, () =>
    inFencedTransaction(run, migration, async () => {
      await run.session.script(takenBackStatement(run.plane, version));
      await keepCheckpoint(run, version, { statement: MIGRATION, state: "intended", cursor: null, rowsDone: 0 });
    }),
  );
  for (const [index, text] of migration.down.entries()) {
    await withRetries(run, migration, () =>
      inPlace(placeOf(run.plane, migration, "down", index + 1), async () => {
        await keepCheckpoint(run, version, { statement: MIGRATION, state: "intended", cursor: null, rowsDone: 0 });
        await run.session.script(sessionLimits(run, migration));
        await run.session.script(text);
      }),
    );
  }
  await withRetries(run, migration, () =>
    inFencedTransaction(run, migration, () => run.session.script(takenBackStatement(run.plane, version))),
  );
}

async function runOnce(
  run: SchemaRun,
  migration: Migration,
  statement: number,
  text: string,
  isBegun: boolean,
): Promise<void> {
  const { session } = run;
  const keep = (state: "intended" | "done") =>
    keepCheckpoint(run, migration.version, { statement, state, cursor: null, rowsDone: 0 });
  await session.script(sessionLimits(run, migration));
  const index = indexBuiltBy(text);
  const before = index === undefined ? "missing" : await indexState(session, index);
  // A valid one of that name that nobody here began is somebody else's: the statement itself says what it thinks of it.
  if (before !== "valid") await keep("intended");
  if (index !== undefined && before === "invalid") await dropInvalid(session, index);
  if (isReindex(text)) await dropReindexed(session);
  if (before !== "valid" || !isBegun) await session.script(text);
  // `if not exists` is content with an index that cannot be used.
  if (index !== undefined && (await indexState(session, index)) !== "valid") {
    throw new Error(`The index ${index} was built but is not valid.`);
  }
  await keep("done");
}
