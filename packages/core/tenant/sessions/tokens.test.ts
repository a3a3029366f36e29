import fc from "fast-check";
import { expect, test } from "vitest";
import { deriveKey } from "../../kernel/tokens.ts";
import { SessionTokens } from "./tokens.ts";

const master = new Uint8Array(32).fill(7);
const key = deriveKey(master, "session", "alfa");
const at = new Date("2026-11-24T08:00:00Z");
const claims = { tenantId: "alfa", userId: "u", sessionId: "s", expiresAt: at.getTime() / 1000 + 60 };
const token = SessionTokens.sign(claims, key);

test("a token is believed by the pharmacy that signed it, until it expires", () => {
  expect(SessionTokens.verify(token, key, at)).toEqual(claims);
  expect(SessionTokens.verify(token, key, new Date(at.getTime() + 60_000))).toBeUndefined();
});

test("a token is worth nothing at another pharmacy", () => {
  expect(SessionTokens.verify(token, deriveKey(master, "session", "beta"), at)).toBeUndefined();
  expect(SessionTokens.claimsOf(token)?.tenantId).toBe("alfa");
});

test("a token that was changed anywhere is refused", () => {
  fc.assert(
    fc.property(fc.nat({ max: token.length - 1 }), fc.constantFrom("A", "b", "0", ".", "-"), (position, letter) => {
      const changed = token.slice(0, position) + letter + token.slice(position + 1);
      // The last letter of unpadded base64url has bits that mean nothing; the signature is compared as text.
      if (changed !== token) expect(SessionTokens.verify(changed, key, at)).toBeUndefined();
    }),
  );
});

test("whatever is sent in its place is refused without an error", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 2000 }), (text) => {
      expect(SessionTokens.verify(text, key, at)).toBeUndefined();
    }),
  );
});
