import { Icon } from "../../shared/icons.tsx";
import { Moment } from "../../shared/moment.tsx";
import type { TenantShell } from "../shell.tsx";
import { ActionForm, CardForm } from "./action-form.tsx";
import { amountColumn, amountHead } from "./amounts.ts";
import type { Change } from "./change-outcome.tsx";
import { Day } from "./day.tsx";

/** What is other than before, what it costs line by line, and the button that makes it so. */
export function ChangeSummary({ shell, change }: { shell: TenantShell; change: Change }) {
  const { changes, notes } = change;
  const { timeZone } = shell.company;
  return (
    <section class="card overflow-clip" aria-labelledby="change">
      <div class="p-5 sm:p-6">
        <h2 id="change" class="sr-only">
          What changes
        </h2>
        <ul class="space-y-1.5">
          {changes.map((sentence) => (
            <li class="font-semibold text-lg">{sentence}</li>
          ))}
        </ul>
        <Beginning change={change} timeZone={timeZone} />
        {notes.length === 0 ? null : (
          <ul class="mt-4 space-y-1.5">
            {notes.map((note) => (
              <li class="flex gap-2 text-muted">
                <Icon name="info" class="mt-0.5 size-4" />
                <span class="min-w-0">{note}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
      <Costs change={change} timeZone={timeZone} />
      <Decision shell={shell} change={change} />
    </section>
  );
}

/** From when it holds, while that is still to come. */
function Beginning({ change, timeZone }: { change: Change; timeZone: string }) {
  const { state, when, nextAt } = change;
  if (state === "applied" || state === "failed" || state === "applying") return null;
  if (when === "now") {
    return <p class="mt-1 text-muted">It begins {state === "waiting" ? "when it is paid" : "at once"}.</p>;
  }
  return (
    <p class="mt-1 text-muted">
      It begins{" "}
      {nextAt === undefined ? (
        "with the next period"
      ) : (
        <>
          on <Day at={nextAt} timeZone={timeZone} />
        </>
      )}
      . Until then everything stays as it is.
    </p>
  );
}

/** The lines, what they come to, and what is paid next, in one column of figures. */
function Costs({ change, timeZone }: { change: Change; timeZone: string }) {
  const { lines, dueNow, dueNext, nextAt, isCredit, state } = change;
  const column = amountColumn([...lines.map(({ amount }) => amount), dueNow, dueNext]);
  const label = "py-3 pr-4 pl-5 text-left sm:pl-6";
  const figure = "whitespace-nowrap py-3 pr-5 text-right align-top tabular-nums sm:pr-6";
  return (
    <table class="w-full border-collapse border-line border-t">
      <caption class="sr-only">What it costs</caption>
      <thead class="bg-base-200 text-muted text-xs">
        <tr class="border-line border-b">
          <th scope="col" class={`${label} py-2.5! font-medium`}>
            What it costs
          </th>
          <th scope="col" class={`${figure} py-2.5! font-medium`}>
            {amountHead("Amount", column)}
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map(({ description, amount, isCredit: givesBack }) => (
          <tr class="*:py-1.5! first:*:pt-3.5! last:*:pb-3.5!">
            <th scope="row" class={`${label} font-normal text-muted`}>
              {description}
            </th>
            <td class={`${figure} ${givesBack ? "text-success" : ""}`}>{column.figure(amount)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr class={lines.length === 0 ? "" : "border-line border-t"}>
          <th scope="row" class={`${label} font-semibold text-base`}>
            {isCredit ? "Taken off the next invoices" : dueWords[state]}
          </th>
          <td class={`${figure} font-semibold text-base`}>{column.figure(dueNow)}</td>
        </tr>
        <tr class="border-line border-t text-muted">
          <th scope="row" class={`${label} font-normal`}>
            {nextAt === undefined ? (
              "Next payment"
            ) : (
              <>
                Next payment, on <Day at={nextAt} timeZone={timeZone} />
              </>
            )}
          </th>
          <td class={figure}>{column.figure(dueNext)}</td>
        </tr>
      </tfoot>
    </table>
  );
}

const dueWords: Readonly<Record<Change["state"], string>> = {
  quoted: "Due now",
  applying: "Due now",
  waiting: "Due now",
  applied: "Paid",
  failed: "It would have cost",
  expired: "Was due",
};

/** What can be done now: confirm it, go on at the bank, ask once more, or go back. */
function Decision({ shell, change }: { shell: TenantShell; change: Change }) {
  const { state, card } = change;
  const { formToken } = shell.context;
  const isQuoted = state === "quoted";
  return (
    <div class="border-line border-t bg-base-200 p-5 sm:p-6">
      {isQuoted ? <HowItIsPaid change={change} timeZone={shell.company.timeZone} /> : null}
      <div class="flex flex-wrap gap-2 max-sm:flex-col max-sm:[&_.btn]:w-full">
        <MainButton change={change} formToken={formToken} />
        {state === "failed" ? <CardForm formToken={formToken}>Use another card</CardForm> : null}
        {isQuoted && card?.state === "expired" ? <CardForm formToken={formToken}>Change card</CardForm> : null}
        <a href="/billing" class={`btn ${state === "applied" ? "btn-primary" : "btn-ghost"}`}>
          {isQuoted || state === "expired" || state === "failed" ? "Keep everything as it is" : "Plan and billing"}
        </a>
      </div>
    </div>
  );
}

function MainButton({ change, formToken }: { change: Change; formToken: string }) {
  const { id, state, when, again, confirmHref, isCredit, dueNow, lines } = change;
  if (state === "quoted") {
    const isPaidNow = when === "now" && !isCredit && lines.length > 0;
    return (
      <ActionForm
        action={`/billing/changes/${encodeURIComponent(id)}/confirm`}
        formToken={formToken}
        busy={isPaidNow ? "Paying…" : "Changing…"}
        class="btn-primary tabular-nums"
      >
        {isPaidNow ? `Pay ${dueNow} and change` : when === "now" ? "Change now" : "Plan the change"}
      </ActionForm>
    );
  }
  if (state === "waiting" && confirmHref !== undefined) {
    return (
      <a href={confirmHref} class="btn btn-primary">
        Confirm the payment
      </a>
    );
  }
  if (state !== "expired" && state !== "failed") return null;
  const fields: Readonly<Record<string, string>> =
    "price" in again ? { price: again.price } : { addOn: again.addOn, quantity: String(again.quantity) };
  return (
    <ActionForm action="/billing/quote" formToken={formToken} fields={fields} busy="Calculating…" class="btn-primary">
      {state === "expired" ? "Show the amounts of now" : "Try once more"}
    </ActionForm>
  );
}

function HowItIsPaid({ change, timeZone }: { change: Change; timeZone: string }) {
  const { card, when, isCredit, holdsUntil } = change;
  return (
    <p class="mb-4 text-muted">
      {when === "at_period_end"
        ? "Nothing is charged today. "
        : isCredit
          ? "Nothing is charged: what you have paid too much is taken off the next invoices. "
          : card === undefined
            ? "Charged to the card on file. "
            : `Charged to ${card.brand} ending in ${card.last4}${card.state === "expired" ? ", which has expired" : ""}. `}
      The amounts hold until <Moment at={holdsUntil} timeZone={timeZone} />.
    </p>
  );
}
