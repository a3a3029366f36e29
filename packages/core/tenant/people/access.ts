import { TenantEvents } from "../../ports/tenant-events.ts";
import type { Member, Visitor } from "../actors.ts";
import type { TenantScope } from "../scope.ts";

/**
 * Ends somebody's sessions, the acting one excepted, and every sign-in and reset link of theirs. To be called in `tx`;
 * the caller forgets the sessions once it has committed.
 * @returns how many sessions ended
 */
export async function endAccess(tx: TenantScope<Member>, userId: string): Promise<number> {
  // Sessions begin, and links are made, under a lock of the same row: none of them slips in between.
  await tx.db.selectFrom("users").select("id").where("id", "=", userId).forUpdate().execute();
  const ended = await tx.db
    .deleteFrom("sessions")
    .where("userId", "=", userId)
    .where("id", "!=", tx.actor.sessionId)
    .returning("id")
    .execute();
  await tx.db.deleteFrom("signInLinks").where("userId", "=", userId).execute();
  await tx.db.deleteFrom("passwordResets").where("userId", "=", userId).where("usedAt", "is", null).execute();
  return ended.length;
}

/** Tells the control plane that an address begins or ends to sign in here; nothing for somebody without one. */
export async function tellPresence(
  tx: TenantScope<Member> | TenantScope<Visitor>,
  email: string | null,
  isPresent: boolean,
): Promise<void> {
  if (email !== null) await tx.emit(TenantEvents.personChanged({ email, isPresent, at: tx.clock.now() }));
}
