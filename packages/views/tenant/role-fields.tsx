import type { FieldErrors } from "../shared/context.ts";
import { described } from "../shared/fields.tsx";
import { Icon } from "../shared/icons.tsx";

export interface RoleOption {
  value: string;
  title: string;
  /** What it allows, in words after "May". */
  may: readonly string[];
}

export interface BranchOption {
  id: string;
  code: string;
  name: string;
}

export interface RoleFieldsProps {
  /** The role in every branch; empty: only in single ones. */
  role: string;
  /** Roles in single branches, by branch; empty: none. */
  branchRoles: Readonly<Record<string, string>>;
  errors: FieldErrors;
  branches: readonly BranchOption[];
  roles: readonly RoleOption[];
}

/** What somebody is: fields `role`, and `branch-{id}` for each branch of a pharmacy that has more than one. */
export function RoleFields({ role, branchRoles, errors, branches, roles }: RoleFieldsProps) {
  const hasBranches = branches.length > 1;
  const ofBranches = Object.values(branchRoles).some((value) => value !== "");
  return (
    <div class="space-y-5">
      <fieldset {...described({ name: "role", error: errors.role })}>
        <legend class="mb-2 font-medium">{hasBranches ? "Role in every branch" : "Role"}</legend>
        <div class="divide-y divide-line rounded-lg border border-line">
          {roles.map((option, index) => (
            <Choice
              id={index === 0 ? "role" : `role-${option.value}`}
              value={option.value}
              checked={role === option.value}
              title={option.title}
            >
              {option.may.length === 0 ? "May do nothing yet." : `May ${option.may.join("; ")}.`}
            </Choice>
          ))}
          {hasBranches ? (
            <Choice id="role-none" value="" checked={role === "" && ofBranches} title="Only in single branches">
              Choose them below. Elsewhere the person sees and does nothing.
            </Choice>
          ) : null}
        </div>
        <Mistake name="role" error={errors.role} />
      </fieldset>
      {hasBranches ? (
        <fieldset {...described({ name: "branchRoles", error: errors.branchRoles })}>
          <legend class="font-medium">Role in single branches</legend>
          <p class="mt-0.5 mb-3 text-muted text-xs">
            Added to the role above, in that branch only. What belongs to the whole pharmacy, such as people and
            settings, comes from the role in every branch.
          </p>
          <div id="branchRoles" class="grid gap-3 sm:grid-cols-2">
            {branches.map(({ id, code, name }) => (
              <div>
                <label for={`branch-${id}`} class="mb-1 block">
                  <span class="font-medium">{name}</span> <span class="text-muted text-xs">{code}</span>
                </label>
                <select id={`branch-${id}`} name={`branch-${id}`} class="select field">
                  <option value="">Nothing more</option>
                  {roles.map(({ value, title }) => (
                    <option value={value} selected={branchRoles[id] === value}>
                      {title}
                    </option>
                  ))}
                </select>
              </div>
            ))}
          </div>
          <Mistake name="branchRoles" error={errors.branchRoles} />
        </fieldset>
      ) : null}
    </div>
  );
}

function Choice(props: { id: string; value: string; checked: boolean; title: string; children: string }) {
  const { id, value, checked, title, children } = props;
  return (
    <label for={id} class="flex cursor-pointer items-start gap-3 p-3 has-checked:bg-soft-primary">
      <input
        type="radio"
        id={id}
        name="role"
        value={value}
        checked={checked}
        class="radio radio-primary radio-sm mt-px"
      />
      <span class="min-w-0">
        <span class="block font-medium">{title}</span>
        <span class="block text-muted text-xs">{children}</span>
      </span>
    </label>
  );
}

function Mistake({ name, error }: { name: string; error: string | undefined }) {
  if (error === undefined) return null;
  return (
    <p id={`${name}-error`} class="mt-1.5 flex items-start gap-1.5 font-medium text-error">
      <Icon name="triangle-alert" class="mt-0.5 size-4" />
      {error}
    </p>
  );
}
