import type { FieldErrors } from "../shared/context.ts";
import { described, Field } from "../shared/fields.tsx";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { Writable } from "../shared/writing.tsx";
import { ImportSteps } from "./import-layout.tsx";
import type { ImportRow } from "./import-runs.ts";
import { RecentImports } from "./recent-imports.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";

export interface ImportPageProps {
  shell: TenantShell;
  /** By field: file. */
  errors: FieldErrors;
  recent: ImportRow[];
  /** What a file may say about an item. */
  fields: { title: string; help: string }[];
  /** Came here from the steps of the first day. */
  fromSetup: boolean;
}

const maxFileBytes = 4 * 1024 * 1024;
const itemsPage = { label: "Items", href: "/items" };
const setupPage = { label: "First steps", href: "/setup/items" };

/** Form: POST /items/import, multipart, with file, formToken. */
export function ImportPage({ shell, errors, recent, fields, fromSetup }: ImportPageProps) {
  return (
    <TenantLayout
      shell={shell}
      title="Import items"
      back={fromSetup ? setupPage : itemsPage}
      subtitle="From an Excel workbook or a CSV file, with opening stock if it has some."
    >
      <ImportSteps current="Upload" />
      <div class="grid grid-cols-1 items-start gap-6 lg:grid-cols-[minmax(0,1.4fr)_minmax(0,1fr)]">
        <Writable>
          <form
            method="post"
            action="/items/import"
            enctype="multipart/form-data"
            data-once
            class="card space-y-6 p-5 sm:p-6"
          >
            <FormToken token={shell.context.formToken} />
            <FileField error={errors.file} />
            <p class="text-muted">
              Nothing is written before you have seen how the columns match and what the import would do. Afterwards it
              can be undone.
            </p>
            <SubmitButton busy="Uploading…" class="btn-primary w-full sm:w-auto">
              <Icon name="upload" />
              Upload
            </SubmitButton>
          </form>
        </Writable>
        <div class="space-y-6">
          <Columns fields={fields} />
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
  const help =
    "Excel workbook (.xlsx) or CSV, up to 4 MB: about 40,000 rows. Is it larger? Save it as .xlsx, which is smaller, remove pictures and other sheets, or split it: the parts add up.";
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
          accept=".xlsx,.csv,.txt,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
          required
          data-max-bytes={String(maxFileBytes)}
          data-too-large="This file is larger than 4 MB. Save it as .xlsx without pictures and other sheets, or split it."
          class="max-w-full cursor-pointer [@media(scripting:enabled)]:absolute [@media(scripting:enabled)]:inset-0 [@media(scripting:enabled)]:opacity-0"
          {...described({ name: "file", help, error })}
        />
      </div>
    </Field>
  );
}

function Columns({ fields }: Pick<ImportPageProps, "fields">) {
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
      <dl class="max-h-112 divide-y divide-line overflow-y-auto text-xs" tabindex={0}>
        {fields.map((field) => (
          <div class="px-4 py-2.5 sm:px-5">
            <dt class="font-semibold">{field.title}</dt>
            <dd class="text-muted">{field.help}</dd>
          </div>
        ))}
      </dl>
      <p class="border-line border-t px-4 py-3 text-muted text-xs sm:px-5">
        One row names the columns, in any order and in your own words; you match them in the next step. Only the name is
        needed. Several rows for one item are fine: one for each batch.
      </p>
    </section>
  );
}
