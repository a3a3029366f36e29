import type { FieldErrors } from "../shared/context.ts";
import { described, Field, SelectField, TextField } from "../shared/fields.tsx";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { ImportProgress } from "./import-progress.tsx";
import type { ImportRow, ImportRun } from "./import-runs.ts";
import { taxClassLabels } from "./item-list.tsx";
import { RecentImports } from "./recent-imports.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";

export { ImportProgress } from "./import-progress.tsx";

export interface ImportPageProps {
  shell: TenantShell;
  /** By field: file, rate, taxClass. */
  errors: FieldErrors;
  recent: ImportRow[];
  currency: string;
  /** As chosen before, when something was wrong; a file has to be chosen again. */
  values?: { rate: string; taxClass: string };
}

const maxFileBytes = 4 * 1024 * 1024;
const itemsPage = { label: "Items", href: "/items" };

/** Form: POST /items/import, multipart, with file, rate (decimal text), taxClass (may be empty), formToken. */
export function ImportPage({ shell, errors, recent, currency, values }: ImportPageProps) {
  return (
    <TenantLayout shell={shell} title="Import items" back={itemsPage} subtitle="From a spreadsheet saved as CSV.">
      <div class="grid grid-cols-1 items-start gap-6 lg:grid-cols-[minmax(0,1.4fr)_minmax(0,1fr)]">
        <form
          method="post"
          action="/items/import"
          enctype="multipart/form-data"
          data-once
          class="card space-y-6 p-5 sm:p-6"
        >
          <FormToken token={shell.context.formToken} />
          <FileField error={errors.file} />
          <SelectField
            name="taxClass"
            label="Tax class for rows without one"
            value={values?.taxClass ?? ""}
            error={errors.taxClass}
            help="Items without a tax class wait for your pharmacist before they can be sold."
            options={[
              { value: "", label: "Leave it to the pharmacist" },
              { value: "zero_rated", label: taxClassLabels.zero_rated },
              { value: "standard", label: taxClassLabels.standard },
              { value: "exempt", label: taxClassLabels.exempt },
            ]}
          />
          <TextField
            name="rate"
            label="Multiply prices by"
            value={values?.rate ?? "1"}
            error={errors.rate}
            help={`Leave it at 1 when the prices are in ${currency}. For prices in another currency, its rate: 129.25 if one dollar is 129.25 ${currency}.`}
            attributes={{ inputmode: "decimal", maxlength: 20, required: true, autocomplete: "off" }}
          />
          <SubmitButton busy="Uploading…" class="btn-primary w-full sm:w-auto">
            <Icon name="upload" />
            Start import
          </SubmitButton>
        </form>
        <div class="space-y-6">
          <Columns />
          {recent.length === 0 ? null : <RecentImports imports={recent} timeZone={shell.company.timeZone} />}
        </div>
      </div>
    </TenantLayout>
  );
}

/*
 * Where scripts run, the control lies over the whole zone, unseen, so that a file can be dropped anywhere on it and
 * our script shows its name. Without scripts the browser's own control shows.
 */
function FileField({ error }: { error: string | undefined }) {
  const help = "CSV, up to 4 MB. That is about 40,000 rows.";
  return (
    <Field name="file" label="File" error={error} help={help}>
      <div
        data-drop-zone
        class="relative flex flex-col items-center gap-2 rounded-box border-2 border-field-line border-dashed px-4 py-9 text-center hover:border-primary hover:bg-soft-primary has-focus-visible:border-primary has-focus-visible:outline-2 has-focus-visible:outline-primary"
      >
        <Icon name="file-spreadsheet" class="size-8 text-primary" />
        <p class="max-w-full font-medium" data-file-name>
          Choose a file, or drop it here
        </p>
        <input
          type="file"
          id="file"
          name="file"
          accept=".csv,text/csv"
          required
          data-max-bytes={String(maxFileBytes)}
          data-too-large="This file is larger than 4 MB. Split it into several files."
          class="max-w-full cursor-pointer [@media(scripting:enabled)]:absolute [@media(scripting:enabled)]:inset-0 [@media(scripting:enabled)]:opacity-0"
          {...described({ name: "file", help, error })}
        />
      </div>
    </Field>
  );
}

const columns: readonly { name: string; meaning: string }[] = [
  { name: "Item name", meaning: "This, or a generic name, is needed" },
  { name: "Generic name", meaning: "Such as Amoxicillin" },
  { name: "Strength", meaning: "Such as 500 mg" },
  { name: "Dosage form", meaning: "Such as tablet or syrup" },
  { name: "Brand names", meaning: "Each can be searched for" },
  { name: "Retail price", meaning: "Of the smallest unit, without tax" },
  { name: "Unit", meaning: "The smallest that you sell, such as tablet" },
  { name: "Wholesale unit, pack size", meaning: "The larger unit, and how many of the smallest it holds" },
  { name: "Barcode", meaning: "As printed on the pack" },
  { name: "Tax class", meaning: "Standard, zero-rated, exempt or out of scope" },
];

function Columns() {
  return (
    <section class="card overflow-clip" aria-labelledby="columns-title">
      <div class="flex flex-wrap items-center justify-between gap-2 border-line border-b px-4 py-3 sm:px-5">
        <h2 id="columns-title" class="font-semibold">
          Columns we read
        </h2>
        <a href="/items/import/sample.csv" download class="link inline-flex items-center gap-1.5">
          <Icon name="download" />
          Sample file
        </a>
      </div>
      <dl class="divide-y divide-line text-xs">
        {columns.map((column) => (
          <div class="px-4 py-2.5 sm:px-5">
            <dt class="font-semibold">{column.name}</dt>
            <dd class="text-muted">{column.meaning}</dd>
          </div>
        ))}
      </dl>
      <p class="border-line border-t px-4 py-3 text-muted text-xs sm:px-5">
        The first row names the columns, in any order; brands, price and selling price are understood too. Other columns
        are left out, and items you already have are skipped.
      </p>
    </section>
  );
}

export interface ImportProgressPageProps {
  shell: TenantShell;
  run: ImportRun;
}

export function ImportProgressPage({ shell, run }: ImportProgressPageProps) {
  const working = run.state === "waiting" || run.state === "running";
  return (
    <TenantLayout
      shell={shell}
      title={`Import of ${run.fileName}`}
      back={{ label: "Import items", href: "/items/import" }}
      htmx
      {...(working ? { refreshSeconds: 3 } : {})}
    >
      <ImportProgress run={run} />
      <p data-connection-lost hidden class="mt-4 text-muted">
        No connection at the moment. The import goes on, and this page follows when the connection is back.
      </p>
    </TenantLayout>
  );
}
