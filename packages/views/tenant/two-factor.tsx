import { Alert } from "../shared/alert.tsx";
import { Badge } from "../shared/badge.tsx";
import type { FieldErrors } from "../shared/context.ts";
import { TextField } from "../shared/fields.tsx";
import { countOf, formatDay } from "../shared/formats.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";
import { CodeField } from "./two-factor-code-field.tsx";
import { QrCode } from "./two-factor-qr.tsx";

export type TwoFactorView =
  /** `asksPassword`: they signed in a while ago. */
  | { kind: "off"; asksPassword: boolean; hasPassword: boolean }
  | { kind: "pending"; secret: string; keyUri: string }
  | { kind: "on"; since: Date; codesLeft: number; hasPassword: boolean };

export interface TwoFactorPageProps {
  shell: TenantShell;
  view: TwoFactorView;
  errors: FieldErrors;
  /** They came in by a recovery code just now. */
  recovered: boolean;
}

/** Forms: POST /auth/two-factor/begin, /confirm, /off and /codes, each with formToken. */
export function TwoFactorPage({ shell, view, errors, recovered }: TwoFactorPageProps) {
  return (
    <TenantLayout
      shell={shell}
      title="Second step"
      subtitle="A code from your phone, besides the password: who learns your password alone stays out."
      back={{ label: "Your account", href: "/auth/account" }}
    >
      <div class="max-w-2xl space-y-6">
        {recovered && view.kind === "on" ? <Recovered codesLeft={view.codesLeft} /> : null}
        {view.kind === "off" ? <Off shell={shell} view={view} errors={errors} /> : null}
        {view.kind === "pending" ? <Pending shell={shell} view={view} errors={errors} /> : null}
        {view.kind === "on" ? <On shell={shell} view={view} errors={errors} /> : null}
      </div>
    </TenantLayout>
  );
}

function Recovered({ codesLeft }: { codesLeft: number }) {
  return (
    <Alert tone="info" title="You signed in with a recovery code">
      It is used up; {codesLeft === 0 ? "none is" : `${codesLeft} are`} left. Is the phone lost? Then turn the second
      step off below and set it up anew with the next one.
    </Alert>
  );
}

type PartProps<K> = {
  shell: TenantShell;
  view: Extract<TwoFactorView, { kind: K }>;
  errors: FieldErrors;
};

function Off({ shell, view, errors }: PartProps<"off">) {
  const mustComeBack = view.asksPassword && !view.hasPassword;
  return (
    <section class="card p-5 sm:p-6" aria-labelledby="off">
      <h2 id="off" class="flex flex-wrap items-center gap-2 font-semibold">
        Your second step <Badge tone="neutral">Off</Badge>
      </h2>
      <p class="mt-2 text-muted">
        You need a phone with an authenticator app, such as Google Authenticator, Microsoft Authenticator or Aegis. It
        works without a connection and costs nothing.
      </p>
      {mustComeBack ? (
        <div class="mt-5">
          <Alert tone="info">
            You signed in a while ago and have no password. Sign out, come back by a sign-in link and set this up then.
          </Alert>
        </div>
      ) : (
        <form method="post" action="/auth/two-factor/begin" data-once class="mt-5 max-w-sm space-y-5" novalidate>
          <FormToken token={shell.context.formToken} />
          {view.asksPassword ? <PasswordField error={errors.password} help="You signed in a while ago." /> : null}
          <SubmitButton busy="Preparing…">Set it up</SubmitButton>
        </form>
      )}
    </section>
  );
}

