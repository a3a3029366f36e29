import type { FieldErrors, FormContext } from "../shared/context.ts";
import { TextField } from "../shared/fields.tsx";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Entrance } from "./entrance.tsx";

export interface PasswordPageProps {
  context: FormContext;
  companyName: string;
  email: string;
  errors: FieldErrors;
}

/** Form: POST /auth/password with password, passwordAgain, formToken. */
export function PasswordPage({ context, companyName, email, errors }: PasswordPageProps) {
  const attributes = { type: "password", required: true, maxlength: 128, autocomplete: "new-password" };
  return (
    <Entrance context={context} companyName={companyName} title="Choose a password">
      <h1 class="font-semibold text-xl">Choose a password</h1>
      <p class="mt-2 text-muted">
        For signing in as <strong class="font-medium text-base-content">{email}</strong>.
      </p>
      <form method="post" action="/auth/password" data-once class="mt-5 space-y-5" novalidate>
        <FormToken token={context.formToken} />
        {/* Lets a password manager store the password under the right name. */}
        <input type="hidden" name="username" value={email} autocomplete="username" />
        <TextField
          name="password"
          label="New password"
          error={errors.password}
          help="At least 12 characters. Three or four unrelated words are easy to remember."
          attributes={{ ...attributes, minlength: 12 }}
        />
        <TextField name="passwordAgain" label="Once more" error={errors.passwordAgain} attributes={attributes} />
        <SubmitButton busy="Saving…" class="btn-primary w-full">
          Save password
        </SubmitButton>
      </form>
      <p class="mt-5 text-center">
        <a href="/" class="link">
          Later
        </a>
      </p>
    </Entrance>
  );
}
