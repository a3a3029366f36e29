import type { Deployment, StateCounts } from "./deployments.ts";
import type { Obstacle } from "./promotion.ts";

/** What is known of the targets of the waves so far that are not done. */
export interface Waiting {
  readonly counts: StateCounts;
  /** Failed before, and tried again: how many, and when the first of them is. */
  readonly again: { readonly count: number; readonly at: Date | undefined };
  /** Until every process has heard of the version that they have: how many, and when the first of them goes on. */
  readonly heard: { readonly count: number; readonly at: Date | undefined };
  /** Not before their quiet hours: how many, and when the first of them begin. */
  readonly quiet: { readonly count: number; readonly at: Date | undefined };
}

/** What a deployment waits for, as an operator reads it: what it is, then what to do if something is. */
export function waitsFor(
  deployment: Pick<Deployment, "state" | "haltReason">,
  { counts, again, heard, quiet }: Waiting,
  obstacles: readonly Obstacle[],
): readonly string[] {
  const { state, haltReason } = deployment;
  if (state === "completed" || state === "abandoned") {
    return counts.running === 0 ? [] : [`${pharmacies(counts.running)} still under way to end.`];
  }
  const words: string[] = [];
  if (state === "halted") {
    words.push(
      `It halted: ${haltReason ?? "no reason given."} See the failures; retry or skip; then resume, or roll back.`,
    );
  }
  if (state === "paused") words.push("It is paused: resume it to go on.");
  if (counts.running > 0) words.push(`${pharmacies(counts.running)} under way.`);
  if (state !== "running") return words;
  if (counts.queued > 0) words.push(`${pharmacies(counts.queued)} about to begin.`);
  if (again.count > 0) words.push(`${pharmacies(again.count)} to be tried again${from(again.at)}.`);
  if (heard.count > 0) {
    words.push(
      `${pharmacies(heard.count)} waiting until every process has heard of its schema's version${from(heard.at)}.`,
    );
  }
  if (quiet.count > 0) words.push(`${pharmacies(quiet.count)} waiting for their quiet hours${from(quiet.at)}.`);
  const rest = counts.pending - again.count - heard.count - quiet.count;
  if (rest > 0) words.push(`${pharmacies(rest)} waiting for a free place on their server.`);
  return [...words, ...obstacles.map(wordsOf)];
}

function wordsOf(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case "failures":
      return `${pharmacies(obstacle.count)} failed: retry or skip them.`;
    case "drift":
      return `The schema of ${pharmacies(obstacle.count)} is not what it should be: see drift, mend it, look again.`;
    case "soak":
      return `This wave soaks until ${obstacle.until.toISOString()}.`;
    case "operator":
      return "The next wave waits for an operator: promote it.";
  }
}

const pharmacies = (count: number): string => (count === 1 ? "1 pharmacy" : `${count} pharmacies`);
const from = (at: Date | undefined): string => (at === undefined ? "" : `, the first at ${at.toISOString()}`);
