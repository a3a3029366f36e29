export * as PasswordResets from "./password-resets.ts";

import { sql } from "kysely";
import * as z from "zod";
import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, invalidInput, notFound } from "../../kernel/errors.ts";
import { idSchema, newId } from "../../kernel/ids.ts";
import { networkOf } from "../../kernel/networks.ts";
import type { RateLimit } from "../../kernel/rate-limits.ts";
import { equalInConstantTime, hmac } from "../../kernel/tokens.ts";
import type { Job, Member, Visitor } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { People } from "../people/people.ts";
import { lockPeople } from "../people/standing.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";
import { type Account, Credentials, type PasswordHashing, type Proof } from "./credentials.ts";
import { passwordErrors } from "./passwords.ts";

export const RESET_MINUTES = 30;
export const RESET_LIMIT: RateLimit = { name: "password-reset", hits: 3, windowSeconds: 15 * MINUTE_SECONDS };
const NETWORK_LIMIT: RateLimit = { name: "password-reset-network", hits: 50, windowSeconds: 15 * MINUTE_SECONDS };

const KEY_PURPOSE = "password-reset";

export const mailSchema = z.object({ template: z.literal("password_reset"), resetId: z.uuid() });

export interface ResetLetter {
  readonly template: "password_reset";
  readonly to: string;
  readonly name: string;
  readonly companyName: string;
  readonly link: string;
  readonly minutes: number;
}

/**
 * Has a link for a new password mailed to the person of this mail address or username. Somebody unknown, or without a
 * mail address, gets no mail, and the caller cannot tell, as with `SignInLinks.request`.
 * @throws DomainError `rate_limited` after three in 15 minutes, or 50 from one network
 */
export async function requestByMail(tenant: TenantScope<Visitor>, login: string): Promise<void> {
  const account = await Credentials.findByLogin(tenant, login);
  const subject = account?.userId ?? `login ${Credentials.loginOf(login)}`;
  await tenant.limits.take(
    [
      { limit: NETWORK_LIMIT, subject: networkOf(tenant.actor.sourceIp) },
      { limit: RESET_LIMIT, subject },
    ],
    "Enough links were asked for. Look into your mail, also where spam goes.",
  );
  const resetId = newId(tenant.clock);
  const now = tenant.clock.now();
  const expiresAt = secondsAfter(now, RESET_MINUTES * MINUTE_SECONDS);
  await tenant.tx(async (tx) => {
    await tx.db
      .insertInto("passwordResets")
      .columns(["id", "userId", "expiresAt", "createdAt"])
      .expression(
        tx.db
          .selectFrom("users")
          .select([
            sql<string>`${resetId}::uuid`.as("id"),
            "users.id as userId",
            sql<Date>`${expiresAt}::timestamptz`.as("expiresAt"),
            sql<Date>`${now}::timestamptz`.as("createdAt"),
          ])
          .where("users.id", "=", account?.userId ?? resetId)
          .where("users.email", "is not", null),
      )
      .execute();
    await tx.emit({
      queue: "tenant-mail",
      payload: { template: "password_reset", resetId },
      dedupeKey: `password-reset:${resetId}`,
    });
  });
}

/**
 * A link for a colleague who has no mail address, to be shown once to whoever may manage people and handed over in
 * person. Links that were issued before end with it.
 * @throws DomainError `forbidden`, `not_found`, or `conflict` for somebody who has a mail address and asks by it
 */
export async function issueFor(
  tenant: TenantScope<Member>,
  userId: string,
): Promise<{ readonly token: string; readonly expiresAt: Date }> {
  Permissions.requireEverywhere(tenant.actor, "people.manage");
  if (!idSchema.safeParse(userId).success) throw notFound("person");
  const id = newId(tenant.clock);
  const now = tenant.clock.now();
  const expiresAt = secondsAfter(now, RESET_MINUTES * MINUTE_SECONDS);
  const createdBy = tenant.actor.userId;
  await tenant.tx(async (tx) => {
    await lockPeople(tx);
    await People.requireAbove(tx, userId);
    const account = await Credentials.findById(tx, userId);
    if (account === undefined) throw notFound("person");
    if (account.email !== null) {
      const message = `${account.name} has a mail address: they ask for a new password themselves, on the sign-in page.`;
      throw new DomainError("conflict", message);
    }
    await tx.db
      .updateTable("passwordResets")
      .set({ usedAt: now })
      .where("userId", "=", userId)
      .where("usedAt", "is", null)
      .execute();
    await tx.db.insertInto("passwordResets").values({ id, userId, createdBy, expiresAt, createdAt: now }).execute();
    await TenantAudit.append(tx, { action: "password_reset.issued", after: { userId, expiresAt } });
  });
  return { token: await tokenOf(tenant, id), expiresAt };
}

