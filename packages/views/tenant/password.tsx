import type { FieldErrors, FormContext } from "../shared/context.ts";
import { TextField } from "../shared/fields.tsx";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Entrance } from "./entrance.tsx";
import { NewPasswordFields } from "./password-fields.tsx";

export interface PasswordPageProps {
  context: FormContext;
  companyName: string;
  /** What they sign in with. */
  login: string;
  /** Whether there is a password already, which is then asked for. */
  isChange: boolean;
  errors: FieldErrors;
}

/** Form: POST /auth/password with current (when there is one), password, passwordAgain, formToken. */
export function PasswordPage({ context, companyName, login, isChange, errors }: PasswordPageProps) {
  const title = isChange ? "Change your password" : "Choose a password";
  return (
    <Entrance context={context} companyName={companyName} title={title}>
      <h1 class="font-semibold text-xl">{title}</h1>
      <p class="mt-2 text-muted">
        For signing in as <strong class="font-medium text-base-content">{login}</strong>.
        {isChange ? " Every other device is signed out by it." : null}
      </p>
      <form method="post" action="/auth/password" data-once class="mt-5 space-y-5" novalidate>
        <FormToken token={context.formToken} />
        {isChange ? (
          <TextField
            name="current"
            label="Password of until now"
            error={errors.current}
            attributes={{ type: "password", required: true, maxlength: 128, autocomplete: "current-password" }}
          />
        ) : null}
        <NewPasswordFields login={login} errors={errors} />
        <SubmitButton busy="Saving…" class="btn-primary w-full">
          Save password
        </SubmitButton>
      </form>
      <p class="mt-5 text-center">
        <a href={isChange ? "/auth/account" : "/"} class="link">
          {isChange ? "Keep it as it is" : "Later"}
        </a>
      </p>
    </Entrance>
  );
}
