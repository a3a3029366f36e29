import { type QueryExecutorProvider, type RawBuilder, sql } from "kysely";
import { type Clock, secondsAfter } from "./clock.ts";
import { DomainError } from "./errors.ts";
import { hmac } from "./tokens.ts";

/** At most `hits` in any stretch of `windowSeconds`. */
export interface RateLimit {
  /** Part of the key: two limits of one subject are counted apart. */
  readonly name: string;
  /** 1 to 100: each is kept until it leaves the window. */
  readonly hits: number;
  readonly windowSeconds: number;
}

/** One limit and whom it counts: a network, an address, a person. */
export interface Counted {
  readonly limit: RateLimit;
  readonly subject: string;
}

const EXPIRED_REMOVED_MAX = 20;

/**
 * Limits that every process shares, in one table of a plane's own database. Exact: a hit is counted by one statement
 * under the lock of its row, so requests at the same moment cannot share a count. Subjects are stored as keyed hashes.
 */
export class RateLimits {
  readonly #db: QueryExecutorProvider;
  readonly #table: RawBuilder<unknown>;
  readonly #clock: Clock;
  readonly #key: () => Promise<Uint8Array>;

  /** @param table the plane's table `rate_limits`, with its schema where no search path finds it */
  constructor(db: QueryExecutorProvider, table: readonly string[], clock: Clock, key: () => Promise<Uint8Array>) {
    this.#db = db;
    this.#table = sql.id(...table);
    this.#clock = clock;
    this.#key = key;
  }

  /**
   * Counts one hit for each, in the order given, and stops at the first that has no room. Count before doing what is
   * limited: afterwards, a hundred requests at once would all have found room.
   * @throws DomainError `rate_limited` with the seconds until there is room
   */
  async take(counted: readonly Counted[], message: string): Promise<void> {
    for (const one of counted) {
      const retryAfterSeconds = await this.#hit(one);
      if (retryAfterSeconds !== undefined) throw new DomainError("rate_limited", message, { retryAfterSeconds });
    }
  }

  /** How many hits of a subject are in the window now. */
  async count({ limit, subject }: Counted): Promise<number> {
    const since = secondsAfter(this.#clock.now(), -limit.windowSeconds);
    const { rows } = await sql<{ hits: string }>`
      select count(*) as hits from ${this.#table} as known, unnest(known.hits) hit
      where known.key = ${await this.#keyOf({ limit, subject })} and hit > ${since}::timestamptz
    `.execute(this.#db);
    return Number(rows[0]?.hits ?? 0);
  }

  /** Forgets a subject's hits: what was limited has succeeded. */
  async clear(counted: readonly Counted[]): Promise<void> {
    for (const one of counted)
      await sql`delete from ${this.#table} where key = ${await this.#keyOf(one)}`.execute(this.#db);
  }

  /** @returns nothing when there was room, else the seconds until there is */
  async #hit({ limit, subject }: Counted): Promise<number | undefined> {
    const now = this.#clock.now();
    const since = secondsAfter(now, -limit.windowSeconds);
    const expiresAt = secondsAfter(now, limit.windowSeconds);
    const key = await this.#keyOf({ limit, subject });
    const { rows } = await sql`
      insert into ${this.#table} as known (key, hits, expires_at)
      values (${key}, array[${now}::timestamptz], ${expiresAt}::timestamptz)
      on conflict (key) do update set
        hits = array(select hit from unnest(known.hits) hit where hit > ${since}::timestamptz) || ${now}::timestamptz,
        expires_at = ${expiresAt}::timestamptz
      where (select count(*) from unnest(known.hits) hit where hit > ${since}::timestamptz) < ${limit.hits}::integer
      returning key
    `.execute(this.#db);
    if (rows.length > 0) {
      await this.#removeExpired(now);
      return undefined;
    }
    const { rows: found } = await sql<{ oldest: Date | null }>`
      select (select min(hit) from unnest(known.hits) hit where hit > ${since}::timestamptz) as oldest
      from ${this.#table} as known where key = ${key}
    `.execute(this.#db);
    const freeAt = secondsAfter(found[0]?.oldest ?? now, limit.windowSeconds);
    return Math.max(1, Math.ceil((freeAt.getTime() - now.getTime()) / 1000));
  }

  /** A few at a time, and none that somebody holds: nobody sweeps the databases of all pharmacies for this. */
  async #removeExpired(now: Date): Promise<void> {
    await sql`
      delete from ${this.#table} where key in (
        select key from ${this.#table} where expires_at < ${now}::timestamptz
        limit ${EXPIRED_REMOVED_MAX}::integer for update skip locked
      )
    `.execute(this.#db);
  }

  async #keyOf({ limit, subject }: Counted): Promise<string> {
    return hmac(await this.#key(), `${limit.name} ${subject}`);
  }
}
