import { FormToken, SubmitButton } from "../../shared/forms.tsx";
import { ActionForm } from "./action-form.tsx";
import type { AddOnCard } from "./props.ts";

/** What can be done with an addition: buy it, change how many there are, drop it, or try its module. */
export function AddOnActions({ addOn, formToken }: { addOn: AddOnCard; formToken: string }) {
  const { code, name, quantity, trial, isCountable, endsAt } = addOn;
  const isOffered = addOn.change.isPossible && addOn.price !== undefined;
  const isTrialOffered = trial?.state === "offered" && quantity === 0;
  if (!isTrialOffered && (!isOffered || endsAt !== undefined)) return null;
  return (
    <div class="flex flex-wrap items-end gap-2 md:justify-end">
      {isTrialOffered ? (
        <ActionForm
          action={`/billing/modules/${encodeURIComponent(trial.module)}/trial`}
          formToken={formToken}
          busy="Starting…"
          class="btn-plain btn-sm"
        >
          Try 14 days free
          <span class="sr-only">: {name}</span>
        </ActionForm>
      ) : null}
      {!isOffered ? null : isCountable ? (
        <HowMany addOn={addOn} formToken={formToken} />
      ) : (
        <ActionForm
          action="/billing/quote"
          formToken={formToken}
          fields={{ addOn: code, quantity: quantity === 0 ? "1" : "0" }}
          busy="Calculating…"
          class="btn-plain btn-sm"
        >
          {quantity === 0 ? "Add" : "Remove"}
          <span class="sr-only"> {name}</span>
        </ActionForm>
      )}
    </div>
  );
}

const MOST = 999;

/** Asks how many there are to be in all; none takes the addition away. */
function HowMany({ addOn: { code, name, quantity }, formToken }: { addOn: AddOnCard; formToken: string }) {
  const id = `quantity-${code}`;
  return (
    <form method="post" action="/billing/quote" data-once class="flex items-center gap-2">
      <FormToken token={formToken} />
      <input type="hidden" name="addOn" value={code} />
      <label for={id} class="whitespace-nowrap text-muted text-xs">
        How many
        <span class="sr-only">
          : {name}
          {quantity === 0 ? "" : ", 0 takes it away"}
        </span>
      </label>
      <input
        type="number"
        id={id}
        name="quantity"
        value={String(quantity === 0 ? 1 : quantity)}
        min={quantity === 0 ? 1 : 0}
        max={MOST}
        required
        inputmode="numeric"
        class="input input-sm field w-18! text-right tabular-nums"
      />
      <SubmitButton busy="Calculating…" class="btn-plain btn-sm">
        {quantity === 0 ? "Add" : "Change"}
        <span class="sr-only"> {name}</span>
      </SubmitButton>
    </form>
  );
}
