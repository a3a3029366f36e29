import { Alert } from "../shared/alert.tsx";
import type { FieldErrors } from "../shared/context.ts";
import { countOf, formatCount } from "../shared/formats.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { StatCard } from "../shared/stat-card.tsx";
import { Writable } from "../shared/writing.tsx";
import { CancelImport, ImportLayout } from "./import-layout.tsx";
import { LeftRowsTable } from "./import-rows.tsx";
import type { ImportFile, LeftRows } from "./import-runs.ts";
import type { TenantShell } from "./shell.tsx";

export interface ImportCheckPageProps {
  shell: TenantShell;
  file: ImportFile;
  moved: boolean;
  /** By field: onKnown. */
  errors: FieldErrors;
  /** What a run would do. */
  found: {
    total: number;
    added: number;
    known: number;
    rejected: number;
    /** New items without a tax class. */
    parked: number;
    /** Rows whose opening stock would be taken, and rows whose batch has some already. */
    stocked: number;
    stockLeft: number;
  };
  left: LeftRows;
}

const choices = [
  {
    value: "skip",
    label: "Leave them as they are",
    help: "Nothing about the item changes. Opening stock of batches that it does not have yet is still taken.",
  },
  {
    value: "update",
    label: "Update them from the file",
    help: "Only what a row has: blank cells change nothing. You can undo it. An item that somebody changes after this check is left alone and reported.",
  },
  {
    value: "create",
    label: "Add them as new items where the name is new",
    help: "Two items never have one name or one barcode: a row whose barcode alone is known becomes a new item without it; a row whose name is known is left out.",
  },
] as const;

/** Forms: POST /items/import/{id}/start with onKnown (skip, update or create); back and cancel; each with formToken. */
export function ImportCheckPage({ shell, file, moved, errors, found, left }: ImportCheckPageProps) {
  const usable = found.added + found.known;
  return (
    <ImportLayout
      shell={shell}
      file={file}
      step="Check"
      moved={moved}
      actions={<CancelImport shell={shell} file={file} />}
    >
      <div class="space-y-6">
        <Alert tone="info" title="Nothing is written yet.">
          This is what the import would do with the {countOf(found.total, "row")} of your file.
        </Alert>
        <dl class="grid grid-cols-2 gap-3 sm:gap-4 lg:grid-cols-4">
          <StatCard label="New items" value={formatCount(found.added)}>
            {found.parked === 0 ? "All with a tax class" : `${formatCount(found.parked)} wait for a tax class`}
          </StatCard>
          <StatCard label="Known items" value={formatCount(found.known)}>
            By barcode or name, or twice in the file
          </StatCard>
          <StatCard label="Rejected rows" value={formatCount(found.rejected)}>
            {found.rejected === 0 ? "Every row can be read" : "See the reasons below"}
          </StatCard>
          <StatCard label="Opening stock" value={formatCount(found.stocked)}>
            {found.stockLeft === 0
              ? "Rows with stock to take"
              : `${formatCount(found.stockLeft)} more left out: see below`}
          </StatCard>
        </dl>
        {usable === 0 ? (
          <Alert tone="warning" title="No row can be imported.">
            Go back and look at how the columns are matched, or correct the file and upload it again.
          </Alert>
        ) : null}
        <form method="post" action={`/items/import/${file.id}/start`} data-once class="card space-y-6 p-5 sm:p-6">
          <FormToken token={shell.context.formToken} />
          {found.known === 0 ? <input type="hidden" name="onKnown" value="skip" /> : <KnownChoice errors={errors} />}
          {found.stocked + found.stockLeft === 0 ? null : (
            <p class="text-muted">
              A batch of an item is opened once in a branch: the same number and expiry date again is left out and
              listed, so that no stock is counted twice.
            </p>
          )}
          <div class="flex flex-wrap items-center gap-2">
            {usable === 0 ? null : (
              <SubmitButton busy="Starting…" class="btn-primary w-full sm:w-auto">
                <Icon name="play" />
                Import {countOf(usable, "row")}
              </SubmitButton>
            )}
            <Writable>
              <button
                type="submit"
                formaction={`/items/import/${file.id}/back`}
                class={`btn w-full sm:w-auto ${usable === 0 ? "btn-primary" : "btn-plain"}`}
                formnovalidate
              >
                Back to the columns
              </button>
            </Writable>
          </div>
        </form>
        <LeftRowsTable importId={file.id} title="Rows that would not be taken" left={left} />
      </div>
    </ImportLayout>
  );
}

function KnownChoice({ errors }: { errors: FieldErrors }) {
  return (
    <fieldset aria-describedby={errors.onKnown === undefined ? undefined : "onKnown-error"}>
      <legend class="mb-2 font-medium">Items that you have already</legend>
      <div class="space-y-3">
        {choices.map(({ value, label, help }, index) => (
          <label class="flex items-start gap-3">
            <input
              type="radio"
              name="onKnown"
              value={value}
              checked={index === 0}
              class="radio radio-primary radio-sm mt-px"
            />
            <span>
              {label}
              <span class="block text-muted text-xs">{help}</span>
            </span>
          </label>
        ))}
      </div>
      {errors.onKnown === undefined ? null : (
        <p id="onKnown-error" class="mt-1.5 font-medium text-error">
          {errors.onKnown}
        </p>
      )}
    </fieldset>
  );
}
