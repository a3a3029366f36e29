import { Alert } from "../shared/alert.tsx";
import type { FieldErrors, FormContext } from "../shared/context.ts";
import { SelectField, TextField } from "../shared/fields.tsx";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Entrance } from "./entrance.tsx";

export interface OwnershipPageProps {
  context: FormContext;
  companyName: string;
  /** Active people with a mail address. */
  candidates: readonly { id: string; name: string; email: string }[];
  values: { userId: string; companyName: string };
  errors: FieldErrors;
  /** False for an owner who has only ever used links: the password asked for has to be set first. */
  hasPassword: boolean;
}

/** Form: POST /auth/ownership with userId, companyName, password, formToken. */
export function OwnershipPage(props: OwnershipPageProps) {
  const { context, companyName } = props;
  return (
    <Entrance context={context} companyName={companyName} title="Hand the pharmacy over">
      <h1 class="font-semibold text-xl">Hand the pharmacy over</h1>
      <ul class="mt-3 list-disc space-y-1 pl-5 text-muted">
        <li>The person whom you choose becomes the owner and may do everything, also hand it over again.</li>
        <li>You become an administrator.</li>
        <li>Both of you get a mail. Only the new owner can give it back.</li>
      </ul>
      <Body {...props} />
      <p class="mt-5 text-center">
        <a href="/settings/people" class="link">
          Keep the pharmacy
        </a>
      </p>
    </Entrance>
  );
}

function Body({ context, companyName, candidates, values, errors, hasPassword }: OwnershipPageProps) {
  if (candidates.length === 0) {
    return (
      <div class="mt-5">
        <Alert tone="info" title="There is nobody to hand it to">
          <p>
            The new owner needs a login with a mail address here.{" "}
            <a href="/settings/people/new" class="underline underline-offset-2">
              Invite them first
            </a>
            .
          </p>
        </Alert>
      </div>
    );
  }
  if (!hasPassword) {
    return (
      <div class="mt-5">
        <Alert tone="info" title="Choose a password first">
          <p>
            It is asked for here, and you have only used links so far.{" "}
            <a href="/auth/password" class="underline underline-offset-2">
              Choose a password
            </a>
            .
          </p>
        </Alert>
      </div>
    );
  }
  return (
    <form method="post" action="/auth/ownership" data-once class="mt-5 space-y-5" novalidate>
      <FormToken token={context.formToken} />
      <SelectField
        name="userId"
        label="New owner"
        value={values.userId}
        error={errors.userId}
        options={[
          { value: "", label: "Choose a person" },
          ...candidates.map(({ id, name, email }) => ({ value: id, label: `${name} (${email})` })),
        ]}
      />
      <TextField
        name="companyName"
        label={`Type “${companyName}” to confirm`}
        value={values.companyName}
        error={errors.companyName}
        attributes={{ required: true, autocomplete: "off", spellcheck: false }}
      />
      <TextField
        name="password"
        label="Your own password"
        error={errors.password}
        attributes={{ type: "password", required: true, maxlength: 128, autocomplete: "current-password" }}
      />
      <SubmitButton busy="Handing over…" class="btn-error w-full">
        Hand the pharmacy over
      </SubmitButton>
    </form>
  );
}
