import { blockerOf, type Holder, holders } from "../blockers.ts";
import { LOCK_NOT_AVAILABLE, Overtaken, type Place, StepFailed, stateOf, UNDONE_BY_OTHERS } from "../failures.ts";
import { fenceStatement, SCHEMAS } from "../history.ts";
import type { Migration, Plane } from "../migration.ts";
import { pause, type SchemaRun, timeLeftMs } from "../schema-session.ts";

/** What steps of every kind are made of. */

/** How long each statement may wait for a lock, and take. */
export type Limits = Pick<Migration, "lockTimeoutMs" | "statementTimeoutMs">;

const ATTEMPTS_MAX = 4;
const PAUSE_MS = 500;
/** Kept for recording what happened. */
const RESERVE_MS = 10_000;
const STATEMENT_TIMEOUT_MIN_MS = 1000;

/** Also where nothing is to be done: whoever was let at it before is late from now on. @throws Overtaken */
export async function raiseFence({ session, plane, lead, history }: SchemaRun): Promise<void> {
  if (lead === undefined || history.fence === BigInt(lead.fence)) return;
  const rows = await session.rows(fenceStatement(plane, lead));
  if (rows.length !== 1) throw new Overtaken("fenced", history.fence);
}

/**
 * Runs `work` in one transaction in which nobody with a lower fence can follow. Rolled back when it throws.
 * @throws Overtaken when a later lead has been here
 */
export async function inFencedTransaction<T>(run: SchemaRun, limits: Limits, work: () => Promise<T>): Promise<T> {
  const { session } = run;
  try {
    const begun = await session.results(`begin; ${localLimits(run, limits)}; ${fenceStatement(run.plane, run.lead)}`);
    if (begun.at(-1)?.length !== 1) throw new Overtaken("fenced");
    const result = await work();
    await session.script("commit");
    return result;
  } catch (error) {
    // What cannot be rolled back ends with the connection; the first error is the one to be told.
    if (!session.closed()) await session.script("rollback").catch(() => {});
    throw error;
  }
}

/** For the rest of the transaction; also puts the search path back, which a file may have changed. */
export const localLimits = (run: SchemaRun, limits: Limits): string =>
  limitsOf(run, limits)
    .map((setting) => `set local ${setting}`)
    .join("; ");

/** As `localLimits`, for statements that stand alone. */
export const sessionLimits = (run: SchemaRun, limits: Limits): string =>
  limitsOf(run, limits)
    .map((setting) => `set ${setting}`)
    .join("; ");

function limitsOf(run: SchemaRun, { lockTimeoutMs, statementTimeoutMs }: Limits): string[] {
  const leftMs = Math.max(STATEMENT_TIMEOUT_MIN_MS, timeLeftMs(run) - RESERVE_MS);
  return [
    `lock_timeout = ${lockTimeoutMs}`,
    `statement_timeout = ${Math.floor(Math.min(statementTimeoutMs, leftMs))}`,
    `search_path to ${SCHEMAS[run.plane]}, public`,
  ];
}

/** Where a migration's files are. */
export const placeOf = (plane: Plane, { name }: Migration, script: Place["script"], statement?: number): Place => ({
  path: `migrations/${plane}/${name}`,
  name,
  script,
  statement,
});

/**
 * Runs statements of a transaction one by one. Never ahead of an answer: Supabase's pooler mixes the answers up.
 * @throws StepFailed that names the first that failed
 */
export async function runStatements(run: SchemaRun, place: Place, statements: readonly string[]): Promise<void> {
  for (const [index, statement] of statements.entries()) {
    await inPlace({ ...place, statement: index + 1 }, () => run.session.script(statement));
  }
}

/** @throws StepFailed with the place of what failed */
export async function inPlace<T>(place: Place, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Overtaken || error instanceof StepFailed ? error : new StepFailed(place, error);
  }
}

/**
 * Tries again, after a while that differs from runner to runner, what others have undone: a lock that was not to be had,
 * a deadlock, a lost race. Who was in the way of the last attempt is in the error.
 * @param work leaves nothing behind when it throws
 */
export async function withRetries<T>(run: SchemaRun, limits: Limits & Scripts, work: () => Promise<T>): Promise<T> {
  let before: readonly Holder[] = [];
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const state = stateOf(error);
      if (state === undefined || !UNDONE_BY_OTHERS.includes(state)) throw error;
      const after = state === LOCK_NOT_AVAILABLE ? await holders(run.session) : [];
      const blocker = blockerOf(statementAt(limits, error), before, after);
      const pauseMs = PAUSE_MS * attempt * (0.5 + Math.random());
      const isLast = attempt === ATTEMPTS_MAX || timeLeftMs(run) < pauseMs + limits.lockTimeoutMs + RESERVE_MS;
      if (isLast) throw withBlocker(error, blocker);
      run.log?.info("Migration is tried again", { attempt, sqlState: state, blocker });
      await pause(run, pauseMs);
      before = await holders(run.session);
    }
  }
}

/** What is tried. Of several migrations in one transaction, the first. */
type Scripts = Partial<Pick<Migration, "name" | "up" | "down">>;

function statementAt({ name, up, down }: Scripts, error: unknown): string {
  if (!(error instanceof StepFailed) || error.place.name !== name || error.place.script === "verify") return "";
  return (error.place.script === "up" ? up : down)?.[(error.place.statement ?? 0) - 1] ?? "";
}

const withBlocker = (error: unknown, blocker: string | undefined): unknown =>
  error instanceof StepFailed && stateOf(error) === LOCK_NOT_AVAILABLE
    ? new StepFailed(error.place, error.cause, blocker)
    : error;
