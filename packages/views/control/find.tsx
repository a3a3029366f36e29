import type { PageContext } from "../shared/context.ts";
import { TextField } from "../shared/fields.tsx";
import { SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { SiteCard, SiteLayout } from "./site-layout.tsx";

export interface FindPageProps {
  context: PageContext;
  email?: string;
  error?: string;
}

/** Form: POST /find with email. */
export function FindPage({ context, email = "", error }: FindPageProps) {
  return (
    <SiteLayout
      context={context}
      title="Find your pharmacy"
      description="Every pharmacy has an address of its own. Have yours mailed to you."
      quiet
    >
      <SiteCard>
        <h1 class="font-semibold text-2xl">Find your pharmacy</h1>
        <p class="mt-2 text-base text-muted">
          Every pharmacy signs in at an address of its own. Tell us yours, and we mail you where you sign in.
        </p>
        <form method="post" action="/find" data-once class="mt-6 space-y-5" novalidate>
          <TextField
            name="email"
            label="Your mail address"
            value={email}
            error={error}
            help="The address that you sign in with. If you have a username instead, ask the owner of your pharmacy."
            attributes={{ type: "email", required: true, maxlength: 254, autocomplete: "email" }}
          />
          <SubmitButton busy="Sending…" class="btn-primary w-full">
            <Icon name="mail" />
            Mail me my addresses
          </SubmitButton>
        </form>
        <p class="mt-6 border-line border-t pt-5 text-muted">
          No pharmacy yet?{" "}
          <a href="/sign-up" class="link">
            Start a free trial
          </a>
        </p>
      </SiteCard>
    </SiteLayout>
  );
}

/** The answer to the form, the same for every address: only its mailbox learns more. */
export function FindSentPage({ context }: { context: PageContext }) {
  return (
    <SiteLayout context={context} title="Look into your mail" quiet>
      <SiteCard>
        <span class="flex size-11 items-center justify-center rounded-full bg-soft-primary text-soft-primary-text">
          <Icon name="mail" class="size-5" />
        </span>
        <h1 class="mt-5 font-semibold text-2xl">Look into your mail</h1>
        <p class="mt-2 text-base text-muted">
          If that address signs in to a pharmacy, a mail with its address is on the way. It takes a minute at most.
        </p>
        <h2 class="mt-6 font-semibold">Nothing there?</h2>
        <ul class="mt-2 list-disc space-y-1 pl-5 text-muted">
          <li>Look in the spam folder.</li>
          <li>Perhaps your pharmacy knows you by another address, or by a username: ask its owner.</li>
        </ul>
        <a href="/find" class="btn btn-plain mt-6">
          Try another address
        </a>
      </SiteCard>
    </SiteLayout>
  );
}
