import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "@pharmasight/core/kernel/clock";
import { DomainError, unavailable } from "@pharmasight/core/kernel/errors";
import type { Log } from "@pharmasight/core/kernel/log";
import type { DatabaseEndpoint } from "@pharmasight/core/ports/database-hosts";
import type { DatabaseCredential } from "@pharmasight/core/ports/tenant-setup";
import { CompiledQuery } from "kysely";
import { type Client, openClient, type ServerTrust } from "./client.ts";
import { isAuthenticationError } from "./errors.ts";

export interface PoolOptions {
  readonly endpoint: DatabaseEndpoint;
  readonly credential: (options: { refresh: boolean }) => Promise<DatabaseCredential>;
  readonly poolSize: number;
  readonly idleSeconds: number;
  readonly maxAgeSeconds: number;
  readonly connectTimeoutMs: number;
  readonly queryTimeoutMs: number;
  readonly applicationName: string;
  readonly tls: ServerTrust | undefined;
  /** Asked of every new connection before anything else uses it; throwing refuses the connection. */
  readonly prove?: Proof;
  /** Shared by pools that log in with the same secret, so that a refusal outlives a pool that could not be opened. */
  readonly refusal?: Refusal | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

/** That a secret's credential was refused. */
export interface Refusal {
  /** Unix milliseconds until which nobody tries again; 0: it was not. */
  until: number;
}

/** Puts questions to a new connection and throws when the answers are not what they must be. */
export type Proof = (ask: (statement: string) => Promise<readonly unknown[]>) => Promise<void>;

/** A connection on loan. Nobody else uses it until it is given back. */
export interface Lease {
  readonly client: Client;
  /** Ends the connection now, and whatever waits for it fails with `reason`. */
  kill(reason: unknown): void;
  /** Called when the connection dies while on loan. */
  onDeath: ((reason: unknown) => void) | undefined;
}

interface Entry extends Lease {
  readonly openedAt: number;
  usedAt: number;
  idleTimer: NodeJS.Timeout | undefined;
}

/** Supabase's pooler shuts a client out for 120 s after ten refusals: two in 30 s stay far from it. */
const REFUSED_SECONDS = 30;
/** What callers are told when the database cannot be reached. */
const RETRY_SECONDS = 5;
/** A connection unused for longer is given a chance to say that it has died in the meantime. */
const QUIET_MS = 20;

/** Lends connections to one database: opens them on demand, at most `poolSize`, and throws away dead and old ones. */
export class ClientPool {
  readonly #options: PoolOptions;
  readonly #idle: Entry[] = [];
  readonly #all = new Set<Entry>();
  readonly #waiting: (() => void)[] = [];
  #lent = 0;
  #closing = false;
  /** Unix milliseconds from which on nothing is lent; undefined: not retired. */
  #lendsUntil: number | undefined;
  #opening: Promise<unknown> = Promise.resolve();
  readonly #refusal: Refusal;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#refusal = options.refusal ?? { until: 0 };
  }

  /** @throws DomainError `unavailable` when there is no connection to be had in time */
  async acquire(): Promise<Lease> {
    if (this.#lent < this.#options.poolSize) this.#lent += 1;
    else await this.#freeSlot();
    try {
      if (this.#closing || this.#isPast(this.#lendsUntil))
        throw unavailable("The connection to the database is being closed. Try again.", 1);
      return (await this.#reuse()) ?? (await this.#inTurn(() => this.#open()));
    } catch (error) {
      this.#passSlotOn();
      throw error;
    }
  }

  release(lease: Lease): void {
    lease.onDeath = undefined;
    const entry = [...this.#all].find((candidate) => candidate === lease);
    if (entry !== undefined) {
      if (this.#closing || this.#lendsUntil !== undefined) void this.#end(entry);
      else this.#rest(entry);
    }
    this.#passSlotOn();
  }

  /** Lends on for a while, but keeps nothing: a connection ends when it is given back. Needs no timer. */
  retire(forSeconds: number): void {
    this.#lendsUntil = this.#options.clock.now().getTime() + forSeconds * 1000;
    for (const entry of this.#idle.splice(0)) void this.#end(entry);
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#idle.splice(0).map((entry) => this.#end(entry)));
  }

  stats(): { readonly open: number; readonly busy: number } {
    return { open: this.#all.size, busy: this.#lent };
  }

  #isPast(end: number | undefined): boolean {
    return end !== undefined && this.#options.clock.now().getTime() >= end;
  }

  /** Waits until a connection is given back; its slot then belongs to the caller. */
  async #freeSlot(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      const position = this.#waiting.indexOf(resolve);
      if (position >= 0) this.#waiting.splice(position, 1);
      this.#options.log.warn("No database connection became free in time", {
        poolSize: this.#options.poolSize,
        hint: "a query on the database inside a transaction waits for that very transaction: use the transaction",
      });
      reject(unavailable("The database is busy. Try again in a moment.", RETRY_SECONDS, new Error(NESTED)));
    }, this.#options.queryTimeoutMs);
    this.#waiting.push(resolve);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #passSlotOn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#lent -= 1;
    else next();
  }

  async #reuse(): Promise<Lease | undefined> {
    for (let entry = this.#idle.pop(); entry !== undefined; entry = this.#idle.pop()) {
      const now = this.#options.clock.now().getTime();
      const old = now - entry.openedAt > this.#options.maxAgeSeconds * 1000;
      const stale = now - entry.usedAt > this.#options.idleSeconds * 1000;
      if (old || stale) {
        void this.#end(entry);
        continue;
      }
      if (now - entry.usedAt > QUIET_MS) {
        // Two turns of the event loop read what the socket received while nobody looked (or the process was frozen).
        await nextTurn();
        await nextTurn();
      }
      if (!entry.client.closed()) return entry;
    }
    return undefined;
  }

  /** One at a time, so that a wrong password is tried by one connection, not by all. */
  #inTurn<T>(open: () => Promise<T>): Promise<T> {
    const opened = this.#opening.then(open);
    this.#opening = opened.catch(() => {});
    return opened;
  }

