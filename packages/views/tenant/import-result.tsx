import type { Child } from "hono/jsx";
import { Alert } from "../shared/alert.tsx";
import { countOf, formatCount } from "../shared/formats.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon, type IconName } from "../shared/icons.tsx";
import { StatCard } from "../shared/stat-card.tsx";
import { ActionLink } from "../shared/writing.tsx";
import { ImportLayout, UndoImport } from "./import-layout.tsx";
import { EndImport } from "./import-progress.tsx";
import { LeftRowsTable } from "./import-rows.tsx";
import type { ImportFile, LeftRows } from "./import-runs.ts";
import type { TenantShell } from "./shell.tsx";

/** What an import did. */
export interface ImportOutcome {
  total: number;
  read: number;
  added: number;
  updated: number;
  skipped: number;
  rejected: number;
  /** Added items without a tax class. */
  parked: number;
  stocked: number;
  stockLeft: number;
  /** Numbers of the documents of opening stock. */
  documents: string[];
  undone: number;
  kept: number;
}

export interface ImportResultPageProps {
  shell: TenantShell;
  file: ImportFile;
  moved: boolean;
  state: "paused" | "done" | "stopped" | "undone" | "cancelled" | "failed";
  outcome: ImportOutcome;
  left: LeftRows;
  /** Why it stopped, in words for a person. */
  failure?: string;
  canUndo: boolean;
  /** The first changes that could not be undone. */
  kept: { row: number; itemId: string; itemName: string; reason: string }[];
  /** Where the first steps go on, while there are some left. */
  setupHref?: string;
}

/** Forms: POST /items/import/{id}/resume, keep and undo, each with formToken. */
export function ImportResultPage(props: ImportResultPageProps) {
  const { shell, file, moved, state, outcome, left, failure, kept } = props;
  return (
    <ImportLayout
      shell={shell}
      file={file}
      step={state === "failed" ? "Upload" : "Import"}
      moved={moved}
      {...(failure === undefined || state === "failed" ? {} : { fault: failure })}
      actions={<Actions {...props} />}
    >
      <div class="space-y-6">
        <Headline state={state} outcome={outcome} failure={failure} />
        {state === "failed" || state === "cancelled" ? null : <Figures outcome={outcome} />}
        <Kept kept={kept} total={outcome.kept} />
        <LeftRowsTable
          importId={file.id}
          title={state === "paused" ? "Rows that were not taken so far" : "Rows that were not taken"}
          left={left}
          hasMore={state === "stopped"}
        />
      </div>
    </ImportLayout>
  );
}

function Actions(props: Pick<ImportResultPageProps, "shell" | "file" | "state" | "canUndo" | "setupHref">) {
  const { shell, file, state, canUndo, setupHref } = props;
  if (state === "paused") {
    return (
      <>
        <EndImport shell={shell} file={file} />
        <form method="post" action={`/items/import/${file.id}/resume`} data-once>
          <FormToken token={shell.context.formToken} />
          <SubmitButton busy="Going on…" class="btn-primary btn-sm h-9">
            <Icon name="play" />
            Resume
          </SubmitButton>
        </form>
      </>
    );
  }
  const isOver = state === "done" || state === "stopped";
  return (
    <>
      {isOver && canUndo ? <UndoImport shell={shell} file={file} /> : null}
      {isOver ? (
        <>
          <a href="/items" class={`btn btn-sm h-9 ${setupHref === undefined ? "btn-primary" : "btn-plain"}`}>
            See your items
          </a>
          {setupHref === undefined ? null : (
            <a href={setupHref} class="btn btn-primary btn-sm h-9">
              Go on with the first steps
              <Icon name="arrow-right" />
            </a>
          )}
        </>
      ) : (
        <ActionLink href="/items/import" class="btn btn-primary btn-sm h-9">
          <Icon name="upload" />
          Upload a file
        </ActionLink>
      )}
    </>
  );
}

