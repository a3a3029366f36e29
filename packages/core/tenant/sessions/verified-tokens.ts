import { LRUCache } from "lru-cache";
import { REMEMBERED_MAX } from "../remembered.ts";
import { type SessionClaims, SessionTokens } from "./tokens.ts";

/**
 * What this process has verified of one pharmacy's session tokens. A browser sends the same token with every request,
 * and what a key has signed once it has signed for good: only the expiry is looked at again.
 */
export class VerifiedTokens {
  readonly #claims = new LRUCache<string, SessionClaims>({ max: REMEMBERED_MAX });

  /** @returns `undefined` as `SessionTokens.verify` does; a refusal is not remembered */
  verify(token: string, key: Uint8Array, at: Date): SessionClaims | undefined {
    const known = this.#claims.get(token);
    if (known !== undefined) return SessionTokens.hasExpired(known, at) ? undefined : known;
    const claims = SessionTokens.verify(token, key, at);
    if (claims !== undefined) this.#claims.set(token, claims);
    return claims;
  }
}
