import type { Updateable } from "kysely";
import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError } from "../../kernel/errors.ts";
import type { Job, Member } from "../actors.ts";
import type { TenantScope } from "../scope.ts";
import type { TenantTables } from "../tables.generated.ts";
import { type Import, lockImport } from "./record.ts";
import { isWorking, type StageEvent, type State, transition } from "./stages.ts";

/** An import that works and has not moved for so long has lost its message, or the worker that had it. */
export const STALLED_AFTER_SECONDS = MINUTE_SECONDS;

/** What changes with a move besides the state. */
export type Changes = Omit<Updateable<TenantTables["itemImports"]>, "id" | "state" | "turn">;

/**
 * Moves a locked import: by an event to another state, or by a chunk further in its own. Every move is a turn of its own,
 * so that a message which asked for the turn before finds nothing to do; while there is work, the message for the next
 * turn is recorded in the same transaction.
 * @throws DomainError `conflict` when the event has no place in the import's state
 */
export async function move(
  tx: TenantScope<Member | Job>,
  run: Import,
  event: StageEvent | "chunk",
  changes: Changes = {},
): Promise<void> {
  const state = event === "chunk" ? run.state : transition(run.state, event);
  if (state === undefined) {
    throw new DomainError("conflict", "This import has moved on meanwhile. Look at where it is now.");
  }
  const now = tx.clock.now();
  const turn = run.turn + 1;
  const begins = event !== "chunk" && isWorking(state);
  await tx.db
    .updateTable("itemImports")
    .set({
      state,
      turn,
      error: null,
      ...(begins ? { stageStartedAt: now, stageRows: doneBefore(state, run) } : {}),
      ...(isWorking(state) ? { hintedAt: now } : {}),
      ...changes,
    })
    .where("id", "=", run.id)
    .execute();
  if (isWorking(state)) await emitTurn(tx, run.id, turn, "");
}

/** Sends the message of an import's first turn, in the transaction that makes the import. */
export async function emitTurn(
  tx: TenantScope<Member | Job>,
  importId: string,
  turn: number,
  again: string,
): Promise<void> {
  await tx.emit({
    queue: "item-imports",
    payload: { importId, turn: String(turn) },
    dedupeKey: `item-import:${importId}:${turn}${again}`,
  });
}

/**
 * Asks once more for the turn of an import that should work and has not moved for a minute. To be called whenever somebody
 * looks at it: whatever was lost, an import goes on while its page is open.
 */
export async function nudge(tenant: TenantScope<Member>, run: Import): Promise<void> {
  // A suspended pharmacy's import rests.
  if (!tenant.mayWork || !isStalled(run, tenant.clock.now())) return;
  await tenant.tx(async (tx) => {
    const now = tx.clock.now();
    const current = await lockImport(tx, run.id);
    if (!isStalled(current, now)) return;
    await tx.db.updateTable("itemImports").set({ hintedAt: now }).where("id", "=", run.id).execute();
    await emitTurn(tx, run.id, current.turn, `:${now.getTime()}`);
  });
}

const isStalled = ({ state, hintedAt }: Import, now: Date): boolean =>
  isWorking(state) && (hintedAt === null || hintedAt <= secondsAfter(now, -STALLED_AFTER_SECONDS));

/** What was done of a step before it began or went on, so that its pace leaves it out. */
function doneBefore(state: State, run: Import): number {
  if (state === "running") return run.rowsRead;
  return state === "undoing" ? run.rowsUndone + run.rowsKept : 0;
}
