import { randomBytes } from "node:crypto";
import { hashToken, randomToken } from "../../kernel/tokens.ts";

/** What a key may be allowed; the database checks the same list. */
export const apiScopes = ["items:read", "items:write"] as const;
export type ApiScope = (typeof apiScopes)[number];

/** A new key and the part of it that people may see: `ps_1f2e3d4c`, then 256 random bits. */
export function newKey(): { readonly key: string; readonly prefix: string } {
  const prefix = `ps_${randomBytes(4).toString("hex")}`;
  return { key: `${prefix}_${randomToken()}`, prefix };
}

/** Whether a text could be a key at all. Its form is no secret, so what has another one need not be looked up. */
export const isKeyShaped = (text: string): boolean => /^ps_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$/.test(text);

/** What is stored of a key. The pharmacy is in it: a row that was copied into another database opens nothing there. */
export const hashKey = (tenantId: string, key: string): string => hashToken(`${tenantId}:${key}`);
