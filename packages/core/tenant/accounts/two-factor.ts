export * as TwoFactor from "./two-factor.ts";

import { DAY_SECONDS, MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, invalidInput, notFound } from "../../kernel/errors.ts";
import type { RateLimit } from "../../kernel/rate-limits.ts";
import { Sealing } from "../../kernel/sealing.ts";
import { Totp } from "../../kernel/totp.ts";
import type { Member, Visitor } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import type { TenantScope } from "../scope.ts";
import { AccountNotices } from "./account-notices.ts";
import { Credentials, FRESH_MINUTES, type PasswordHashing } from "./credentials.ts";
import { RecoveryCodes } from "./recovery-codes.ts";
import { SignIn } from "./sign-in.ts";
import { TwoFactorResets } from "./two-factor-resets.ts";

/** Guesses at a code, which has a million values of which three are right. */
export const GUESS_LIMIT: RateLimit = { name: "second-step", hits: 5, windowSeconds: 5 * MINUTE_SECONDS };
/** Keeps who knows the password from guessing for weeks. */
const DAY_LIMIT: RateLimit = { name: "second-step-day", hits: 50, windowSeconds: DAY_SECONDS };

const KEY_PURPOSE = "two-factor";
const TOO_MANY = "Too many codes were tried.";

export interface FactorState {
  readonly isOn: boolean;
  readonly since: Date | null;
  /** Recovery codes that were not used. */
  readonly codesLeft: number;
}

/** What somebody answers with: a code of the app, or one of the recovery codes. */
export type FactorAnswer = { readonly code: string } | { readonly recoveryCode: string };

/** What somebody confirms a change with: their password, or one of the recovery codes. */
export interface Confirmation {
  readonly password: string;
  readonly recoveryCode: string;
}

/** Whether somebody is asked for a second step. */
export async function isOn(tenant: TenantScope<Visitor | Member>, userId: string): Promise<boolean> {
  return (await confirmedAt(tenant, userId)) !== null;
}

/** The member's own second factor. */
export async function stateOf(tenant: TenantScope<Member>): Promise<FactorState> {
  const since = await confirmedAt(tenant, tenant.actor.userId);
  return { isOn: since !== null, since, codesLeft: since === null ? 0 : await RecoveryCodes.countLeft(tenant) };
}

/**
 * Makes a secret for the member's authenticator app; it counts once `confirm` has seen a code made from it. Needs a
 * sign-in of the last 15 minutes or the password: who finds a till open must not lock its person out.
 * @throws DomainError `invalid_input` on field `password`, `conflict` when a second factor is on, `rate_limited`
 */
export async function begin(tenant: TenantScope<Member>, hashing: PasswordHashing, password: string): Promise<void> {
  const { userId } = tenant.actor;
  if (!Credentials.isFresh(tenant)) await requirePassword(tenant, hashing, password);
  const sealedSecret = Sealing.seal(Totp.newSecret(), await tenant.key(KEY_PURPOSE), userId);
  const row = await tenant.db
    .insertInto("twoFactors")
    .values({ userId, sealedSecret, createdAt: tenant.clock.now() })
    .onConflict((conflict) =>
      conflict
        .column("userId")
        .doUpdateSet({ sealedSecret, createdAt: tenant.clock.now() })
        .where("twoFactors.confirmedAt", "is", null),
    )
    .returning("userId")
    .executeTakeFirst();
  if (row === undefined) throw alreadyOn();
}

/** The secret that waits for its first code, for 15 minutes, as text and as what an app reads; undefined when none waits. */
export async function pending(
  tenant: TenantScope<Member>,
): Promise<{ readonly secret: string; readonly keyUri: string } | undefined> {
  const { userId, email, username } = tenant.actor;
  const row = await tenant.db
    .selectFrom("twoFactors")
    .select("sealedSecret")
    .where("userId", "=", userId)
    .where("confirmedAt", "is", null)
    .where("createdAt", ">", waitsSince(tenant))
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const secret = Sealing.open(row.sealedSecret, await tenant.key(KEY_PURPOSE), userId);
  return { secret, keyUri: Totp.keyUri(secret, tenant.tenant.companyName, email ?? username ?? userId) };
}

