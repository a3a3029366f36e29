export * as Credentials from "./credentials.ts";

import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, invalidInput, notFound } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import { hashToken } from "../../kernel/tokens.ts";
import type { Member, Visitor } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import type { TenantScope } from "../scope.ts";
import { AccountNotices } from "./account-notices.ts";
import { passwordErrors } from "./passwords.ts";

/** How passwords are turned into what is stored. */
export interface PasswordHashing {
  hash(password: string): Promise<string>;
  verify(password: string, hash: string): Promise<boolean>;
  /** The hash of a password that nobody knows: checked where there is none, so that the effort is the same. */
  readonly decoy: string;
}

/** Somebody who may sign in. */
export interface Account {
  readonly userId: string;
  readonly name: string;
  readonly email: string | null;
  readonly username: string | null;
  /** Null for somebody who has only ever used links. */
  readonly passwordHash: string | null;
}

/**
 * That somebody proved who they are, while their password was the one of `stamp`: a session that begins by it is
 * refused once the password is another.
 */
export interface Proof {
  readonly userId: string;
  readonly stamp: string;
}

/** How long after signing in a first password may be set, and a second factor set up, without the password. */
export const FRESH_MINUTES = 15;

/** Provider of our own passwords in the accounts table of better-auth. */
const PROVIDER = "credential";
const LOGIN_LENGTH_MAX = 254;

/** A login as it is compared: a mail address or a username, both without case. */
export const loginOf = (typed: string): string =>
  typed
    .replace(/\p{Cc}/gu, "")
    .trim()
    .toLowerCase()
    .slice(0, LOGIN_LENGTH_MAX);

/** The active person of a mail address or username. */
export function findByLogin(tenant: TenantScope<Visitor | Member>, login: string): Promise<Account | undefined> {
  const wanted = loginOf(login);
  return accounts(tenant)
    .where(wanted.includes("@") ? "users.email" : "users.username", "=", wanted)
    .executeTakeFirst();
}

/** The active person of an id. */
export function findById(tenant: TenantScope<Visitor | Member>, userId: string): Promise<Account | undefined> {
  return accounts(tenant).where("users.id", "=", userId).executeTakeFirst();
}

export const proofOf = ({ userId, passwordHash }: Account): Proof => ({ userId, stamp: stampOf(passwordHash) });

/** What somebody signs in with, as pages show it. */
export const shownLogin = ({ email, username }: Pick<Account, "email" | "username">): string => email ?? username ?? "";

/** Says which password is meant without saying the password. */
export const stampOf = (passwordHash: string | null): string => hashToken(`password:${passwordHash ?? ""}`);

/** What a guesser knows of somebody, and a password must not contain. */
export const knownOf = (
  tenant: TenantScope<Visitor | Member>,
  person: Pick<Account, "name" | "email" | "username">,
): readonly string[] => [person.name, person.email ?? "", person.username ?? "", tenant.tenant.companyName];

/** Whether a session is young enough for what takes an account over: a till left open must not suffice. */
export function isFresh({ actor, clock }: TenantScope<Member>): boolean {
  return clock.now() < secondsAfter(actor.signedInAt, FRESH_MINUTES * MINUTE_SECONDS);
}

/**
 * Sets the member's own password. The first one needs a sign-in of the last 15 minutes, a later one the old password,
 * which the caller has checked: `old` is its proof. Every other session of the person ends with it.
 * @throws DomainError `invalid_input` by field `password` or `passwordAgain`, or `conflict` when the password was
 *   changed meanwhile
 */
export async function setOwn(
  tenant: TenantScope<Member>,
  hashing: PasswordHashing,
  input: { readonly password: string; readonly passwordAgain: string; readonly old?: Proof },
): Promise<void> {
  const account = await findById(tenant, tenant.actor.userId);
  if (account === undefined) throw notFound("person");
  const { password, passwordAgain, old } = input;
  if (old === undefined && (account.passwordHash !== null || !isFresh(tenant))) {
    const message = `You signed in more than ${FRESH_MINUTES} minutes ago. Sign out, come back by a sign-in link and set it then.`;
    throw invalidInput("Sign in again first.", { password: message });
  }
  const errors = passwordErrors(password, passwordAgain, knownOf(tenant, account));
  if (Object.keys(errors).length > 0) throw invalidInput("Choose another password.", errors);
  await replace(tenant, account.userId, await hashing.hash(password), old ?? proofOf(account));
}

