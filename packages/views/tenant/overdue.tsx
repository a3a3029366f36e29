import { Alert } from "../shared/alert.tsx";
import { countOf } from "../shared/formats.ts";
import { BANNER_ID } from "../shared/writing.tsx";

/** What is overdue, for the banner of every page. `mayPay`: whether this person could pay. */
export type Overdue =
  | { readonly kind: "past_due"; readonly daysLeft: number; readonly mayPay: boolean }
  | { readonly kind: "suspended"; readonly suspension: Suspension; readonly mayPay: boolean };

/** Why a pharmacy is paused; null: that was not recorded. */
export type Suspension = "trial_ended" | "unpaid" | "subscription_ended" | "operator" | null;

const pauses: Readonly<Record<NonNullable<Suspension>, string>> = {
  trial_ended: "The free trial is over and no plan was chosen yet.",
  unpaid: "A payment is missing.",
  subscription_ended: "The subscription has ended.",
  operator: "PharmaSight has paused it. Write to us to have it opened again.",
};

/** Why a pharmacy is paused, in a sentence. */
export const pauseReason = (suspension: Suspension): string => pauses[suspension ?? "unpaid"];

/** On top of every page until it is paid. */
export function OverdueBanner({ name, overdue }: { name: string; overdue: Overdue }) {
  const { kind, mayPay } = overdue;
  return (
    <div id={BANNER_ID} class="mb-6">
      {kind === "past_due" ? (
        <Alert tone="warning" title="A payment is overdue">
          <p>
            Sales, purchases and items work as ever. People, branches, modules and API keys are added again once it is
            paid.{" "}
            {overdue.daysLeft === 0
              ? "This is the last day: then everything is paused."
              : `${countOf(overdue.daysLeft, "day")} left, then everything is paused.`}
          </p>
          <WayToPay mayPay={mayPay} words="Pay now" />
        </Alert>
      ) : (
        <Alert tone="error" title={`${name} is paused`}>
          <p>{pauseReason(overdue.suspension)} Everything can be read, printed and exported; nothing can be changed.</p>
          {overdue.suspension === "operator" ? null : (
            <WayToPay mayPay={mayPay} words={overdue.suspension === "unpaid" ? "Pay now" : "Choose a plan"} />
          )}
        </Alert>
      )}
    </div>
  );
}

function WayToPay({ mayPay, words }: { mayPay: boolean; words: string }) {
  return mayPay ? (
    <a href="/billing" class="mt-1 inline-block font-semibold underline underline-offset-2">
      {words}
    </a>
  ) : (
    <p class="mt-1 font-semibold">Ask the owner to see to it.</p>
  );
}
