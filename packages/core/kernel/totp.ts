export * as Totp from "./totp.ts";

import { Secret, TOTP } from "otpauth";

/** As every authenticator app assumes them (RFC 6238 and the key URI format). */
const PERIOD_SECONDS = 30;
const DIGITS = 6;
const ALGORITHM = "SHA1";
const SECRET_BYTES = 20;
/** Codes of the step before and after are taken too: a phone's clock is a little off (RFC 6238, 5.2). */
const STEPS_AROUND = 1;

/** A new secret of 160 random bits, base32. */
export const newSecret = (): string => new Secret({ size: SECRET_BYTES }).base32;

/** What an authenticator app reads from a QR code. */
export function keyUri(secret: string, issuer: string, account: string): string {
  // A colon parts issuer and account in the label.
  const [name, label] = [issuer, account].map((text) => text.replaceAll(":", " "));
  return new TOTP({ ...settings(secret), issuer: name ?? "", label: label ?? "" }).toString();
}

/**
 * The time step of a code that is right at `at`. Whoever takes it must not take that step or an earlier one again.
 * @returns undefined for a wrong code
 */
export function stepOf(code: string, secret: string, at: Date): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const timestamp = at.getTime();
  const delta = new TOTP(settings(secret)).validate({ token: code, timestamp, window: STEPS_AROUND });
  return delta === null ? undefined : Math.floor(timestamp / 1000 / PERIOD_SECONDS) + delta;
}

function settings(secret: string) {
  return { secret: Secret.fromBase32(secret), algorithm: ALGORITHM, digits: DIGITS, period: PERIOD_SECONDS };
}