/**
 * Stores the hash of a new password and ends the person's sessions, the member's own excepted, in one transaction: the
 * new password never counts while somebody is still in by the old one.
 * @param expected only while the password is still this one
 * @throws DomainError `not_found` for somebody unknown or deactivated, `conflict` when `expected` is not true any more
 */
export async function replace(
  tenant: TenantScope<Visitor | Member>,
  userId: string,
  passwordHash: string,
  expected?: Proof,
): Promise<void> {
  const ended = await tenant.tx((tx) => store(tx, userId, passwordHash, expected));
  for (const sessionId of ended) tenant.forgetSession(sessionId);
}

/**
 * As `replace`, inside a transaction.
 * @returns the sessions that end when it commits: the caller forgets them after that
 */
export async function store(
  tx: TenantScope<Visitor | Member>,
  userId: string,
  passwordHash: string,
  expected?: Proof,
): Promise<readonly string[]> {
  if (!(await lock(tx, userId))) throw notFound("person");
  const before = await passwordHashOf(tx, userId);
  if (expected !== undefined && stampOf(before) !== expected.stamp) {
    throw new DomainError("conflict", "The password was changed meanwhile. Open the page again.");
  }
  const ended = await endSessions(tx, userId);
  await closeLinks(tx, userId);
  await write(tx, userId, passwordHash);
  await TenantAudit.append(tx, {
    action: before === null ? "password.set" : "password.changed",
    after: { userId, sessionsEnded: ended.length },
  });
  // Whoever was invited and chooses a first password knows of it.
  if (before !== null || tx.actor.kind === "member") await AccountNotices.passwordChanged(tx, userId);
  return ended;
}

/**
 * Lets nothing else change how somebody signs in until this transaction ends, nor a session of theirs begin. Taken before
 * any row of theirs is changed: who took another first would wait for this one and be waited for.
 * @returns whether they are active
 */
export async function lock(tx: TenantScope<Visitor | Member>, userId: string): Promise<boolean> {
  const person = await tx.db
    .selectFrom("users")
    .select("id")
    .where("id", "=", userId)
    .where("deactivatedAt", "is", null)
    .forUpdate()
    .executeTakeFirst();
  return person !== undefined;
}

/** The stored hash of somebody's password; null when there is none. */
export async function passwordHashOf(tenant: TenantScope<Visitor | Member>, userId: string): Promise<string | null> {
  const row = await tenant.db
    .selectFrom("accounts")
    .select("password")
    .where("userId", "=", userId)
    .where("providerId", "=", PROVIDER)
    .executeTakeFirst();
  return row?.password ?? null;
}

function accounts(tenant: TenantScope<Visitor | Member>) {
  return tenant.db
    .selectFrom("users")
    .leftJoin("accounts", (join) =>
      join.onRef("accounts.userId", "=", "users.id").on("accounts.providerId", "=", PROVIDER),
    )
    .select(["users.id as userId", "users.name", "users.email", "users.username", "accounts.password as passwordHash"])
    .where("users.deactivatedAt", "is", null);
}

async function endSessions(tx: TenantScope<Visitor | Member>, userId: string): Promise<readonly string[]> {
  const own = tx.actor.kind === "member" ? tx.actor.sessionId : undefined;
  const ended = await tx.db
    .deleteFrom("sessions")
    .where("userId", "=", userId)
    .$if(own !== undefined, (query) => query.where("id", "!=", own ?? ""))
    .returning("id")
    .execute();
  return ended.map(({ id }) => id);
}

/** Links that were asked for before lead nowhere any more: whoever reads the old mails stays out too. */
async function closeLinks(tx: TenantScope<Visitor | Member>, userId: string): Promise<void> {
  const usedAt = tx.clock.now();
  await tx.db
    .updateTable("signInLinks")
    .set({ usedAt })
    .where("userId", "=", userId)
    .where("usedAt", "is", null)
    .execute();
  await tx.db
    .updateTable("passwordResets")
    .set({ usedAt })
    .where("userId", "=", userId)
    .where("usedAt", "is", null)
    .execute();
}

async function write(tx: TenantScope<Visitor | Member>, userId: string, password: string): Promise<void> {
  const now = tx.clock.now();
  await tx.db
    .insertInto("accounts")
    .values({
      id: newId(tx.clock),
      userId,
      accountId: userId,
      providerId: PROVIDER,
      password,
      createdAt: now,
      updatedAt: now,
    })
    .onConflict((conflict) => conflict.columns(["providerId", "accountId"]).doUpdateSet({ password, updatedAt: now }))
    .execute();
}
