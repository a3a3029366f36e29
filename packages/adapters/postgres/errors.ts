import { sqlStateOf } from "@pharmasight/core/kernel/sqlstate";

/** Node's own (`ECONNRESET`, `ENOTFOUND`) and postgres.js's words (`CONNECTION_CLOSED`) for a connection that failed. */
const TRANSPORT = /^(E[A-Z]{3,}|CONNECTION_[A-Z]+|CONNECT_TIMEOUT)$/;

/**
 * Whether the connection is of no more use: class 08, shutdowns (57P01 to 57P05), too many connections, timeouts that
 * end the session (25P03, 25P04), and everything that the socket reports.
 */
export function isConnectionError(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state !== undefined) return /^(08...|57P0[1-5]|53300|25P0[34])$/.test(state);
  return error instanceof Error && TRANSPORT.test(String(Reflect.get(error, "code")));
}

/**
 * Whether the server refused the name or the password. Poolers say so in words of their own under 08P01 (PgBouncer:
 * "SASL authentication failed").
 */
export function isAuthenticationError(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state === "28P01" || state === "28000") return true;
  return state === "08P01" && error instanceof Error && /SASL|authentication|password/i.test(error.message);
}
