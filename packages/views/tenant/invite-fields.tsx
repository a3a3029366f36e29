import type { FieldErrors } from "../shared/context.ts";
import { TextField } from "../shared/fields.tsx";
import { type BranchOption, RoleFields, type RoleOption } from "./role-fields.tsx";

/** As typed by the person, and shown again when something is wrong. */
export interface InviteValues {
  name: string;
  /** Whether the link is mailed, or handed over to somebody who signs in by a username. */
  by: "email" | "username";
  email: string;
  username: string;
  /** The role in every branch; empty: only in single ones. */
  role: string;
  /** Roles in single branches, by branch; empty: none. */
  branchRoles: Readonly<Record<string, string>>;
}

export const emptyInvite: InviteValues = { name: "", by: "email", email: "", username: "", role: "", branchRoles: {} };

export interface InviteFieldsProps {
  values: InviteValues;
  errors: FieldErrors;
  /** Branches that are open. */
  branches: readonly BranchOption[];
  /** Roles that the inviting person may give, with what they allow. */
  roles: readonly RoleOption[];
}

/**
 * The fields of an invitation: name, by (email or username), email, username, role, and branch-{id} for each branch.
 * Which of the two ways is asked for is shown by style alone, so it works without scripts.
 */
export function InviteFields({ values, errors, branches, roles }: InviteFieldsProps) {
  return (
    <div class="space-y-5">
      <TextField
        name="name"
        label="Name"
        value={values.name}
        error={errors.name}
        attributes={{ required: true, maxlength: 100, autocomplete: "off" }}
      />
      <fieldset class="group/by">
        <legend class="mb-2 font-medium">How do they sign in?</legend>
        <div class="grid gap-2 sm:grid-cols-2">
          <Way value="email" chosen={values.by} title="With a mail address">
            They get the link by mail.
          </Way>
          <Way value="username" chosen={values.by} title="With a username">
            For staff without mail: you hand the link over.
          </Way>
        </div>
        <div class="mt-4 group-has-[#by-username:checked]/by:hidden">
          <TextField
            name="email"
            label="Mail address"
            value={values.email}
            error={errors.email}
            attributes={{ type: "email", maxlength: 254, autocomplete: "off", placeholder: "amina@example.com" }}
          />
        </div>
        <div class="mt-4 hidden group-has-[#by-username:checked]/by:block">
          <TextField
            name="username"
            label="Username"
            value={values.username}
            error={errors.username}
            help="3 to 30 small letters and digits, like amina.o. They sign in with it, so it should be easy to keep in mind."
            attributes={{ maxlength: 30, autocomplete: "off", autocapitalize: "none", spellcheck: false }}
          />
        </div>
      </fieldset>
      <RoleFields
        role={values.role}
        branchRoles={values.branchRoles}
        errors={errors}
        branches={branches}
        roles={roles}
      />
    </div>
  );
}

function Way(props: { value: InviteValues["by"]; chosen: InviteValues["by"]; title: string; children: string }) {
  const { value, chosen, title, children } = props;
  return (
    <label
      for={`by-${value}`}
      class="flex cursor-pointer items-start gap-3 rounded-lg border border-line p-3 has-checked:border-primary has-checked:bg-soft-primary"
    >
      <input
        type="radio"
        id={`by-${value}`}
        name="by"
        value={value}
        checked={value === chosen}
        class="radio radio-primary radio-sm mt-px"
      />
      <span>
        <span class="block font-medium">{title}</span>
        <span class="block text-muted text-xs">{children}</span>
      </span>
    </label>
  );
}
