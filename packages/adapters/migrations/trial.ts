import { sqlStateOf } from "@pharmasight/core/kernel/sqlstate";
import type { Session } from "../postgres/client.ts";
import { inTransaction } from "../postgres/session.ts";
import type { Migration } from "./migration.ts";

/** Runs single migrations of a tenant's schema where nobody works, statement by statement. */

export interface TrialStep {
  readonly migration: Migration;
  /** From 1; the verification comes after the last one. */
  readonly statement: number;
  readonly what: string;
  /** Whether it runs in a transaction, whose locks `look` sees. */
  readonly isInTransaction: boolean;
}

/** Has a step run, which calls `look` while its locks are held. */
export type Measure = (step: TrialStep, run: (look: () => Promise<void>) => Promise<void>) => Promise<void>;

export const unmeasured: Measure = (_, run) => run(async () => {});

/** Which statement failed, in words without the values of rows. */
export class TrialFailure extends Error {
  constructor({ migration, statement }: TrialStep, direction: "up" | "down", cause: unknown) {
    const part = statement > migration[direction].length ? "verify.sql" : `${direction}.sql, statement ${statement}`;
    const state = sqlStateOf(cause);
    const said = cause instanceof Error ? cause.message : String(cause);
    super(`${migration.name}/${part}: ${said}${state === undefined ? "" : ` (${state})`}`, { cause });
  }
}

const BATCH_SIZE = 1000;
const VERIFICATION = "verify.sql";

/** @throws TrialFailure; what it had done in a transaction is rolled back */
export async function tryMigration(
  session: Session,
  migration: Migration,
  direction: "up" | "down",
  measure: Measure,
): Promise<void> {
  await session.script(`
    set search_path to pharmacy, public;
    set lock_timeout = ${migration.lockTimeoutMs};
    set statement_timeout = ${migration.statementTimeoutMs}`);
  const isInTransaction = migration.isTransactional && !(migration.isBackfill && direction === "up");
  const step = async (statement: number, what: string, isInside: boolean, run: Parameters<Measure>[1]) => {
    const one = { migration, statement, what, isInTransaction: isInside };
    try {
      await measure(one, run);
    } catch (cause) {
      throw new TrialFailure(one, direction, cause);
    }
  };
  const statements = async () => {
    for (const [index, text] of migration[direction].entries()) {
      await step(index + 1, text, migration.isTransactional, async (look) => {
        if (migration.isBackfill && direction === "up") return fillAll(session, text, look);
        await session.script(text);
        await look();
      });
    }
  };
  const ending = async () => {
    if (direction === "up") {
      await step(migration.up.length + 1, VERIFICATION, true, async (look) => {
        await session.script(migration.verify);
        await look();
      });
    }
    await record(session, migration, direction);
  };
  if (isInTransaction) {
    await inTransaction(session, async () => {
      await statements();
      await ending();
    });
  } else {
    await statements();
    await inTransaction(session, ending);
  }
}

/** Batch after batch, each in its own transaction. */
async function fillAll(session: Session, text: string, look: () => Promise<void>): Promise<void> {
  let cursor: string | null = null;
  do {
    const [row]: readonly Readonly<Record<string, unknown>>[] = await inTransaction(session, async () => {
      const rows = await session.rows(text, [cursor, BATCH_SIZE]);
      await look();
      return rows;
    });
    cursor = typeof row?.cursor === "string" ? row.cursor : null;
  } while (cursor !== null);
}

/** In the history, because a rehearsal may leave the database at the new version. */
async function record(session: Session, { version, name, checksum }: Migration, direction: "up" | "down") {
  if (direction === "down") {
    await session.rows("delete from pharmacy.schema_migrations where version = $1", [version]);
  } else {
    await session.rows(
      "insert into pharmacy.schema_migrations (version, name, checksum, applied_at) values ($1, $2, $3, now())",
      [version, name, checksum],
    );
  }
}
