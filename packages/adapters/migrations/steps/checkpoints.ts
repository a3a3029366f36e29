import * as z from "zod";
import { Overtaken } from "../failures.ts";
import { fenceStatement, SCHEMAS } from "../history.ts";
import type { SchemaRun } from "../schema-session.ts";

/** How far a migration has come that is more than one transaction. */

export interface Checkpoint {
  /** From 1. 0 stands for the migration: it was applied once, and its way back had begun. */
  readonly statement: number;
  readonly state: "intended" | "done";
  /** Of a backfill: where the next batch begins. */
  readonly cursor: string | null;
  readonly rowsDone: number;
}

const checkpointsSchema = z.array(
  z.object({
    statement: z.number(),
    state: z.enum(["intended", "done"]),
    cursor: z.string().nullable(),
    rowsDone: z.coerce.number(),
  }),
);

export async function readCheckpoints(run: SchemaRun, version: number): Promise<readonly Checkpoint[]> {
  const rows = await run.session.rows(
    `select statement, state, cursor, rows_done as "rowsDone" from ${SCHEMAS[run.plane]}.schema_steps
     where version = ${version}`,
  );
  return checkpointsSchema.parse(rows);
}

/**
 * Writes one, at once or within the transaction that is open.
 * @throws Overtaken when a later lead has been here: then nothing is written
 */
export async function keepCheckpoint(run: SchemaRun, version: number, checkpoint: Checkpoint): Promise<void> {
  const held = run.lead === undefined ? "select true" : fenceStatement(run.plane, run.lead);
  const rows = await run.session.rows(
    `with held as (${held})
     insert into ${SCHEMAS[run.plane]}.schema_steps (version, statement, state, cursor, rows_done, fence)
     select $1::integer, $2::integer, $3::text, $4::text, $5::bigint, $6::bigint from held
     on conflict (version, statement) do update
       set state = excluded.state, cursor = excluded.cursor, rows_done = excluded.rows_done, fence = excluded.fence
     returning statement`,
    [version, checkpoint.statement, checkpoint.state, checkpoint.cursor, checkpoint.rowsDone, run.lead?.fence ?? null],
  );
  if (rows.length !== 1) throw new Overtaken("fenced");
}
