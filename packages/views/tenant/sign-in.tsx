import { Alert } from "../shared/alert.tsx";
import type { FieldErrors, FormContext } from "../shared/context.ts";
import { TextField } from "../shared/fields.tsx";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { Entrance } from "./entrance.tsx";

export interface SignInPageProps {
  context: FormContext;
  companyName: string;
  values: { login: string };
  errors: FieldErrors;
  /** True after a sign-in link was asked for; the page says the same whether or not the login is known. */
  linkSent: boolean;
}

/**
 * One form with two ways in, so that the login is typed once: POST /auth/sign-in with login, password, formToken, or
 * POST /auth/sign-in/link with the same fields, of which it uses login.
 */
export function SignInPage({ context, companyName, values, errors, linkSent }: SignInPageProps) {
  const hasErrors = Object.keys(errors).length > 0;
  return (
    <Entrance context={context} companyName={companyName} title="Sign in">
      <h1 class="font-semibold text-xl">Sign in</h1>
      {linkSent ? (
        <div class="mt-4">
          <Alert tone="success" title="Check your mail">
            If there is a mail address for this login at {companyName}, a sign-in link is on its way to it.
          </Alert>
        </div>
      ) : null}
      <form method="post" action="/auth/sign-in" data-once class="mt-5 space-y-5" novalidate>
        <FormToken token={context.formToken} />
        <TextField
          name="login"
          label="Mail address or username"
          value={values.login}
          error={errors.login}
          attributes={{
            required: true,
            maxlength: 254,
            autocomplete: "username",
            autocapitalize: "none",
            spellcheck: false,
            autofocus: !hasErrors && values.login === "",
          }}
        />
        <div>
          <TextField
            name="password"
            label="Password"
            error={errors.password}
            attributes={{ type: "password", required: true, maxlength: 128, autocomplete: "current-password" }}
          />
          <p class="mt-2 text-right">
            <a href="/auth/forgot" class="link text-xs">
              Forgot your password?
            </a>
          </p>
        </div>
        <SubmitButton busy="Signing in…" class="btn-primary w-full">
          Sign in
        </SubmitButton>
        <div class="flex items-center gap-3 text-muted text-xs before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
          or without a password
        </div>
        <button type="submit" formaction="/auth/sign-in/link" formnovalidate class="btn btn-plain w-full">
          <span class="when-idle inline-flex items-center gap-2">
            <Icon name="mail" />
            Mail me a sign-in link
          </span>
          <span class="when-busy items-center gap-2">
            <span class="loading loading-spinner loading-xs" aria-hidden="true" />
            Sending…
          </span>
        </button>
      </form>
    </Entrance>
  );
}
