import type { Role } from "@pharmasight/core/tenant/permissions/permissions";

/** What people call the roles. */
export const roleTitles: Readonly<Record<Role, string>> = {
  owner: "Owner",
  admin: "Administrator",
  pharmacist: "Pharmacist",
  cashier: "Cashier",
  procurement: "Procurement",
  viewer: "Viewer",
};

/** What somebody is here, in a few words. */
export function roleOf(person: {
  readonly role: Role | null;
  readonly branchRoles: readonly { readonly role: Role }[];
}): string {
  if (person.role !== null) return roleTitles[person.role];
  const titles = [...new Set(person.branchRoles.map(({ role }) => roleTitles[role]))];
  return titles.length === 0 ? "No role" : `${titles.join(", ")} (in branches)`;
}

/** All that somebody is or is to be, with the branches: `Cashier, Pharmacist in Westlands`. */
export function rolesInWords(person: {
  readonly role: Role | null;
  readonly branchRoles: readonly { readonly role: Role; readonly branchName: string }[];
}): string {
  const everywhere = person.role === null ? [] : [roleTitles[person.role]];
  const ofBranches = person.branchRoles.map(({ role, branchName }) => `${roleTitles[role]} in ${branchName}`);
  return [...everywhere, ...ofBranches].join(", ") || "No role";
}
