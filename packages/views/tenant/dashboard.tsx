import { Badge } from "../shared/badge.tsx";
import { formatCount } from "../shared/formats.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { StatCard } from "../shared/stat-card.tsx";
import type { ImportRow } from "./import-runs.ts";
import { RecentImports } from "./recent-imports.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";

interface ChecklistEntry {
  label: string;
  href: string;
  state: "open" | "done" | "skipped";
}

export interface DashboardPageProps {
  shell: TenantShell;
  /** Where people are: the name of the headquarters. */
  subtitle: string;
  /** Each with a link where this person may follow it. What they may not see is absent. */
  figures: {
    items?: { count: number };
    /** Items without a tax class: they wait for the pharmacist. */
    waiting?: { count: number; href?: string };
    branches: { count: number; href?: string };
    people?: { count: number; href?: string };
  };
  /** What the person may do about items while there are none. */
  mayImport: boolean;
  mayAddItems: boolean;
  /** The steps of the first day; absent for who has no part in them, and once it was taken off. */
  checklist?: { entries: readonly ChecklistEntry[]; mayDismiss: boolean };
  recentImports: ImportRow[];
}

/** Form: POST /setup/checklist/dismiss with formToken. */
export function DashboardPage(props: DashboardPageProps) {
  const { shell, subtitle, figures, mayImport, mayAddItems, checklist, recentImports } = props;
  const empty = figures.items?.count === 0;
  const [firstName = shell.member.name] = shell.member.name.split(" ");
  return (
    <TenantLayout
      shell={shell}
      title={empty ? `Welcome, ${firstName}` : "Overview"}
      subtitle={empty ? `Let’s get ${shell.company.name} ready for its first sale.` : subtitle}
      actions={
        empty || figures.items === undefined ? undefined : (
          <a href="/items" class="btn btn-primary btn-sm h-9">
            <Icon name="search" />
            Find an item
          </a>
        )
      }
    >
      <div class="space-y-6">
        {empty && mayImport ? <FirstStep mayAddItems={mayAddItems} /> : null}
        <Figures {...figures} />
        <div
          class={`grid grid-cols-1 items-start gap-6 ${
            checklist === undefined || recentImports.length === 0 ? "" : "lg:grid-cols-2"
          }`}
        >
          {checklist === undefined ? null : <Checklist {...checklist} formToken={shell.context.formToken} />}
          {recentImports.length === 0 ? null : (
            <RecentImports imports={recentImports} timeZone={shell.company.timeZone} />
          )}
        </div>
      </div>
    </TenantLayout>
  );
}

function FirstStep({ mayAddItems }: { mayAddItems: boolean }) {
  return (
    <section class="card grid items-center gap-6 p-6 sm:p-8 md:grid-cols-[1fr_auto]">
      <div>
        <h2 class="font-semibold text-lg">Import your items</h2>
        <p class="mt-1.5 max-w-lg text-muted">
          Upload the list of medicines you have, from Excel or as a CSV file. Thousands of rows take under a minute, and
          you can search them right away.
        </p>
        <div class="mt-5 flex flex-wrap gap-2">
          <a href="/items/import" class="btn btn-primary w-full sm:w-auto">
            <Icon name="upload" />
            Import your items
          </a>
          {mayAddItems ? (
            <a href="/items/new" class="btn btn-plain w-full sm:w-auto">
              Add one by hand
            </a>
          ) : null}
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

function Figures({ items, waiting, branches, people }: DashboardPageProps["figures"]) {
  const shown = [items, waiting, branches, people].filter((figure) => figure !== undefined).length;
  return (
    <dl class={`grid grid-cols-2 gap-4 sm:gap-6 ${shown > 2 ? "lg:grid-cols-4" : ""}`}>
      {items === undefined ? null : (
        <StatCard label="Items" value={formatCount(items.count)}>
          <a href="/items" class="link">
            See all items
          </a>
        </StatCard>
      )}
      {waiting === undefined ? null : (
        <StatCard label="Waiting for the pharmacist" value={formatCount(waiting.count)}>
          {waiting.count === 0 ? (
            "Every item has a tax class"
          ) : waiting.href === undefined ? (
            "Without a tax class"
          ) : (
            <a href={waiting.href} class="link">
              Give them a tax class
            </a>
          )}
        </StatCard>
      )}
      <StatCard label="Branches" value={formatCount(branches.count)}>
        {branches.href === undefined ? null : (
          <a href={branches.href} class="link">
            See branches
          </a>
        )}
      </StatCard>
      {people === undefined ? null : (
        <StatCard label="People" value={formatCount(people.count)}>
          {people.href === undefined ? null : (
            <a href={people.href} class="link">
              See people
            </a>
          )}
        </StatCard>
      )}
    </dl>
  );
}

function Checklist(props: NonNullable<DashboardPageProps["checklist"]> & { formToken: string }) {
  const { entries, mayDismiss, formToken } = props;
  const done = entries.filter(({ state }) => state === "done").length;
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
            <ChecklistLink {...entry} />
          </li>
        ))}
      </ul>
      {mayDismiss ? (
        <form
          method="post"
          action="/setup/checklist/dismiss"
          data-once
          class="flex flex-wrap items-center justify-between gap-3 border-line border-t px-4 py-3 sm:px-5"
        >
          <FormToken token={formToken} />
          <p class="text-muted text-xs">What was skipped is in the settings too.</p>
          <SubmitButton busy="One moment…" class="btn-plain btn-sm">
            Take this list away
          </SubmitButton>
        </form>
      ) : null}
    </section>
  );
}

function ChecklistLink({ label, href, state }: ChecklistEntry) {
  return (
    <a href={href} class="flex items-center gap-3 px-4 py-3 -outline-offset-2 hover:bg-base-200 sm:px-5">
      {state === "done" ? (
        <Icon name="circle-check" class="size-5 text-primary" />
      ) : (
        <span class="size-5 shrink-0 rounded-full border border-field-line border-dashed" />
      )}
      <span class={`flex-1 ${state === "done" ? "text-muted line-through decoration-line" : "font-medium"}`}>
        {label}
      </span>
      {state === "done" ? <span class="sr-only">(done)</span> : null}
      {state === "skipped" ? <Badge tone="neutral">Skipped</Badge> : null}
      <Icon name="chevron-right" class="size-4 text-muted" />
    </a>
  );
}
