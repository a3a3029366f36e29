import { Alert } from "../shared/alert.tsx";
import { ErrorSummary, FormToken, SubmitButton } from "../shared/forms.tsx";
import { CompanyFields, type CompanyFieldsProps } from "./company-fields.tsx";
import { Confirmation } from "./confirmation.tsx";
import { SettingsLayout } from "./settings-layout.tsx";
import type { TenantShell } from "./shell.tsx";

export interface CompanyPageProps extends CompanyFieldsProps {
  shell: TenantShell;
  /** What was done just now. */
  done?: "saved" | "logo_removed";
  /** Somebody else saved meanwhile: what stands there now, where it is not what the person wrote. */
  savedMeanwhile?: readonly { field: string; value: string }[];
}

/**
 * Forms: POST /settings/company, multipart, with the fields of `CompanyFields` and formToken; and
 * POST /settings/company/logo/remove with formToken.
 */
export function CompanyPage({ shell, done, savedMeanwhile, ...fields }: CompanyPageProps) {
  return (
    <SettingsLayout shell={shell} title="Company" subtitle="Who you are on receipts, invoices and in mails.">
      <div class="max-w-4xl space-y-6">
        {done === undefined ? null : <Done done={done} />}
        {savedMeanwhile === undefined ? null : <SavedMeanwhile saved={savedMeanwhile} />}
        <form
          method="post"
          action="/settings/company"
          enctype="multipart/form-data"
          data-once
          novalidate
          class="card space-y-6 p-5 sm:p-6"
        >
          <FormToken token={shell.context.formToken} />
          <ErrorSummary errors={fields.errors} />
          <CompanyFields {...fields} />
          <div class="flex flex-wrap items-center justify-between gap-3 border-line border-t pt-5">
            <SubmitButton busy="Saving…">Save</SubmitButton>
          </div>
        </form>
        {fields.logoUrl === undefined ? null : (
          <div class="card flex flex-wrap items-center justify-between gap-3 p-5 sm:p-6">
            <div>
              <h2 class="font-semibold">Take the logo away</h2>
              <p class="mt-0.5 text-muted">Your letters stand for you then.</p>
            </div>
            <Confirmation
              id="remove-logo"
              action="/settings/company/logo/remove"
              formToken={shell.context.formToken}
              open="Remove logo"
              title="Remove the logo?"
              keep="Keep it"
              confirm="Remove logo"
              busy="Removing…"
            >
              It disappears from every page. You can upload it again at any time.
            </Confirmation>
          </div>
        )}
      </div>
    </SettingsLayout>
  );
}

function Done({ done }: { done: "saved" | "logo_removed" }) {
  return (
    <Alert tone="success" title={done === "saved" ? "Saved." : "The logo is removed."}>
      Every page shows it within a few seconds.
    </Alert>
  );
}

export function SavedMeanwhile({ saved }: { saved: readonly { field: string; value: string }[] }) {
  return (
    <Alert tone="warning" title="Somebody else saved the profile while you were at it.">
      {saved.length === 0 ? (
        <p>They wrote what you wrote. Save again if you like, or leave the page.</p>
      ) : (
        <>
          <p>Nothing of yours was saved yet; it is below as you wrote it. What they saved instead:</p>
          <ul class="mt-1 list-disc pl-4">
            {saved.map(({ field, value }) => (
              <li>
                {field}: {value === "" ? "(empty)" : value}
              </li>
            ))}
          </ul>
          <p class="mt-1">Save again to put your values in place of theirs.</p>
        </>
      )}
    </Alert>
  );
}
