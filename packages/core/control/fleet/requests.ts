import { invalidInput } from "../../kernel/errors.ts";
import type { HaltRule } from "./halting.ts";
import type { Selection } from "./selection.ts";

/** What an operator wants of the fleet. */
export interface DeploymentRequest {
  /** Undefined: the newest that this code comes with. */
  readonly toVersion: number | undefined;
  readonly selection: Selection;
  /** Who says that the next wave may begin, once the one before has settled and soaked. */
  readonly promotion: "automatic" | "operator";
  readonly soakSeconds: number;
  readonly halt: HaltRule;
  /** Of backfills. */
  readonly batchSize: number;
  readonly batchDelayMs: number;
  /** Why nobody's quiet hours are waited for. */
  readonly quietOverride: string | undefined;
  /** Why it goes without a rehearsal. */
  readonly withoutRehearsal: string | undefined;
  readonly reason: string;
}

/** What applies where an operator says nothing. */
export const defaults = {
  promotion: "automatic",
  soakSeconds: 900,
  halt: { rate: 0.01, sample: 50, failures: 10 },
  batchSize: 1000,
  batchDelayMs: 100,
} as const satisfies Partial<DeploymentRequest>;

export type Pacing = Pick<DeploymentRequest, "batchSize" | "batchDelayMs">;
/** How waves follow each other. */
export type Caution = Pick<DeploymentRequest, "promotion" | "soakSeconds" | "halt">;

const EXCUSE_LENGTH = { min: 5, max: 500 } as const;
const SOAK_SECONDS_MAX = 14 * 86_400;

/** @throws DomainError `invalid_input` on each field that is out of its range */
export function requireSound(request: Caution & Pacing & Partial<DeploymentRequest>): void {
  const { halt, soakSeconds, batchSize, batchDelayMs, quietOverride, withoutRehearsal } = request;
  const fields: Record<string, string> = {};
  if (!isWithin(soakSeconds, 0, SOAK_SECONDS_MAX)) fields.soakSeconds = "Soak between 0 seconds and 14 days.";
  if (!(halt.rate >= 0 && halt.rate <= 1)) fields.haltRate = "The rate of failures is between 0 and 1: 0.01 is 1 %.";
  if (!isWithin(halt.sample, 1, 1_000_000)) fields.haltSample = "The sample is a whole number from 1.";
  if (!isWithin(halt.failures, 1, 1_000_000)) fields.haltFailures = "The failures are a whole number from 1.";
  if (!isWithin(batchSize, 1, 100_000)) fields.batchSize = "A batch has 1 to 100,000 rows.";
  if (!isWithin(batchDelayMs, 0, 60_000)) fields.batchDelayMs = "Between two batches are 0 to 60,000 milliseconds.";
  if (!isExcuse(quietOverride)) fields.quietOverride = `Say why not in quiet hours, ${LENGTHS}.`;
  if (!isExcuse(withoutRehearsal)) fields.withoutRehearsal = `Say why without a rehearsal, ${LENGTHS}.`;
  const [message] = Object.values(fields);
  if (message !== undefined) throw invalidInput(message, fields);
}

const LENGTHS = `in ${EXCUSE_LENGTH.min} to ${EXCUSE_LENGTH.max} characters`;

const isWithin = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;

function isExcuse(text: string | undefined): boolean {
  if (text === undefined) return true;
  const { length } = text.trim();
  return length >= EXCUSE_LENGTH.min && length <= EXCUSE_LENGTH.max;
}
