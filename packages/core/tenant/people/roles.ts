export * as Roles from "./roles.ts";

import { DomainError, invalidInput } from "../../kernel/errors.ts";
import type { Member } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { isDefault, type Permission, Permissions, permissions, permissionsOf } from "../permissions/permissions.ts";
import { type GivenRole, givenRoleSchema, givenRoles } from "../permissions/roles.ts";
import type { TenantScope } from "../scope.ts";
import { type Authority, authorityOf, lockPeople, readOverrides } from "./standing.ts";

/** A role as this pharmacy has it. */
export interface RoleDetails {
  readonly role: GivenRole;
  /** In the order of the catalogue. */
  readonly allowed: readonly Permission[];
  /** People who have it, in every branch or in one; deactivated ones are not counted. */
  readonly people: number;
  /** Why the acting person may not change it. */
  readonly fixed?: "own" | "above";
}

/**
 * What each role may do here, the owner's excepted: the owner may do everything.
 * @throws DomainError `forbidden` without `roles.manage`
 */
export async function list(tenant: TenantScope<Member>): Promise<readonly RoleDetails[]> {
  Permissions.requireEverywhere(tenant.actor, "roles.manage");
  const { self, overrides } = await authorityOf(tenant, "roles.manage");
  const people = await countPeople(tenant);
  return givenRoles.map((role) => {
    const allowed = permissionsOf(role, overrides);
    const fixed = fixedBecause({ self, overrides }, role);
    return {
      role,
      allowed: permissions.filter((permission) => allowed.has(permission)),
      people: people.get(role) ?? 0,
      ...(fixed === undefined ? {} : { fixed }),
    };
  });
}

/**
 * Roles that the acting person may give, with what each allows.
 * @throws DomainError `forbidden` without `people.manage`
 */
export async function grantable(
  tenant: TenantScope<Member>,
): Promise<readonly { readonly role: GivenRole; readonly allowed: readonly Permission[] }[]> {
  Permissions.requireEverywhere(tenant.actor, "people.manage");
  const overrides = await readOverrides(tenant);
  return givenRoles
    .filter((role) => Permissions.covers(tenant.actor, { role, branchRoles: [] }, overrides))
    .map((role) => {
      const allowed = permissionsOf(role, overrides);
      return { role, allowed: permissions.filter((permission) => allowed.has(permission)) };
    });
}

/**
 * Decides what a role may do: here at once, in other processes within ten seconds. Nobody gives a role what they lack,
 * takes from a role that has more than they, or changes a role that they hold themselves.
 * @param wanted names of all permissions it is to have
 * @param seen names of those it had when the person looked
 * @throws DomainError `forbidden`; `invalid_input` for an unknown role or permission, and for one that is of no use
 *   without another; `conflict` when the role was changed since
 */
export async function change(
  tenant: TenantScope<Member>,
  role: string,
  wanted: readonly string[],
  seen: readonly string[],
): Promise<void> {
  Permissions.requireEverywhere(tenant.actor, "roles.manage");
  const given = checkRole(role);
  const after = checkPermissions(wanted);
  const isChanged = await tenant.tx(async (tx) => {
    await lockPeople(tx);
    const authority = await authorityOf(tx, "roles.manage");
    requireChangeable(authority, given, after);
    const before = permissionsOf(given, authority.overrides);
    if (!isSame(before, new Set(seen))) {
      throw new DomainError("conflict", "Somebody changed this role meanwhile. Look at it again, then change it.");
    }
    if (isSame(before, after)) return false;
    for (const permission of permissions) {
      if (before.has(permission) !== after.has(permission)) await decide(tx, given, permission, after.has(permission));
    }
    await TenantAudit.append(tx, {
      action: "role.changed",
      before: { role: given, allowed: [...before] },
      after: { role: given, allowed: permissions.filter((permission) => after.has(permission)) },
    });
    return true;
  });
  if (isChanged) tenant.forgetSessions();
}

function checkRole(role: string): GivenRole {
  if (role === "owner") throw new DomainError("forbidden", "The owner may do everything. That cannot be changed.");
  const given = givenRoleSchema.safeParse(role);
  if (!given.success) throw invalidInput("Choose one of the roles.", { role: "Choose one of the roles." });
  return given.data;
}

function checkPermissions(wanted: readonly string[]): ReadonlySet<Permission> {
  const known = new Set(permissions.filter((permission) => wanted.includes(permission)));
  if (wanted.some((name) => !permissions.some((permission) => permission === name))) {
    throw invalidInput("Choose from the list of what a role may do.", { role: "Choose from the list." });
  }
  for (const permission of known) {
    const needed = Permissions.prerequisites[permission];
    if (needed === undefined || known.has(needed)) continue;
    const { catalogue } = Permissions;
    const message = `To ${catalogue[permission].title}, a role must also ${catalogue[needed].title}. Tick both or neither.`;
    throw invalidInput(message, { [needed]: message });
  }
  return known;
}

function requireChangeable(authority: Authority, role: GivenRole, after: ReadonlySet<Permission>): void {
  const fixed = fixedBecause(authority, role);
  if (fixed === "own") throw new DomainError("forbidden", "You have this role yourself. Ask the owner to change it.");
  if (fixed === "above")
    throw new DomainError("forbidden", "This role may do more than you. Ask the owner to change it.");
  const lacking = [...after].find((permission) => !Permissions.may(authority.self, permission));
  if (lacking === undefined) return;
  const { title } = Permissions.catalogue[lacking];
  throw new DomainError("forbidden", `You may not ${title} yourself, so you cannot let others. Ask the owner.`);
}

function fixedBecause({ self, overrides }: Authority, role: GivenRole): RoleDetails["fixed"] {
  if (self.role === role || self.branchRoles.some((held) => held.role === role)) return "own";
  const allowed = [...permissionsOf(role, overrides)];
  return allowed.every((permission) => Permissions.may(self, permission)) ? undefined : "above";
}

/** A row is kept only where the pharmacy departs from the default, so that a later default reaches the rest. */
async function decide(
  tx: TenantScope<Member>,
  role: GivenRole,
  permission: Permission,
  isAllowed: boolean,
): Promise<void> {
  if (isDefault(role, permission) === isAllowed) {
    await tx.db.deleteFrom("rolePermissions").where("role", "=", role).where("permission", "=", permission).execute();
    return;
  }
  const decision = { isAllowed, changedBy: tx.actor.userId, changedAt: tx.clock.now() };
  await tx.db
    .insertInto("rolePermissions")
    .values({ role, permission, ...decision })
    .onConflict((conflict) => conflict.columns(["role", "permission"]).doUpdateSet(decision))
    .execute();
}

async function countPeople(tenant: TenantScope<Member>): Promise<ReadonlyMap<string, number>> {
  const rows = await tenant.db
    .with("held", (db) =>
      db
        .selectFrom("users")
        .select(["users.id as userId", "users.role"])
        .where("users.deactivatedAt", "is", null)
        .union(
          db
            .selectFrom("userBranchRoles")
            .innerJoin("users", "users.id", "userBranchRoles.userId")
            .select(["userBranchRoles.userId", "userBranchRoles.role"])
            .where("users.deactivatedAt", "is", null),
        ),
    )
    .selectFrom("held")
    .select((e) => ["held.role", e.fn.countAll<string>().as("people")])
    .groupBy("held.role")
    .execute();
  return new Map(rows.flatMap(({ role, people }) => (role === null ? [] : [[role, Number(people)] as const])));
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((name) => other.has(name));
}
