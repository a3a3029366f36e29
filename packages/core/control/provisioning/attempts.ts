import { DomainError } from "../../kernel/errors.ts";

/** Of one step, before the job is given to an operator. */
export const MAX_ATTEMPTS = 8;
const FIRST_BACKOFF_SECONDS = 2;
/** The longest delay of a queue message. */
const LONGEST_BACKOFF_SECONDS = 900;

/**
 * Seconds before the next attempt: doubling, with the upper half of each left to chance, and never before the time that
 * the other side asked for, to which chance adds up to a quarter: many that failed at once, or were told the same time,
 * do not come back at once. Within what a queue can delay.
 * @param attempts made so far, from 1
 * @param random in [0, 1)
 */
export function backoffSeconds(attempts: number, retryAfterSeconds: number | undefined, random: number): number {
  const longest = Math.min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (attempts - 1));
  const ours = longest / 2 + (longest / 2) * random;
  const theirs = (retryAfterSeconds ?? 0) * (1 + random / 4);
  return Math.min(LONGEST_BACKOFF_SECONDS, Math.ceil(Math.max(ours, theirs)));
}

/** Whether the other side refused for good, so that asking again changes nothing. */
export function isHopeless(error: unknown): boolean {
  return error instanceof DomainError && (error.code === "invalid_input" || error.code === "conflict");
}

/** What an operator reads of a failure. The words of an unforeseen error may hold a secret and stay out of the database. */
export function reasonOf(error: unknown): string {
  if (error instanceof DomainError) return error.message.slice(0, 2000);
  const name = error instanceof Error ? error.name : typeof error;
  return `Unforeseen error (${name}): the log has it under the job's id.`;
}
