import type { ImportRow } from "./import-runs.ts";
import type { TenantShell } from "./shell.tsx";

export interface DashboardPageProps {
  shell: TenantShell;
  itemCount: number;
  branchName: string;
  checklist: { label: string; href: string; done: boolean }[];
  recentImports: ImportRow[];
}

export function DashboardPage({ itemCount }: DashboardPageProps) {
  return <p>{itemCount}</p>;
}
