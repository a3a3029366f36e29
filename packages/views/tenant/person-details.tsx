import type { FieldErrors } from "../shared/context.ts";
import { TextField } from "../shared/fields.tsx";
import { ErrorSummary, FormToken, SubmitButton } from "../shared/forms.tsx";

/** Name and login, blank where there is none. */
export interface DetailsValues {
  name: string;
  email: string;
  username: string;
}

export interface PersonDetailsProps {
  person: { id: string; name: string; isSelf: boolean };
  formToken: string;
  values: DetailsValues;
  /** What was there when the page was made: a change by somebody else since is not overwritten. */
  seen: DetailsValues;
  errors: FieldErrors;
}

/**
 * Form: POST /settings/people/:id/details with name, email, username, seen-name, seen-email, seen-username and
 * formToken.
 */
export function PersonDetails({ person, formToken, values, seen, errors }: PersonDetailsProps) {
  return (
    <section class="card p-5 sm:p-6" aria-labelledby="details">
      <h2 id="details" class="mb-4 font-semibold">
        Name and login
      </h2>
      <form method="post" action={`/settings/people/${person.id}/details`} data-once class="space-y-5" novalidate>
        <FormToken token={formToken} />
        <input type="hidden" name="seen-name" value={seen.name} />
        <input type="hidden" name="seen-email" value={seen.email} />
        <input type="hidden" name="seen-username" value={seen.username} />
        <ErrorSummary errors={errors} />
        <TextField
          name="name"
          label="Name"
          value={values.name}
          error={errors.name}
          attributes={{ required: true, maxlength: 100, autocomplete: "off" }}
        />
        <div class="grid grid-cols-1 items-start gap-5 sm:grid-cols-2">
          <TextField
            name="email"
            label="Mail address"
            optional={!person.isSelf}
            value={values.email}
            error={errors.email}
            help={person.isSelf ? "You sign in with it." : "They sign in with it, and get links for a new password."}
            attributes={{ type: "email", maxlength: 254, autocomplete: "off" }}
          />
          <TextField
            name="username"
            label="Username"
            optional
            value={values.username}
            error={errors.username}
            help="3 to 30 small letters and digits, like amina.o. It signs in too."
            attributes={{ maxlength: 30, autocomplete: "off", autocapitalize: "none", spellcheck: false }}
          />
        </div>
        <div class="flex flex-col items-start gap-3">
          <p class="text-muted text-xs">
            {person.isSelf
              ? "With another mail address you are signed out on your other devices, and both addresses get a mail."
              : "With another mail address they are signed out everywhere, and both addresses get a mail."}
          </p>
          <SubmitButton busy="Saving…" class={person.isSelf ? "btn-primary" : "btn-plain"}>
            Save name and login
          </SubmitButton>
        </div>
      </form>
    </section>
  );
}
