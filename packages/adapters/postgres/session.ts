import { DomainError, unavailable } from "@pharmasight/core/kernel/errors";
import type { DatabaseEndpoint } from "@pharmasight/core/ports/database-hosts";
import type { DatabaseCredential } from "@pharmasight/core/ports/tenant-setup";
import { openSession, type Session, serverTrust } from "./client.ts";
import { isConnectionError } from "./errors.ts";

export interface SessionOptions {
  /** A session of its own per connection: not a transaction pooler. */
  readonly endpoint: DatabaseEndpoint;
  readonly credential: DatabaseCredential;
  readonly ca?: string | undefined;
  readonly applicationName: string;
  /** For all of the work; below the time that a worker has, so that it can still record what happened. */
  readonly timeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const TIMEOUT_MS = 50_000;
const RETRY_SECONDS = 5;

/**
 * Runs `work` on a connection that is closed afterwards.
 * @throws DomainError `unavailable` when the server cannot be reached, the connection is lost or the time is up
 */
export async function withSession<T>(options: SessionOptions, work: (session: Session) => Promise<T>): Promise<T> {
  const tls = serverTrust(options.endpoint.host, options.ca);
  let session: Session;
  try {
    session = await openSession({ ...options, tls, connectTimeoutMs: CONNECT_TIMEOUT_MS });
  } catch (error) {
    throw unavailable(`The database ${options.endpoint.database} cannot be reached.`, RETRY_SECONDS, error);
  }
  // Whatever waits for the connection fails with it.
  const timer = setTimeout(() => void session.end(), options.timeoutMs ?? TIMEOUT_MS);
  try {
    return await work(session);
  } catch (error) {
    if (error instanceof DomainError || !isConnectionError(error)) throw error;
    throw unavailable(`The connection to the database ${options.endpoint.database} was lost.`, RETRY_SECONDS, error);
  } finally {
    clearTimeout(timer);
    await session.end();
  }
}

/** Runs `work` in one transaction, rolled back when it throws. */
export async function inTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.script("begin");
  try {
    const result = await work();
    await session.script("commit");
    return result;
  } catch (error) {
    // What cannot be rolled back ends with the connection; the first error is the one to be told.
    if (!session.closed()) await session.script("rollback").catch(() => {});
    throw error;
  }
}
