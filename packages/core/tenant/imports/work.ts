export * as ImportWork from "./work.ts";

import type { Job } from "../actors.ts";
import type { TenantScope } from "../scope.ts";
import { checkChunk } from "./checking.ts";
import { move } from "./moves.ts";
import { readStage, refuse } from "./reading.ts";
import { lockImport, readImport } from "./record.ts";
import { runChunk } from "./running.ts";
import { isWorking } from "./stages.ts";
import { undoChunk } from "./undoing.ts";

/*
 * What the background does for an import. Apart from what people do with it, because reading workbooks needs code that no
 * page should load.
 */

/**
 * Does one turn of an import: one chunk of the step that it is in, in one transaction that holds the import. A message that
 * comes twice, late or out of order names another turn and changes nothing; a worker that dies leaves the turn undone.
 * @throws DomainError `not_found` for an import that is gone
 */
export async function work(tenant: TenantScope<Job>, importId: string, turn: number): Promise<void> {
  const { state, turn: current } = await readImport(tenant, importId);
  if (current !== turn) return;
  if (state === "waiting" || state === "reading") {
    await readStage(tenant, importId, turn);
    return;
  }
  await tenant.tx(async (tx) => {
    const run = await lockImport(tx, importId);
    if (run.turn !== turn) return;
    if (run.state === "checking") await checkChunk(tx, run);
    else if (run.state === "running") await runChunk(tx, run);
    else if (run.state === "undoing") await undoChunk(tx, run);
  });
}

/** What the person who waits is told of a turn that failed again and again, by the step that it was in. */
const failures = {
  waiting:
    "The file could not be read. Open it in your spreadsheet program, save it again as XLSX or CSV, and upload that.",
  reading:
    "The file could not be read. Open it in your spreadsheet program, save it again as XLSX or CSV, and upload that.",
  checking: "The check did not come to its end, because of a fault on our side. Start it again in a few minutes.",
  running:
    "The import did not get on, because of a fault on our side. What it has done so far stands. Go on in a few minutes, or end it here.",
  undoing: "Undoing did not come to its end, because of a fault on our side. Start it again in a few minutes.",
} as const;

/** Stops an import whose turn failed again and again, so that nobody waits for it. */
export async function giveUp(tenant: TenantScope<Job>, importId: string, turn: number): Promise<void> {
  await tenant.tx(async (tx) => {
    const run = await lockImport(tx, importId);
    if (run.turn !== turn || !isWorking(run.state)) return;
    if (run.state === "waiting" || run.state === "reading") await refuse(tx, run, failures[run.state]);
    else if (run.state === "checking" || run.state === "running" || run.state === "undoing") {
      await move(tx, run, "fail", { error: failures[run.state] });
    }
  });
}
