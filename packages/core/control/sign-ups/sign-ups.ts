export { CODE_MINUTES, codeOf } from "./codes.ts";
export { confirm } from "./confirmation.ts";
export { findForBrowser, type SignUp } from "./find.ts";
export { type Availability, availability, TERMS_VERSION } from "./form.ts";
export * as SignUps from "./sign-ups.ts";

import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, invalidInput } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import { hashToken, randomToken } from "../../kernel/tokens.ts";
import { Plans } from "../plans/plans.ts";
import type { ControlScope } from "../scope.ts";
import { CODE_MINUTES, emitCode, MAX_CODES } from "./codes.ts";
import { unknownSignUp } from "./confirmation.ts";
import { findForBrowser, type SignUp } from "./find.ts";
import { parseForm } from "./form.ts";
import { limits, requireRoom } from "./limits.ts";

/** A token as `newBrowserToken` makes it; anything else that a form brings is replaced. */
const tokenShape = /^[A-Za-z0-9_-]{43}$/;

/** What a form is served with and, once it is sent, what the browser proves itself with. */
export const newBrowserToken = (): string => randomToken();

/**
 * Keeps a form that was sent and mails its first code. The same browser may send the form again, to correct it: with
 * the same address that changes the sign-up and leaves the code as it was, while that can still be entered. Whether the
 * address is a customer's already decides only what the mail says: nothing that happens here depends on it.
 * @param offered the token that the form was served with: the same form sent twice is one sign-up
 * @returns the token that only this browser may have
 * @throws DomainError `invalid_input` with a message for each field; `rate_limited` with a field and `retryAfterSeconds`
 */
export async function start(control: ControlScope, form: unknown, offered = ""): Promise<StartedSignUp> {
  const checked = await parseForm(control, form);
  const plan = await Plans.findByCode(control, checked.plan);
  if (plan === undefined) throw invalidInput("Please check the form.", { plan: "Choose a plan." });
  const isOurs = tokenShape.test(offered);
  const earlier = isOurs ? await findForBrowser(control, offered) : undefined;
  const { companyName, ownerName, email, subdomain, termsVersion } = checked;
  const now = control.clock.now();
  const values = { companyName, ownerName, email, subdomain, planId: plan.id, termsVersion, termsAcceptedAt: now };
  if (earlier !== undefined && earlier.email === email && isLive(earlier, now)) {
    await control.db
      .updateTable("signUps")
      .set(values)
      .where("id", "=", earlier.id)
      .where("tenantId", "is", null)
      .execute();
    return { signUpId: earlier.id, browserToken: offered };
  }
  await requireRoom(control, limits.form, email);
  const browserToken = isOurs && earlier === undefined ? offered : newBrowserToken();
  const signUpId = newId(control.clock);
  const isFirst = await control.tx(async (tx) => {
    const inserted = await tx.db
      .insertInto("signUps")
      .values({
        ...values,
        id: signUpId,
        browserHash: hashToken(browserToken),
        sourceIp: tx.actor.kind === "visitor" ? tx.actor.sourceIp : tx.actor.kind,
        codeNumber: 1,
        codeExpiresAt: secondsAfter(now, CODE_MINUTES * MINUTE_SECONDS),
        createdAt: now,
      })
      .onConflict((conflict) => conflict.column("browserHash").doNothing())
      .returning("id")
      .executeTakeFirst();
    if (inserted !== undefined) await emitCode(tx, signUpId, 1);
    return inserted !== undefined;
  });
  if (isFirst) return { signUpId, browserToken };
  const first = await findForBrowser(control, browserToken);
  if (first?.email === email) return { signUpId: first.id, browserToken };
  throw new DomainError("conflict", "This form was sent twice at the same moment. Open it again.");
}

export interface StartedSignUp {
  readonly signUpId: string;
  readonly browserToken: string;
}

/** Whether a browser may go on with this sign-up: one whose code was used up or has expired is begun anew. */
const isLive = ({ tenantId, attemptsLeft, codeExpiresAt }: SignUp, now: Date): boolean =>
  tenantId !== null || (attemptsLeft > 0 && codeExpiresAt > now);

/**
 * Mails another code; the earlier one no longer works.
 * @throws DomainError `gone` when this browser has no sign-up; `rate_limited` with `fields.code`, after the last code of
 * this sign-up without a time: only a new sign-up has more
 */
export async function resendCode(control: ControlScope, browserToken: string): Promise<void> {
  const signUp = await findForBrowser(control, browserToken);
  if (signUp === undefined) throw unknownSignUp();
  if (signUp.tenantId !== null) return;
  await requireRoom(control, limits.resend, signUp.email);
  await control.tx(async (tx) => {
    const row = await tx.db
      .updateTable("signUps")
      .set((set) => ({
        codeNumber: set("codeNumber", "+", 1),
        codeAttempts: 0,
        codeExpiresAt: secondsAfter(tx.clock.now(), CODE_MINUTES * MINUTE_SECONDS),
      }))
      .where("id", "=", signUp.id)
      .where("tenantId", "is", null)
      .where("codeNumber", "<", MAX_CODES)
      .returning("codeNumber")
      .executeTakeFirst();
    if (row === undefined) {
      const message = `We sent ${MAX_CODES} codes for this sign-up. Check the address and start again.`;
      throw new DomainError("rate_limited", message, { fields: { code: message } });
    }
    await emitCode(tx, signUp.id, row.codeNumber);
  });
}
