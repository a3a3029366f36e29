import { DAY_SECONDS } from "@pharmasight/core/kernel/clock";
import { Modules } from "@pharmasight/core/registry/modules";
import type { Member } from "@pharmasight/core/tenant/actors";
import { type Permission, Permissions } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { IconName } from "@pharmasight/views/shared/icons.tsx";
import type { NavigationEntry, TenantShell } from "@pharmasight/views/tenant/shell.tsx";
import { pageContext } from "../../http/assets.ts";
import type { EdgeContext } from "../../http/bindings.ts";
import { formToken } from "../forms.ts";
import { roleOf } from "../roles.ts";

/** What surrounds every page of a signed-in person. */
export async function shellFor(c: EdgeContext, tenant: TenantScope<Member>): Promise<TenantShell> {
  const { companyName, timeZone, state, trialEndsAt, settings: said } = tenant.tenant;
  const { name, email, username } = tenant.actor;
  const now = tenant.clock.now();
  const trial =
    state === "trial" && trialEndsAt !== null
      ? { trialDaysLeft: Math.max(0, Math.ceil((trialEndsAt.getTime() - now.getTime()) / (DAY_SECONDS * 1000))) }
      : {};
  const settings = settingsFor(c.req.path, tenant);
  return {
    context: { ...pageContext(c), formToken: await formToken(tenant) },
    company: {
      name: companyName,
      timeZone,
      ...(said.logoDigest === undefined ? {} : { logoUrl: logoPath(said.logoDigest) }),
    },
    member: { name, login: email ?? username ?? "", role: roleOf(tenant.actor) },
    navigation: navigationFor(c.req.path, tenant, settings),
    settings,
    ...trial,
  };
}

/** Where a logo is: its content names it, so that it may be cached for ever. */
export const logoPath = (digest: string): string => `/logo/${digest}`;

/** What a plan lacks stays visible with a badge; what a person may not do is left out. */
function navigationFor(
  path: string,
  { actor, tenant, clock }: TenantScope<Member>,
  settings: readonly NavigationEntry[],
): NavigationEntry[] {
  const lock = Modules.isEntitled(tenant, "inventory", clock.now()) ? {} : { locked: "Starter" };
  const isImport = path.startsWith("/items/import");
  const entries: NavigationEntry[] = [
    { label: "Dashboard", href: "/", icon: "layout-dashboard", current: path === "/" },
    { label: "Items", href: "/items", icon: "package", current: path.startsWith("/items") && !isImport, ...lock },
  ];
  if (Permissions.may(actor, "items.import")) {
    entries.push({ label: "Import", href: "/items/import", icon: "upload", current: isImport, ...lock });
  }
  const [first] = settings;
  if (first !== undefined) {
    entries.push({ label: "Settings", href: first.href, icon: "settings", current: path.startsWith("/settings") });
  }
  return entries;
}

interface Setting {
  readonly label: string;
  readonly href: string;
  readonly icon: IconName;
  readonly permission: Permission;
  /** Module that it needs, and the plan that has it. */
  readonly needs?: { readonly module: string; readonly planName: string };
}

const settings: readonly Setting[] = [
  { label: "Company", href: "/settings/company", icon: "store", permission: "company.manage" },
  { label: "Branches", href: "/settings/branches", icon: "building-2", permission: "branches.manage" },
  { label: "People", href: "/settings/people", icon: "users", permission: "people.view" },
  { label: "Roles", href: "/settings/roles", icon: "shield", permission: "roles.manage" },
  { label: "Imports", href: "/settings/imports", icon: "history", permission: "items.import" },
  {
    label: "API keys",
    href: "/settings/api-keys",
    icon: "key-round",
    permission: "api_keys.manage",
    needs: { module: "api_access", planName: "Professional" },
  },
  { label: "Audit log", href: "/settings/audit", icon: "scroll-text", permission: "audit.view" },
];

function settingsFor(path: string, { actor, tenant, clock }: TenantScope<Member>): NavigationEntry[] {
  return settings
    .filter(({ permission }) => Permissions.may(actor, permission))
    .map(({ label, href, icon, needs }) => {
      const isLocked = needs !== undefined && !Modules.isEntitled(tenant, needs.module, clock.now());
      return { label, href, icon, current: path.startsWith(href), ...(isLocked ? { locked: needs.planName } : {}) };
    });
}
