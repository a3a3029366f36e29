import { hmac } from "../../kernel/tokens.ts";
import type { ControlScope } from "../scope.ts";

/** How long a code is good for. */
export const CODE_MINUTES = 15;
/** Guesses at one code: five of a million at most. */
export const MAX_ATTEMPTS = 5;
/** Codes of one sign-up. */
export const MAX_CODES = 5;

/**
 * The six digits of a sign-up's code: derived (RFC 4226 with SHA-256), so that none is stored and the mail can be
 * written again.
 * @param number which of the sign-up's codes, from 1
 */
export async function codeOf(control: ControlScope, signUpId: string, number: number): Promise<string> {
  const digest = Buffer.from(hmac(await control.key("sign-up-code", signUpId), String(number)), "base64url");
  const offset = digest.readUInt8(digest.length - 1) & 0x0f;
  const truncated = digest.readUInt32BE(offset) & 0x7f_ff_ff_ff;
  return String(truncated % 1_000_000).padStart(6, "0");
}

/** Mails a code when the transaction commits. */
export async function emitCode(tx: ControlScope, signUpId: string, number: number): Promise<void> {
  await tx.emit({
    queue: "control-mail",
    payload: { template: "sign_up_code", signUpId, number: String(number) },
    dedupeKey: `sign-up-code:${signUpId}:${number}`,
  });
}
