import type { FormContext, PageContext } from "@pharmasight/views/shared/context";
import type { TenantShell } from "@pharmasight/views/tenant/shell.tsx";

/** Ends an attribute and an element, opens others, and loads something: what a page must show as plain text. */
export const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)> O'Brien & Sons`;
export const long =
  "Waithera & Daughters Community Pharmacy and Surgical Supplies of Upper Kabete and Lower Kangemi Limited";
export const unbroken = "Pneumonoultramicroscopicsilicovolcanoconiosis".repeat(4);
export const at = new Date("2026-11-24T00:59:00Z");
/** A green square: pictures may come from the page itself. */
export const logo =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAGklEQVR42mNgSG8jDY1qGNUwqmFUw6iG9jYA6Cj8EMXv7i0AAAAASUVORK5CYII=";
export const companyName = "Acacia Pharmacy";

/** The pages of one part of the product in their states, by the path under which the test serves each. */
export type Samples = Readonly<Record<string, unknown>>;

export const contextOf = (assets: PageContext["assets"]): FormContext => ({
  assets,
  requestId: "req-0193f0c2-7a41",
  version: "0.1.0",
  path: "/",
  formToken: "form-token",
});

/** What surrounds a page. `current` names the entry of the navigation, `setting` the tab of the settings. */
export function shellOf(
  context: FormContext,
  current: string,
  name = companyName,
  trialDaysLeft = 12,
  setting = "",
): TenantShell {
  const settings = ["Company", "Branches", "People", "Roles", "Imports", "API keys", "Audit log"] as const;
  return {
    context,
    company: { name, timeZone: "Africa/Nairobi" },
    member: { name: name === hostile ? hostile : "Grace Wanjiru", login: "grace@acacia.example", role: "Owner" },
    trialDaysLeft,
    writing: "all",
    navigation: [
      { label: "Overview", href: "/", icon: "layout-dashboard", current: current === "Overview" },
      { label: "Items", href: "/items", icon: "package", current: current === "Items" },
      { label: "Sales", href: "/sales", icon: "shopping-cart", current: false },
      { label: "Purchases", href: "/purchases", icon: "truck", current: false },
      { label: "Reports", href: "/reports", icon: "chart-column", current: false, locked: "Professional" },
      { label: "Billing", href: "/billing", icon: "credit-card", current: current === "Billing" },
      { label: "Settings", href: "/settings", icon: "settings", current: current === "Settings" },
    ],
    settings: settings.map((label) => ({
      label,
      href: `/settings/${label.toLowerCase().replace(" ", "-")}`,
      icon: "settings",
      current: label === setting,
    })),
  };
}
