export * as SessionTokens from "./tokens.ts";

import * as z from "zod";
import { parseJson } from "../../kernel/json.ts";
import { equalInConstantTime, hmac } from "../../kernel/tokens.ts";

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
export function sign(claims: SessionClaims, key: Uint8Array): string {
  const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
  return `${body}.${hmac(key, body)}`;
}

/**
 * The claims of a token that `key` signed and that has not expired.
 * @returns `undefined` for anything else: malformed, forged, another tenant's, too old
 */
export function verify(token: string, key: Uint8Array, at: Date): SessionClaims | undefined {
  if (token.length > 1000) return undefined;
  const [body, signature, rest] = token.split(".");
  if (body === undefined || signature === undefined || rest !== undefined) return undefined;
  if (!equalInConstantTime(signature, hmac(key, body))) return undefined;
  const claims = claimsSchema.safeParse(parseJson(Buffer.from(body, "base64url").toString()));
  if (!claims.success || claims.data.expiresAt * 1000 <= at.getTime()) return undefined;
  return claims.data;
}

/** Whose a token says it is, unverified: only to notice one that was carried to another pharmacy's address. */
export function claimedTenantId(token: string): string | undefined {
  const body = token.length > 1000 ? undefined : token.split(".")[0];
  if (body === undefined) return undefined;
  const claims = claimsSchema.safeParse(parseJson(Buffer.from(body, "base64url").toString()));
  return claims.success ? claims.data.tenantId : undefined;
}
