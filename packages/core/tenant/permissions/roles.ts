import * as z from "zod";

/** What people are in a pharmacy. One owner; everybody else has a role everywhere or one in each of some branches. */
export const roles = ["owner", "admin", "pharmacist", "cashier", "procurement", "viewer"] as const;
export type Role = (typeof roles)[number];

/** The roles that can be given to people; ownership is handed over instead. */
export const givenRoles = ["admin", "pharmacist", "cashier", "procurement", "viewer"] as const;
export type GivenRole = (typeof givenRoles)[number];

export const roleSchema = z.enum(roles);
export const givenRoleSchema = z.enum(givenRoles);

/** A role in one branch. */
export const branchRoleSchema = z.object({ branchId: z.uuid(), role: givenRoleSchema });
export type BranchRole = Readonly<z.infer<typeof branchRoleSchema>>;
