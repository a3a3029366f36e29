import type { Child } from "hono/jsx";
import { Alert } from "../shared/alert.tsx";
import { Icon } from "../shared/icons.tsx";
import { Moment } from "../shared/moment.tsx";
import { Confirmation } from "./confirmation.tsx";
import type { ImportFile } from "./import-runs.ts";
import { TenantLayout, type TenantShell } from "./shell.tsx";

const steps = ["Upload", "Match columns", "Check", "Import"] as const;
export type ImportStep = (typeof steps)[number];

/** Where a person is on the way from a file to items. */
export function ImportSteps({ current }: { current: ImportStep }) {
  const at = steps.indexOf(current);
  return (
    <ol aria-label="Steps" class="mb-6 flex flex-wrap gap-x-2 gap-y-1 text-sm">
      {steps.map((step, index) => (
        <li class="flex items-center gap-2" aria-current={index === at ? "step" : undefined}>
          {index === 0 ? null : <Icon name="chevron-right" class="size-4 text-muted" />}
          <span
            class={`flex size-5 items-center justify-center rounded-full font-semibold text-xs ${
              index <= at ? "bg-primary text-primary-content" : "bg-soft-neutral text-soft-neutral-text"
            }`}
            aria-hidden="true"
          >
            {index < at ? <Icon name="check" class="size-3" /> : index + 1}
          </span>
          <span class={index === at ? "font-semibold" : "text-muted max-sm:sr-only"}>
            {step}
            {index < at ? <span class="sr-only"> (done)</span> : null}
          </span>
        </li>
      ))}
    </ol>
  );
}

export interface ImportLayoutProps {
  shell: TenantShell;
  file: ImportFile;
  step: ImportStep;
  /** The import had moved on when a button was pressed. */
  moved?: boolean;
  /** Why the step before did not come to its end. */
  fault?: string;
  actions?: Child;
  htmx?: boolean;
  refreshSeconds?: number;
  children?: Child;
}

/** The frame of every page of one import. */
export function ImportLayout(props: ImportLayoutProps) {
  const { shell, file, step, moved, fault, actions, children, htmx, refreshSeconds } = props;
  return (
    <TenantLayout
      shell={shell}
      title={file.fileName}
      subtitle={
        <>
          Uploaded by {file.createdByName}, <Moment at={file.createdAt} timeZone={shell.company.timeZone} />
        </>
      }
      back={{ label: "Import items", href: "/items/import" }}
      actions={actions}
      {...(htmx === undefined ? {} : { htmx })}
      {...(refreshSeconds === undefined ? {} : { refreshSeconds })}
    >
      <ImportSteps current={step} />
      {moved ? (
        <div class="mb-6">
          <Alert tone="info" title="The import had moved on.">
            This is where it is now. Nothing was changed by your last click.
          </Alert>
        </div>
      ) : null}
      {fault === undefined ? null : (
        <div class="mb-6">
          <Alert tone="error">{fault}</Alert>
        </div>
      )}
      {children}
    </TenantLayout>
  );
}

/** Asks before an import that has written nothing ends. */
export function CancelImport({ shell, file }: { shell: TenantShell; file: ImportFile }) {
  return (
    <Confirmation
      id="cancel-import"
      action={`/items/import/${file.id}/cancel`}
      formToken={shell.context.formToken}
      open="Cancel import"
      title="Cancel this import?"
      keep="Go on"
      confirm="Cancel import"
      busy="Cancelling…"
      class="btn-plain btn-sm h-9"
    >
      Nothing was written to your items so far. To import the file later, upload it again.
    </Confirmation>
  );
}

/** Asks before everything that an import did is taken back. */
export function UndoImport({ shell, file, small }: { shell: TenantShell; file: ImportFile; small?: boolean }) {
  return (
    <Confirmation
      id={`undo-${file.id}`}
      action={`/items/import/${file.id}/undo`}
      formToken={shell.context.formToken}
      open={
        <>
          <Icon name="undo-2" />
          Undo<span class="sr-only"> the import of {file.fileName}</span>
        </>
      }
      title={`Undo the import of ${file.fileName}?`}
      keep="Keep the import"
      confirm="Undo import"
      busy="Undoing…"
      class={small ? "btn-plain btn-sm" : "btn-plain btn-sm h-9"}
    >
      <ul class="list-disc space-y-1 pl-4">
        <li>Items that it added are archived, and their opening stock is taken back.</li>
        <li>Items that it updated get their old values again.</li>
        <li>
          What somebody has changed since, or what has left the shelf, stays as it is. You see which afterwards. An undo
          cannot be undone; you can import the file again.
        </li>
      </ul>
    </Confirmation>
  );
}
