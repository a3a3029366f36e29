import { EmptyState } from "../../shared/empty-state.tsx";
import { described, Field, TextField } from "../../shared/fields.tsx";
import { ErrorSummary, FormToken, SubmitButton } from "../../shared/forms.tsx";
import { Icon } from "../../shared/icons.tsx";
import { TenantLayout, type TenantShell } from "../shell.tsx";
import type { EnterpriseProps } from "./props.ts";

/** Form: POST /billing/enterprise with phone, branches, message, formToken. */
export function EnterprisePage({ shell, ...props }: { shell: TenantShell } & EnterpriseProps) {
  const { sentFor } = props;
  return (
    <TenantLayout
      shell={shell}
      title="Enterprise"
      subtitle="For groups of pharmacies: we agree on a price, room and modules with you."
      back={{ label: "Plans", href: "/billing/plans" }}
    >
      {sentFor === undefined ? (
        <div class="grid grid-cols-1 items-start gap-6 lg:grid-cols-[minmax(0,1fr)_20rem]">
          <EnquiryForm shell={shell} {...props} />
          <WhatIsInIt />
        </div>
      ) : (
        <div class="card max-w-2xl" role="status">
          <EmptyState
            icon="mail"
            title="Your question is on its way to us"
            message={`We answer to ${sentFor}. Nothing changes before you agree.`}
          >
            <a href="/billing" class="btn btn-primary">
              Plan and billing
            </a>
          </EmptyState>
        </div>
      )}
    </TenantLayout>
  );
}

const messageHelp = "What you have now, what is missing, and from when.";

function EnquiryForm({ shell, values, errors }: { shell: TenantShell } & EnterpriseProps) {
  const message = { name: "message", help: messageHelp, error: errors.message };
  return (
    <form method="post" action="/billing/enterprise" data-once class="card space-y-5 p-5 sm:p-6" novalidate>
      <FormToken token={shell.context.formToken} />
      <ErrorSummary errors={errors} />
      <div class="grid gap-5 sm:grid-cols-2">
        <TextField
          name="branches"
          label="How many branches"
          value={values.branches}
          error={errors.branches}
          optional
          attributes={{ maxlength: 40, inputmode: "numeric", autocomplete: "off" }}
        />
        <TextField
          name="phone"
          label="Phone"
          value={values.phone}
          error={errors.phone}
          help="If you would rather be called."
          optional
          attributes={{ type: "tel", maxlength: 40, autocomplete: "tel" }}
        />
      </div>
      <Field {...message} label="What you need">
        <textarea
          id="message"
          name="message"
          rows={6}
          maxlength={2000}
          required
          class="textarea field min-h-32"
          {...described(message)}
        >
          {values.message}
        </textarea>
      </Field>
      <SubmitButton busy="Sending…" class="btn-primary max-sm:w-full">
        Ask for an offer
      </SubmitButton>
    </form>
  );
}

const points = [
  "As many branches, people and items as you need",
  "All modules, and those that you need made",
  "A price and a term that we agree on, paid by card, bank or M-Pesa",
  "Your questions are answered first",
];

function WhatIsInIt() {
  return (
    <section class="card p-5 sm:p-6" aria-labelledby="points">
      <h2 id="points" class="font-semibold">
        What it can have
      </h2>
      <ul class="mt-3 space-y-2.5">
        {points.map((point) => (
          <li class="flex gap-2">
            <Icon name="check" class="mt-0.5 size-4 text-primary" />
            {point}
          </li>
        ))}
      </ul>
      <p class="mt-4 text-muted">Asking binds you to nothing: your plan stays as it is until you agree.</p>
    </section>
  );
}