/**
 * Switches the second factor on by a code that the app shows.
 * @returns ten recovery codes, which are nowhere else
 * @throws DomainError `invalid_input` on field `code`, `not_found` when no secret waits, `conflict` when it is on,
 *   `rate_limited`
 */
export async function confirm(tenant: TenantScope<Member>, code: string): Promise<readonly string[]> {
  const { userId } = tenant.actor;
  await takeGuess(tenant, userId);
  const codes = await tenant.tx(async (tx) => {
    const factor = await lock(tx, userId);
    if (factor?.confirmedAt) throw alreadyOn();
    if (factor === undefined || factor.createdAt <= waitsSince(tx)) throw notFound("second factor to confirm");
    if (!(await takeStep(tx, factor, code))) return undefined;
    await tx.db.updateTable("twoFactors").set({ confirmedAt: tx.clock.now() }).where("userId", "=", userId).execute();
    await TenantAudit.append(tx, { action: "two_factor.turned_on", after: { userId } });
    await AccountNotices.factorChanged(tx, userId, "on");
    return RecoveryCodes.renew(tx);
  });
  if (codes === undefined) {
    const message = "This is not the code that belongs to this secret now. Wait for the next one and type that.";
    throw invalidInput("The code is wrong.", { code: message });
  }
  await clearGuesses(tenant, userId);
  return codes;
}

/**
 * The second step of signing in. A code is taken once: of any number of attempts with the same one, one passes.
 * @throws DomainError `rate_limited` after five guesses in five minutes
 */
export async function pass(tenant: TenantScope<Visitor>, userId: string, answer: FactorAnswer): Promise<boolean> {
  await takeGuess(tenant, userId);
  const passed = await tenant.tx(async (tx) => {
    const factor = await lock(tx, userId);
    if (factor === undefined || factor.confirmedAt === null) return false;
    if ("code" in answer) return takeStep(tx, factor, answer.code);
    return useRecoveryCode(tx, userId, answer.recoveryCode);
  });
  if (passed) await clearGuesses(tenant, userId);
  else await TenantAudit.append(tenant, { action: "second_step.failed", after: { userId } });
  return passed;
}

/**
 * Switches the member's second factor off.
 * @throws DomainError `invalid_input` on field `password` or `recoveryCode`, `not_found` when it is off, `rate_limited`
 */
export async function turnOff(
  tenant: TenantScope<Member>,
  hashing: PasswordHashing,
  confirmation: Confirmation,
): Promise<void> {
  const { userId } = tenant.actor;
  await changed(tenant, hashing, confirmation, async (tx) => {
    await TwoFactorResets.remove(tx, userId);
    await TenantAudit.append(tx, { action: "two_factor.turned_off", before: { userId } });
    await AccountNotices.factorChanged(tx, userId, "off");
  });
}

/**
 * Ten new recovery codes in place of those from before.
 * @throws DomainError as `turnOff`
 */
export async function renewCodes(
  tenant: TenantScope<Member>,
  hashing: PasswordHashing,
  confirmation: Confirmation,
): Promise<readonly string[]> {
  const { userId } = tenant.actor;
  return changed(tenant, hashing, confirmation, async (tx) => {
    await TenantAudit.append(tx, { action: "two_factor.recovery_codes_renewed", after: { userId } });
    await AccountNotices.factorChanged(tx, userId, "recovery_codes_renewed");
    return RecoveryCodes.renew(tx);
  });
}

