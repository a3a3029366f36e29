export * as TwoFactorResets from "./two-factor-resets.ts";

import { notFound } from "../../kernel/errors.ts";
import { idSchema } from "../../kernel/ids.ts";
import type { Member } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { People } from "../people/people.ts";
import { lockPeople } from "../people/standing.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";
import { AccountNotices } from "./account-notices.ts";

/**
 * Switches off the second factor that a colleague has lost, and ends their sessions: whoever has the phone now is out.
 * The owner's is reset by a recovery code only, since nobody stands above them.
 * @throws DomainError `forbidden` for somebody who may not manage people or stands below, `not_found` when none is on
 */
export async function resetFor(tenant: TenantScope<Member>, userId: string): Promise<void> {
  Permissions.requireEverywhere(tenant.actor, "people.manage");
  if (!idSchema.safeParse(userId).success) throw notFound("person");
  await tenant.tx(async (tx) => {
    await lockPeople(tx);
    await People.requireAbove(tx, userId);
    if (!(await remove(tx, userId))) throw notFound("second factor");
    const ended = await tx.db.deleteFrom("sessions").where("userId", "=", userId).returning("id").execute();
    await TenantAudit.append(tx, { action: "two_factor.reset", after: { userId, sessionsEnded: ended.length } });
    await AccountNotices.factorChanged(tx, userId, "reset");
  });
  tenant.forgetSessionsOf(userId);
}

/** Takes a factor and its recovery codes away. @returns whether one was on */
export async function remove(tx: TenantScope<Member>, userId: string): Promise<boolean> {
  await tx.db.deleteFrom("recoveryCodes").where("userId", "=", userId).execute();
  const removed = await tx.db
    .deleteFrom("twoFactors")
    .where("userId", "=", userId)
    .returning("confirmedAt")
    .executeTakeFirst();
  return removed !== undefined && removed.confirmedAt !== null;
}
