import { DAY_SECONDS } from "@pharmasight/core/kernel/clock";
import { Modules } from "@pharmasight/core/registry/modules";
import type { Member } from "@pharmasight/core/tenant/actors";
import { ApiKeys } from "@pharmasight/core/tenant/api-keys/api-keys";
import { Items } from "@pharmasight/core/tenant/items/items";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { NavigationEntry, TenantShell } from "@pharmasight/views/tenant/shell.tsx";
import { pageContext } from "../../http/assets.ts";
import type { EdgeContext } from "../../http/bindings.ts";
import { formToken } from "../forms.ts";

/** What surrounds every page of a signed-in person. */
export async function shellFor(c: EdgeContext, tenant: TenantScope<Member>): Promise<TenantShell> {
  const { companyName, timeZone, state, trialEndsAt } = tenant.tenant;
  const { name, email, role } = tenant.actor;
  const now = tenant.clock.now();
  const trial =
    state === "trial" && trialEndsAt !== null
      ? { trialDaysLeft: Math.max(0, Math.ceil((trialEndsAt.getTime() - now.getTime()) / (DAY_SECONDS * 1000))) }
      : {};
  return {
    context: { ...pageContext(c), formToken: await formToken(tenant) },
    company: { name: companyName, timeZone },
    member: { name, email, role },
    navigation: navigation(c.req.path, {
      hasInventory: Modules.isEntitled(tenant.tenant, "inventory", now),
      hasApi: Modules.isEntitled(tenant.tenant, "api_access", now),
      mayEdit: Items.mayEdit(tenant.actor),
      mayManageKeys: ApiKeys.mayManage(tenant.actor),
    }),
    ...trial,
  };
}

interface May {
  readonly hasInventory: boolean;
  readonly hasApi: boolean;
  readonly mayEdit: boolean;
  readonly mayManageKeys: boolean;
}

/** What a plan lacks stays visible with a badge; what a role may not do is left out. */
function navigation(path: string, may: May): NavigationEntry[] {
  const lock = may.hasInventory ? {} : { locked: "Starter" };
  const isImport = path.startsWith("/items/import");
  const entries: NavigationEntry[] = [
    { label: "Dashboard", href: "/", icon: "layout-dashboard", current: path === "/" },
    { label: "Items", href: "/items", icon: "package", current: path.startsWith("/items") && !isImport, ...lock },
  ];
  if (may.mayEdit) entries.push({ label: "Import", href: "/items/import", icon: "upload", current: isImport, ...lock });
  if (may.mayManageKeys) {
    const href = "/settings/api-keys";
    const locked = may.hasApi ? {} : { locked: "Professional" };
    entries.push({ label: "API keys", href, icon: "key-round", current: path.startsWith(href), ...locked });
  }
  return entries;
}
