import { Alert } from "../shared/alert.tsx";
import type { FieldErrors, FormContext } from "../shared/context.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Entrance } from "./entrance.tsx";
import { NewPasswordFields } from "./password-fields.tsx";

export interface ResetPageProps {
  context: FormContext;
  companyName: string;
  /** What they sign in with. */
  login: string;
  /** Posted back as `token`: opening the link alone uses nothing up, since mail scanners open links. */
  token: string;
  errors: FieldErrors;
}

/** Form: POST /auth/reset with token, password, passwordAgain, formToken. */
export function ResetPage({ context, companyName, login, token, errors }: ResetPageProps) {
  return (
    <Entrance context={context} companyName={companyName} title="New password">
      <h1 class="font-semibold text-xl">Choose a new password</h1>
      <p class="mt-2 text-muted">
        For signing in as <strong class="font-medium text-base-content">{login}</strong>. Every device that is signed in
        now is signed out by it.
      </p>
      <form method="post" action="/auth/reset" data-once class="mt-5 space-y-5" novalidate>
        <FormToken token={context.formToken} />
        <input type="hidden" name="token" value={token} />
        <NewPasswordFields login={login} errors={errors} />
        <SubmitButton busy="Saving…" class="btn-primary w-full">
          Save and sign in
        </SubmitButton>
      </form>
    </Entrance>
  );
}

/** In place of the form when its link was used, is too old, or is none of ours. */
export function ResetSpentPage({ context, companyName }: Pick<ResetPageProps, "context" | "companyName">) {
  return (
    <Entrance context={context} companyName={companyName} title="New password">
      <h1 class="font-semibold text-xl">This link no longer works</h1>
      <div class="mt-4">
        <Alert tone="warning">It was used already, is too old, or a newer one took its place. Ask for a new one.</Alert>
      </div>
      <a href="/auth/forgot" class="btn btn-primary mt-5 w-full">
        Ask for a new link
      </a>
      <p class="mt-5 text-center">
        <a href="/auth/sign-in" class="link">
          Back to signing in
        </a>
      </p>
    </Entrance>
  );
}
