import { Entitlements } from "@pharmasight/core/registry/entitlements/entitlements";
import type { Member } from "@pharmasight/core/tenant/actors";
import type { Used } from "@pharmasight/core/tenant/limits/limits";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { Usage } from "@pharmasight/core/tenant/usage/usage";
import { formatCount } from "@pharmasight/views/shared/formats";
import type { BillingProps, UsageBar } from "@pharmasight/views/tenant/billing/props";

/** What is used of what there is room for, and what this month has used. */
export async function usageOf(
  tenant: TenantScope<Member>,
): Promise<Pick<BillingProps, "usage" | "usageMonth" | "moduleDays">> {
  const { month, limits, storageBytes, counted } = await Usage.thisMonth(tenant);
  const terms = Entitlements.termsOf(tenant.tenant);
  const days = Object.entries(counted?.moduleDays ?? {}).map(([name, count]) => ({
    title: Entitlements.titleOf(terms, name),
    days: count,
  }));
  return {
    usage: [
      bar("Branches", limits.branches, "/settings/branches"),
      bar("People", limits.users, "/settings/people"),
      bar("Items", limits.items, "/items"),
      ...(counted === undefined ? [] : [figure("API calls this month", formatCount(counted.apiCalls))]),
      figure("Storage", bytesInWords(storageBytes)),
    ],
    usageMonth: monthName.format(new Date(`${month}T00:00:00Z`)),
    moduleDays: days.toSorted((one, other) => other.days - one.days || one.title.localeCompare(other.title)),
  };
}

const monthName = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

const NEAR_PERCENT = 80;

function bar(label: string, { used, max }: Used, href: string): UsageBar {
  if (max === null) return { label, used: formatCount(used), level: "fine", href };
  const percent = max === 0 ? 100 : Math.min(100, Math.round((used / max) * 100));
  const level = used >= max ? "full" : percent >= NEAR_PERCENT ? "near" : "fine";
  return { label, used: formatCount(used), max: formatCount(max), percent, level, href };
}

const figure = (label: string, used: string): UsageBar => ({ label, used, level: "fine" });

/** `3.2 GB`: with one decimal from the megabyte up. */
function bytesInWords(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${power < 2 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}
