import type { SchemaFailure } from "../../ports/schemas.ts";
import { backoffSeconds } from "../provisioning/attempts.ts";

/** What is to be done about a target that failed. */
export type Outlook = { readonly kind: "retry"; readonly seconds: number } | { readonly kind: "fail" };

/** Tries of one target before an operator is asked; a backfill that got on begins to count anew. */
export const ATTEMPTS_MAX = 8;

const CANCELLED = "57014";
const CANCELLED_ATTEMPTS_MAX = 3;
/** A full disk, and memory that ran out: neither is over in seconds, and neither mends itself for long. */
const EXHAUSTED: readonly string[] = ["53100", "53200"];
const EXHAUSTED_ATTEMPTS_MAX = 3;
const EXHAUSTED_SECONDS_MAX = 900;
/**
 * Somebody else was in the way, or the server was: lock not available, deadlock, serialization, too many connections,
 * shut down, crashed, starting up.
 */
const PASSING: readonly string[] = ["55P03", "40P01", "40001", "53300", "57P01", "57P02", "57P03"];
const CONNECTION_CLASS = "08";

/**
 * Whether a failure may pass by itself, by its SQLSTATE: what is wrong with data or statements, and whatever is unknown
 * here, fails at once. A statement that ran into its time limit gets one more try, and none after the third attempt.
 * @param attempts made so far, this one included
 * @param failedBefore the SQLSTATE of the attempt before, if that failed too
 * @param random in [0, 1)
 */
export function outlookOf(
  { sqlState, isConnection }: Pick<SchemaFailure, "sqlState" | "isConnection">,
  attempts: number,
  failedBefore: string | undefined,
  random: number,
): Outlook {
  const fail: Outlook = { kind: "fail" };
  if (attempts >= ATTEMPTS_MAX) return fail;
  const soon: Outlook = { kind: "retry", seconds: backoffSeconds(attempts, undefined, random) };
  if (sqlState === CANCELLED) {
    return failedBefore === CANCELLED || attempts >= CANCELLED_ATTEMPTS_MAX ? fail : soon;
  }
  if (sqlState !== undefined && EXHAUSTED.includes(sqlState)) {
    if (attempts >= EXHAUSTED_ATTEMPTS_MAX) return fail;
    return { kind: "retry", seconds: Math.ceil(EXHAUSTED_SECONDS_MAX * (0.5 + random / 2)) };
  }
  const isPassing = sqlState !== undefined && (PASSING.includes(sqlState) || sqlState.startsWith(CONNECTION_CLASS));
  return isPassing || (isConnection && !isHopeless(sqlState)) ? soon : fail;
}

/** A connection that is refused for what it says of itself, such as a wrong password, is refused again. */
const isHopeless = (sqlState: string | undefined): boolean =>
  sqlState !== undefined && /^(22|23|28|3D|42)/.test(sqlState);
