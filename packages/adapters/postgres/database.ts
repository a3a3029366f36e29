import { type Clock, systemClock } from "@pharmasight/core/kernel/clock";
import type { Log } from "@pharmasight/core/kernel/log";
import type { DatabaseEndpoint } from "@pharmasight/core/ports/database-hosts";
import type { DatabaseCredential } from "@pharmasight/core/ports/tenant-setup";
import {
  CamelCasePlugin,
  type Dialect,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from "kysely";
import { serverTrust } from "./client.ts";
import { ClientPool, type Proof, type Refusal } from "./pool.ts";
import { SupervisedDriver } from "./supervised-driver.ts";

export interface DatabaseOptions {
  readonly endpoint: DatabaseEndpoint;
  /** Reads the secret. `refresh`: past every cache, because the server has just refused what was cached. */
  readonly credential: (options: { refresh: boolean }) => Promise<DatabaseCredential>;
  /** Connections at once. */
  readonly poolSize: number;
  /** A connection unused for so long is closed. */
  readonly idleSeconds: number;
  /** A connection older than this is not used again. Looked at on use, because Lambda freezes timers. */
  readonly maxAgeSeconds: number;
  readonly connectTimeoutMs: number;
  /** One query, and the wait for a free connection. */
  readonly queryTimeoutMs: number;
  readonly transactionTimeoutMs: number;
  /** PEM of the authority that signs the server's certificate; needed for every host but loopback. */
  readonly ca?: string | undefined;
  readonly applicationName: string;
  /** Asked of every new connection before anything else uses it; throwing refuses the connection. */
  readonly prove?: Proof;
  /** Shared by handles that log in with the same secret. */
  readonly refusal?: Refusal | undefined;
  readonly log: Log;
  readonly clock?: Clock;
}

export interface Database<Tables> {
  /** The same for the life of the handle, whatever happens to connections. */
  readonly db: Kysely<Tables>;
  /** Goes on for a while, but keeps no connection: each is closed when it is given back, the idle ones now. */
  retire(forSeconds: number): void;
  /** Closes idle connections now and the others when they are given back. */
  close(): Promise<void>;
  stats(): { readonly open: number; readonly busy: number };
}

/**
 * A supervised handle on one database, the only way to reach one. It connects on first use. A connection that dies, times
 * out or grows old is thrown away whole, and the next use opens another: no error outlives the query that met it.
 *
 * Queries throw DomainError `unavailable` (with `retryAfterSeconds`) when the database cannot be reached, does not answer
 * in time or refuses the credential; whatever else Postgres refuses passes through with its `code`.
 * @throws DomainError when the host is not loopback and no `ca` is given
 */
export function openDatabase<Tables>(options: DatabaseOptions): Database<Tables> {
  const tls = serverTrust(options.endpoint.host, options.ca);
  const pool = new ClientPool({ ...options, tls, clock: options.clock ?? systemClock });
  const dialect: Dialect = {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new SupervisedDriver(pool, options),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
  // JSON comes back as it was stored: its keys are data, not columns.
  const db = new Kysely<Tables>({ dialect, plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })] });
  return { db, retire: (forSeconds) => pool.retire(forSeconds), close: () => pool.close(), stats: () => pool.stats() };
}
