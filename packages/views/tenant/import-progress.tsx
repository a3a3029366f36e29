import { countOf, formatCount, formatDuration } from "../shared/formats.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { StatCard } from "../shared/stat-card.tsx";
import { Confirmation } from "./confirmation.tsx";
import { CancelImport, ImportLayout, type ImportStep } from "./import-layout.tsx";
import type { ImportFile, ImportWork } from "./import-runs.ts";
import type { TenantShell } from "./shell.tsx";

const words: Readonly<Record<ImportWork["state"], { title: string; unknown: string; step: ImportStep }>> = {
  waiting: { title: "Waiting to begin", unknown: "Your file is in the queue.", step: "Upload" },
  reading: { title: "Reading the file", unknown: "This takes a few seconds.", step: "Upload" },
  checking: { title: "Checking every row", unknown: "Nothing is written yet.", step: "Check" },
  running: { title: "Importing", unknown: "", step: "Import" },
  undoing: { title: "Undoing the import", unknown: "", step: "Import" },
};

/** One number beside the bar. */
export interface ProgressFigure {
  label: string;
  count: number;
}

export interface ImportProgressProps {
  id: string;
  work: ImportWork;
  figures: ProgressFigure[];
}

/**
 * Answer to GET /items/import/{id}/progress?state=…; asks again every second. When the import is at another step, the
 * answer is the header HX-Refresh instead.
 */
export function ImportProgress({ id, work, figures }: ImportProgressProps) {
  const { total } = work;
  return (
    <div
      id="import-progress"
      class="space-y-6"
      hx-get={`/items/import/${id}/progress?state=${work.state}`}
      hx-trigger="every 1s"
      hx-swap="outerHTML"
    >
      <section class="card p-5 sm:p-6" aria-labelledby="working-title">
        <div class="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
          <h2 id="working-title" class="flex items-center gap-2.5 font-semibold">
            <span class="loading loading-spinner loading-sm text-primary" aria-hidden="true" />
            {words[work.state].title}
          </h2>
          <p class="text-muted tabular-nums">{pace(work)}</p>
        </div>
        <progress
          id="import-bar"
          class="progress bar mt-4"
          {...(total === undefined ? {} : { value: work.done, max: Math.max(total, 1) })}
          aria-labelledby="working-title"
        />
        <p class="mt-3 text-muted tabular-nums">
          {total === undefined ? words[work.state].unknown : `${formatCount(work.done)} of ${countOf(total, "row")}.`}{" "}
          You can leave this page; the work goes on.
        </p>
        <p class="sr-only" data-announce>
          {tenths(work)}
        </p>
      </section>
      {figures.length === 0 ? null : (
        <dl class="grid grid-cols-2 gap-3 sm:gap-4 lg:grid-cols-4">
          {figures.map(({ label, count }) => (
            <StatCard label={label} value={formatCount(count)} />
          ))}
        </dl>
      )}
    </div>
  );
}

export interface ImportProgressPageProps extends Omit<ImportProgressProps, "id"> {
  shell: TenantShell;
  file: ImportFile;
  moved: boolean;
}

/** Forms: POST /items/import/{id}/cancel, back, pause, keep and undo, each with formToken. */
export function ImportProgressPage({ shell, file, work, figures, moved }: ImportProgressPageProps) {
  return (
    <ImportLayout
      shell={shell}
      file={file}
      step={words[work.state].step}
      moved={moved}
      htmx
      refreshSeconds={3}
      actions={<Controls shell={shell} file={file} state={work.state} />}
    >
      <ImportProgress id={file.id} work={work} figures={figures} />
      <p data-connection-lost hidden class="mt-4 text-muted">
        No connection at the moment. The work goes on, and this page follows when the connection is back.
      </p>
    </ImportLayout>
  );
}

interface ControlsProps {
  shell: TenantShell;
  file: ImportFile;
  state: ImportWork["state"];
}

function Controls({ shell, file, state }: ControlsProps) {
  if (state === "undoing") return null;
  if (state !== "running") return <CancelImport shell={shell} file={file} />;
  return (
    <>
      <EndImport shell={shell} file={file} />
      <form method="post" action={`/items/import/${file.id}/pause`} data-once>
        <FormToken token={shell.context.formToken} />
        <SubmitButton busy="Pausing…" class="btn-primary btn-sm h-9">
          <Icon name="pause" />
          Pause
        </SubmitButton>
      </form>
    </>
  );
}

/** Asks what becomes of the rows that are in already. */
export function EndImport({ shell, file }: { shell: TenantShell; file: ImportFile }) {
  const { formToken } = shell.context;
  return (
    <>
      <Confirmation
        id="undo-import"
        action={`/items/import/${file.id}/undo`}
        formToken={formToken}
        open="Cancel and undo"
        title="Cancel and undo this import?"
        keep="Go on importing"
        confirm="Cancel and undo"
        busy="Cancelling…"
        class="btn-plain btn-sm h-9"
      >
        Everything that it has done so far is taken back: added items are archived, updated ones get their old values,
        and opening stock leaves again. What somebody has changed since stays.
      </Confirmation>
      <Confirmation
        id="keep-import"
        action={`/items/import/${file.id}/keep`}
        formToken={formToken}
        open="Stop here"
        title="Stop here and keep what is in?"
        keep="Go on importing"
        confirm="Stop here"
        busy="Stopping…"
        class="btn-plain btn-sm h-9"
      >
        What was imported so far stays. The rows that are left can be downloaded as a file, to be imported later; you
        can still undo the import.
      </Confirmation>
    </>
  );
}

function pace({ rowsPerSecond, secondsLeft }: ImportWork): string {
  const parts = [
    ...(rowsPerSecond === undefined ? [] : [`${countOf(Math.round(rowsPerSecond), "row")} a second`]),
    ...(secondsLeft === undefined ? [] : [`${formatDuration(secondsLeft)} left`]),
  ];
  return parts.join(", ");
}

/** Spoken only when it changes, so at most ten times. */
function tenths({ state, done, total }: ImportWork): string {
  if (total === undefined || total === 0) return words[state].title;
  return `${words[state].title}: ${Math.floor((done / total) * 10) * 10} percent`;
}
