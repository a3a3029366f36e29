import { Alert } from "../shared/alert.tsx";
import type { FormContext } from "../shared/context.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { Entrance } from "./entrance.tsx";

export interface SignInLinkPageProps {
  context: FormContext;
  companyName: string;
  /** Posted back as `token`: opening the link alone signs nobody in, since mail scanners open links. */
  token: string;
  /** Set when the link was used or has expired: the page then offers the way out instead of the button. */
  error?: string;
}

/** Form: POST to `context.path` with token, formToken. */
export function SignInLinkPage({ context, companyName, token, error }: SignInLinkPageProps) {
  if (error !== undefined) {
    return (
      <Entrance context={context} companyName={companyName} title="Sign-in link">
        <h1 class="font-semibold text-xl">This link no longer works</h1>
        <div class="mt-4">
          <Alert tone="warning">{error}</Alert>
        </div>
        <a href="/auth/sign-in" class="btn btn-primary mt-5 w-full">
          Sign in another way
        </a>
      </Entrance>
    );
  }
  return (
    <Entrance context={context} companyName={companyName} title="Sign in">
      <h1 class="font-semibold text-xl">Welcome back</h1>
      <p class="mt-2 text-muted">One more step, so that only you can use the link from your mail.</p>
      <form method="post" action={context.path} data-once class="mt-5">
        <FormToken token={context.formToken} />
        <input type="hidden" name="token" value={token} />
        <SubmitButton busy="Signing in…" class="btn-primary w-full">
          <span class="max-w-56 truncate">Sign in to {companyName}</span>
          <Icon name="arrow-right" />
        </SubmitButton>
      </form>
    </Entrance>
  );
}
