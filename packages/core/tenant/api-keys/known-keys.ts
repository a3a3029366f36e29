import { type Kysely, sql } from "kysely";
import { LRUCache } from "lru-cache";
import * as z from "zod";
import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { REMEMBERED_MAX } from "../remembered.ts";
import type { TenantTables } from "../tables.generated.ts";
import { type ApiScope, apiScopes } from "./key.ts";

interface KnownKey {
  readonly keyId: string;
  readonly scopes: readonly ApiScope[];
  readonly expiresAt: Date | null;
  readonly seenAt: Date;
}

interface Uses {
  readonly recordedAt: Date;
  /** Calls since then. */
  readonly count: number;
}

/** How long a key that was seen alive is believed: the bound on how late a revocation bites elsewhere. */
const SEEN_SECONDS = 10;

const scopesSchema = z.array(z.enum(apiScopes));

/** What this process knows of one pharmacy's API keys, by their hashes. */
export class KnownApiKeys {
  readonly #seen = new LRUCache<string, KnownKey>({ max: REMEMBERED_MAX });
  readonly #uses = new LRUCache<string, Uses>({ max: REMEMBERED_MAX });
  #revocations = 0;

  /**
   * The key of this hash if it may be used now. One statement, the same for a key that is unknown, revoked or expired.
   */
  async find(db: Kysely<TenantTables>, keyHash: string, now: Date): Promise<KnownKey | undefined> {
    const known = this.#seen.get(keyHash);
    const isFresh = known !== undefined && now < secondsAfter(known.seenAt, SEEN_SECONDS);
    const key = isFresh ? known : await this.#look(db, keyHash, now);
    if (key !== undefined && (key.expiresAt === null || now < key.expiresAt)) return key;
    this.#seen.delete(keyHash);
    return undefined;
  }

  /** Forgets a key in this process at once: it was revoked here. A look that was under way is not kept either. */
  forget(keyHash: string): void {
    this.#revocations += 1;
    this.#seen.delete(keyHash);
  }

  /**
   * Counts a call, and writes the count at most once a minute: reading should not cost a write. The calls of the last
   * minute are lost when the process ends.
   */
  async recordUse(db: Kysely<TenantTables>, keyId: string, now: Date): Promise<void> {
    const uses = this.#uses.get(keyId);
    if (uses !== undefined && now < secondsAfter(uses.recordedAt, MINUTE_SECONDS)) {
      this.#uses.set(keyId, { ...uses, count: uses.count + 1 });
      return;
    }
    const count = (uses?.count ?? 0) + 1;
    this.#uses.set(keyId, { recordedAt: now, count: 0 });
    await db
      .updateTable("apiKeys")
      .set({
        lastUsedAt: sql<Date>`greatest(last_used_at, ${now}::timestamptz)`,
        useCount: sql<string>`use_count + ${count}::integer`,
      })
      .where("id", "=", keyId)
      .execute();
  }

  async #look(db: Kysely<TenantTables>, keyHash: string, now: Date): Promise<KnownKey | undefined> {
    const revocations = this.#revocations;
    const row = await db
      .selectFrom("apiKeys")
      .select(["id as keyId", "scopes", "expiresAt"])
      .where("keyHash", "=", keyHash)
      .where("revokedAt", "is", null)
      .where((e) => e.or([e("expiresAt", "is", null), e("expiresAt", ">", now)]))
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const key = { ...row, scopes: scopesSchema.parse(row.scopes), seenAt: now };
    if (revocations === this.#revocations) this.#seen.set(keyHash, key);
    return key;
  }
}
