import { setTimeout as sleep } from "node:timers/promises";
import { type DeploymentStatus, Fleet } from "@pharmasight/core/control/fleet/fleet";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { seconds } from "../operators/tables.ts";
import type { Terminal } from "../operators/terminal.ts";
import type { Call, ExitCode, Outcome } from "./command.ts";
import { statusText } from "./status-text.ts";

const LOOK_MS = 1000;
/** A control database that is restarted is back by then. */
const PATIENCE_MS = 60_000;
/** On what is no terminal, such as a log: a line when something changed, and now and then one when nothing did. */
const QUIET_LINES_MS = 30_000;
/** What the pace is counted over. */
const PACE_MS = 30_000;
const BAR_WIDTH = 20;

/** The outcome of a command that began something, or, with --follow, how that went. */
export async function followed(call: Call, deploymentId: string, begun: Outcome): Promise<Outcome> {
  if (call.options.follow !== true) return begun;
  if (call.options.json !== true) call.terminal.write(`${begun.text}\n`);
  const ended = await follow(call, deploymentId);
  return { ...ended, data: { ...objectOf(begun.data), status: ended.data } };
}

export interface Following {
  /** Between two looks. */
  readonly lookMs: number;
  /** For so long a control database that does not answer is asked again. */
  readonly patienceMs: number;
}

/**
 * Shows how a deployment goes until it is over, or does nothing more before an operator does something.
 * @throws what the control database throws, when it has not answered for a minute
 */
export async function follow(
  call: Pick<Call, "operator" | "terminal" | "options">,
  deploymentId: string,
  following: Following = { lookMs: LOOK_MS, patienceMs: PATIENCE_MS },
): Promise<Outcome> {
  const { terminal, options } = call;
  const show = options.json === true ? () => {} : lineOf(terminal);
  const seen: { readonly at: number; readonly done: number }[] = [];
  for (;;) {
    const status = await statusOf(call, deploymentId, following, show);
    const at = performance.now();
    seen.push({ at, done: doneOf(status) });
    while (seen[1] !== undefined && at - (seen[0]?.at ?? at) > PACE_MS) seen.shift();
    show(progressText(status, paceOf(seen)));
    if (isAtRest(status)) {
      if (terminal.isInteractive && options.json !== true) terminal.write("\n");
      return { code: exitCodeOf(status), text: statusText(status), data: status };
    }
    await sleep(following.lookMs);
  }
}

async function statusOf(
  { operator }: Pick<Call, "operator">,
  deploymentId: string,
  { lookMs, patienceMs }: Following,
  show: (text: string) => void,
): Promise<DeploymentStatus> {
  const begun = performance.now();
  for (;;) {
    try {
      return await Fleet.status(operator, deploymentId);
    } catch (error) {
      const isAway = !(error instanceof DomainError) || error.code === "unavailable";
      if (!isAway || performance.now() - begun > patienceMs) throw error;
      show("The control database does not answer; the deployment goes on as soon as it does.");
      await sleep(lookMs);
    }
  }
}

/** 3 when it halted, somebody failed and nobody has seen to it, or a schema is not what it should be. */
export const exitCodeOf = ({ state, counts, obstacles }: DeploymentStatus): ExitCode =>
  state === "halted" || counts.failed > 0 || obstacles.some(({ kind }) => kind === "drift") ? 3 : 0;

/** How far it is, in one line. */
function progressText(status: DeploymentStatus, perSecond: number): string {
  const { counts, targets, secondsLeft, waves, wave, state } = status;
  const done = doneOf(status);
  const full = targets === 0 ? BAR_WIDTH : Math.floor((done / targets) * BAR_WIDTH);
  const current = waves.find(({ position }) => position === wave);
  const parts = [
    `${done}/${targets}`,
    `wave ${wave} of ${waves.length}${current === undefined ? "" : ` (${current.name})`}`,
    ...(counts.running > 0 ? [`${counts.running} running`] : []),
    ...(counts.failed > 0 ? [`${counts.failed} FAILED`] : []),
    ...(counts.skipped > 0 ? [`${counts.skipped} left out`] : []),
    ...(perSecond > 0 ? [`${perSecond.toFixed(1)}/s`] : []),
    ...(secondsLeft !== undefined && secondsLeft > 0 ? [`about ${seconds(secondsLeft)} left`] : []),
    ...(state === "running" ? [] : [state]),
  ];
  return `[${"#".repeat(full).padEnd(BAR_WIDTH, "-")}] ${parts.join(", ")}`;
}

const isAtRest = ({ finishedAt, counts, needsOperator }: DeploymentStatus): boolean =>
  finishedAt === null ? needsOperator : counts.running === 0;

const doneOf = ({ counts }: DeploymentStatus): number => counts.succeeded + counts.failed + counts.skipped;

function paceOf(seen: readonly { readonly at: number; readonly done: number }[]): number {
  const [first, last] = [seen.at(0), seen.at(-1)];
  if (first === undefined || last === undefined || last.at === first.at) return 0;
  return ((last.done - first.done) / (last.at - first.at)) * 1000;
}

/** Writes over the line before on a terminal; elsewhere a line of its own, when there is something new to say. */
function lineOf(terminal: Terminal): (text: string) => void {
  if (terminal.isInteractive) return (text) => terminal.write(`\r\u001b[2K${text.slice(0, terminal.width - 1)}`);
  let before = "";
  let at = Number.NEGATIVE_INFINITY;
  return (text) => {
    const now = performance.now();
    const counted = text.replace(/, [^,]*\/s|, about [^,]*/g, "");
    if (counted === before && now - at < QUIET_LINES_MS) return;
    [before, at] = [counted, now];
    terminal.write(`${text}\n`);
  };
}

const objectOf = (data: unknown): object => (typeof data === "object" && data !== null ? data : {});
