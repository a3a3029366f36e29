export * as Sessions from "./sessions.ts";

import type { Member, Visitor } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { SESSION_KEY_PURPOSE, type TenantScope } from "../scope.ts";
import { SessionTokens } from "../sessions/tokens.ts";

export interface NewSession {
  readonly userId: string;
  readonly sessionId: string;
  readonly expiresAt: Date;
}

/** The signed token of a session that was just begun: what every function but sign-in wants to see. */
export async function tokenFor(tenant: TenantScope<Visitor>, session: NewSession): Promise<string> {
  const claims = {
    tenantId: tenant.tenant.tenantId,
    userId: session.userId,
    sessionId: session.sessionId,
    expiresAt: Math.floor(session.expiresAt.getTime() / 1000),
  };
  const token = SessionTokens.sign(claims, await tenant.key(SESSION_KEY_PURPOSE));
  await TenantAudit.append(tenant, { action: "session.started", after: { userId: session.userId } });
  return token;
}

/** Ends the member's own session: here at once, in other processes within ten seconds. */
export async function end(tenant: TenantScope<Member>): Promise<void> {
  await tenant.tx(async (tx) => {
    await tx.db.deleteFrom("sessions").where("id", "=", tx.actor.sessionId).execute();
    await TenantAudit.append(tx, { action: "session.ended" });
  });
  tenant.forgetSession(tenant.actor.sessionId);
}

/** Ends every other session of the member: after a new password, whoever knew the old one is out. */
export async function endOthers(tenant: TenantScope<Member>): Promise<void> {
  const ended = await tenant.tx(async (tx) => {
    const rows = await tx.db
      .deleteFrom("sessions")
      .where("userId", "=", tx.actor.userId)
      .where("id", "!=", tx.actor.sessionId)
      .returning("id")
      .execute();
    await TenantAudit.append(tx, { action: "password.set", after: { sessionsEnded: rows.length } });
    return rows;
  });
  for (const session of ended) tenant.forgetSession(session.id);
}
