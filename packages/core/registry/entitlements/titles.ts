import type { Terms } from "./entitlements.ts";

/** What people read of each module that a plan may have. */
export const moduleTitles = {
  inventory: "Inventory",
  sales: "Sales",
  purchases: "Purchases",
  reports: "Reports",
  stock_take: "Stock take",
  multi_branch: "Several branches",
  api_access: "API access",
  advanced_reports: "Advanced reports",
  custom_branding: "Your branding",
} as const;

const isTitled = (name: string): name is keyof typeof moduleTitles => Object.hasOwn(moduleTitles, name);

/** A module's name for people: its own where it was made for this pharmacy. */
export function titleOf({ grants }: Pick<Terms, "grants">, name: string): string {
  const own = grants.find((grant) => grant.module === name && grant.source === "custom");
  return own?.title ?? (isTitled(name) ? moduleTitles[name] : name);
}
