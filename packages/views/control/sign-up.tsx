import type { FieldErrors, PageContext } from "../shared/context.ts";
import { CheckboxField, described, Field, TextField } from "../shared/fields.tsx";
import { dollars } from "../shared/formats.ts";
import { ErrorSummary, FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import type { PlanCard } from "./plans.tsx";
import { SiteLayout } from "./site-layout.tsx";
import { SubdomainHint } from "./subdomain-hint.tsx";

export { SubdomainHint, type SubdomainHintProps } from "./subdomain-hint.tsx";

export interface SignUpValues {
  companyName: string;
  ownerName: string;
  email: string;
  subdomain: string;
  plan: string;
  termsAccepted: boolean;
}

export interface SignUpPageProps {
  context: PageContext;
  /** Plans that a visitor can start on their own. */
  plans: PlanCard[];
  values: SignUpValues;
  errors: FieldErrors;
  /** The part of the address after the subdomain, for example `pharmasight.com`. */
  rootHost: string;
  termsVersion: string;
  formToken: string;
}

/** Form: POST /sign-up with companyName, ownerName, email, subdomain, plan, termsAccepted (`yes`), termsVersion, formToken. */
export function SignUpPage({ context, plans, values, errors, rootHost, termsVersion, formToken }: SignUpPageProps) {
  return (
    <SiteLayout context={context} title="Start your free trial" htmx quiet>
      <div class="mx-auto grid max-w-5xl grid-cols-1 gap-10 px-4 py-10 sm:px-6 sm:py-14 lg:grid-cols-[minmax(0,1fr)_17rem]">
        <div>
          <h1 class="font-semibold text-3xl">Start your free trial</h1>
          <p class="mt-2 text-base text-muted">14 days with everything in your plan. No card needed.</p>
          <p class="mt-1 text-muted">
            Have a pharmacy already?{" "}
            <a href="/find" class="link">
              Find where to sign in
            </a>
          </p>
          <form method="post" action="/sign-up" data-once class="card mt-8 space-y-6 p-5 sm:p-8" novalidate>
            <FormToken token={formToken} />
            <input type="hidden" name="termsVersion" value={termsVersion} />
            <ErrorSummary errors={errors} />
            <TextField
              name="companyName"
              label="Name of the pharmacy"
              value={values.companyName}
              error={errors.companyName}
              attributes={{ required: true, maxlength: 100, autocomplete: "organization" }}
            />
            <SubdomainField value={values.subdomain} error={errors.subdomain} rootHost={rootHost} />
            <div class="grid grid-cols-1 gap-6 sm:grid-cols-2">
              <TextField
                name="ownerName"
                label="Your name"
                value={values.ownerName}
                error={errors.ownerName}
                attributes={{ required: true, maxlength: 100, autocomplete: "name" }}
              />
              <TextField
                name="email"
                label="Your mail address"
                value={values.email}
                error={errors.email}
                help="We send a code to it in the next step. Later you sign in with it."
                attributes={{ type: "email", required: true, maxlength: 254, autocomplete: "email" }}
              />
            </div>
            <PlanChoice plans={plans} chosen={values.plan} error={errors.plan} />
            <CheckboxField
              name="termsAccepted"
              value="yes"
              checked={values.termsAccepted}
              error={errors.termsAccepted}
              required
            >
              I accept the{" "}
              <a href="/terms" target="_blank" rel="noopener" class="link">
                terms of service
              </a>{" "}
              <span class="text-muted">(version {termsVersion})</span>
            </CheckboxField>
            <SubmitButton busy="Sending your code…" class="btn-primary w-full sm:w-auto">
              Continue
              <Icon name="arrow-right" />
            </SubmitButton>
          </form>
        </div>
        <NextSteps />
      </div>
    </SiteLayout>
  );
}

interface SubdomainFieldProps {
  value: string;
  error: string | undefined;
  rootHost: string;
}

function SubdomainField({ value, error, rootHost }: SubdomainFieldProps) {
  const help = "Small letters, digits and hyphens. You can change it later.";
  return (
    <Field name="subdomain" label="Address" error={error} help={help}>
      <div class="input field">
        <input
          type="text"
          id="subdomain"
          name="subdomain"
          value={value}
          required
          maxlength={63}
          autocapitalize="none"
          autocomplete="off"
          spellcheck={false}
          placeholder="your-pharmacy"
          class="min-w-24 grow"
          data-propose-from="companyName"
          hx-get="/sign-up/subdomain"
          hx-trigger="input changed delay:300ms"
          hx-target="#subdomain-hint"
          hx-sync="this:replace"
          {...described({ name: "subdomain", help, error })}
        />
        <span class="max-w-3/5 shrink-0 truncate text-muted">.{rootHost}</span>
      </div>
      <div id="subdomain-hint" aria-live="polite" data-shows-refusals>
        <SubdomainHint state="empty" message="" />
      </div>
    </Field>
  );
}

function PlanChoice({ plans, chosen, error }: { plans: PlanCard[]; chosen: string; error: string | undefined }) {
  return (
    <fieldset id="plan">
      <legend class="mb-1.5 font-medium">Plan</legend>
      <div class="grid grid-cols-1 gap-3 sm:grid-cols-2">
        {plans.map((plan) => (
          <label class="flex cursor-pointer items-start gap-3 rounded-field border border-field-line p-4 has-checked:border-primary has-checked:bg-soft-primary has-focus-visible:outline-2 has-focus-visible:outline-primary has-focus-visible:outline-offset-2">
            <input
              type="radio"
              name="plan"
              value={plan.code}
              checked={plan.code === chosen}
              class="radio radio-primary radio-sm mt-px"
              {...described({ name: "plan", error })}
            />
            <span class="min-w-0">
              <span class="block">
                <span class="block font-medium">{plan.name}</span>
                {plan.priceMonthlyUsd === undefined ? null : (
                  <span class="text-muted text-xs tabular-nums">
                    {dollars(plan.priceMonthlyUsd)} a month after the trial
                  </span>
                )}
              </span>
              <span class="mt-0.5 block text-muted text-xs">{plan.limits.join(", ")}</span>
            </span>
          </label>
        ))}
      </div>
      {error ? (
        <p id="plan-error" class="mt-1.5 flex items-start gap-1.5 font-medium text-error">
          <Icon name="triangle-alert" class="mt-0.5 size-4" />
          {error}
        </p>
      ) : null}
    </fieldset>
  );
}

const nextSteps: readonly { title: string; text: string }[] = [
  { title: "Enter the code", text: "We mail you six digits, so we know the address is yours." },
  { title: "Watch it being set up", text: "Your own database and sign-in, usually in under a minute." },
  { title: "Bring your items", text: "Upload your list of medicines and start searching." },
];

function NextSteps() {
  return (
    <aside aria-labelledby="next-title" class="lg:pt-24">
      <h2 id="next-title" class="font-semibold">
        What happens next
      </h2>
      <ol class="mt-4 space-y-5">
        {nextSteps.map((step, index) => (
          <li class="flex gap-3">
            <span class="flex size-6 shrink-0 items-center justify-center rounded-full border border-line bg-base-100 font-medium text-xs tabular-nums">
              {index + 1}
            </span>
            <div>
              <h3 class="font-medium">{step.title}</h3>
              <p class="text-muted">{step.text}</p>
            </div>
          </li>
        ))}
      </ol>
    </aside>
  );
}
