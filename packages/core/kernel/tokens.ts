import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";

/** A secret of 256 random bits, safe in a URL. */
export const randomToken = (): string => randomBytes(32).toString("base64url");

/** What is stored of a token: a plain hash suffices for 256 random bits. */
export const hashToken = (token: string): string => createHash("sha256").update(token).digest("hex");

/** Keyed hash, base64url. */
export const hmac = (key: Uint8Array, message: string): string =>
  createHmac("sha256", key).update(message).digest("base64url");

/** A key for one purpose and one subject, from the stage's master key (RFC 5869). */
export const deriveKey = (masterKey: Uint8Array, purpose: string, subject: string): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", masterKey, new Uint8Array(0), `pharmasight:${purpose}:${subject}`, 32));

/** Equality in time that depends on the lengths only. */
export function equalInConstantTime(a: string, b: string): boolean {
  const left = createHash("sha256").update(a).digest();
  const right = createHash("sha256").update(b).digest();
  return timingSafeEqual(left, right);
}
