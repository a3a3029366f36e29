import { Alert } from "../shared/alert.tsx";
import { Badge } from "../shared/badge.tsx";
import { Icon } from "../shared/icons.tsx";
import { ActionLink } from "../shared/writing.tsx";
import { SettingsLayout } from "./settings-layout.tsx";
import type { TenantShell } from "./shell.tsx";

export interface BranchRow {
  id: string;
  code: string;
  name: string;
  address?: string;
  phone?: string;
  isHeadquarters: boolean;
  isArchived: boolean;
  /** The next number of a sales invoice. */
  nextInvoice: string;
}

export interface BranchesPageProps {
  shell: TenantShell;
  branches: readonly BranchRow[];
  /** What was done just now. */
  done?: "added" | "saved" | "archived" | "restored";
}

const doneTitles = {
  added: "The branch is added.",
  saved: "The branch is saved.",
  archived: "The branch is archived.",
  restored: "The branch is open again.",
} as const;

export function BranchesPage({ shell, branches, done }: BranchesPageProps) {
  const open = branches.filter(({ isArchived }) => !isArchived);
  const archived = branches.filter(({ isArchived }) => isArchived);
  return (
    <SettingsLayout
      shell={shell}
      title="Branches"
      subtitle="Each has its own stock, people and numbers of documents."
      actions={
        <ActionLink href="/settings/branches/new" grows class="btn btn-primary btn-sm h-9">
          <Icon name="plus" />
          Add a branch
        </ActionLink>
      }
    >
      <div class="space-y-6">
        {done === undefined ? null : (
          <Alert tone="success" title={doneTitles[done]}>
            {done === "archived" ? "What it did stays. Open it below to use it again." : null}
          </Alert>
        )}
        <BranchList branches={open} />
        {archived.length === 0 ? null : (
          <section aria-labelledby="archived">
            <h2 id="archived" class="mb-3 font-semibold">
              Archived
            </h2>
            <BranchList branches={archived} />
          </section>
        )}
      </div>
    </SettingsLayout>
  );
}

/** @param query added to the address of each branch: where its page leads back to */
export function BranchList({ branches, query = "" }: { branches: readonly BranchRow[]; query?: string }) {
  return (
    <ul class="card divide-y divide-line overflow-clip">
      {branches.map((branch) => (
        <li class="relative flex items-center gap-4 px-4 py-4 hover:bg-base-200 sm:px-5">
          <span class="hidden size-10 shrink-0 items-center justify-center rounded-lg bg-soft-primary text-soft-primary-text sm:flex">
            <Icon name={branch.isHeadquarters ? "store" : "building-2"} class="size-5" />
          </span>
          <div class="min-w-0 flex-1">
            <p class="flex flex-wrap items-center gap-x-2 gap-y-1">
              <a
                href={`/settings/branches/${branch.id}${query}`}
                class="min-w-0 font-medium -outline-offset-2 after:absolute after:inset-0"
              >
                {branch.name}
              </a>
              <span class="font-mono text-muted text-xs">{branch.code}</span>
              {branch.isHeadquarters ? <Badge tone="primary">Headquarters</Badge> : null}
              {branch.isArchived ? <Badge tone="neutral">Archived</Badge> : null}
            </p>
            <p class="mt-0.5 text-muted text-xs">
              {[branch.address?.replaceAll("\n", ", "), branch.phone]
                .filter((text) => text !== undefined)
                .join(" · ") || "No address yet"}
            </p>
          </div>
          <p class="hidden shrink-0 text-right text-muted text-xs md:block">
            Next invoice
            <span class="block font-mono text-base-content tabular-nums">{branch.nextInvoice}</span>
          </p>
          <Icon name="chevron-right" class="size-4 text-muted" />
        </li>
      ))}
    </ul>
  );
}
