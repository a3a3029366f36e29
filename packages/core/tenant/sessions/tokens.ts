export * as SessionTokens from "./tokens.ts";

import * as z from "zod";
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
  const claims = claimsSchema.safeParse(Signed.read(token, key));
  if (!claims.success || claims.data.expiresAt * 1000 <= at.getTime()) return undefined;
  return claims.data;
}

/**
 * What a token says, unverified: to notice one that was carried to another pharmacy's address, and to see when one that
 * a door has verified is due for renewal.
 */
export function claimsOf(token: string): SessionClaims | undefined {
  const claims = claimsSchema.safeParse(Signed.readUnverified(token));
  return claims.success ? claims.data : undefined;
}