function Pending({ shell, view, errors }: PartProps<"pending">) {
  const groups = view.secret.match(/.{1,4}/g) ?? [];
  return (
    <section class="card p-5 sm:p-6" aria-labelledby="pending">
      <h2 id="pending" class="font-semibold">
        Set it up
      </h2>
      <ol class="mt-4 list-decimal space-y-6 pl-5 marker:font-semibold marker:text-muted">
        <li>
          <p>Open the authenticator app on your phone and let it scan this.</p>
          <div class="mt-3 flex flex-wrap items-start gap-5">
            <QrCode text={view.keyUri} label="QR code with the secret for the app" />
            <div class="min-w-0 flex-1 basis-56">
              <p class="text-muted">Or type this secret into the app; it is based on time.</p>
              <code
                id="secret"
                class="mt-2 block select-all break-words rounded-lg border border-line bg-base-200 px-4 py-3 font-mono text-sm"
              >
                {groups.join(" ")}
              </code>
              <p class="mt-2">
                <a href={view.keyUri} class="link">
                  The app is on this very phone
                </a>
              </p>
              <p class="mt-2 text-muted text-xs">
                The secret is shown for 15 minutes and only to you. Do not send it to anybody.
              </p>
            </div>
          </div>
        </li>
        <li>
          <p>Type the six digits that the app shows.</p>
          <form method="post" action="/auth/two-factor/confirm" data-once class="mt-3 max-w-sm space-y-5" novalidate>
            <FormToken token={shell.context.formToken} />
            <CodeField error={errors.code} autofocus={false} />
            <SubmitButton busy="Checking…">Turn it on</SubmitButton>
          </form>
        </li>
      </ol>
    </section>
  );
}

function On({ shell, view, errors }: PartProps<"on">) {
  const { codesLeft } = view;
  return (
    <>
      <section class="card p-5 sm:p-6" aria-labelledby="on">
        <h2 id="on" class="flex flex-wrap items-center gap-2 font-semibold">
          Your second step
          <Badge tone="success" icon="shield-check">
            On
          </Badge>
        </h2>
        <p class="mt-2 text-muted">
          Since {formatDay(view.since, shell.company.timeZone)}. {countOf(codesLeft, "recovery code")} left for when the
          phone is not at hand.
        </p>
        {codesLeft <= 3 ? (
          <div class="mt-4">
            <Alert tone="warning">Few recovery codes are left. Make ten new ones while you can sign in.</Alert>
          </div>
        ) : null}
      </section>
      <section class="card p-5 sm:p-6" aria-labelledby="change">
        <h2 id="change" class="font-semibold">
          Change it
        </h2>
        <dl class="mt-2 space-y-2 text-muted">
          <div>
            <dt class="inline font-medium text-base-content">New recovery codes: </dt>
            <dd class="inline">ten new ones; those from before stop working.</dd>
          </div>
          <div>
            <dt class="inline font-medium text-base-content">Turn off: </dt>
            <dd class="inline">
              for a new phone, or when this one is lost. Then set it up anew; until then your password alone lets you
              in.
            </dd>
          </div>
        </dl>
        <form method="post" action="/auth/two-factor/codes" data-once class="mt-5 max-w-sm space-y-5" novalidate>
          <FormToken token={shell.context.formToken} />
          {view.hasPassword ? <PasswordField error={errors.password} /> : null}
          <TextField
            name="recoveryCode"
            label={view.hasPassword ? "Or a recovery code" : "Recovery code"}
            error={errors.recoveryCode}
            help="One of the two is enough. A recovery code is used up by it."
            attributes={{ maxlength: 100, autocomplete: "off", autocapitalize: "none", spellcheck: false }}
          />
          <div class="flex flex-wrap gap-2">
            <SubmitButton busy="Making…" class="btn-plain w-full sm:w-auto">
              Make new recovery codes
            </SubmitButton>
            <button type="submit" formaction="/auth/two-factor/off" class="btn btn-error w-full sm:w-auto">
              <span class="when-idle">Turn off</span>
              <span class="when-busy items-center gap-2">
                <span class="loading loading-spinner loading-xs" aria-hidden="true" />
                Turning off…
              </span>
            </button>
          </div>
        </form>
      </section>
    </>
  );
}

function PasswordField({ error, help }: { error: string | undefined; help?: string }) {
  return (
    <TextField
      name="password"
      label="Your password"
      error={error}
      help={help}
      attributes={{ type: "password", maxlength: 128, autocomplete: "current-password" }}
    />
  );
}
