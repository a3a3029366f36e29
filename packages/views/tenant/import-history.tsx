import { Badge } from "../shared/badge.tsx";
import { EmptyState } from "../shared/empty-state.tsx";
import { countOf, formatCount } from "../shared/formats.ts";
import { Icon } from "../shared/icons.tsx";
import { Moment } from "../shared/moment.tsx";
import { Pagination } from "../shared/pagination.tsx";
import { ActionLink } from "../shared/writing.tsx";
import { UndoImport } from "./import-layout.tsx";
import { type ImportFile, type ImportState, importStates } from "./import-runs.ts";
import { SettingsLayout } from "./settings-layout.tsx";
import type { TenantShell } from "./shell.tsx";

export interface PastImport extends ImportFile {
  state: ImportState;
  added: number;
  updated: number;
  skipped: number;
  rejected: number;
  undone: number;
  kept: number;
  /** Whether there is a file of rows that were not taken, for this person to see. */
  hasRejectedFile: boolean;
  canUndo: boolean;
}

export interface ImportHistoryPageProps {
  shell: TenantShell;
  imports: PastImport[];
  /** Paths of the neighbouring pages. */
  next?: string;
  previous?: string;
}

/** Forms: POST /items/import/{id}/undo with formToken. */
export function ImportHistoryPage({ shell, imports, next, previous }: ImportHistoryPageProps) {
  return (
    <SettingsLayout
      shell={shell}
      title="Imports"
      subtitle="Every file that was imported, and what came of it."
      actions={
        <ActionLink href="/items/import" class="btn btn-primary btn-sm h-9">
          <Icon name="upload" />
          Import a file
        </ActionLink>
      }
    >
      {imports.length === 0 ? (
        <div class="card">
          <EmptyState
            icon="history"
            title="Nothing imported yet"
            message="Upload your list of items as an Excel workbook or CSV file. You check it before anything is written, and every import can be undone."
          />
        </div>
      ) : (
        <ul class="card divide-y divide-line overflow-clip">
          {imports.map((past) => (
            <li class="flex flex-wrap items-start justify-between gap-x-6 gap-y-3 px-4 py-4 sm:px-5">
              <div class="min-w-0 flex-1 basis-64">
                <p class="flex flex-wrap items-center gap-x-2.5 gap-y-1">
                  <a href={`/items/import/${past.id}`} class="min-w-0 break-words font-medium hover:underline">
                    {past.fileName}
                  </a>
                  <Badge tone={importStates[past.state].tone}>{importStates[past.state].label}</Badge>
                </p>
                <p class="mt-0.5 text-muted text-xs">
                  <Moment at={past.createdAt} timeZone={shell.company.timeZone} /> by {past.createdByName}
                </p>
                <p class="mt-1.5 text-xs tabular-nums">{summary(past)}</p>
              </div>
              <div class="flex flex-wrap gap-2">
                {past.hasRejectedFile ? (
                  <a href={`/items/import/${past.id}/rejected.csv`} download class="btn btn-plain btn-sm">
                    <Icon name="download" />
                    Rows not taken<span class="sr-only"> of {past.fileName}</span>
                  </a>
                ) : null}
                {past.canUndo ? <UndoImport shell={shell} file={past} small /> : null}
              </div>
            </li>
          ))}
        </ul>
      )}
      <div class="mt-4">
        <Pagination label="Imports" next={next} previous={previous} />
      </div>
    </SettingsLayout>
  );
}

function summary({ added, updated, skipped, rejected, undone, kept, state }: PastImport): string {
  const counts = `${formatCount(added)} added, ${formatCount(updated)} updated, ${formatCount(skipped)} skipped, ${formatCount(rejected)} rejected`;
  if (state === "undone" || undone + kept > 0) {
    return `${counts}; ${countOf(undone, "change")} undone${kept === 0 ? "" : `, ${formatCount(kept)} kept`}`;
  }
  return state === "cancelled" || state === "failed" ? "Nothing was written" : counts;
}
