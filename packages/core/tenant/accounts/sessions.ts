export * as Sessions from "./sessions.ts";

import { sql } from "kysely";
import { DAY_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, notFound } from "../../kernel/errors.ts";
import { idSchema, newId } from "../../kernel/ids.ts";
import { networkOf } from "../../kernel/networks.ts";
import { randomToken } from "../../kernel/tokens.ts";
import type { Member, Visitor } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { SESSION_KEY_PURPOSE, type TenantScope } from "../scope.ts";
import { deviceOf } from "../sessions/devices.ts";
import { SessionTokens } from "../sessions/tokens.ts";
import { Credentials } from "./credentials.ts";

/** How long a session lives that nobody uses. */
export const SESSION_SECONDS = 7 * DAY_SECONDS;
/** A token with less than this left is renewed by the next page. */
const RENEWED_BELOW_SECONDS = SESSION_SECONDS / 2;

const USER_AGENT_LENGTH_MAX = 300;
const LISTED_MAX = 100;

/** A session and the signed token by which every function knows it. */
export interface BegunSession {
  readonly sessionId: string;
  readonly token: string;
  readonly expiresAt: Date;
}

export interface BeginOptions {
  readonly userAgent: string | undefined;
  /** The password that was theirs when they proved who they are: no session begins once it is another. */
  readonly stamp?: string;
  /** That they passed the second step. Without it, nobody who has a second factor gets in. */
  readonly factorPassed?: boolean;
}

export interface SessionDetails {
  readonly id: string;
  /** In plain words: `Chrome on Windows`. */
  readonly device: string;
  readonly network: string | null;
  readonly signedInAt: Date;
  /** To five minutes. */
  readonly lastSeenAt: Date | null;
  /** The session that asks. */
  readonly isThis: boolean;
}

/**
 * Begins a session for somebody who has proved who they are.
 * @throws DomainError `unauthenticated` for somebody deactivated, with another password by now, or with a second factor
 *   that was not asked for
 */
export async function begin(
  tenant: TenantScope<Visitor>,
  userId: string,
  options: BeginOptions,
): Promise<BegunSession> {
  const now = tenant.clock.now();
  const sessionId = newId(tenant.clock);
  const expiresAt = secondsAfter(now, SESSION_SECONDS);
  const userAgent = options.userAgent?.slice(0, USER_AGENT_LENGTH_MAX) ?? null;
  const { sourceIp } = tenant.actor;
  await tenant.tx(async (tx) => {
    await requireEntry(tx, userId, options);
    await tx.db.deleteFrom("sessions").where("userId", "=", userId).where("expiresAt", "<=", now).execute();
    await tx.db
      .insertInto("sessions")
      .values({
        id: sessionId,
        userId,
        // Nothing is looked up by it: what travels is signed, and names the row.
        token: randomToken(),
        expiresAt,
        ipAddress: sourceIp,
        userAgent,
        createdAt: now,
        updatedAt: now,
        lastSeenAt: now,
      })
      .execute();
    const after = { userId, sessionId, device: deviceOf(userAgent), network: networkOf(sourceIp) };
    await TenantAudit.append(tx, { action: "session.started", after });
  });
  return { sessionId, token: await tokenFor(tenant, { userId, sessionId, expiresAt }), expiresAt };
}

/**
 * A later token of the member's session, when less than half of the time is left of the one that they came with. Any
 * number of requests at once may ask: each gets a token that works, and earlier ones keep working until their own end.
 * @returns undefined when it is not due, or the session has ended
 */
export async function renew(
  tenant: TenantScope<Member>,
  token: string,
): Promise<{ readonly token: string; readonly expiresAt: Date } | undefined> {
  const now = tenant.clock.now();
  const claims = SessionTokens.claimsOf(token);
  const dueAt = secondsAfter(now, RENEWED_BELOW_SECONDS);
  if (claims === undefined || claims.expiresAt * 1000 > dueAt.getTime()) return undefined;
  const { userId, sessionId } = tenant.actor;
  // An ended session has no row: what is gone cannot be extended. Who comes second finds it extended.
  const row = await tenant.db
    .updateTable("sessions")
    .set({
      expiresAt: sql<Date>`case when expires_at <= ${dueAt}::timestamptz
        then ${secondsAfter(now, SESSION_SECONDS)}::timestamptz else expires_at end`,
      updatedAt: now,
    })
    .where("id", "=", sessionId)
    .where("userId", "=", userId)
    .where("expiresAt", ">", now)
    .returning("expiresAt")
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { expiresAt } = row;
  return { token: await tokenFor(tenant, { userId, sessionId, expiresAt }), expiresAt };
}

