/** When a deployment stops by itself. */
export interface HaltRule {
  /** Failed over attempted, 0 to 1. */
  readonly rate: number;
  /** So many must have been attempted before the rate says anything. */
  readonly sample: number;
  /** So many failures stop it whatever the rate. */
  readonly failures: number;
}

export interface Attempted {
  readonly succeeded: number;
  readonly failed: number;
}

/**
 * Why a deployment has to stop; undefined while it may go on. In its first wave any failure stops it. Later one failure
 * alone is a poisoned pharmacy and says nothing about a rate: it must not keep the others from their schema.
 */
export function haltReason(rule: HaltRule, { succeeded, failed }: Attempted, isFirstWave: boolean): string | undefined {
  if (failed === 0) return undefined;
  if (isFirstWave) return "A pharmacy of the first wave failed.";
  if (failed >= rule.failures) return `${failed} pharmacies failed; ${rule.failures} are too many.`;
  const attempted = succeeded + failed;
  if (failed < 2 || attempted < rule.sample || failed / attempted <= rule.rate) return undefined;
  return `${failed} of ${attempted} pharmacies failed, which is above ${percent(rule.rate)}.`;
}

/**
 * Why a wave that is through is not followed by the next one by itself. One poisoned pharmacy is tolerated, and no more
 * than the rate beyond that; not a wave that nobody got through.
 */
export function waveRefusal({ rate }: HaltRule, { succeeded, failed }: Attempted, targets: number): string | undefined {
  if (failed === 0) return undefined;
  if (succeeded > 0 && failed <= Math.max(1, rate * targets)) return undefined;
  return `${failed} of the ${targets} pharmacies of this wave failed.`;
}

const percent = (rate: number): string => `${Number((rate * 100).toFixed(2))} %`;
