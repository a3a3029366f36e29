import type { FieldErrors, FormContext } from "../shared/context.ts";
import { TextField } from "../shared/fields.tsx";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Entrance } from "./entrance.tsx";
import { CodeField } from "./two-factor-code-field.tsx";

export interface TwoFactorStepPageProps {
  context: FormContext;
  companyName: string;
  errors: FieldErrors;
}

/** Two forms, each POST /auth/second-step: with code, or with recoveryCode. */
export function TwoFactorStepPage({ context, companyName, errors }: TwoFactorStepPageProps) {
  return (
    <Entrance context={context} companyName={companyName} title="Second step">
      <h1 class="font-semibold text-xl">One more step</h1>
      <p class="mt-2 text-muted">Open the authenticator app on your phone and type the six digits that it shows.</p>
      <form method="post" action="/auth/second-step" data-once class="mt-5 space-y-5" novalidate>
        <FormToken token={context.formToken} />
        <CodeField error={errors.code} autofocus={errors.recoveryCode === undefined} />
        <SubmitButton busy="Signing in…" class="btn-primary w-full">
          Go on
        </SubmitButton>
      </form>
      <details class="mt-5 border-line border-t pt-4" open={errors.recoveryCode !== undefined}>
        <summary class="link cursor-pointer list-none text-center">No phone at hand? Use a recovery code</summary>
        <form method="post" action="/auth/second-step" data-once class="mt-4 space-y-5" novalidate>
          <FormToken token={context.formToken} />
          <TextField
            name="recoveryCode"
            label="Recovery code"
            error={errors.recoveryCode}
            help="One of the ten that you kept when you set this up, like abcde-fgh23. Each works once. None left? Ask an administrator; an owner writes to support."
            attributes={{
              required: true,
              maxlength: 100,
              autocomplete: "off",
              autocapitalize: "none",
              spellcheck: false,
            }}
          />
          <SubmitButton busy="Signing in…" class="btn-plain w-full">
            Use recovery code
          </SubmitButton>
        </form>
      </details>
      <p class="mt-5 text-center">
        <a href="/auth/sign-in" class="link">
          Sign in as somebody else
        </a>
      </p>
    </Entrance>
  );
}
