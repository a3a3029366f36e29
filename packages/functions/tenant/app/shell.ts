import { DAY_SECONDS } from "@pharmasight/core/kernel/clock";
import { Modules } from "@pharmasight/core/registry/modules";
import type { Member } from "@pharmasight/core/tenant/actors";
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
      mayEdit: Items.mayEdit(tenant.actor),
    }),
    ...trial,
  };
}

/** What a plan lacks stays visible with a badge; what a role may not do is left out. */
function navigation(path: string, may: { hasInventory: boolean; mayEdit: boolean }): NavigationEntry[] {
  const lock = may.hasInventory ? {} : { locked: "Starter" };
  const isImport = path.startsWith("/items/import");
  const entries: NavigationEntry[] = [
    { label: "Dashboard", href: "/", icon: "layout-dashboard", current: path === "/" },
    { label: "Items", href: "/items", icon: "package", current: path.startsWith("/items") && !isImport, ...lock },
  ];
  if (may.mayEdit) entries.push({ label: "Import", href: "/items/import", icon: "upload", current: isImport, ...lock });
  return entries;
}
