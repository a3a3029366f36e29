export { CODE_MINUTES, codeOf } from "./codes.ts";
export { confirm } from "./confirmation.ts";
export { findForBrowser } from "./find.ts";
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
import { findForBrowser } from "./find.ts";
import { parseForm } from "./form.ts";
import { requireRoom, serialise } from "./limits.ts";

export interface SignUpOrigin {
  readonly sourceIp: string;
  /** The token that the form was served with: the same form sent twice is one sign-up. */
  readonly browserToken?: string | undefined;
}

/** A token as `newBrowserToken` makes it; anything else that a form brings is replaced. */
const tokenShape = /^[A-Za-z0-9_-]{43}$/;

/** What a form is served with and, once it is sent, what the browser proves itself with. */
export const newBrowserToken = (): string => randomToken();

/**
 * Keeps a form that was sent and mails its first code. The same browser may send the form again, to correct it: with
 * the same address that changes the sign-up and leaves the code as it was.
 * @returns the token that only this browser may have
 * @throws DomainError `invalid_input` with a message for each field, `rate_limited` with `retryAfterSeconds`
 */
export async function start(
  control: ControlScope,
  form: unknown,
  origin: SignUpOrigin,
): Promise<{ signUpId: string; browserToken: string }> {
  const checked = await parseForm(control, form);
  const plan = await Plans.findByCode(control, checked.plan);
  if (plan === undefined) throw invalidInput("Please check the form.", { plan: "Choose a plan." });
  const offered = origin.browserToken ?? "";
  return control.tx(async (tx) => {
    const now = tx.clock.now();
    const values = {
      companyName: checked.companyName,
      ownerName: checked.ownerName,
      email: checked.email,
      subdomain: checked.subdomain,
      planId: plan.id,
      termsVersion: checked.termsVersion,
      termsAcceptedAt: now,
    };
    await serialise(tx, checked.email, origin.sourceIp);
    const earlier = tokenShape.test(offered) ? await findForBrowser(tx, offered) : undefined;
    if (earlier !== undefined && earlier.email === checked.email) {
      await tx.db
        .updateTable("signUps")
        .set(values)
        .where("id", "=", earlier.id)
        .where("tenantId", "is", null)
        .execute();
      return { signUpId: earlier.id, browserToken: offered };
    }
    await requireRoom(tx, checked.email, origin.sourceIp);
    const browserToken = tokenShape.test(offered) && earlier === undefined ? offered : newBrowserToken();
    const signUpId = newId(tx.clock);
    await tx.db
      .insertInto("signUps")
      .values({
        ...values,
        id: signUpId,
        browserHash: hashToken(browserToken),
        sourceIp: origin.sourceIp,
        codeNumber: 1,
        codeExpiresAt: secondsAfter(now, CODE_MINUTES * MINUTE_SECONDS),
        createdAt: now,
      })
      .execute();
    await emitCode(tx, signUpId, 1);
    return { signUpId, browserToken };
  });
}

/**
 * Mails another code; the earlier one no longer works.
 * @throws DomainError `gone` when this browser has no sign-up, `rate_limited` after the last code
 */
export async function resendCode(control: ControlScope, browserToken: string): Promise<void> {
  const signUp = await findForBrowser(control, browserToken);
  if (signUp === undefined) throw unknownSignUp();
  if (signUp.tenantId !== null) return;
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
      throw new DomainError(
        "rate_limited",
        `We sent ${MAX_CODES} codes for this sign-up. Check the address and start again.`,
      );
    }
    await emitCode(tx, signUp.id, row.codeNumber);
  });
}
