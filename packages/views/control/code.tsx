import { Alert } from "../shared/alert.tsx";
import type { PageContext } from "../shared/context.ts";
import { TextField } from "../shared/fields.tsx";
import { countOf } from "../shared/formats.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { SiteCard, SiteLayout } from "./site-layout.tsx";

export interface CodePageProps {
  context: PageContext;
  email: string;
  attemptsLeft?: number;
  error?: string;
  /** True right after another code was mailed. */
  resent?: boolean;
  formToken: string;
}

/** Forms: POST /sign-up/code with code, formToken; POST /sign-up/code/resend with formToken. */
export function CodePage({ context, email, attemptsLeft, error, resent, formToken }: CodePageProps) {
  return (
    <SiteLayout context={context} title="Enter your code" quiet>
      <SiteCard>
        <span class="flex size-11 items-center justify-center rounded-full bg-soft-primary text-soft-primary-text">
          <Icon name="mail" class="size-5" />
        </span>
        <h1 class="mt-5 font-semibold text-2xl">Check your mail</h1>
        <p class="mt-2 text-base text-muted">
          We wrote to <strong class="break-words font-medium text-base-content">{email}</strong>. Enter the six-digit
          code from the mail.
        </p>
        {resent ? (
          <div class="mt-5">
            <Alert tone="success">We wrote again. An earlier code no longer works.</Alert>
          </div>
        ) : null}
        <form method="post" action="/sign-up/code" data-once class="mt-6 space-y-5" novalidate>
          <FormToken token={formToken} />
          <TextField
            name="code"
            label="Code"
            error={error}
            help={
              attemptsLeft === undefined ? undefined : `${countOf(attemptsLeft, "try", "tries")} left with this code.`
            }
            attributes={{
              inputmode: "numeric",
              autocomplete: "one-time-code",
              pattern: "[0-9 ]*",
              maxlength: 11,
              required: true,
              autofocus: true,
            }}
            large
          />
          <SubmitButton busy="Checking…" class="btn-primary w-full">
            Continue
          </SubmitButton>
        </form>
        <div class="mt-6 flex flex-wrap items-center justify-between gap-3 border-line border-t pt-5">
          <form method="post" action="/sign-up/code/resend" data-once>
            <FormToken token={formToken} />
            <SubmitButton busy="Sending…" class="btn-plain btn-sm">
              <Icon name="refresh-cw" class="size-3.5" />
              Send a new code
            </SubmitButton>
          </form>
          <p class="text-muted">
            Wrong address?{" "}
            <a href="/sign-up" class="link">
              Start again
            </a>
          </p>
        </div>
      </SiteCard>
      <div class="-mt-5 mx-auto max-w-xl space-y-1 px-4 pb-12 text-center text-muted">
        <p>Nothing there after a minute? Look in the spam folder.</p>
        <p>If this address has a pharmacy already, the mail has no code but says where to sign in.</p>
      </div>
    </SiteLayout>
  );
}
