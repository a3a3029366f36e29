import type { FieldErrors, FormContext } from "../shared/context.ts";
import { TextField } from "../shared/fields.tsx";
import { formatMoment } from "../shared/formats.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Entrance } from "./entrance.tsx";
import { passwordRules } from "./password-fields.tsx";

export interface InvitationPageProps {
  context: FormContext;
  companyName: string;
  token: string;
  invitedByName: string;
  /** What they are to be, in words. */
  role: string;
  /** What they will sign in with. */
  login: string;
  expiresAt: Date;
  /** IANA name. */
  timeZone: string;
  values: { name: string };
  errors: FieldErrors;
}

/** Form: POST /auth/invitation with token, name, password, passwordAgain. */
export function InvitationPage(props: InvitationPageProps) {
  const { context, companyName, token, invitedByName, role, login, values, errors } = props;
  const attributes = { type: "password", required: true, maxlength: 128, autocomplete: "new-password" };
  return (
    <Entrance context={context} companyName={companyName} title={`Join ${companyName}`}>
      <h1 class="break-words font-semibold text-xl">Join {companyName}</h1>
      <p class="mt-2 break-words text-muted">
        <strong class="font-medium text-base-content">{invitedByName}</strong> invites you. You are to be:{" "}
        <strong class="font-medium text-base-content">{role}</strong>.
      </p>
      <form method="post" action="/auth/invitation" data-once class="mt-5 space-y-5" novalidate>
        <input type="hidden" name="token" value={token} />
        <div>
          <p class="mb-1 font-medium">You sign in as</p>
          <p class="break-all text-muted">{login}</p>
        </div>
        {/* Lets a password manager store the password under the right name. */}
        <input type="hidden" name="username" value={login} autocomplete="username" />
        <TextField
          name="name"
          label="Your name"
          value={values.name}
          error={errors.name}
          attributes={{ required: true, maxlength: 100, autocomplete: "name" }}
        />
        <TextField
          name="password"
          label="Choose a password"
          error={errors.password}
          help={passwordRules}
          attributes={{ ...attributes, minlength: 12 }}
        />
        <TextField name="passwordAgain" label="Once more" error={errors.passwordAgain} attributes={attributes} />
        <SubmitButton busy="Joining…" class="btn-primary w-full">
          Join and sign in
        </SubmitButton>
      </form>
      <p class="mt-5 text-center text-muted text-xs">
        This invitation works once, until {formatMoment(props.expiresAt, props.timeZone)}.
      </p>
    </Entrance>
  );
}

export interface InvitationRefusedPageProps {
  context: FormContext;
  companyName: string;
  /** Why, and whom to ask. */
  message: string;
}

/** In place of an invitation that cannot be accepted. */
export function InvitationRefusedPage({ context, companyName, message }: InvitationRefusedPageProps) {
  return (
    <Entrance context={context} companyName={companyName} title="Invitation">
      <h1 class="font-semibold text-xl">This invitation cannot be used</h1>
      <p class="mt-2 break-words text-muted" role="alert">
        {message}
      </p>
      <a href="/auth/sign-in" class="btn btn-plain mt-5 w-full">
        Go to sign-in
      </a>
    </Entrance>
  );
}

export interface InvitationElsewherePageProps {
  context: FormContext;
  companyName: string;
  /** Who is signed in with this browser. */
  signedInAs: string;
  /** For whom the invitation is. */
  invited: string;
}

/** For somebody who is signed in as another person. Form: POST /auth/sign-out with formToken. */
export function InvitationElsewherePage(props: InvitationElsewherePageProps) {
  const { context, companyName, signedInAs, invited } = props;
  return (
    <Entrance context={context} companyName={companyName} title="Invitation">
      <h1 class="font-semibold text-xl">Somebody else is signed in</h1>
      <p class="mt-2 break-words text-muted">
        This invitation is for <strong class="font-medium text-base-content">{invited}</strong>, and this browser is
        signed in as <strong class="font-medium text-base-content">{signedInAs}</strong>. Sign out, then open the link
        again. Or open it in another browser.
      </p>
      <form method="post" action="/auth/sign-out" data-once class="mt-5">
        <FormToken token={context.formToken} />
        <SubmitButton busy="Signing out…" class="btn-primary w-full">
          Sign out
        </SubmitButton>
      </form>
      <p class="mt-4 text-center">
        <a href="/" class="link">
          Go on as {signedInAs}
        </a>
      </p>
    </Entrance>
  );
}
