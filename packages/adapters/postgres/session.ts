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
  /** Statements that a new connection begins with. */
  readonly settings?: string;
  /** For all of the work; below the time that a worker has, so that it can still record what happened. */
  readonly timeoutMs?: number;
}

/**
 * Runs `work` on a connection to a database.
 * @throws DomainError `unavailable` when the server cannot be reached, the connection is lost or the time is up
 */
export type WithSession = <T>(options: SessionOptions, work: (session: Session) => Promise<T>) => Promise<T>;

const CONNECT_TIMEOUT_MS = 10_000;
const TIMEOUT_MS = 50_000;
const ANSWER_TIMEOUT_MS = 2000;
const RETRY_SECONDS = 5;

/** On a connection of its own, which is closed afterwards. */
export const withSession: WithSession = async (options, work) => {
  const session = await open(options);
  try {
    return await use(session, options, work);
  } finally {
    await session.end();
  }
};

/**
 * Runs `work` with a `withSession` that keeps its connection for the next call of the same user to the same database.
 * A connection on which something failed is closed, one that no longer answers is replaced, and all end with `work`.
 * What a call leaves in the session, such as a lock, the next one finds.
 */
export async function keepingSessions<T>(work: (withKeptSession: WithSession) => Promise<T>): Promise<T> {
  const idle = new Map<string, Session>();
  let isOver = false;
  const withKeptSession: WithSession = async (options, workOnce) => {
    const key = JSON.stringify([options.endpoint, options.credential, options.applicationName]);
    const kept = idle.get(key);
    // Nobody else may have it meanwhile: a second call at the same time opens its own.
    idle.delete(key);
    const session = kept !== undefined && (await answers(kept)) ? kept : await open(options);
    let isKept = false;
    try {
      const result = await use(session, options, workOnce);
      isKept = !isOver && !session.closed() && !idle.has(key);
      if (isKept) idle.set(key, session);
      return result;
    } finally {
      if (!isKept) await session.end();
    }
  };
  try {
    return await work(withKeptSession);
  } finally {
    isOver = true;
    await Promise.all(idle.values().map((session) => session.end()));
  }
}

async function open(options: SessionOptions): Promise<Session> {
  const tls = serverTrust(options.endpoint.host, options.ca);
  let session: Session | undefined;
  try {
    session = await openSession({ ...options, tls, connectTimeoutMs: CONNECT_TIMEOUT_MS });
    if (options.settings !== undefined) await session.script(options.settings);
    return session;
  } catch (error) {
    await session?.end();
    throw unavailable(`The database ${options.endpoint.database} cannot be reached.`, RETRY_SECONDS, error);
  }
}

async function use<T>(session: Session, options: SessionOptions, work: (session: Session) => Promise<T>): Promise<T> {
  // Whatever waits for the connection fails with it.
  const timer = setTimeout(() => void session.end(), options.timeoutMs ?? TIMEOUT_MS);
  try {
    return await work(session);
  } catch (error) {
    if (error instanceof DomainError || !isConnectionError(error)) throw error;
    throw unavailable(`The connection to the database ${options.endpoint.database} was lost.`, RETRY_SECONDS, error);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends a connection that does not. */
async function answers(session: Session): Promise<boolean> {
  const timer = setTimeout(() => void session.end(), ANSWER_TIMEOUT_MS);
  try {
    await session.script("select 1");
    return true;
  } catch {
    await session.end();
    return false;
  } finally {
    clearTimeout(timer);
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
