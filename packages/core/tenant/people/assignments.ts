import * as z from "zod";
import { DomainError, invalidInput } from "../../kernel/errors.ts";
import type { Member } from "../actors.ts";
import { Permissions } from "../permissions/permissions.ts";
import { type BranchRole, branchRoleSchema, type GivenRole, givenRoleSchema } from "../permissions/roles.ts";
import type { TenantScope } from "../scope.ts";
import type { Authority } from "./standing.ts";

/** What somebody is to be, as it was asked for. */
export interface AssignmentInput {
  /** The role in every branch; null: only in single ones. */
  readonly role: string | null;
  readonly branchRoles: readonly { readonly branchId: string; readonly role: string }[];
}

export interface Assignment {
  readonly role: GivenRole | null;
  readonly branchRoles: readonly BranchRole[];
}

const BRANCHES_MAX = 500;
const branchRolesSchema = z.array(branchRoleSchema).max(BRANCHES_MAX);

const ABOVE_OWN = "You can give only what you may do yourself everywhere. Choose another role, or ask the owner.";

/**
 * The roles that were asked for, once they are roles that exist, in branches of this pharmacy, and not above what the
 * giver has.
 * @throws DomainError `invalid_input` by field `role` or `branchRoles`, `forbidden` by field `role`
 */
export async function checkAssignment(
  tx: TenantScope<Member>,
  { self, overrides }: Authority,
  input: AssignmentInput,
): Promise<Assignment> {
  const role = givenRoleSchema.nullable().safeParse(input.role);
  if (!role.success) throw refused("role", "Choose one of the roles.");
  const branchRoles = branchRolesSchema.safeParse(input.branchRoles);
  if (!branchRoles.success) throw refused("branchRoles", "Choose branches and roles from the list.");
  const assignment = { role: role.data, branchRoles: branchRoles.data };
  if (assignment.role === null && assignment.branchRoles.length === 0) {
    throw refused("role", "Choose a role in every branch, or a role in at least one branch.");
  }
  await requireBranches(
    tx,
    assignment.branchRoles.map(({ branchId }) => branchId),
  );
  if (!Permissions.covers(self, assignment, overrides)) {
    throw new DomainError("forbidden", ABOVE_OWN, { fields: { role: ABOVE_OWN } });
  }
  return assignment;
}

async function requireBranches(tx: TenantScope<Member>, branchIds: readonly string[]): Promise<void> {
  const wanted = new Set(branchIds);
  if (wanted.size < branchIds.length) throw refused("branchRoles", "Choose one role for each branch.");
  if (wanted.size === 0) return;
  const found = await tx.db
    .selectFrom("branches")
    .select("id")
    .where("id", "in", [...wanted])
    .where("archivedAt", "is", null)
    .execute();
  if (found.length < wanted.size) throw refused("branchRoles", "Choose branches that are open.");
}

const refused = (field: "role" | "branchRoles", message: string): DomainError =>
  invalidInput(message, { [field]: message });
