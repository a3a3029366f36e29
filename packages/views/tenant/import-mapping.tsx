import { Alert } from "../shared/alert.tsx";
import type { FieldErrors } from "../shared/context.ts";
import { described, SelectField } from "../shared/fields.tsx";
import { ErrorSummary, FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { Moment } from "../shared/moment.tsx";
import { Writable } from "../shared/writing.tsx";
import { CancelImport, ImportLayout } from "./import-layout.tsx";
import type { ImportFile } from "./import-runs.ts";
import { type Choice, ImportSettings, type ImportSettingsValues, type TwoReadings } from "./import-settings.tsx";
import type { TenantShell } from "./shell.tsx";

/** A column of the file. */
export interface ImportColumn {
  /** Blank: the heading is. */
  heading: string;
  /** The first values below it. */
  samples: string[];
  /** Key of the field that it is; blank: left out. */
  field: string;
  /** Of a file that came from us: what we wrote in it says nothing about an item. */
  isOurs: boolean;
}

/** A row as it would be read. */
export type PreviewRow =
  | { number: number; ok: true; name: string; details: string[] }
  | { number: number; ok: false; reason: string };

export interface ImportMappingPageProps {
  shell: TenantShell;
  file: ImportFile;
  moved: boolean;
  fault?: string;
  /** By field: column-0 and so on, columns, sheet, headerRow, and the settings. */
  errors: FieldErrors;
  /** Sheets to choose from; empty when there is nothing to choose. */
  sheets: string[];
  sheet: string;
  headerRow: number;
  /** Rows from which to choose the one that names the columns. */
  firstRows: { number: number; text: string }[];
  columns: ImportColumn[];
  /** What a column can be, in this order. */
  fields: { key: string; title: string; help: string }[];
  values: ImportSettingsValues;
  branches: Choice[];
  currency: string;
  /** The first cell for which the decimal sign matters. */
  twoReadings?: TwoReadings;
  preview: PreviewRow[];
  /** The same file was imported before. */
  sameFile?: ImportFile;
}

/**
 * Forms: POST /items/import/{id}/layout with sheet, headerRow; POST /items/import/{id}/mapping with column-0 and so on,
 * the settings, and intent (preview or check). Each with formToken.
 */
export function ImportMappingPage(props: ImportMappingPageProps) {
  const { shell, file, moved, fault, errors, sameFile } = props;
  return (
    <ImportLayout
      shell={shell}
      file={file}
      step="Match columns"
      moved={moved}
      {...(fault === undefined ? {} : { fault })}
      actions={<CancelImport shell={shell} file={file} />}
    >
      <div class="space-y-6">
        {sameFile === undefined ? null : (
          <Alert tone="warning" title="This very file was imported before">
            By {sameFile.createdByName}, <Moment at={sameFile.createdAt} timeZone={shell.company.timeZone} />.{" "}
            <a href={`/items/import/${sameFile.id}`} class="underline underline-offset-2">
              See that import
            </a>
            . You can go on: items that you have are recognised, and stock that is there is not added again.
          </Alert>
        )}
        <ErrorSummary errors={errors} />
        <Layout {...props} />
        <form method="post" action={`/items/import/${file.id}/mapping`} data-once class="space-y-6" novalidate>
          <FormToken token={shell.context.formToken} />
          <Columns {...props} />
          <ImportSettings {...props} />
          <div class="flex flex-wrap gap-2">
            <SubmitButton busy="Checking…" class="btn-primary w-full sm:w-auto">
              <Icon name="list-checks" />
              Check the file
            </SubmitButton>
            <Writable>
              <button type="submit" name="intent" value="preview" class="btn btn-plain w-full sm:w-auto">
                <Icon name="eye" />
                Show how rows are read
              </button>
            </Writable>
          </div>
        </form>
        <Preview preview={props.preview} />
      </div>
    </ImportLayout>
  );
}

function Layout({ shell, file, errors, sheets, sheet, headerRow, firstRows }: ImportMappingPageProps) {
  return (
    <form
      method="post"
      action={`/items/import/${file.id}/layout`}
      data-once
      class="card grid items-start gap-4 p-5 sm:p-6 md:grid-cols-[minmax(0,1fr)_auto] md:items-end"
    >
      <FormToken token={shell.context.formToken} />
      <div class={`grid min-w-0 gap-4 ${sheets.length > 1 ? "md:grid-cols-2" : ""}`}>
        {sheets.length > 1 ? (
          <SelectField
            name="sheet"
            label="Sheet"
            value={sheet}
            error={errors.sheet}
            options={sheets.map((name) => ({ value: name, label: name }))}
          />
        ) : null}
        <SelectField
          name="headerRow"
          label="Row that names the columns"
          value={String(headerRow)}
          error={errors.headerRow}
          options={firstRows.map(({ number, text }) => ({ value: String(number), label: `Row ${number}: ${text}` }))}
        />
      </div>
      <Writable>
        <button type="submit" class="btn btn-plain">
          {sheets.length > 1 ? "Use this sheet and row" : "Use this row"}
        </button>
      </Writable>
    </form>
  );
}

function Columns({ columns, fields, errors }: ImportMappingPageProps) {
  const ours = columns.filter(({ isOurs }) => isOurs).map(({ heading }) => heading);
  const options = [
    { value: "", label: "Leave out" },
    ...fields.map(({ key, title }) => ({ value: key, label: title })),
  ];
  return (
    <section class="card overflow-clip" aria-labelledby="columns-title">
      <div class="border-line border-b px-4 py-3 sm:px-5">
        <h2 id="columns-title" class="font-semibold">
          What is in each column?
        </h2>
        <p class="text-muted text-xs">We have guessed; correct what is wrong. Next time we remember it.</p>
        {ours.length === 0 ? null : (
          <p class="mt-1.5 flex gap-1.5 text-xs">
            <Icon name="info" class="size-4 text-muted" />
            This is our file of rows that were not taken, so {ours.join(" and ")} are left out.
          </p>
        )}
      </div>
      <ul id="columns" class="divide-y divide-line">
        {columns.map((column, index) => (
          <Column column={column} index={index} options={options} error={errors[`column-${index}`]} />
        ))}
      </ul>
    </section>
  );
}

interface ColumnProps {
  column: ImportColumn;
  index: number;
  options: Choice[];
  error: string | undefined;
}

function Column({ column, index, options, error }: ColumnProps) {
  const name = `column-${index}`;
  const heading = column.heading || `Column ${index + 1}`;
  if (column.isOurs) return <OwnColumn column={column} />;
  return (
    <li class="grid gap-x-6 gap-y-2 px-4 py-3 sm:grid-cols-[minmax(0,1fr)_minmax(0,16rem)] sm:items-center sm:px-5">
      <div class="min-w-0">
        <label for={name} class="block font-medium">
          {heading}
        </label>
        <p class="line-clamp-2 text-muted text-xs">
          {column.samples.length === 0 ? "No values in the first rows" : column.samples.join(" · ")}
        </p>
      </div>
      <div>
        <select id={name} name={name} class="select field" {...described({ name, error })}>
          {options.map(({ value, label }) => (
            <option value={value} selected={value === column.field}>
              {label}
            </option>
          ))}
        </select>
        {error === undefined ? null : (
          <p id={`${name}-error`} class="mt-1.5 font-medium text-error">
            {error}
          </p>
        )}
      </div>
    </li>
  );
}

function OwnColumn({ column }: Pick<ColumnProps, "column">) {
  return (
    <li class="grid gap-x-6 gap-y-2 px-4 py-3 sm:grid-cols-[minmax(0,1fr)_minmax(0,16rem)] sm:items-center sm:px-5">
      <div class="min-w-0">
        <p class="font-medium">{column.heading}</p>
        <p class="line-clamp-2 text-muted text-xs">{column.samples.join(" · ")}</p>
      </div>
      <p class="text-muted">Left out: we wrote it</p>
    </li>
  );
}

function Preview({ preview }: { preview: PreviewRow[] }) {
  if (preview.length === 0) return null;
  return (
    <section id="preview" class="card overflow-clip" aria-labelledby="preview-title">
      <h2 id="preview-title" class="border-line border-b px-4 py-3 font-semibold sm:px-5">
        How the first rows are read
      </h2>
      <ul class="divide-y divide-line">
        {preview.map((row) => (
          <li class="flex gap-3 px-4 py-2.5 sm:px-5">
            <span class="w-12 shrink-0 text-muted text-xs tabular-nums leading-5">Row {row.number}</span>
            {row.ok ? (
              <div class="min-w-0">
                <p class="font-medium">{row.name}</p>
                <p class="text-muted text-xs">{row.details.join(" · ")}</p>
              </div>
            ) : (
              <p class="flex min-w-0 gap-1.5 text-error">
                <Icon name="triangle-alert" class="mt-0.5 size-4" />
                <span class="min-w-0">{row.reason}</span>
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

export interface ImportClosedPageProps {
  shell: TenantShell;
  file: ImportFile;
  moved: boolean;
}

/** In place of matching columns, for somebody who may not see what is in the file. */
export function ImportClosedPage({ shell, file, moved }: ImportClosedPageProps) {
  return (
    <ImportLayout
      shell={shell}
      file={file}
      step="Match columns"
      moved={moved}
      actions={<CancelImport shell={shell} file={file} />}
    >
      <Alert tone="info" title={`Waiting for ${file.createdByName}`}>
        The file may hold costs, which your role does not let you see. {file.createdByName}, or somebody who may see
        costs, matches its columns.
      </Alert>
    </ImportLayout>
  );
}
