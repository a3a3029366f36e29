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
}

const CONNECT_TIMEOUT_MS = 10_000;
const RETRY_SECONDS = 5;

/**
 * Runs `work` on a connection that is closed afterwards.
 * @throws DomainError `unavailable` when the server cannot be reached or the connection is lost
 */
export async function withSession<T>(options: SessionOptions, work: (session: Session) => Promise<T>): Promise<T> {
  const tls = serverTrust(options.endpoint.host, options.ca);
  let session: Session;
  try {
    session = await openSession({ ...options, tls, connectTimeoutMs: CONNECT_TIMEOUT_MS });
  } catch (error) {
    throw unavailable(`The database ${options.endpoint.database} cannot be reached.`, RETRY_SECONDS, error);
  }
  try {
    return await work(session);
  } catch (error) {
    if (error instanceof DomainError || !isConnectionError(error)) throw error;
    throw unavailable(`The connection to the database ${options.endpoint.database} was lost.`, RETRY_SECONDS, error);
  } finally {
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
    if (!session.closed()) await session.script("rollback");
    throw error;
  }
}
