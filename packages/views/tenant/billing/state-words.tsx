import type { Child } from "hono/jsx";
import type { Tone } from "../../shared/badge.tsx";
import { countOf } from "../../shared/formats.ts";
import type { IconName } from "../../shared/icons.tsx";
import { Moment } from "../../shared/moment.tsx";
import { Day } from "./day.tsx";
import type { BillingState } from "./props.ts";

export interface StateWords {
  readonly tone: Tone;
  readonly icon: IconName;
  readonly title: Child;
  /** What it means, and what comes next. Absent where the title says it all. */
  readonly text?: Child;
}

/** From so many days before its end a trial is shown as a warning. */
const TRIAL_WARNING_DAYS = 3;

/** Where a pharmacy stands, in words: the same on every page that shows it. */
export function stateWords(state: BillingState, timeZone: string): StateWords {
  switch (state.kind) {
    case "trial":
      return {
        tone: state.daysLeft <= TRIAL_WARNING_DAYS ? "warning" : "primary",
        icon: "clock",
        title:
          state.daysLeft === 0
            ? "Your free trial ends today"
            : `${countOf(state.daysLeft, "day")} left of your free trial`,
        text: (
          <>
            It runs until <Moment at={state.endsAt} timeZone={timeZone} />. Without a plan everything is paused then;
            nothing is deleted.
          </>
        ),
      };
    case "active":
      return { tone: "success", icon: "circle-check", title: "Your plan is active" };
    case "past_due":
      return {
        tone: "warning",
        icon: "triangle-alert",
        title: overdueTitle(state),
        text: overdueText(state, timeZone),
      };
    case "cancelled":
      return {
        tone: "warning",
        icon: "hourglass",
        title: (
          <>
            Your plan ends on <Day at={state.accessEndsAt} timeZone={timeZone} />
          </>
        ),
        text: "Everything works until then, and the cancellation can be taken back until then. Afterwards records can be read, printed and exported; nothing is deleted.",
      };
    case "suspended":
      return { tone: "error", icon: "pause", ...suspensions[state.cause], title: suspendedTitle(state) };
  }
}

type PastDue = Extract<BillingState, { kind: "past_due" }>;
type Suspended = Extract<BillingState, { kind: "suspended" }>;

function overdueTitle({ needsConfirmation, amountDue }: PastDue): string {
  if (needsConfirmation) return `Your bank asks you to confirm ${amountDue ?? "a payment"}`;
  return amountDue === undefined ? "A payment is overdue" : `${amountDue} is overdue`;
}

function overdueText({ daysLeft, graceEndsAt, nextAttemptAt }: PastDue, timeZone: string): Child {
  return (
    <>
      <strong class="font-semibold text-base-content">
        {daysLeft === 0 ? "This is the last day:" : `${countOf(daysLeft, "day")} left:`}
      </strong>{" "}
      sales, purchases and items work as ever until <Moment at={graceEndsAt} timeZone={timeZone} />, and everything is
      paused then. People, branches, modules and API keys are added again once it is paid.
      {nextAttemptAt === undefined ? null : (
        <>
          {" "}
          The card is tried again on <Moment at={nextAttemptAt} timeZone={timeZone} />.
        </>
      )}
    </>
  );
}

const suspendedTitle = ({ cause, amountDue }: Suspended): string =>
  cause === "unpaid" && amountDue !== undefined ? `Paused: ${amountDue} was not paid` : suspensions[cause].title;

const suspensions: Readonly<Record<Suspended["cause"], { title: string; text: string }>> = {
  trial_ended: {
    title: "Your free trial is over",
    text: "Choose a plan, and everything goes on where it stopped within seconds. Until then records can be read, printed and exported; nothing is deleted.",
  },
  unpaid: {
    title: "Paused: a payment is missing",
    text: "Pay, and everything goes on where it stopped within seconds. Until then records can be read, printed and exported; nothing is deleted.",
  },
  subscription_ended: {
    title: "Your plan has ended",
    text: "Choose a plan, and everything goes on where it stopped within seconds. Until then records can be read, printed and exported; nothing is deleted.",
  },
  operator: {
    title: "PharmaSight has paused this pharmacy",
    text: "Write to us to have it opened again. Until then records can be read, printed and exported; nothing is deleted.",
  },
};
