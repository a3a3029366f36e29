import { appliedStatement, takenBackStatement } from "../history.ts";
import type { Migration } from "../migration.ts";
import type { SchemaRun } from "../schema-session.ts";
import { inFencedTransaction, inPlace, localLimits, placeOf, runStatements, withRetries } from "./transaction.ts";

/** Migrations whose statements run in one transaction, together with the row of the history that says so. */

/** Applies migrations in one transaction: all of them, each followed by its verification, or none. */
export async function applyTogether(run: SchemaRun, migrations: readonly [Migration, ...Migration[]]): Promise<void> {
  const [first] = migrations;
  await withRetries(run, first, () =>
    inFencedTransaction(run, first, async () => {
      for (const migration of migrations) {
        const startedAt = performance.now();
        if (migration !== first) await run.session.script(localLimits(run, migration));
        await runStatements(run, placeOf(run.plane, migration, "up"), migration.up);
        await recordApplied(run, migration, startedAt);
      }
    }),
  );
}

/** Verifies, and writes the history; within a transaction. @param startedAt by `performance.now()` */
export async function recordApplied(run: SchemaRun, migration: Migration, startedAt: number): Promise<void> {
  // What a deferred constraint has against the rows is the migration's own failure.
  await inPlace(placeOf(run.plane, migration, "up"), () => run.session.script("set constraints all immediate"));
  await inPlace(placeOf(run.plane, migration, "verify"), () => run.session.script(migration.verify));
  const durationMs = performance.now() - startedAt;
  await run.session.script(`${localLimits(run, migration)}; ${appliedStatement(migration, { ...run, durationMs })}`);
}

/** Takes a migration back and its row of the history away, in one transaction. */
export async function takeBack(run: SchemaRun, migration: Migration): Promise<void> {
  await withRetries(run, migration, () =>
    inFencedTransaction(run, migration, async () => {
      await runStatements(run, placeOf(run.plane, migration, "down"), migration.down);
      await run.session.script(takenBackStatement(run.plane, migration.version));
    }),
  );
}
