import { Alert } from "../shared/alert.tsx";
import { Badge } from "../shared/badge.tsx";
import { countOf } from "../shared/formats.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { Writable } from "../shared/writing.tsx";
import { SettingsLayout } from "./settings-layout.tsx";
import type { TenantShell } from "./shell.tsx";

export interface RoleColumn {
  role: string;
  title: string;
  people: number;
  allowed: readonly string[];
  /** What a new pharmacy has. */
  defaults: readonly string[];
  /** What it had when it was read: sent back, so that nobody overwrites what another person changed meanwhile. */
  seen: readonly string[];
  /** Why it cannot be changed by the person who looks. */
  fixed?: "own" | "above";
}

export interface PermissionGroup {
  name: string;
  permissions: readonly {
    name: string;
    title: string;
    /** It counts only for a role in every branch. */
    everyBranch: boolean;
    /** Whether the person who looks may give it. */
    mayGive: boolean;
  }[];
}

export interface RolesPageProps {
  shell: TenantShell;
  roles: readonly RoleColumn[];
  groups: readonly PermissionGroup[];
  /** Title of the role that was saved just now. */
  saved?: string;
  /** What is wrong with the role that was sent. */
  error?: { role: string; message: string };
}

/**
 * Forms: POST /settings/roles/:role with a checkbox of each permission's name, `seen` (names with commas) and formToken.
 * Wide pages show a matrix with a form for each column, phones a card for each role.
 */
export function RolesPage(props: RolesPageProps) {
  const { shell, saved, error } = props;
  return (
    <SettingsLayout shell={shell} title="Roles" subtitle="What each role may do in this pharmacy.">
      {saved === undefined ? null : (
        <div class="mb-6">
          <Alert tone="success" title={`${saved}: saved.`}>
            It counts for everybody with this role within ten seconds, also where they are signed in.
          </Alert>
        </div>
      )}
      {error === undefined ? null : (
        <div class="mb-6" data-error-summary tabindex={-1}>
          <Alert tone="error" title="Not saved">
            {error.message}
          </Alert>
        </div>
      )}
      <div class="mb-6 max-w-3xl space-y-1 text-muted">
        <p>
          The owner may do everything, and that cannot be changed. Where a box differs from what a new pharmacy has, the
          words under it say so.
        </p>
        <p>
          You cannot change the role that you have yourself, nor give what you may not do. Things marked{" "}
          <Badge tone="neutral">all branches</Badge> count only for people who have the role in every branch.
        </p>
      </div>
      <Matrix {...props} />
      <Cards {...props} />
    </SettingsLayout>
  );
}

type Permission = PermissionGroup["permissions"][number];