/** Whose password a token would set now: for the page that asks for the new one. Looking uses nothing up. */
export async function find(tenant: TenantScope<Visitor>, token: string): Promise<Account | undefined> {
  const id = await idOf(tenant, token);
  if (id === undefined) return undefined;
  const row = await tenant.db
    .selectFrom("passwordResets")
    .select("userId")
    .where("id", "=", id)
    .where("usedAt", "is", null)
    .where("expiresAt", ">", tenant.clock.now())
    .executeTakeFirst();
  return row === undefined ? undefined : Credentials.findById(tenant, row.userId);
}

/**
 * Sets the new password and uses the token up, in one transaction that also ends every session of the person. Of any
 * number of attempts at once, one succeeds.
 * @returns proof of who they are, or undefined when the token is unknown, used or too old
 * @throws DomainError `invalid_input` by field `password` or `passwordAgain`; the token is not used up by that
 */
export async function complete(
  tenant: TenantScope<Visitor>,
  hashing: PasswordHashing,
  token: string,
  input: { readonly password: string; readonly passwordAgain: string },
): Promise<Proof | undefined> {
  const account = await find(tenant, token);
  const id = await idOf(tenant, token);
  if (account === undefined || id === undefined) return undefined;
  const errors = passwordErrors(input.password, input.passwordAgain, Credentials.knownOf(tenant, account));
  if (Object.keys(errors).length > 0) throw invalidInput("Choose another password.", errors);
  const passwordHash = await hashing.hash(input.password);
  const { userId } = account;
  const ended = await tenant.tx(async (tx) => {
    const now = tx.clock.now();
    const used = await tx.db
      .updateTable("passwordResets")
      .set({ usedAt: now })
      .where("id", "=", id)
      .where("usedAt", "is", null)
      .where("expiresAt", ">", now)
      .returning("createdBy")
      .executeTakeFirst();
    if (used === undefined) return undefined;
    await TenantAudit.append(tx, { action: "password_reset.used", after: { userId, issuedBy: used.createdBy } });
    return Credentials.store(tx, userId, passwordHash);
  });
  if (ended === undefined) return undefined;
  tenant.forgetSessionsOf(userId);
  return Credentials.proofOf({ ...account, passwordHash });
}

/** The mail with the link; undefined when there is nobody, or it is too late. */
export async function compose(
  tenant: TenantScope<Job>,
  { resetId }: z.infer<typeof mailSchema>,
  address: string,
): Promise<ResetLetter | undefined> {
  const row = await tenant.db
    .selectFrom("passwordResets")
    .innerJoin("users", "users.id", "passwordResets.userId")
    .select(["users.email", "users.name"])
    .where("passwordResets.id", "=", resetId)
    .where("passwordResets.usedAt", "is", null)
    .where("passwordResets.expiresAt", ">", tenant.clock.now())
    .where("users.deactivatedAt", "is", null)
    .executeTakeFirst();
  if (row === undefined || row.email === null) return undefined;
  const link = new URL("/auth/reset", address);
  link.searchParams.set("token", await tokenOf(tenant, resetId));
  return {
    template: "password_reset",
    to: row.email,
    name: row.name,
    companyName: tenant.tenant.companyName,
    link: link.href,
    minutes: RESET_MINUTES,
  };
}

/** The id and its proof, made anew whenever it is needed, so that no table and no message holds it. */
async function tokenOf(tenant: TenantScope<Visitor | Member | Job>, id: string): Promise<string> {
  return `${id}.${hmac(await tenant.key(KEY_PURPOSE), id)}`;
}

/** The id in a token of ours. */
async function idOf(tenant: TenantScope<Visitor>, token: string): Promise<string | undefined> {
  const id = idSchema.safeParse(token.slice(0, 36));
  if (!id.success || !equalInConstantTime(token, await tokenOf(tenant, id.data))) return undefined;
  return id.data;
}
