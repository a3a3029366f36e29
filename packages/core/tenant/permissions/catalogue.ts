import type { GivenRole, Role } from "./roles.ts";

interface PermissionSpec {
  /** Where the roles page lists it. */
  readonly group: "Items and stock" | "People" | "Pharmacy";
  /** What somebody with it may do, after "may". */
  readonly title: string;
  /**
   * `pharmacy`: only a role in every branch gives it, because what it touches belongs to all of them. `branch`: a role
   * in a branch gives it there.
   */
  readonly reach: "pharmacy" | "branch";
  /** Who has it unless the pharmacy decides otherwise; the owner has everything. */
  readonly roles: readonly GivenRole[];
}

const everybody = ["admin", "pharmacist", "cashier", "procurement", "viewer"] as const;

/** Everything that a person may be allowed. The server asks for one of these at each door; pages hide by the same answer. */
export const catalogue = {
  "items.view": { group: "Items and stock", title: "see items, prices and stock", reach: "branch", roles: everybody },
  "items.view_cost": {
    group: "Items and stock",
    title: "see what items cost",
    reach: "branch",
    roles: ["admin", "pharmacist", "procurement"],
  },
  "items.edit": {
    group: "Items and stock",
    title: "add and change items",
    reach: "pharmacy",
    roles: ["admin", "pharmacist", "procurement"],
  },
  "items.import": {
    group: "Items and stock",
    title: "import items and opening stock from files, and undo an import",
    reach: "pharmacy",
    roles: ["admin", "pharmacist"],
  },
  "people.view": { group: "People", title: "see who works here", reach: "pharmacy", roles: ["admin"] },
  "people.manage": {
    group: "People",
    title: "invite people, change their roles and deactivate them",
    reach: "pharmacy",
    roles: ["admin"],
  },
  "roles.manage": { group: "People", title: "decide what each role may do", reach: "pharmacy", roles: ["admin"] },
  "company.manage": {
    group: "Pharmacy",
    title: "change the company’s profile and the first-day steps",
    reach: "pharmacy",
    roles: ["admin"],
  },
  "branches.manage": { group: "Pharmacy", title: "add and change branches", reach: "pharmacy", roles: ["admin"] },
  "api_keys.manage": {
    group: "Pharmacy",
    title: "issue and revoke API keys",
    reach: "pharmacy",
    roles: ["admin"],
  },
  "billing.manage": {
    group: "Pharmacy",
    title: "choose the plan, pay for it and see its invoices",
    reach: "pharmacy",
    roles: [],
  },
  "audit.view": { group: "Pharmacy", title: "read the audit log", reach: "pharmacy", roles: ["admin"] },
} as const satisfies Record<string, PermissionSpec>;

export type Permission = keyof typeof catalogue;

/** What is of no use without another permission: a role gets both or neither. */
export const prerequisites: Readonly<Partial<Record<Permission, Permission>>> = {
  "items.view_cost": "items.view",
  "items.edit": "items.view",
  "items.import": "items.edit",
  "people.manage": "people.view",
};

/** Where a pharmacy departs from the catalogue. A row of an unknown permission comes from another version and says nothing. */
export interface RoleOverride {
  readonly role: string;
  readonly permission: string;
  readonly isAllowed: boolean;
}

const isPermission = (name: string): name is Permission => Object.hasOwn(catalogue, name);

/** All permissions, in the order of the catalogue. */
export const permissions: readonly Permission[] = Object.keys(catalogue).filter(isPermission);

/** What a role may do in this pharmacy. */
export function permissionsOf(role: Role, overrides: readonly RoleOverride[]): ReadonlySet<Permission> {
  if (role === "owner") return new Set(permissions);
  const allowed = new Set(permissions.filter((permission) => isDefault(role, permission)));
  for (const { role: of, permission, isAllowed } of overrides) {
    if (of !== role || !isPermission(permission)) continue;
    if (isAllowed) allowed.add(permission);
    else allowed.delete(permission);
  }
  return allowed;
}

/** Whether a role has a permission as long as nobody decides otherwise. */
export function isDefault(role: GivenRole, permission: Permission): boolean {
  const given: readonly GivenRole[] = catalogue[permission].roles;
  return given.includes(role);
}
