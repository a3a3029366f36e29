export * as Permissions from "./permissions.ts";

import { DomainError } from "../../kernel/errors.ts";
import { catalogue, type Permission, permissionsOf, type RoleOverride } from "./catalogue.ts";
import type { BranchRole, Role } from "./roles.ts";

export {
  catalogue,
  isDefault,
  type Permission,
  permissions,
  permissionsOf,
  prerequisites,
  type RoleOverride,
} from "./catalogue.ts";
export {
  type BranchRole,
  branchRoleSchema,
  type GivenRole,
  givenRoleSchema,
  givenRoles,
  type Role,
  roleSchema,
  roles,
} from "./roles.ts";

/** What a person may do: in every branch, and besides in single ones. */
export interface Rights {
  readonly everywhere: ReadonlySet<Permission>;
  readonly byBranch: ReadonlyMap<string, ReadonlySet<Permission>>;
}

/** The rights that roles give in this pharmacy. */
export function rightsOf(
  role: Role | null,
  branchRoles: readonly BranchRole[],
  overrides: readonly RoleOverride[],
): Rights {
  const everywhere = role === null ? new Set<Permission>() : permissionsOf(role, overrides);
  const byBranch = new Map(
    branchRoles.map(({ branchId, role: there }) => {
      const given = [...permissionsOf(there, overrides)].filter(
        (permission) => catalogue[permission].reach === "branch",
      );
      return [branchId, new Set([...everywhere, ...given])] as const;
    }),
  );
  return { everywhere, byBranch };
}

/** Whoever has rights: a member. */
export interface Holder {
  readonly rights: Rights;
}

/** Whether somebody may do this in every branch. */
export const may = ({ rights }: Holder, permission: Permission): boolean => rights.everywhere.has(permission);

/** Whether somebody may do this in one branch. */
export const mayIn = (holder: Holder, permission: Permission, branchId: string): boolean =>
  may(holder, permission) || (holder.rights.byBranch.get(branchId)?.has(permission) ?? false);

/** Whether there is any branch where somebody may do this: what belongs to all branches is read by that. */
export const maySomewhere = (holder: Holder, permission: Permission): boolean =>
  may(holder, permission) || [...holder.rights.byBranch.values()].some((set) => set.has(permission));

/** Branches where somebody may do this; `"all"` for every one. */
export function branchesWhere(holder: Holder, permission: Permission): "all" | readonly string[] {
  if (may(holder, permission)) return "all";
  return [...holder.rights.byBranch].filter(([, set]) => set.has(permission)).map(([branchId]) => branchId);
}

/** @throws DomainError `forbidden` unless somebody may do this in every branch */
export function requireEverywhere(holder: Holder, permission: Permission): void {
  if (!may(holder, permission)) throw refused(permission);
}

/** @throws DomainError `forbidden` unless somebody may do this in the branch */
export function requireIn(holder: Holder, permission: Permission, branchId: string): void {
  if (!mayIn(holder, permission, branchId)) throw refused(permission);
}

/** @throws DomainError `forbidden` unless there is a branch where somebody may do this */
export function requireSomewhere(holder: Holder, permission: Permission): void {
  if (!maySomewhere(holder, permission)) throw refused(permission);
}

/**
 * Whether everything that roles give is within somebody's own rights everywhere: nobody grants above their own, and
 * nobody changes a person who stands above them.
 */
export function covers(
  holder: Holder,
  given: { readonly role: Role | null; readonly branchRoles: readonly BranchRole[] },
  overrides: readonly RoleOverride[],
): boolean {
  if (given.role === "owner") return false;
  const wanted = rightsOf(given.role, given.branchRoles, overrides);
  const all = [...wanted.everywhere, ...[...wanted.byBranch.values()].flatMap((set) => [...set])];
  return all.every((permission) => may(holder, permission));
}

const refused = (permission: Permission): DomainError =>
  new DomainError(
    "forbidden",
    `Your role does not let you ${catalogue[permission].title}. Ask the owner if you need to.`,
  );
