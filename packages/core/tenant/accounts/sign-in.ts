export * as SignIn from "./sign-in.ts";

import { MINUTE_SECONDS } from "../../kernel/clock.ts";
import { DomainError } from "../../kernel/errors.ts";
import { networkOf } from "../../kernel/networks.ts";
import type { Counted, RateLimit } from "../../kernel/rate-limits.ts";
import type { Member, Visitor } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import type { TenantScope } from "../scope.ts";
import { type Account, Credentials, type PasswordHashing, type Proof } from "./credentials.ts";

/** Wrong passwords for one login. A locked login can still use a link that is mailed. */
export const LOGIN_LIMIT: RateLimit = { name: "sign-in-login", hits: 10, windowSeconds: 15 * MINUTE_SECONDS };
/** Wrong passwords of somebody who is signed in. Apart from those at the sign-in: no stranger's guesses stand in their way. */
const CONFIRM_LIMIT: RateLimit = { ...LOGIN_LIMIT, name: "password-confirmation" };
/** Attempts from one network: a pharmacy's people share one, and all come at opening time. */
export const NETWORK_LIMIT: RateLimit = { name: "sign-in-network", hits: 100, windowSeconds: 15 * MINUTE_SECONDS };
/** Failures are audited once a minute: enough to see an attack, too little to flood the log. */
const AUDIT_LIMIT: RateLimit = { name: "sign-in-audit", hits: 1, windowSeconds: MINUTE_SECONDS };

const PASSWORD_LENGTH_READ = 1000;

/**
 * The person of a mail address or username and their password.
 * @returns undefined for a wrong password, an unknown login, a deactivated person and one without a password alike,
 *   after the same effort
 * @throws DomainError `rate_limited` after too many failures for the login or attempts from the network
 */
export async function withPassword(
  tenant: TenantScope<Visitor | Member>,
  hashing: PasswordHashing,
  login: string,
  password: string,
): Promise<Proof | undefined> {
  const account = await Credentials.findByLogin(tenant, login);
  // By the person, not by what was typed: who has a mail address and a username does not get twice the guesses.
  const subject = account?.userId ?? `login ${Credentials.loginOf(login)}`;
  const network = { limit: NETWORK_LIMIT, subject: networkOf(tenant.actor.sourceIp) };
  return check(tenant, hashing, { account, password, failures: { limit: LOGIN_LIMIT, subject }, besides: [network] });
}

/**
 * The member's own password, asked again before what takes an account over.
 * @throws DomainError `rate_limited` after as many failures as at the sign-in
 */
export async function confirmOwn(
  tenant: TenantScope<Member>,
  hashing: PasswordHashing,
  password: string,
): Promise<Proof | undefined> {
  const { userId } = tenant.actor;
  const account = await Credentials.findById(tenant, userId);
  return check(tenant, hashing, {
    account,
    password,
    failures: { limit: CONFIRM_LIMIT, subject: userId },
    besides: [],
  });
}

interface Attempt {
  readonly account: Account | undefined;
  readonly password: string;
  /** Forgotten once the password is right. */
  readonly failures: Counted;
  /** What else has to have room. */
  readonly besides: readonly Counted[];
}

async function check(
  tenant: TenantScope<Visitor | Member>,
  hashing: PasswordHashing,
  { account, password, failures, besides }: Attempt,
): Promise<Proof | undefined> {
  try {
    await tenant.limits.take([...besides, failures], "Too many attempts.");
  } catch (error) {
    if (error instanceof DomainError && error.code === "rate_limited") {
      await auditFailure(tenant, account, failures, "too many attempts");
    }
    throw error;
  }
  const hash = account?.passwordHash ?? null;
  const isRight = await hashing.verify(password.slice(0, PASSWORD_LENGTH_READ), hash ?? hashing.decoy);
  if (account === undefined || hash === null || !isRight) {
    await auditFailure(tenant, account, failures, account === undefined ? "unknown login" : "wrong password");
    return undefined;
  }
  await tenant.limits.clear([failures]);
  return Credentials.proofOf(account);
}

/** What was typed for an unknown login is not kept: people type their password there by mistake. */
async function auditFailure(
  tenant: TenantScope<Visitor | Member>,
  account: Account | undefined,
  counted: Counted,
  reason: string,
): Promise<void> {
  const network = networkOf(tenant.actor.sourceIp);
  try {
    await tenant.limits.take([{ limit: AUDIT_LIMIT, subject: `${counted.subject} ${network}` }], "Audited already.");
  } catch (error) {
    if (error instanceof DomainError && error.code === "rate_limited") return;
    throw error;
  }
  const failures = await tenant.limits.count(counted);
  const person = account === undefined ? {} : { userId: account.userId };
  await TenantAudit.append(tenant, { action: "sign_in.failed", reason, after: { ...person, network, failures } });
}
