import { Alert } from "../shared/alert.tsx";
import { countOf, formatCount, formatDuration } from "../shared/formats.ts";
import { Icon } from "../shared/icons.tsx";
import { StatCard } from "../shared/stat-card.tsx";
import type { ImportRun } from "./import-runs.ts";

/** Answer to GET /items/import/{id}/progress; asks again every second until the run is done or has failed. */
export function ImportProgress({ run }: { run: ImportRun }) {
  const working = run.state === "waiting" || run.state === "running";
  const polling = working
    ? { "hx-get": `/items/import/${run.id}/progress`, "hx-trigger": "every 1s", "hx-swap": "outerHTML" }
    : {};
  return (
    <div id="import-progress" class="space-y-6" {...polling}>
      {working ? <Working run={run} /> : <Outcome run={run} />}
      <dl class="grid grid-cols-2 gap-3 sm:gap-4 lg:grid-cols-4">
        <StatCard label="Rows read" value={formatCount(run.read)} />
        <StatCard label="Added" value={formatCount(run.added)} />
        <StatCard label="Skipped" value={formatCount(run.skipped)}>
          Already among your items
        </StatCard>
        <StatCard label="Rejected" value={formatCount(run.rejected)}>
          To be corrected
        </StatCard>
      </dl>
      {run.rejectedRows.length === 0 ? null : <RejectedRows run={run} />}
    </div>
  );
}

function Working({ run }: { run: ImportRun }) {
  const { total } = run;
  return (
    <section class="card p-5 sm:p-6" aria-labelledby="working-title">
      <div class="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <h2 id="working-title" class="flex items-center gap-2.5 font-semibold">
          <span class="loading loading-spinner loading-sm text-primary" aria-hidden="true" />
          {run.state === "waiting" ? "Waiting to begin" : "Adding your items"}
        </h2>
        <p class="text-muted tabular-nums">{pace(run)}</p>
      </div>
      <progress
        id="import-bar"
        class="progress bar mt-4"
        {...(total === undefined ? {} : { value: run.read, max: Math.max(total, 1) })}
        aria-labelledby="working-title"
      />
      <p class="mt-3 text-muted tabular-nums">
        {total === undefined
          ? "Counting the rows of the file."
          : `${formatCount(run.read)} of ${countOf(total, "row")}.`}{" "}
        You can leave this page; the import goes on.
      </p>
      <p class="sr-only" data-announce>
        {tenths(run)}
      </p>
    </section>
  );
}

function pace({ rowsPerSecond, secondsLeft }: ImportRun): string {
  const parts = [
    ...(rowsPerSecond === undefined ? [] : [`${countOf(Math.round(rowsPerSecond), "row")} a second`]),
    ...(secondsLeft === undefined ? [] : [`${formatDuration(secondsLeft)} left`]),
  ];
  return parts.join(", ");
}

/** Spoken only when it changes, so at most ten times. */
function tenths({ read, total }: ImportRun): string {
  if (total === undefined || total === 0) return "Import in progress";
  return `${Math.floor((read / total) * 10) * 10} percent done`;
}

function Outcome({ run }: { run: ImportRun }) {
  if (run.state === "failed") {
    return (
      <div class="space-y-4">
        <Alert tone="error" title="The import stopped">
          <p>{run.failure ?? "Something went wrong on our side."}</p>
          <p class="mt-1">
            {run.added === 0 ? "Nothing was added." : `${countOf(run.added, "item")} added before that stay.`} You can
            upload the file again: items that are already there are skipped.
          </p>
        </Alert>
        <a href="/items/import" class="btn btn-primary">
          Try again
        </a>
      </div>
    );
  }
  return (
    <section class="card flex flex-wrap items-center justify-between gap-4 p-5 sm:p-6">
      <div class="flex items-center gap-3.5">
        <span class="flex size-11 shrink-0 items-center justify-center rounded-full bg-soft-success text-soft-success-text">
          <Icon name="check" class="size-6" />
        </span>
        <div>
          <h2 class="font-semibold text-base" data-announce>
            {run.added === 0 ? "Done, no new items" : `Done, ${countOf(run.added, "item")} added`}
          </h2>
          <p class="text-muted">
            {run.rejected === 0
              ? "Every row was read without mistakes."
              : `${countOf(run.rejected, "row")} could not be added; correct them and upload them again.`}
          </p>
        </div>
      </div>
      <a href="/items" class="btn btn-primary w-full sm:w-auto">
        See your items
        <Icon name="arrow-right" />
      </a>
    </section>
  );
}

function RejectedRows({ run }: { run: ImportRun }) {
  return (
    <section class="card overflow-clip" aria-labelledby="rejected-title">
      <div class="flex flex-wrap items-center justify-between gap-3 border-line border-b px-4 py-3 sm:px-5">
        <h2 id="rejected-title" class="font-semibold">
          Rejected rows
        </h2>
        <a href={`/items/import/${run.id}/rejected.csv`} download class="btn btn-plain btn-sm">
          <Icon name="download" />
          Download all {formatCount(run.rejected)}
        </a>
      </div>
      <table class="w-full border-collapse text-left">
        <caption class="sr-only">Rows that could not be added, with the reason</caption>
        <thead class="bg-base-200 text-muted text-xs">
          <tr class="border-line border-b">
            <th scope="col" class="whitespace-nowrap px-4 py-2.5 text-right font-medium sm:px-5">
              Row
            </th>
            <th scope="col" class="px-2 py-2.5 font-medium sm:w-2/5">
              Reason
            </th>
            <th scope="col" class="hidden px-4 py-2.5 font-medium sm:table-cell sm:px-5">
              In the file
            </th>
          </tr>
        </thead>
        <tbody class="divide-y divide-line">
          {run.rejectedRows.map((rejected) => (
            <tr>
              <th
                scope="row"
                class="w-16 whitespace-nowrap px-4 py-2.5 text-right align-top font-normal text-muted tabular-nums sm:px-5"
              >
                {rejected.row}
              </th>
              <td class="px-2 py-2.5 pr-4 align-top">
                {rejected.reason}
                <span class="line-clamp-2 text-muted text-xs sm:hidden">{rejected.text}</span>
              </td>
              <td class="hidden px-4 py-2.5 align-top text-muted sm:table-cell sm:px-5">
                <span class="line-clamp-2">{rejected.text}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {run.rejected > run.rejectedRows.length ? (
        <p class="border-line border-t px-4 py-3 text-muted text-xs sm:px-5">
          The first {run.rejectedRows.length} of {formatCount(run.rejected)}. The download has all of them.
        </p>
      ) : null}
    </section>
  );
}
