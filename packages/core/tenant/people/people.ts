export * as People from "./people.ts";

import type { Insertable } from "kysely";
import type { Member, Visitor } from "../actors.ts";
import { requireAct } from "../admission.ts";
import { TenantAudit } from "../audit/audit.ts";
import { Limits } from "../limits/limits.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";
import type { UserBranchRolesTable } from "../tables.generated.ts";
import { endAccess, tellPresence } from "./access.ts";
import { type Assignment, type AssignmentInput, checkAssignment } from "./assignments.ts";
import { authorityOf, lockPeople, requireSubject, type Standing } from "./standing.ts";

export { changeDetails, type DetailsChange } from "./details.ts";
export { find, list, type PeoplePage, type PeopleState, type Person, type PersonDetails } from "./directory.ts";

/**
 * Refuses whoever may not act on a person: without `people.manage`, on themselves, on the owner, or on somebody with
 * rights that they lack. Reads all of it anew, so inside a transaction it holds for what commits.
 * @throws DomainError `forbidden`, or `not_found` for an id that is nobody's here
 */
export async function requireAbove(tenant: TenantScope<Member>, userId: string): Promise<void> {
  await requireSubject(tenant, await authorityOf(tenant, "people.manage"), userId);
}

/**
 * Gives a person other roles, instead of all they had: here at once, in other processes within ten seconds.
 * @throws DomainError `forbidden` as `requireAbove` and for roles above the actor's own, `invalid_input` by field,
 *   `not_found`
 */
export async function changeRoles(tenant: TenantScope<Member>, userId: string, input: AssignmentInput): Promise<void> {
  Permissions.requireEverywhere(tenant.actor, "people.manage");
  await tenant.tx(async (tx) => {
    await lockPeople(tx);
    const authority = await authorityOf(tx, "people.manage");
    const before = await requireSubject(tx, authority, userId);
    const after = await checkAssignment(tx, authority, input);
    await tx.db
      .updateTable("users")
      .set({ role: after.role, updatedAt: tx.clock.now() })
      .where("id", "=", userId)
      .execute();
    await tx.db.deleteFrom("userBranchRoles").where("userId", "=", userId).execute();
    await giveBranchRoles(tx, userId, after);
    await TenantAudit.append(tx, {
      action: "person.roles_changed",
      before: { userId, name: before.name, ...rolesOf(before) },
      after: { userId, name: before.name, ...rolesOf(after) },
    });
  });
  tenant.forgetSessionsOf(userId);
}

/**
 * Ends somebody's access: sessions, sign-in links and reset links. Their name stays on what they did.
 * @returns how many sessions ended
 * @throws DomainError as `requireAbove`
 */
export async function deactivate(tenant: TenantScope<Member>, userId: string): Promise<{ sessionsEnded: number }> {
  Permissions.requireEverywhere(tenant.actor, "people.manage");
  const ended = await tenant.tx(async (tx) => {
    await lockPeople(tx);
    const person = await requireSubject(tx, await authorityOf(tx, "people.manage"), userId);
    if (person.deactivatedAt !== null) return { sessionsEnded: 0 };
    const now = tx.clock.now();
    await tx.db.updateTable("users").set({ deactivatedAt: now, updatedAt: now }).where("id", "=", userId).execute();
    const sessionsEnded = await endAccess(tx, userId);
    await TenantAudit.append(tx, {
      action: "person.deactivated",
      before: { userId, name: person.name, ...rolesOf(person) },
      after: { userId, sessionsEnded },
    });
    await tellPresence(tx, person.email, false);
    return { sessionsEnded };
  });
  tenant.forgetSessionsOf(userId);
  return ended;
}

/**
 * Lets somebody in again, with the roles and the password they had.
 * @throws DomainError as `requireAbove`: what the person's roles give today counts; `limit_reached`, `payment_required`
 */
export async function reactivate(tenant: TenantScope<Member>, userId: string): Promise<void> {
  Permissions.requireEverywhere(tenant.actor, "people.manage");
  requireAct(tenant.tenant, "grow", "Reactivating people");
  await tenant.tx(async (tx) => {
    await lockPeople(tx);
    const person = await requireSubject(tx, await authorityOf(tx, "people.manage"), userId);
    if (person.deactivatedAt === null) return;
    await Limits.takeRoom(tx, "users");
    await tx.db
      .updateTable("users")
      .set({ deactivatedAt: null, updatedAt: tx.clock.now() })
      .where("id", "=", userId)
      .execute();
    await TenantAudit.append(tx, {
      action: "person.reactivated",
      before: { userId, deactivatedAt: person.deactivatedAt },
      after: { userId, name: person.name, ...rolesOf(person) },
    });
    await tellPresence(tx, person.email, true);
  });
  tenant.forgetSessionsOf(userId);
}

/** Writes the branch roles of an assignment for somebody who has none. */
export async function giveBranchRoles(
  tx: TenantScope<Member> | TenantScope<Visitor>,
  userId: string,
  { branchRoles }: Assignment,
): Promise<void> {
  const rows: Insertable<UserBranchRolesTable>[] = branchRoles.map(({ branchId, role }) => ({
    userId,
    branchId,
    role,
  }));
  if (rows.length > 0) await tx.db.insertInto("userBranchRoles").values(rows).execute();
}

const rolesOf = ({ role, branchRoles }: Pick<Standing, "role" | "branchRoles">) => ({
  role,
  branchRoles: branchRoles.map(({ branchId, role: there }) => ({ branchId, role: there })),
});