/** Runs a change to the member's second factor once they have confirmed it. */
async function changed<R>(
  tenant: TenantScope<Member>,
  hashing: PasswordHashing,
  { password, recoveryCode }: Confirmation,
  change: (tx: TenantScope<Member>) => Promise<R>,
): Promise<R> {
  const { userId } = tenant.actor;
  const byCode = recoveryCode.trim() !== "";
  if (byCode) await takeGuess(tenant, userId);
  else await requirePassword(tenant, hashing, password);
  const result = await tenant.tx(async (tx) => {
    const factor = await lock(tx, userId);
    if (factor === undefined || factor.confirmedAt === null) throw notFound("second factor that is on");
    if (byCode && !(await RecoveryCodes.use(tx, userId, recoveryCode))) {
      const message = "This is none of your recovery codes, or it was used already.";
      throw invalidInput("The code is wrong.", { recoveryCode: message });
    }
    return change(tx);
  });
  if (byCode) await clearGuesses(tenant, userId);
  return result;
}

async function useRecoveryCode(tx: TenantScope<Visitor>, userId: string, code: string): Promise<boolean> {
  if (!(await RecoveryCodes.use(tx, userId, code))) return false;
  await TenantAudit.append(tx, { action: "recovery_code.used", after: { userId } });
  await AccountNotices.factorChanged(tx, userId, "recovery_code_used");
  return true;
}

interface LockedFactor {
  readonly userId: string;
  readonly sealedSecret: string;
  readonly confirmedAt: Date | null;
  readonly lastStep: string | null;
  readonly createdAt: Date;
}

function lock(tx: TenantScope<Visitor | Member>, userId: string): Promise<LockedFactor | undefined> {
  return tx.db
    .selectFrom("twoFactors")
    .select(["userId", "sealedSecret", "confirmedAt", "lastStep", "createdAt"])
    .where("userId", "=", userId)
    .forUpdate()
    .executeTakeFirst();
}

/** Takes the step of a code that is right, unless that step or a later one was taken (RFC 6238, 5.2). */
async function takeStep(tx: TenantScope<Visitor | Member>, factor: LockedFactor, code: string): Promise<boolean> {
  const { userId, sealedSecret, lastStep } = factor;
  const secret = Sealing.open(sealedSecret, await tx.key(KEY_PURPOSE), userId);
  const step = Totp.stepOf(code.replace(/\s/g, ""), secret, tx.clock.now());
  if (step === undefined || (lastStep !== null && BigInt(step) <= BigInt(lastStep))) return false;
  await tx.db
    .updateTable("twoFactors")
    .set({ lastStep: String(step) })
    .where("userId", "=", userId)
    .execute();
  return true;
}

async function requirePassword(tenant: TenantScope<Member>, hashing: PasswordHashing, password: string): Promise<void> {
  if ((await Credentials.passwordHashOf(tenant, tenant.actor.userId)) === null) {
    const message = `You have no password. Sign out, come back by a sign-in link and do this within ${FRESH_MINUTES} minutes.`;
    throw invalidInput("Sign in again first.", { password: message });
  }
  if ((await SignIn.confirmOwn(tenant, hashing, password)) === undefined) {
    throw invalidInput("The password is wrong.", { password: "This is not your password." });
  }
}

async function confirmedAt(tenant: TenantScope<Visitor | Member>, userId: string): Promise<Date | null> {
  const row = await tenant.db
    .selectFrom("twoFactors")
    .select("confirmedAt")
    .where("userId", "=", userId)
    .executeTakeFirst();
  return row?.confirmedAt ?? null;
}

/** A secret that was made before is shown to nobody any more. */
const waitsSince = ({ clock }: TenantScope<Member>): Date => secondsAfter(clock.now(), -FRESH_MINUTES * MINUTE_SECONDS);

const guesses = (userId: string) => [
  { limit: DAY_LIMIT, subject: userId },
  { limit: GUESS_LIMIT, subject: userId },
];

const takeGuess = (tenant: TenantScope<Visitor | Member>, userId: string): Promise<void> =>
  tenant.limits.take(guesses(userId), TOO_MANY);

const clearGuesses = (tenant: TenantScope<Visitor | Member>, userId: string): Promise<void> =>
  tenant.limits.clear(guesses(userId));

const alreadyOn = (): DomainError => new DomainError("conflict", "Your second factor is on already.");
