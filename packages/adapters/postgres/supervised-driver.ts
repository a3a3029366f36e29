import { unavailable } from "@pharmasight/core/kernel/errors";
import {
  AbortedTransactionError,
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  type TransactionSettings,
} from "kysely";
import { isConnectionError } from "./errors.ts";
import type { ClientPool, Lease } from "./pool.ts";

export interface Limits {
  readonly queryTimeoutMs: number;
  readonly transactionTimeoutMs: number;
}

const RETRY_SECONDS = 5;

/** Kysely's way to the pool. Every wait in it is bounded, and a connection that failed is never used again. */
export class SupervisedDriver implements Driver {
  readonly #pool: ClientPool;
  readonly #limits: Limits;
  readonly #connections = new WeakMap<DatabaseConnection, SupervisedConnection>();

  constructor(pool: ClientPool, limits: Limits) {
    this.#pool = pool;
    this.#limits = limits;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const connection = new SupervisedConnection(await this.#pool.acquire(), this.#limits);
    this.#connections.set(connection, connection);
    return connection;
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    const own = this.#own(connection);
    // The next borrower must not find itself inside a transaction that nobody ended.
    if (own.inTransaction) own.lease.kill(new Error("The transaction was left open."));
    own.endTransaction();
    this.#pool.release(own.lease);
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const own = this.#own(connection);
    const modes = [
      ...(settings.isolationLevel ? [`isolation level ${settings.isolationLevel}`] : []),
      ...(settings.accessMode ? [settings.accessMode] : []),
    ];
    own.startTransaction();
    await own.executeQuery(CompiledQuery.raw(["begin", modes.join(", ")].join(" ").trim()));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const own = this.#own(connection);
    if (own.aborted) {
      // Postgres answers COMMIT of a failed transaction with ROLLBACK and no error, and postgres.js does not tell.
      await this.rollbackTransaction(own);
      throw new AbortedTransactionError();
    }
    await own.executeQuery(CompiledQuery.raw("commit"));
    own.endTransaction();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const own = this.#own(connection);
    try {
      // The server rolls a lost connection back by itself; failing here would hide the first error.
      if (!own.lost) await own.executeQuery(CompiledQuery.raw("rollback"));
    } catch (error) {
      own.lease.kill(error);
    } finally {
      own.endTransaction();
    }
  }

  async savepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await this.#own(connection).executeQuery(CompiledQuery.raw(`savepoint ${quoteName(name)}`));
  }

  async rollbackToSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await this.#own(connection).executeQuery(CompiledQuery.raw(`rollback to ${quoteName(name)}`));
  }

  async releaseSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await this.#own(connection).executeQuery(CompiledQuery.raw(`release ${quoteName(name)}`));
  }

  destroy(): Promise<void> {
    return this.#pool.close();
  }

  #own(connection: DatabaseConnection): SupervisedConnection {
    const own = this.#connections.get(connection);
    if (own === undefined) throw new TypeError("The connection is another driver's.");
    return own;
  }
}

class SupervisedConnection implements DatabaseConnection {
  readonly lease: Lease;
  readonly #limits: Limits;
  /** Fails each query that waits when the connection dies; postgres.js forgets those that it had not sent yet. */
  readonly #pending = new Set<(reason: unknown) => void>();
  #transactionTimer: NodeJS.Timeout | undefined;
  #failure: { readonly reason: unknown } | undefined;
  /** Whether the last statement failed, which is what fails a transaction. */
  aborted = false;

  constructor(lease: Lease, limits: Limits) {
    this.lease = lease;
    this.#limits = limits;
    lease.onDeath = (reason) => {
      this.#failure = { reason };
      for (const fail of this.#pending) fail(reason);
    };
  }

  get inTransaction(): boolean {
    return this.#transactionTimer !== undefined;
  }

  get lost(): boolean {
    return this.#failure !== undefined;
  }

  startTransaction(): void {
    this.aborted = false;
    this.#transactionTimer = setTimeout(
      () => this.lease.kill(tooSlow("transaction", this.#limits.transactionTimeoutMs)),
      this.#limits.transactionTimeoutMs,
    );
  }

  endTransaction(): void {
    clearTimeout(this.#transactionTimer);
    this.#transactionTimer = undefined;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { promise, resolve, reject } = Promise.withResolvers<QueryResult<R>>();
    const timer = setTimeout(
      () => this.lease.kill(tooSlow("query", this.#limits.queryTimeoutMs)),
      this.#limits.queryTimeoutMs,
    );
    this.#pending.add(reject);
    try {
      if (this.#failure !== undefined) throw this.#failure.reason;
      this.lease.client.connection.executeQuery<R>(query).then(resolve, reject);
      const result = await promise;
      this.aborted = false;
      return result;
    } catch (error) {
      this.aborted = true;
      throw this.#judge(error);
    } finally {
      clearTimeout(timer);
      this.#pending.delete(reject);
    }
  }

  // biome-ignore lint/correctness/useYield: the interface wants a generator, and refusing is all that this one does.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new TypeError("Results are not streamed, because nothing would bound the time: list pages instead.");
  }

  #judge(error: unknown): unknown {
    if (!isConnectionError(error)) return error;
    this.lease.kill(error);
    return unavailable("The connection to the database was lost. Try again.", RETRY_SECONDS, error);
  }
}

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const tooSlow = (what: string, timeoutMs: number) =>
  unavailable(
    "The database does not answer in time. Try again in a moment.",
    RETRY_SECONDS,
    new Error(`A ${what} took longer than ${timeoutMs} ms, so its connection was closed.`),
  );