  async #open(): Promise<Lease> {
    const waitMs = this.#refusal.until - this.#options.clock.now().getTime();
    if (waitMs > 0) throw refused(Math.ceil(waitMs / 1000));
    const known = await this.#options.credential({ refresh: false });
    try {
      return await this.#connect(known);
    } catch (error) {
      if (!isAuthenticationError(error)) throw this.#unreachable(error);
      const changed = await this.#options.credential({ refresh: true });
      // Each refusal counts at the pooler: the same credential is not tried twice.
      if (changed.user === known.user && changed.password === known.password) throw this.#refuse(error);
      return await this.#connectAgain(changed);
    }
  }

  /** The password was changed since the secret was read. Nothing was sent yet, so trying again is safe. */
  async #connectAgain(credential: DatabaseCredential): Promise<Lease> {
    try {
      return await this.#connect(credential);
    } catch (error) {
      throw isAuthenticationError(error) ? this.#refuse(error) : this.#unreachable(error);
    }
  }

  #refuse(error: unknown): DomainError {
    this.#refusal.until = this.#options.clock.now().getTime() + REFUSED_SECONDS * 1000;
    this.#options.log.error("The database refuses the credential in the secret", error, this.#where());
    return refused(REFUSED_SECONDS, error);
  }

  async #connect(credential: DatabaseCredential): Promise<Lease> {
    const dead = () => entry?.kill(connectionLost());
    let entry: Entry | undefined;
    const client = await openClient({ ...this.#options, credential }, () => dead());
    await this.#prove(client);
    const openedAt = this.#options.clock.now().getTime();
    const opened: Entry = {
      client,
      openedAt,
      usedAt: openedAt,
      idleTimer: undefined,
      onDeath: undefined,
      kill: (reason) => this.#kill(opened, reason),
    };
    entry = opened;
    if (client.closed()) throw connectionLost();
    this.#all.add(opened);
    return opened;
  }

  /** A password may have been read again, an address may lead elsewhere by now: each connection answers for itself. */
  async #prove(client: Client): Promise<void> {
    const { prove, queryTimeoutMs } = this.#options;
    if (prove === undefined) return;
    const limit = Promise.withResolvers<never>();
    const timer = setTimeout(() => limit.reject(connectionLost()), queryTimeoutMs);
    const ask = async (statement: string) => {
      const { rows } = await client.connection.executeQuery(CompiledQuery.raw(statement));
      return rows;
    };
    try {
      await Promise.race([prove(ask), limit.promise]);
    } catch (error) {
      await client.end();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #kill(entry: Entry, reason: unknown): void {
    if (!this.#all.has(entry)) return;
    const position = this.#idle.indexOf(entry);
    if (position >= 0) this.#idle.splice(position, 1);
    void this.#end(entry);
    entry.onDeath?.(reason);
  }

  async #end(entry: Entry): Promise<void> {
    this.#all.delete(entry);
    clearTimeout(entry.idleTimer);
    await entry.client.end();
  }

  #rest(entry: Entry): void {
    entry.usedAt = this.#options.clock.now().getTime();
    this.#idle.push(entry);
    // One timer per connection, started anew at each rest, because a timer per query would pile up.
    entry.idleTimer ??= setTimeout(() => this.#endIfIdle(entry), this.#options.idleSeconds * 1000);
    // An idle connection's timer is no reason for the process to live on.
    entry.idleTimer.refresh().unref();
  }

  #endIfIdle(entry: Entry): void {
    const position = this.#idle.indexOf(entry);
    if (position < 0) return;
    this.#idle.splice(position, 1);
    void this.#end(entry);
  }

  #unreachable(error: unknown): DomainError {
    if (error instanceof DomainError) return error;
    this.#options.log.warn("The database cannot be reached", { ...this.#where(), reason: describe(error) });
    return unavailable("The database cannot be reached. Try again in a moment.", RETRY_SECONDS, error);
  }

  #where(): Readonly<Record<string, unknown>> {
    return { host: this.#options.endpoint.host, database: this.#options.endpoint.database };
  }
}

const NESTED =
  "No connection became free. A query on the database inside a transaction waits for that very transaction: " +
  "use the transaction's own handle.";

const refused = (retryAfterSeconds: number, cause?: unknown): DomainError =>
  unavailable("The database cannot be reached. Try again in a moment.", retryAfterSeconds, cause);

const connectionLost = (): Error => Object.assign(new Error("The connection was lost."), { code: "CONNECTION_CLOSED" });

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));
