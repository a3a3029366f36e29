/** One comparison. `ratio` is ours over the baseline, or the absolute number that the budget bounds. */
export interface Result {
  readonly name: string;
  readonly ours: number;
  readonly baseline: number;
  readonly ratio: number;
  readonly budget: number;
  readonly ok: boolean;
  /** Smallest and largest ratio of a round. */
  readonly spread?: readonly [number, number];
}

/** What one round has measured of both sides. */
export interface Round {
  readonly ours: number;
  readonly baseline: number;
}

export function compare(name: string, ours: number, baseline: number, budget: number): Result {
  const ratio = ours / baseline;
  return { name, ours: round(ours), baseline: round(baseline), ratio: round(ratio), budget, ok: ratio <= budget };
}

/** As `compare`, of several rounds: a round's ratio compares what was measured within the same seconds. */
export function compareRounds(name: string, rounds: readonly Round[], budget: number): Result {
  const ratios = rounds.map(({ ours, baseline }) => ours / baseline);
  const sides = compare(name, median(rounds.map(({ ours }) => ours)), median(rounds.map((r) => r.baseline)), budget);
  return { ...sides, ratio: round(median(ratios)), ok: median(ratios) <= budget, spread: spreadOf(ratios) };
}

/** As `bound`, of several rounds; the spread is that of our own number. */
export function boundRounds(name: string, rounds: readonly Round[], budget: number): Result {
  const ours = rounds.map((r) => r.ours);
  const middle = bound(name, median(ours), median(rounds.map(({ baseline }) => baseline)), budget);
  return { ...middle, spread: spreadOf(ours) };
}

/** For a budget that bounds our own number: the baseline only gives it a scale. */
export function bound(name: string, ours: number, baseline: number, budget: number): Result {
  const ratio = baseline === 0 ? 0 : ours / baseline;
  return { name, ours: round(ours), baseline: round(baseline), ratio: round(ratio), budget, ok: ours <= budget };
}

/** @param share 0.5 is the median */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Milliseconds that `run` takes. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

const spreadOf = (values: readonly number[]): readonly [number, number] => [
  round(Math.min(...values)),
  round(Math.max(...values)),
];

const round = (value: number): number => Math.round(value * 1000) / 1000;
