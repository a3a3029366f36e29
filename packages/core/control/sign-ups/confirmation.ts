import { DomainError, invalidInput } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import { equalInConstantTime } from "../../kernel/tokens.ts";
import { ControlAudit } from "../audit/audit.ts";
import { Provisioning } from "../provisioning/provisioning.ts";
import type { ControlScope } from "../scope.ts";
import { mailboxOf } from "../tenants/mailboxes.ts";
import { codeOf, MAX_ATTEMPTS } from "./codes.ts";
import { findForBrowser } from "./find.ts";
import { TAKEN_MESSAGE } from "./form.ts";
import { limits, requireRoom } from "./limits.ts";
import { requireFirstTrial } from "./trials.ts";

/** A pharmacy begins in Kenya; its owner changes both in its settings. */
const DEFAULT_CURRENCY = "KES";
const DEFAULT_TIME_ZONE = "Africa/Nairobi";

/**
 * Checks the code that was mailed and, when it is right, opens the tenant and starts its provisioning. A sign-up opens
 * one tenant: entering its code again answers with the same.
 * @throws DomainError `gone` when this browser has no sign-up; `invalid_input` with `fields.code` when the code is
 * wrong, expired or was guessed at too often; `conflict` with `fields.subdomain` when another pharmacy was faster, or
 * with `fields.email` when the owner had a trial before; `rate_limited` with `fields.code`
 */
export async function confirm(
  control: ControlScope,
  browserToken: string,
  input: string,
): Promise<{ tenantId: string }> {
  const signUp = await findForBrowser(control, browserToken);
  if (signUp === undefined) throw unknownSignUp();
  if (signUp.tenantId !== null) return { tenantId: signUp.tenantId };
  const code = input.replace(/\s/g, "");
  if (!/^[0-9]{6}$/.test(code)) throw codeRefused("Enter the six digits from the mail.");

  await requireRoom(control, limits.code, signUp.email);
  const attempt = await countAttempt(control, signUp.id);
  if (attempt === undefined) {
    const now = await findForBrowser(control, browserToken);
    if (now?.tenantId) return { tenantId: now.tenantId };
    if (now?.attemptsLeft === 0) throw codeRefused("This code was tried too often. Send a new code.");
    throw codeRefused("This code has expired. Send a new code.");
  }
  const expected = await codeOf(control, signUp.id, attempt.codeNumber);
  if (!equalInConstantTime(code, expected)) {
    const lastOne = attempt.codeAttempts >= MAX_ATTEMPTS;
    throw codeRefused(
      lastOne ? "This code is wrong too. Send a new code." : "This is not the code. Check the mail and try again.",
    );
  }
  try {
    return await openTenant(control, signUp.id);
  } catch (error) {
    if (error instanceof DomainError && error.code === "conflict")
      await giveBack(control, signUp.id, attempt.codeNumber);
    throw error;
  }
}

export const unknownSignUp = (): DomainError =>
  new DomainError("gone", "We do not know this sign-up in this browser. Start again.");

const codeRefused = (message: string): DomainError => invalidInput(message, { code: message });

/** Counts before comparing, in one statement: guesses sent at the same moment cannot share a count. */
async function countAttempt(control: ControlScope, signUpId: string) {
  return control.db
    .updateTable("signUps")
    .set((set) => ({ codeAttempts: set("codeAttempts", "+", 1) }))
    .where("id", "=", signUpId)
    .where("tenantId", "is", null)
    .where("codeAttempts", "<", MAX_ATTEMPTS)
    .where("codeExpiresAt", ">", control.clock.now())
    .returning(["codeNumber", "codeAttempts"])
    .executeTakeFirst();
}

/** A right code is not used up by a name that was taken: the visitor chooses another name and enters it again. */
async function giveBack(control: ControlScope, signUpId: string, codeNumber: number): Promise<void> {
  await control.db
    .updateTable("signUps")
    .set((set) => ({ codeAttempts: set("codeAttempts", "-", 1) }))
    .where("id", "=", signUpId)
    .where("codeNumber", "=", codeNumber)
    .where("codeAttempts", ">", 0)
    .execute();
}

async function openTenant(control: ControlScope, signUpId: string): Promise<{ tenantId: string }> {
  return control.tx(async (tx) => {
    const signUp = await tx.db
      .selectFrom("signUps")
      .selectAll()
      .where("id", "=", signUpId)
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (signUp.tenantId !== null) return { tenantId: signUp.tenantId };
    await requireFirstTrial(tx, signUp.email);

    const now = tx.clock.now();
    const tenantId = newId(tx.clock);
    await tx.db
      .insertInto("tenants")
      .values({
        id: tenantId,
        name: signUp.companyName,
        state: "provisioning",
        currency: DEFAULT_CURRENCY,
        timeZone: DEFAULT_TIME_ZONE,
        ownerName: signUp.ownerName,
        ownerEmail: signUp.email,
        ownerMailbox: mailboxOf(signUp.email),
        trialMailbox: mailboxOf(signUp.email),
        termsVersion: signUp.termsVersion,
        termsAcceptedAt: signUp.termsAcceptedAt,
        createdAt: now,
        updatedAt: now,
      })
      .execute();
    await reserveHost(tx, tenantId, signUp.subdomain);
    await tx.db
      .insertInto("tenantSubscriptions")
      .values({
        id: newId(tx.clock),
        tenantId,
        planId: signUp.planId,
        status: "trialing",
        createdAt: now,
        updatedAt: now,
      })
      .execute();
    await tx.db
      .updateTable("signUps")
      .set({ tenantId, hasOpened: true, confirmedAt: now })
      .where("id", "=", signUpId)
      .execute();
    await Provisioning.begin(tx, tenantId);
    await ControlAudit.append(tx, {
      action: "tenant.signed_up",
      tenantId,
      after: { subdomain: signUp.subdomain, planId: signUp.planId, termsVersion: signUp.termsVersion },
    });
    return { tenantId };
  });
}

/** The host table's key decides between all who want one name: the first to commit has it. */
async function reserveHost(tx: ControlScope, tenantId: string, subdomain: string): Promise<void> {
  const reserved = await tx.db
    .insertInto("tenantHosts")
    .values({ host: subdomain, tenantId, kind: "primary", createdAt: tx.clock.now() })
    .onConflict((conflict) => conflict.column("host").doNothing())
    .returning("host")
    .executeTakeFirst();
  if (reserved === undefined)
    throw new DomainError("conflict", TAKEN_MESSAGE, { fields: { subdomain: TAKEN_MESSAGE } });
}
