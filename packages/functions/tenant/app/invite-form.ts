import type { Member } from "@pharmasight/core/tenant/actors";
import type { AssignmentInput } from "@pharmasight/core/tenant/people/assignments";
import type { InviteInput } from "@pharmasight/core/tenant/people/invitations";
import { Roles } from "@pharmasight/core/tenant/people/roles";
import { Permissions } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { InviteValues } from "@pharmasight/views/tenant/invite-fields.tsx";
import type { RoleOption } from "@pharmasight/views/tenant/role-fields.tsx";
import type { PostedForm } from "../forms.ts";
import { roleTitles } from "../roles.ts";

/** The fields of an invitation as they were typed: `branches` are those that the form offered. */
export function readInvite(form: PostedForm, branches: readonly { readonly id: string }[]): InviteValues {
  return {
    name: form.text("name").slice(0, 1000),
    by: form.text("by") === "username" ? "username" : "email",
    email: form.text("email").slice(0, 1000),
    username: form.text("username").slice(0, 1000),
    ...readRoles(form, branches),
  };
}

/** The fields of a person's roles as they were chosen. Fields of other names, whatever they are, are not read. */
export function readRoles(
  form: PostedForm,
  branches: readonly { readonly id: string }[],
): Pick<InviteValues, "role" | "branchRoles"> {
  return {
    role: form.text("role").slice(0, 100),
    branchRoles: Object.fromEntries(branches.map(({ id }) => [id, form.text(`branch-${id}`).slice(0, 100)])),
  };
}

/** What the chosen roles ask for. */
export function assignmentOf({ role, branchRoles }: Pick<InviteValues, "role" | "branchRoles">): AssignmentInput {
  return {
    role: role === "" ? null : role,
    branchRoles: Object.entries(branchRoles)
      .filter(([, there]) => there !== "")
      .map(([branchId, there]) => ({ branchId, role: there })),
  };
}

/** What a filled form asks for. */
export function inviteOf(values: InviteValues): InviteInput {
  const isByMail = values.by === "email";
  return {
    name: values.name,
    email: isByMail ? values.email : null,
    username: isByMail ? null : values.username,
    ...assignmentOf(values),
  };
}

/** The roles that a person may give, with what each allows, for a form. */
export async function roleOptions(tenant: TenantScope<Member>): Promise<readonly RoleOption[]> {
  const roles = await Roles.grantable(tenant);
  return roles.map(({ role, allowed }) => ({
    value: role,
    title: roleTitles[role],
    may: allowed.map((permission) => Permissions.catalogue[permission].title),
  }));
}