/** The member's sessions: this one first, then those used last; at most 100. */
export async function list(tenant: TenantScope<Member>): Promise<readonly SessionDetails[]> {
  const { userId, sessionId } = tenant.actor;
  const rows = await tenant.db
    .selectFrom("sessions")
    .select(["id", "ipAddress", "userAgent", "createdAt as signedInAt", "lastSeenAt"])
    .where("userId", "=", userId)
    .where("expiresAt", ">", tenant.clock.now())
    .orderBy(sql`id = ${sessionId}::uuid`, "desc")
    .orderBy(sql`coalesce(last_seen_at, created_at)`, "desc")
    .limit(LISTED_MAX)
    .execute();
  return rows.map(({ id, ipAddress, userAgent, signedInAt, lastSeenAt }) => ({
    id,
    device: deviceOf(userAgent),
    network: ipAddress === null ? null : networkOf(ipAddress),
    signedInAt,
    lastSeenAt,
    isThis: id === sessionId,
  }));
}

/** Ends the member's own session: here at once, in other processes within ten seconds. */
export async function end(tenant: TenantScope<Member>): Promise<void> {
  await tenant.tx(async (tx) => {
    await tx.db.deleteFrom("sessions").where("id", "=", tx.actor.sessionId).execute();
    await TenantAudit.append(tx, { action: "session.ended", before: { sessionId: tx.actor.sessionId } });
  });
  tenant.forgetSession(tenant.actor.sessionId);
}

/**
 * Ends one of the member's sessions, as `end` does.
 * @throws DomainError `not_found` for one that is not theirs or has ended
 */
export async function endOne(tenant: TenantScope<Member>, sessionId: string): Promise<void> {
  if (!idSchema.safeParse(sessionId).success) throw notFound("session");
  await tenant.tx(async (tx) => {
    const ended = await tx.db
      .deleteFrom("sessions")
      .where("id", "=", sessionId)
      .where("userId", "=", tx.actor.userId)
      .returning(["userAgent"])
      .executeTakeFirst();
    if (ended === undefined) throw notFound("session");
    const before = { sessionId, device: deviceOf(ended.userAgent) };
    await TenantAudit.append(tx, { action: "session.revoked", before });
  });
  tenant.forgetSession(sessionId);
}

/** Ends every other session of the member, as `end` does. @returns how many */
export async function endOthers(tenant: TenantScope<Member>): Promise<number> {
  const ended = await tenant.tx(async (tx) => {
    const rows = await tx.db
      .deleteFrom("sessions")
      .where("userId", "=", tx.actor.userId)
      .where("id", "!=", tx.actor.sessionId)
      .returning("id")
      .execute();
    await TenantAudit.append(tx, { action: "session.others_revoked", after: { sessionsEnded: rows.length } });
    return rows;
  });
  for (const session of ended) tenant.forgetSession(session.id);
  return ended.length;
}

/** Under a lock of the person's row, so that neither another password nor a deactivation slips in between. */
async function requireEntry(tx: TenantScope<Visitor>, userId: string, options: BeginOptions): Promise<void> {
  const person = await tx.db
    .selectFrom("users")
    .select("id")
    .where("id", "=", userId)
    .where("deactivatedAt", "is", null)
    .forShare()
    .executeTakeFirst();
  if (person === undefined) throw new DomainError("unauthenticated", "This account is not in use any more.");
  if (options.stamp !== undefined) {
    const now = Credentials.stampOf(await Credentials.passwordHashOf(tx, userId));
    if (now !== options.stamp) throw new DomainError("unauthenticated", "The password was changed. Sign in again.");
  }
  if (options.factorPassed === true) return;
  const factor = await tx.db
    .selectFrom("twoFactors")
    .select("userId")
    .where("userId", "=", userId)
    .where("confirmedAt", "is not", null)
    .executeTakeFirst();
  if (factor !== undefined) throw new DomainError("unauthenticated", "Sign in with your second factor.");
}

async function tokenFor(
  tenant: TenantScope<Visitor | Member>,
  session: { readonly userId: string; readonly sessionId: string; readonly expiresAt: Date },
): Promise<string> {
  const claims = {
    tenantId: tenant.tenant.tenantId,
    userId: session.userId,
    sessionId: session.sessionId,
    expiresAt: Math.floor(session.expiresAt.getTime() / 1000),
  };
  return SessionTokens.sign(claims, await tenant.key(SESSION_KEY_PURPOSE));
}