function Matrix({ shell, roles, groups }: RolesPageProps) {
  return (
    <div class="hidden lg:block">
      {roles.map(({ role, seen, fixed }) =>
        fixed === undefined ? (
          <form id={`matrix-${role}`} method="post" action={`/settings/roles/${role}`} data-once>
            <FormToken token={shell.context.formToken} />
            <input type="hidden" name="seen" value={seen.join(",")} />
          </form>
        ) : null,
      )}
      <div class="card overflow-clip">
        <table class="w-full table-fixed border-collapse text-left">
          <caption class="sr-only">What each role may do</caption>
          <thead class="sticky top-14 z-10 bg-base-200 text-xs">
            <tr class="border-line border-b">
              <th scope="col" class="w-[34%] px-4 py-3 font-medium text-muted">
                A role may
              </th>
              <th scope="col" class="px-2 py-3 text-center align-top font-medium">
                Owner
              </th>
              {roles.map(({ title, people }) => (
                <th scope="col" class="px-2 py-3 text-center align-top font-medium">
                  {title}
                  <span class="block font-normal text-muted tabular-nums">{countOf(people, "person", "people")}</span>
                </th>
              ))}
            </tr>
          </thead>
          {groups.map(({ name, permissions }) => (
            <tbody class="divide-y divide-line">
              <tr class="border-line border-t bg-base-200/60">
                <th scope="rowgroup" colspan={roles.length + 2} class="px-4 py-2 font-semibold">
                  {name}
                </th>
              </tr>
              {permissions.map((permission) => (
                <tr>
                  <th scope="row" class="px-4 py-3 font-normal">
                    {permission.title}
                    {permission.everyBranch ? (
                      <>
                        {" "}
                        <Badge tone="neutral">all branches</Badge>
                      </>
                    ) : null}
                  </th>
                  <td class="px-2 py-3 text-center">
                    <Answer yes />
                  </td>
                  {roles.map((column) => (
                    <td class="px-2 py-3 text-center">
                      <Box column={column} permission={permission} form={`matrix-${column.role}`} />
                      <Departure column={column} permission={permission} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          ))}
          <tfoot>
            <tr class="border-line border-t">
              <td class="px-4 py-3 text-muted text-xs">Each role is saved by itself.</td>
              <td />
              {roles.map(({ role, title, fixed }) => (
                <td class="px-2 py-3 text-center">
                  {fixed === undefined ? (
                    <Writable>
                      <button type="submit" form={`matrix-${role}`} class="btn btn-plain btn-sm">
                        Save<span class="sr-only"> {title}</span>
                      </button>
                    </Writable>
                  ) : (
                    <span class="text-muted text-xs">{fixed === "own" ? "Your role" : "Above yours"}</span>
                  )}
                </td>
              ))}
            </tr>
          </tfoot>
        </table>
      </div>
    </div>
  );
}

function Cards({ shell, roles, groups, error }: RolesPageProps) {
  return (
    <div class="space-y-4 lg:hidden">
      {roles.map((column) => {
        const { role, title, people, seen, fixed, allowed } = column;
        return (
          <details class="card group" open={error?.role === role}>
            <summary class="flex cursor-pointer list-none items-center justify-between gap-3 p-4">
              <span>
                <span class="block font-semibold">{title}</span>
                <span class="block text-muted text-xs tabular-nums">
                  {countOf(people, "person", "people")}, may do {allowed.length} of{" "}
                  {groups.reduce((sum, { permissions }) => sum + permissions.length, 0)} things
                </span>
              </span>
              <Icon name="chevron-down" class="size-5 text-muted group-open:rotate-180" />
            </summary>
            <form method="post" action={`/settings/roles/${role}`} data-once class="border-line border-t p-4">
              <FormToken token={shell.context.formToken} />
              <input type="hidden" name="seen" value={seen.join(",")} />
              {groups.map(({ name, permissions }) => (
                <fieldset class="mb-5">
                  <legend class="mb-2 font-medium">{name}</legend>
                  <div class="space-y-3">
                    {permissions.map((permission) => (
                      <label class="flex items-start gap-3" for={`card-${role}-${permission.name}`}>
                        <Box column={column} permission={permission} id={`card-${role}-${permission.name}`} />
                        <span class="min-w-0">
                          {sentence(permission.title)}{" "}
                          {permission.everyBranch ? <Badge tone="neutral">all branches</Badge> : null}
                          <Departure column={column} permission={permission} />
                        </span>
                      </label>
                    ))}
                  </div>
                </fieldset>
              ))}
              {fixed === undefined ? (
                <SubmitButton busy="Saving…" class="btn-primary w-full">
                  Save {title}
                </SubmitButton>
              ) : (
                <p class="text-muted text-xs">
                  {fixed === "own"
                    ? "You have this role yourself: the owner can change it."
                    : "This role may do more than you: the owner can change it."}
                </p>
              )}
            </form>
          </details>
        );
      })}
    </div>
  );
}

/** A box that can be ticked, or an answer where it cannot. What somebody may not give is a box that is fixed. */
function Box(props: { column: RoleColumn; permission: Permission; form?: string; id?: string }) {
  const { column, permission, form, id } = props;
  const isAllowed = column.allowed.includes(permission.name);
  if (column.fixed !== undefined || !permission.mayGive) return <Answer yes={isAllowed} />;
  return (
    <input
      type="checkbox"
      name={permission.name}
      value="on"
      checked={isAllowed}
      class="checkbox checkbox-primary checkbox-sm align-middle"
      {...(form === undefined ? {} : { form, "aria-label": `${column.title} may ${permission.title}` })}
      {...(id === undefined ? {} : { id })}
    />
  );
}

function Answer({ yes }: { yes: boolean }) {
  return (
    <span class="inline-flex align-middle">
      <Icon name={yes ? "check" : "x"} class={`size-5 ${yes ? "text-primary" : "text-muted"}`} />
      <span class="sr-only">{yes ? "Yes" : "No"}</span>
    </span>
  );
}

/** Where this pharmacy departs from a new one. */
function Departure({ column, permission }: { column: RoleColumn; permission: Permission }) {
  const isDefault = column.defaults.includes(permission.name);
  if (column.allowed.includes(permission.name) === isDefault) return null;
  return <span class="block text-soft-warning-text text-xs">{isDefault ? "usually on" : "usually off"}</span>;
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
