import { Field } from "../../shared/fields.tsx";
import { Confirmation } from "../confirmation.tsx";
import type { TenantShell } from "../shell.tsx";
import { Day } from "./day.tsx";

interface CancellationProps {
  shell: TenantShell;
  accessEndsAt: Date;
  /** Whether an invoice waits to be paid. */
  isOverdue: boolean;
}

/** The end of the plan: quiet, at the end of the page, and asked once more with what will happen. */
export function Cancellation({ shell, accessEndsAt, isOverdue }: CancellationProps) {
  const { timeZone } = shell.company;
  return (
    <section
      class="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 border-line border-t pt-6"
      aria-labelledby="ending"
    >
      <div class="min-w-0 max-w-xl">
        <h2 id="ending" class="font-semibold">
          Cancel the plan
        </h2>
        <p class="mt-0.5 text-muted">
          It goes on until <Day at={accessEndsAt} timeZone={timeZone} /> and ends then.
        </p>
      </div>
      <Confirmation
        id="cancel-plan"
        action="/billing/cancel"
        formToken={shell.context.formToken}
        open="Cancel the plan…"
        class="btn-plain"
        title="Cancel the plan?"
        keep="Keep the plan"
        confirm="Cancel the plan"
        busy="Cancelling…"
      >
        <ul class="list-disc space-y-1 pl-5">
          <li>
            Until <Day at={accessEndsAt} timeZone={timeZone} /> everything works as it does now.
          </li>
          <li>
            {isOverdue
              ? "The open invoice stays due. After it, no further payment is taken."
              : "No further payment is taken, and nothing is paid back."}
          </li>
          <li>After that the pharmacy is paused: records can be read, printed and exported. Nothing is deleted.</li>
          <li>You can take the cancellation back on this page until that day.</li>
        </ul>
        <div class="mt-4 text-base-content">
          <Field name="reason" label="What made you decide?" help="It helps us do better." optional>
            <textarea
              id="reason"
              name="reason"
              rows={3}
              maxlength={500}
              class="textarea field"
              aria-describedby="reason-help"
            />
          </Field>
        </div>
      </Confirmation>
    </section>
  );
}
