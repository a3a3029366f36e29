import { formatCount } from "../shared/formats.ts";
import { Icon } from "../shared/icons.tsx";
import { StatCard } from "../shared/stat-card.tsx";
import type { ImportRow } from "./import-runs.ts";
import { RecentImports } from "./recent-imports.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";

interface ChecklistEntry {
  label: string;
  href: string;
  done: boolean;
}

export interface DashboardPageProps {
  shell: TenantShell;
  itemCount: number;
  branchName: string;
  checklist: ChecklistEntry[];
  recentImports: ImportRow[];
}

export function DashboardPage({ shell, itemCount, branchName, checklist, recentImports }: DashboardPageProps) {
  const empty = itemCount === 0;
  const [firstName = shell.member.name] = shell.member.name.split(" ");
  return (
    <TenantLayout
      shell={shell}
      title={empty ? `Welcome, ${firstName}` : "Overview"}
      subtitle={empty ? `Let’s get ${shell.company.name} ready for its first sale.` : branchName}
      actions={
        empty ? undefined : (
          <a href="/items" class="btn btn-primary btn-sm h-9">
            <Icon name="search" />
            Find an item
          </a>
        )
      }
    >
      <div class="space-y-6">
        {empty ? <FirstStep /> : <Figures itemCount={itemCount} branchName={branchName} />}
        <div class={`grid grid-cols-1 items-start gap-6 ${recentImports.length === 0 ? "" : "lg:grid-cols-2"}`}>
          {checklist.length === 0 ? null : <Checklist entries={checklist} />}
          {recentImports.length === 0 ? null : (
            <RecentImports imports={recentImports} timeZone={shell.company.timeZone} />
          )}
        </div>
      </div>
    </TenantLayout>
  );
}

function FirstStep() {
  return (
    <section class="card grid items-center gap-6 p-6 sm:p-8 md:grid-cols-[1fr_auto]">
      <div>
        <h2 class="font-semibold text-lg">Import your items</h2>
        <p class="mt-1.5 max-w-lg text-muted">
          Upload the list of medicines you have as a CSV file. Thousands of rows take under a minute, and you can search
          them right away.
        </p>
        <div class="mt-5 flex flex-wrap gap-2">
          <a href="/items/import" class="btn btn-primary">
            <Icon name="upload" />
            Import your items
          </a>
          <a href="/items/new" class="btn btn-plain">
            Add one by hand
          </a>
        </div>
      </div>
      <span
        class="hidden size-28 items-center justify-center rounded-2xl bg-soft-primary text-soft-primary-text md:flex"
        aria-hidden="true"
      >
        <Icon name="file-spreadsheet" class="size-12" />
      </span>
    </section>
  );
}

function Figures({ itemCount, branchName }: { itemCount: number; branchName: string }) {
  return (
    <dl class="grid grid-cols-1 gap-6 sm:grid-cols-2">
      <StatCard label="Items" value={formatCount(itemCount)}>
        <a href="/items" class="link">
          See all items
        </a>
      </StatCard>
      <StatCard label="Branch" value={branchName} />
    </dl>
  );
}

function Checklist({ entries }: { entries: ChecklistEntry[] }) {
  const done = entries.filter((entry) => entry.done).length;
  return (
    <section class="card overflow-clip" aria-labelledby="checklist-title">
      <div class="border-line border-b px-4 py-3 sm:px-5">
        <div class="flex items-center justify-between gap-4">
          <h2 id="checklist-title" class="font-semibold">
            Getting started
          </h2>
          <p class="text-muted text-xs tabular-nums">
            {done} of {entries.length} done
          </p>
        </div>
        <progress class="progress bar mt-2 h-1.5" value={done} max={entries.length} aria-labelledby="checklist-title" />
      </div>
      <ul class="divide-y divide-line">
        {entries.map((entry) => (
          <li>
            {entry.done ? (
              <p class="flex items-center gap-3 px-4 py-3 text-muted sm:px-5">
                <Icon name="circle-check" class="size-5 text-primary" />
                <span class="line-through decoration-line">{entry.label}</span>
                <span class="sr-only">(done)</span>
              </p>
            ) : (
              <a
                href={entry.href}
                class="flex items-center gap-3 px-4 py-3 -outline-offset-2 hover:bg-base-200 sm:px-5"
              >
                <span class="size-5 shrink-0 rounded-full border border-field-line border-dashed" />
                <span class="flex-1 font-medium">{entry.label}</span>
                <Icon name="chevron-right" class="size-4 text-muted" />
              </a>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
