import type { FormContext } from "@pharmasight/views/shared/context";
import { DashboardPage, type DashboardPageProps } from "@pharmasight/views/tenant/dashboard.tsx";
import type { ImportRow } from "@pharmasight/views/tenant/import-runs";
import { at, companyName, hostile, logo, long, type Samples, shellOf, unbroken } from "./shared.ts";

const counts = { read: 1074, added: 1070, skipped: 0, rejected: 4 };
const recent: ImportRow[] = [
  { id: "1", fileName: "medicines.csv", state: "done", createdAt: at, ...counts },
  { id: "2", fileName: `${unbroken}.csv`, state: "failed", createdAt: at, ...counts, rejected: 0 },
  { id: "3", fileName: "second list.csv", state: "running", createdAt: at, ...counts, rejected: 0 },
];

const figures: DashboardPageProps["figures"] = {
  items: { count: 1074 },
  waiting: { count: 12, href: "/items?filter=no_tax_class" },
  branches: { count: 3, href: "/settings/branches" },
  people: { count: 12, href: "/settings/people" },
};

const entries = [
  { label: "Complete your company’s profile", href: "/setup/company", state: "done" },
  { label: "Add your branches", href: "/setup/branches", state: "skipped" },
  { label: "Invite your people", href: "/setup/people", state: "open" },
  { label: "Import your items", href: "/setup/items", state: "done" },
] as const;

export function dashboardSamples(context: FormContext): Samples {
  const shell = shellOf(context, "Overview", companyName, 12);
  const may = { mayImport: true, mayAddItems: true };
  return {
    dashboard: (
      <DashboardPage
        shell={{ ...shell, company: { ...shell.company, logoUrl: logo } }}
        subtitle="Main branch"
        figures={figures}
        checklist={{ entries, mayDismiss: false }}
        recentImports={recent}
        {...may}
      />
    ),
    "dashboard-empty": (
      <DashboardPage
        shell={shellOf(context, "Overview", long, 2)}
        subtitle="Main branch"
        figures={{ ...figures, items: { count: 0 }, waiting: { count: 0 }, people: { count: 1 } }}
        checklist={{ entries: entries.map((entry) => ({ ...entry, state: "skipped" as const })), mayDismiss: true }}
        recentImports={[]}
        {...may}
      />
    ),
    "dashboard-cashier": (
      <DashboardPage
        shell={{ ...shellOf(context, "Overview", hostile, 12), settings: [] }}
        subtitle={hostile}
        figures={{ items: { count: 50_000 }, waiting: { count: 0 }, branches: { count: 3 } }}
        recentImports={[]}
        mayImport={false}
        mayAddItems={false}
      />
    ),
  };
}
