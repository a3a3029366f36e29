import { DomainError } from "@pharmasight/core/kernel/errors";
import type { Member } from "@pharmasight/core/tenant/actors";
import { type RoleDetails, Roles } from "@pharmasight/core/tenant/people/roles";
import { Permissions, permissions } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { type PermissionGroup, type RoleColumn, RolesPage } from "@pharmasight/views/tenant/roles.tsx";
import { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { readMemberForm } from "../../forms.ts";
import { roleTitles } from "../../roles.ts";
import { shellFor } from "../shell.ts";

export const roles = new Hono<EdgeEnv>();

roles.get("/", async (c) => page(c, await member(c)));

roles.post("/:role", async (c) => {
  const tenant = await member(c);
  const form = await readMemberForm(c, tenant);
  const role = c.req.param("role");
  const wanted = await wantedFor(tenant, role, (permission) => form.text(permission) === "on");
  const seen = form.text("seen").slice(0, 10_000).split(",").filter(Boolean);
  try {
    await Roles.change(tenant, role, wanted, seen);
    return c.redirect(`/settings/roles?saved=${encodeURIComponent(role)}`, 303);
  } catch (error) {
    if (!(error instanceof DomainError) || (error.code !== "invalid_input" && error.code !== "conflict")) throw error;
    const refused = { role, message: error.message, ...(error.code === "conflict" ? {} : { chosen: wanted }) };
    return page(c, tenant, refused, error.code === "conflict" ? 409 : 422);
  }
});

/**
 * What a sent form asks for. A box that the person could not tick was not in the form: the role keeps what it has there.
 */
async function wantedFor(
  tenant: TenantScope<Member>,
  role: string,
  isTicked: (permission: string) => boolean,
): Promise<readonly string[]> {
  const known = (await Roles.list(tenant)).find((one) => one.role === role);
  return permissions.filter((permission) =>
    Permissions.may(tenant.actor, permission) ? isTicked(permission) : known?.allowed.includes(permission),
  );
}

interface Refused {
  readonly role: string;
  readonly message: string;
  /** What was ticked, to be shown again. */
  readonly chosen?: readonly string[];
}

async function page(c: EdgeContext, tenant: TenantScope<Member>, refused?: Refused, status: 200 | 409 | 422 = 200) {
  const list = await Roles.list(tenant);
  const saved = list.find(({ role }) => role === c.req.query("saved"));
  return c.html(
    <RolesPage
      shell={await shellFor(c, tenant)}
      roles={list.map((details) => column(details, refused))}
      groups={groups(tenant.actor)}
      {...(saved === undefined || refused !== undefined ? {} : { saved: roleTitles[saved.role] })}
      {...(refused === undefined ? {} : { error: { role: refused.role, message: refused.message } })}
    />,
    status,
  );
}

function column({ role, allowed, people, fixed }: RoleDetails, refused: Refused | undefined): RoleColumn {
  const chosen = refused?.role === role ? refused.chosen : undefined;
  return {
    role,
    title: roleTitles[role],
    people,
    allowed: chosen ?? allowed,
    defaults: permissions.filter((permission) => Permissions.isDefault(role, permission)),
    seen: allowed,
    ...(fixed === undefined ? {} : { fixed }),
  };
}

function groups(actor: Member): readonly PermissionGroup[] {
  const names = [...new Set(permissions.map((permission) => Permissions.catalogue[permission].group))];
  return names.map((name) => ({
    name,
    permissions: permissions
      .filter((permission) => Permissions.catalogue[permission].group === name)
      .map((permission) => ({
        name: permission,
        title: Permissions.catalogue[permission].title,
        everyBranch: Permissions.catalogue[permission].reach === "pharmacy",
        mayGive: Permissions.may(actor, permission),
      })),
  }));
}
