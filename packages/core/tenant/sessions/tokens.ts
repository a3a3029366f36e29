export * as SessionTokens from "./tokens.ts";

import { LRUCache } from "lru-cache";
import * as z from "zod";
import { UNCOMPILED } from "../../kernel/parsing.ts";
import { Signed } from "../../kernel/signed.ts";

/** A session as it travels. It proves who signed in where; whether the session still lives, its row says. */
const claimsSchema = z.object({
  tenantId: z.string(),
  userId: z.string(),
  sessionId: z.string(),
  /** Unix time in seconds. */
  expiresAt: z.number().int(),
});
export type SessionClaims = Readonly<z.infer<typeof claimsSchema>>;

/** Signed with a key derived for the tenant: no other tenant's key verifies it. */
export const sign = (claims: SessionClaims, key: Uint8Array): string => Signed.write(claims, key);

/**
 * The claims of a token that `key` signed and that has not expired.
 * @returns `undefined` for anything else: malformed, forged, another tenant's, too old
 */
export function verify(token: string, key: Uint8Array, at: Date): SessionClaims | undefined {
  const claims = claimsSchema.safeParse(Signed.read(token, key), UNCOMPILED);
  return claims.success && !hasExpired(claims.data, at) ? claims.data : undefined;
}

/** A token is good until its expiry, and no longer at it. */
export const hasExpired = (claims: SessionClaims, at: Date): boolean => claims.expiresAt * 1000 <= at.getTime();

/**
 * What a token says, unverified: to notice one that was carried to another pharmacy's address, and to see when one that
 * a door has verified is due for renewal.
 */
export function claimsOf(token: string): SessionClaims | undefined {
  const known = said.get(token);
  if (known !== undefined) return known;
  const claims = claimsSchema.safeParse(Signed.readUnverified(token), UNCOMPILED);
  if (claims.success) said.set(token, claims.data);
  return claims.success ? claims.data : undefined;
}

/** What tokens say, by their whole text: every request asks, and a browser sends the same one each time. */
const said = new LRUCache<string, SessionClaims>({ max: 1000 });
