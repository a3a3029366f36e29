import { Alert } from "../shared/alert.tsx";
import type { FieldErrors, FormContext } from "../shared/context.ts";
import { TextField } from "../shared/fields.tsx";
import { countOf } from "../shared/formats.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Entrance } from "./entrance.tsx";

export interface ResetRequestPageProps {
  context: FormContext;
  companyName: string;
  values: { login: string };
  errors: FieldErrors;
  /** True after a link was asked for; the page says the same whether or not the login is known. */
  sent: boolean;
  /** How long the link is good for. */
  minutes: number;
}

/** Form: POST /auth/forgot with login, formToken. */
export function ResetRequestPage({ context, companyName, values, errors, sent, minutes }: ResetRequestPageProps) {
  return (
    <Entrance context={context} companyName={companyName} title="Forgotten password">
      <h1 class="font-semibold text-xl">Forgotten your password?</h1>
      {sent ? (
        <div class="mt-4">
          <Alert tone="success" title="Check your mail">
            If there is a mail address for this login at {companyName}, a link for a new password is on its way to it.
            It works once, within {countOf(minutes, "minute")}.
          </Alert>
        </div>
      ) : (
        <p class="mt-2 text-muted">We mail you a link by which you choose a new one.</p>
      )}
      <form method="post" action="/auth/forgot" data-once class="mt-5 space-y-5" novalidate>
        <FormToken token={context.formToken} />
        <TextField
          name="login"
          label="Mail address or username"
          value={values.login}
          error={errors.login}
          help="No mail address of your own here? Then ask the owner or an administrator for a link."
          attributes={{
            required: true,
            maxlength: 254,
            autocomplete: "username",
            autocapitalize: "none",
            spellcheck: false,
          }}
        />
        <SubmitButton busy="Sending…" class="btn-primary w-full">
          {sent ? "Mail another link" : "Mail me a link"}
        </SubmitButton>
      </form>
      <p class="mt-5 text-center">
        <a href="/auth/sign-in" class="link">
          Back to signing in
        </a>
      </p>
    </Entrance>
  );
}
