import { DAY_SECONDS } from "@pharmasight/core/kernel/clock";
import { Entitlements } from "@pharmasight/core/registry/entitlements/entitlements";
import type { RegistryEntry } from "@pharmasight/core/registry/registry";
import type { Member } from "@pharmasight/core/tenant/actors";
import { type Permission, Permissions } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { IconName } from "@pharmasight/views/shared/icons.tsx";
import type { Writing } from "@pharmasight/views/shared/writing.tsx";
import type { Overdue } from "@pharmasight/views/tenant/overdue.tsx";
import type { NavigationEntry, TenantShell } from "@pharmasight/views/tenant/shell.tsx";
import { pageContext } from "../../http/assets.ts";
import type { EdgeContext } from "../../http/bindings.ts";
import { formToken } from "../forms.ts";
import { roleOf } from "../roles.ts";
import { type ModuleName, modules } from "./modules.ts";

/** What surrounds every page of a signed-in person. */
export async function shellFor(c: EdgeContext, tenant: TenantScope<Member>): Promise<TenantShell> {
  const { companyName, timeZone, state, trialEndsAt, settings: said } = tenant.tenant;
  const { name, email, username } = tenant.actor;
  const now = tenant.clock.now();
  const trial = state === "trial" && trialEndsAt !== null ? { trialDaysLeft: daysUntil(trialEndsAt, now) } : {};
  const overdue = overdueOf(tenant);
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
    writing: writingOn(c.req.path, tenant.tenant),
    ...(overdue === undefined ? {} : { overdue }),
    ...trial,
  };
}

/** Whole days that are left: none on the last one. */
const daysUntil = (end: Date, now: Date): number =>
  Math.max(0, Math.ceil((end.getTime() - now.getTime()) / (DAY_SECONDS * 1000)));

function overdueOf({ tenant, actor, clock }: TenantScope<Member>): Overdue | undefined {
  const mayPay = Permissions.may(actor, "billing.manage");
  if (tenant.state === "suspended") return { kind: "suspended", suspension: tenant.suspension, mayPay };
  if (tenant.state !== "past_due" || tenant.graceEndsAt === null) return undefined;
  return { kind: "past_due", daysLeft: daysUntil(tenant.graceEndsAt, clock.now()), mayPay };
}

/** Where people see to their own sign-in and to what is paid, they always can. */
function writingOn(path: string, entry: RegistryEntry): Writing {
  const isAlwaysOpen = path.startsWith("/billing") || (path.startsWith("/auth/") && path !== "/auth/ownership");
  const terms = Entitlements.termsOf(entry);
  if (isAlwaysOpen || Entitlements.act(terms, "grow").isAllowed) return "all";
  return Entitlements.act(terms, "work").isAllowed ? "no growth" : "none";
}

/** Where a logo is: its content names it, so that it may be cached for ever. */
export const logoPath = (digest: string): string => `/logo/${digest}`;

/** What a plan lacks stays visible with a badge; what a person may not do is left out. */
function navigationFor(
  path: string,
  { actor, tenant, clock }: TenantScope<Member>,
  settings: readonly NavigationEntry[],
): NavigationEntry[] {
  const lock = lockOf(tenant, "inventory", clock.now());
  const isImport = path.startsWith("/items/import");
  const entries: NavigationEntry[] = [
    { label: "Dashboard", href: "/", icon: "layout-dashboard", current: path === "/" },
    { label: "Items", href: "/items", icon: "package", current: path.startsWith("/items") && !isImport, ...lock },
  ];
  if (Permissions.may(actor, "items.import")) {
    entries.push({ label: "Import", href: "/items/import", icon: "upload", current: isImport, ...lock });
  }
  if (Permissions.may(actor, "billing.manage")) {
    entries.push({ label: "Billing", href: "/billing", icon: "credit-card", current: path.startsWith("/billing") });
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
  readonly needs?: ModuleName;
}

/** By the answer that opens the page: the smallest plan with the module, where the pharmacy has it in no way. */
const lockOf = (entry: RegistryEntry, name: ModuleName, at: Date): Pick<NavigationEntry, "locked"> =>
  Entitlements.module(Entitlements.termsOf(entry), name, at, "read_records").isAllowed
    ? {}
    : { locked: modules[name].planName };

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
    needs: "api_access",
  },
  { label: "Audit log", href: "/settings/audit", icon: "scroll-text", permission: "audit.view" },
];

function settingsFor(path: string, { actor, tenant, clock }: TenantScope<Member>): NavigationEntry[] {
  return settings
    .filter(({ permission }) => Permissions.may(actor, permission))
    .map(({ label, href, icon, needs }) => {
      const lock = needs === undefined ? {} : lockOf(tenant, needs, clock.now());
      return { label, href, icon, current: path.startsWith(href), ...lock };
    });
}