function Headline({
  state,
  outcome,
  failure,
}: Pick<ImportResultPageProps, "state" | "outcome"> & { failure: string | undefined }) {
  const { total, read, added, updated, undone, kept, parked } = outcome;
  if (state === "failed") {
    return (
      <Alert tone="error" title="The file could not be read">
        <p>{failure ?? "Upload it again."}</p>
        <p class="mt-1">Nothing was written to your items.</p>
      </Alert>
    );
  }
  if (state === "cancelled") {
    return (
      <Banner icon="ban" tone="neutral" title="The import was cancelled">
        Nothing was written to your items.
      </Banner>
    );
  }
  if (state === "undone") {
    return (
      <Banner icon="undo-2" tone="neutral" title="The import was undone">
        {countOf(undone, "change")} taken back
        {kept === 0 ? "." : `, ${formatCount(kept)} left as they are: see why below.`}
      </Banner>
    );
  }
  if (state === "paused") {
    return (
      <Banner icon="pause" tone="neutral" title={`Paused after ${formatCount(read)} of ${countOf(total, "row")}`}>
        What was imported stays. Resume when you like, or end it here.
      </Banner>
    );
  }
  const did = [
    ...(added === 0 ? [] : [`${countOf(added, "item")} added`]),
    ...(updated === 0 ? [] : [`${countOf(updated, "item")} updated`]),
  ].join(", ");
  return (
    <Banner
      {...(state === "stopped"
        ? { icon: "ban", tone: "warning", title: `Stopped after ${formatCount(read)} of ${countOf(total, "row")}` }
        : { icon: "check", tone: "success", title: `Done, ${did || "no new items"}` })}
    >
      {state === "stopped" ? (
        <>
          {did || "No new items"}. The other {countOf(total - read, "row was", "rows were")} not imported: download them
          below, and import that file to go on.{" "}
        </>
      ) : null}
      {parked === 0 ? (
        "They can be searched for right away."
      ) : (
        <>
          {countOf(parked, "item waits", "items wait")} for a tax class before they can be sold.{" "}
          <a href="/items?filter=no_tax_class" class="link">
            Decide now
          </a>
        </>
      )}
    </Banner>
  );
}

const looks = {
  success: "bg-soft-success text-soft-success-text",
  warning: "bg-soft-warning text-soft-warning-text",
  neutral: "bg-soft-neutral text-soft-neutral-text",
} as const;

interface BannerProps {
  icon: IconName;
  tone: "success" | "warning" | "neutral";
  title: string;
  children?: Child;
}

function Banner({ icon, tone, title, children }: BannerProps) {
  return (
    <section class="card flex items-center gap-3.5 p-5 sm:p-6">
      <span class={`flex size-11 shrink-0 items-center justify-center rounded-full ${looks[tone]}`}>
        <Icon name={icon} class="size-6" />
      </span>
      <div>
        <h2 class="font-semibold text-base" role="status">
          {title}
        </h2>
        <p class="text-muted">{children}</p>
      </div>
    </section>
  );
}

function Figures({ outcome }: { outcome: ImportOutcome }) {
  const { added, updated, skipped, rejected, stocked, stockLeft, documents } = outcome;
  return (
    <dl class="grid grid-cols-2 gap-3 sm:gap-4 lg:grid-cols-5">
      <StatCard label="Added" value={formatCount(added)} />
      <StatCard label="Updated" value={formatCount(updated)} />
      <StatCard label="Skipped" value={formatCount(skipped)}>
        Nothing about the item to change
      </StatCard>
      <StatCard label="Rejected" value={formatCount(rejected)}>
        To be corrected
      </StatCard>
      <StatCard label="Opening stock" value={formatCount(stocked)}>
        {documents.length === 0 ? "No rows with stock" : documents.join(", ")}
        {stockLeft === 0 ? null : <span class="block">{formatCount(stockLeft)} left out: see below</span>}
      </StatCard>
    </dl>
  );
}

function Kept({ kept, total }: { kept: ImportResultPageProps["kept"]; total: number }) {
  if (kept.length === 0) return null;
  return (
    <section class="card overflow-clip" aria-labelledby="kept-title">
      <h2 id="kept-title" class="border-line border-b px-4 py-3 font-semibold sm:px-5">
        Left as they are
      </h2>
      <ul class="divide-y divide-line">
        {kept.map(({ row, itemId, itemName, reason }) => (
          <li class="px-4 py-2.5 sm:px-5">
            <a href={`/items/${itemId}`} class="font-medium hover:underline">
              {itemName}
            </a>
            <p class="text-muted text-xs">
              Row {row}: {reason}
            </p>
          </li>
        ))}
      </ul>
      {total > kept.length ? (
        <p class="border-line border-t px-4 py-3 text-muted text-xs sm:px-5">
          The first {kept.length} of {formatCount(total)}.
        </p>
      ) : null}
    </section>
  );
}
