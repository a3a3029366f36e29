import type { FormContext } from "@pharmasight/views/shared/context";
import { DashboardPage } from "@pharmasight/views/tenant/dashboard.tsx";
import type { ImportRow } from "@pharmasight/views/tenant/import-runs";
import { at, companyName, long, type Samples, shellOf, unbroken } from "./shared.ts";

const recent: ImportRow[] = [
  {
    id: "1",
    fileName: "medicines.csv",
    state: "done",
    createdAt: at,
    read: 1074,
    added: 1070,
    skipped: 0,
    rejected: 4,
  },
  {
    id: "2",
    fileName: `${unbroken}.csv`,
    state: "failed",
    createdAt: at,
    read: 12,
    added: 12,
    skipped: 0,
    rejected: 0,
  },
  {
    id: "3",
    fileName: "second list.csv",
    state: "running",
    createdAt: at,
    read: 90,
    added: 90,
    skipped: 0,
    rejected: 0,
  },
];

const checklist = [
  { label: "Import your items", href: "/items/import", done: false },
  { label: "Choose a password", href: "/auth/password", done: true },
  { label: "Set the tax class of 12 items", href: "/items", done: false },
];

export function dashboardSamples(context: FormContext): Samples {
  return {
    dashboard: (
      <DashboardPage
        shell={shellOf(context, "Overview", companyName, 12)}
        itemCount={1074}
        branchName="Main branch"
        checklist={checklist}
        recentImports={recent}
      />
    ),
    "dashboard-empty": (
      <DashboardPage
        shell={shellOf(context, "Overview", long, 2)}
        itemCount={0}
        branchName="Main branch"
        checklist={checklist}
        recentImports={[]}
      />
    ),
  };
}
