import { type Kysely, sql } from "kysely";
import { LRUCache } from "lru-cache";
import { DomainError } from "../../kernel/errors.ts";
import { hmac } from "../../kernel/tokens.ts";
import type { TenantTables } from "../tables.generated.ts";
import { type Quota, QuotaShare, type QuotaState, secondsToReset, WINDOW_MS } from "./quota.ts";

/** Subjects that are remembered for a pharmacy. One that is forgotten asks for a new portion. */
const SUBJECTS_MAX = 500;
const OLD_WINDOWS = 5;
const REMOVED_MAX = 50;

/** What became of one request. */
export interface Counted {
  /** What is left of each quota that was asked. */
  readonly states: readonly QuotaState[];
  /** `rate_limited`, by the first quota that had no room, with the seconds until it has. Whoever counted throws it. */
  readonly refusal: DomainError | undefined;
}

interface Held {
  readonly share: QuotaShare;
  /** Asking for a portion: everybody who needs one waits for the same answer. */
  asking: Promise<void> | undefined;
}

/** What this process holds of one pharmacy's quotas. The counts that all processes share are in its own database. */
export class KnownQuotas {
  readonly #held = new LRUCache<string, Held>({ max: SUBJECTS_MAX });
  #sweptWindow = 0;

  /**
   * Counts one request for each quota, in the order given. Most need no statement.
   * @param key of the pharmacy, for this purpose alone: subjects are stored as keyed hashes
   * @returns what is left of each, up to the first that had no room
   */
  async take(
    db: Kysely<TenantTables>,
    quotas: readonly Quota[],
    now: Date,
    key: () => Promise<Uint8Array>,
  ): Promise<Counted> {
    const states: QuotaState[] = [];
    for (const quota of quotas) {
      const held = this.#heldOf(quota);
      let answer = held.share.take(now);
      while (answer === "portion needed") {
        held.asking ??= this.#ask(db, quota, held.share, now, key).finally(() => {
          held.asking = undefined;
        });
        await held.asking;
        answer = held.share.take(now);
      }
      states.push({ quota, remaining: held.share.remaining, resetSeconds: secondsToReset(now) });
      if (answer === "refused") return { states, refusal: exceeded(quota, now) };
    }
    return { states, refusal: undefined };
  }

  #heldOf({ name, subject, perMinute }: Quota): Held {
    // A quota that was changed is another one, at the next request.
    const id = `${name} ${perMinute} ${subject}`;
    const known = this.#held.get(id);
    if (known !== undefined) return known;
    const held: Held = { share: new QuotaShare(perMinute), asking: undefined };
    this.#held.set(id, held);
    return held;
  }

  async #ask(
    db: Kysely<TenantTables>,
    quota: Quota,
    share: QuotaShare,
    now: Date,
    key: () => Promise<Uint8Array>,
  ): Promise<void> {
    const portion = share.portion(now);
    const window = new Date(portion.window);
    // A process whose clock is behind counts in the window that others have begun.
    const { rows } = await sql<{ taken: string }>`
      insert into request_quotas as known (key, window_start, taken)
      values (${hmac(await key(), `${quota.name} ${quota.subject}`)}, ${window}::timestamptz, ${portion.size}::bigint)
      on conflict (key) do update set
        taken = case
          when known.window_start >= excluded.window_start then known.taken + excluded.taken
          else excluded.taken
        end,
        window_start = greatest(known.window_start, excluded.window_start)
      returning taken
    `.execute(db);
    share.receive(portion, Number(rows[0]?.taken ?? Number.POSITIVE_INFINITY));
    if (this.#sweptWindow === window.getTime()) return;
    this.#sweptWindow = window.getTime();
    await removeOld(db, window);
  }
}

/** A few at a time, and none that somebody holds: nobody sweeps the databases of all pharmacies for this. */
async function removeOld(db: Kysely<TenantTables>, window: Date): Promise<void> {
  const before = new Date(window.getTime() - OLD_WINDOWS * WINDOW_MS);
  await sql`
    delete from request_quotas where key in (
      select key from request_quotas where window_start < ${before}::timestamptz
      limit ${REMOVED_MAX}::integer for update skip locked
    )
  `.execute(db);
}

const words: Readonly<Record<Quota["name"], string>> = {
  pharmacy: "This pharmacy sends more requests than its plan allows.",
  "api-key": "This API key sends more requests than it may.",
  network: "Too many requests come from your network.",
};

function exceeded({ name, perMinute }: Quota, now: Date): DomainError {
  const retryAfterSeconds = secondsToReset(now);
  return new DomainError("rate_limited", `${words[name]} The limit is ${perMinute} a minute. Try again in a moment.`, {
    retryAfterSeconds,
  });
}
