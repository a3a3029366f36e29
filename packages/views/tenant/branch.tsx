import { Alert } from "../shared/alert.tsx";
import type { FieldErrors } from "../shared/context.ts";
import { countOf } from "../shared/formats.ts";
import { ErrorSummary, FormToken, SubmitButton } from "../shared/forms.tsx";
import { Writable } from "../shared/writing.tsx";
import { BranchFields, type BranchValues, NumberFields, type SeriesRow } from "./branch-fields.tsx";
import { Confirmation } from "./confirmation.tsx";
import { SettingsLayout } from "./settings-layout.tsx";
import type { TenantShell } from "./shell.tsx";

export interface BranchPageProps {
  shell: TenantShell;
  /** The branch as it is; absent while a new one is made. */
  branch?: {
    id: string;
    name: string;
    isHeadquarters: boolean;
    isArchived: boolean;
    isCodeFixed: boolean;
    peopleCount: number;
  };
  series: readonly SeriesRow[];
  values: BranchValues;
  errors: FieldErrors;
  /** Why it could not be archived, opened again or added. */
  refusal?: string;
  /** The person came from the steps of the first day and goes back there. */
  isSetup: boolean;
}

const back = { label: "Branches", href: "/settings/branches" };
const backToSetup = { label: "Setting up: branches", href: "/setup/branches" };

/**
 * Forms: POST /settings/branches (new) or /settings/branches/:id with name, code, phone, address, next<TYPE> for each
 * series, setup (1 or missing) and formToken; POST /settings/branches/:id/archive and /restore with formToken.
 */
export function BranchPage({ shell, branch, series, values, errors, refusal, isSetup }: BranchPageProps) {
  const isNew = branch === undefined;
  return (
    <SettingsLayout
      shell={shell}
      title={isNew ? "Add a branch" : branch.name}
      back={isSetup ? backToSetup : back}
      {...(branch?.isHeadquarters ? { subtitle: "Headquarters" } : {})}
    >
      <div class="max-w-3xl space-y-6">
        {refusal === undefined ? null : <Alert tone="error" title={refusal} />}
        {branch?.isArchived ? (
          <Alert tone="info" title="This branch is archived.">
            It gets no new documents, and nobody chooses it. What it did stays.
          </Alert>
        ) : null}
        <form
          method="post"
          action={isNew ? "/settings/branches" : `/settings/branches/${branch.id}`}
          data-once
          novalidate
          class="card space-y-7 p-5 sm:p-6"
        >
          <FormToken token={shell.context.formToken} />
          {isSetup ? <input type="hidden" name="setup" value="1" /> : null}
          <ErrorSummary errors={errors} />
          <BranchFields values={values} errors={errors} isCodeFixed={branch?.isCodeFixed ?? false} />
          <NumberFields values={values} errors={errors} series={series} />
          <Writable>
            <div class="flex flex-wrap gap-2 border-line border-t pt-5">
              <SubmitButton busy="Saving…" grows={isNew}>
                {isNew ? "Add branch" : "Save"}
              </SubmitButton>
              <a href={isSetup ? backToSetup.href : back.href} class="btn btn-ghost">
                Cancel
              </a>
            </div>
          </Writable>
        </form>
        {isNew || branch.isHeadquarters || isSetup ? null : (
          <Writable>
            <Closing shell={shell} branch={branch} />
          </Writable>
        )}
      </div>
    </SettingsLayout>
  );
}

function Closing({ shell, branch }: { shell: TenantShell; branch: NonNullable<BranchPageProps["branch"]> }) {
  const { id, name, isArchived, peopleCount } = branch;
  if (isArchived) {
    return (
      <form
        method="post"
        action={`/settings/branches/${id}/restore`}
        data-once
        class="card flex flex-wrap items-center justify-between gap-3 p-5 sm:p-6"
      >
        <FormToken token={shell.context.formToken} />
        <div>
          <h2 class="font-semibold">Open it again</h2>
          <p class="mt-0.5 text-muted">Its code, numbers and people are as they were.</p>
        </div>
        <SubmitButton busy="Opening…" class="btn-plain" grows>
          Open the branch
        </SubmitButton>
      </form>
    );
  }
  return (
    <div class="card flex flex-wrap items-center justify-between gap-3 p-5 sm:p-6">
      <div class="min-w-0 flex-1 basis-64">
        <h2 class="font-semibold">Archive this branch</h2>
        <p class="mt-0.5 text-muted">For a branch that closed. It must have no stock left.</p>
      </div>
      <Confirmation
        id="archive"
        action={`/settings/branches/${id}/archive`}
        formToken={shell.context.formToken}
        open="Archive"
        title={`Archive ${name}?`}
        keep="Keep it open"
        confirm="Archive branch"
        busy="Archiving…"
      >
        <p>It gets no new documents, and nobody chooses it any more. What it did stays, and you can open it again.</p>
        {peopleCount === 0 ? null : (
          <p class="mt-2">
            {countOf(peopleCount, "person has", "people have")} a role in it. Their roles in other branches stay.
          </p>
        )}
      </Confirmation>
    </div>
  );
}
