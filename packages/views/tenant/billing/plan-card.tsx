import { Badge } from "../../shared/badge.tsx";
import { Icon } from "../../shared/icons.tsx";
import { ActionForm } from "./action-form.tsx";
import { Day } from "./day.tsx";
import type { Interval, PlanAction, PlanCard } from "./props.ts";

export interface PlanCardProps {
  plan: PlanCard;
  interval: Interval;
  /** The one that most want next. */
  isPrimary: boolean;
  formToken: string;
  timeZone: string;
}

/** A plan with its price, its room, and what one can do with it. */
export function Plan({ plan, interval, isPrimary, formToken, timeZone }: PlanCardProps) {
  const { name, isAgreed, limits, action } = plan;
  const isCurrent = action.kind === "current";
  return (
    <li
      class={`card flex min-w-0 flex-col p-5 sm:p-6 ${isCurrent ? "outline-2 outline-primary -outline-offset-1" : ""}`}
    >
      <div class="flex flex-wrap items-center justify-between gap-2">
        <h2 class="min-w-0 font-semibold text-lg">{name}</h2>
        {isCurrent ? (
          <Badge tone="primary" icon="check">
            Your plan
          </Badge>
        ) : isAgreed ? (
          <Badge tone="neutral">Agreed with you</Badge>
        ) : null}
      </div>
      <Price plan={plan} interval={interval} />
      <ul class="mt-4 mb-6 space-y-2">
        {limits.map((limit) => (
          <li class="flex gap-2">
            <Icon name="check" class="mt-0.5 size-4 text-primary" />
            <span class="min-w-0 tabular-nums">{limit}</span>
          </li>
        ))}
      </ul>
      <div class="mt-auto">
        <Action
          action={action}
          name={name}
          interval={interval}
          look={isPrimary ? "btn-primary" : "btn-plain"}
          formToken={formToken}
          timeZone={timeZone}
        />
      </div>
    </li>
  );
}

function Price({ plan: { price, priceAMonth, yearlySaving }, interval }: { plan: PlanCard; interval: Interval }) {
  if (price === undefined) {
    return (
      <div class="mt-3 lg:min-h-17">
        <p class="font-semibold text-3xl tracking-tight">Let’s talk</p>
        <p class="mt-1 text-muted">A price that fits your branches</p>
      </div>
    );
  }
  return (
    <div class="mt-3 lg:min-h-17 tabular-nums">
      <p>
        <span class="font-semibold text-3xl tracking-tight">{price}</span>{" "}
        <span class="whitespace-nowrap text-muted">a {interval}</span>
      </p>
      {priceAMonth === undefined ? null : (
        <p class="mt-1.5 flex flex-wrap items-center gap-x-2 gap-y-1 text-muted">
          {priceAMonth} a month
          {yearlySaving === undefined ? null : <Badge tone="success">You save {yearlySaving}</Badge>}
        </p>
      )}
    </div>
  );
}

interface ActionProps {
  action: PlanAction;
  name: string;
  interval: Interval;
  look: string;
  formToken: string;
  timeZone: string;
}

function Action({ action, name, interval, look, formToken, timeZone }: ActionProps) {
  switch (action.kind) {
    case "checkout":
      return (
        <ActionForm
          action="/billing/checkout"
          formToken={formToken}
          fields={{ price: action.priceId }}
          busy="Opening…"
          class={`${look} h-auto min-h-10 w-full py-2`}
        >
          Choose {name}
        </ActionForm>
      );
    case "quote":
      return (
        <ActionForm
          action="/billing/quote"
          formToken={formToken}
          fields={{ price: action.priceId }}
          busy="Calculating…"
          class={`${look} h-auto min-h-10 w-full py-2`}
        >
          {action.direction === "upgrade" ? `Upgrade to ${name}` : null}
          {action.direction === "downgrade" ? `Change to ${name}` : null}
          {action.direction === "interval" ? `Pay by the ${interval}` : null}
        </ActionForm>
      );
    case "enquire":
      return (
        <a href="/billing/enterprise" class="btn btn-plain w-full">
          Ask for an offer
        </a>
      );
    case "current":
      return <p class="py-2 text-center text-muted">This is what you have.</p>;
    case "scheduled":
      return (
        <p class="flex flex-wrap items-center justify-center gap-1.5 py-2 text-center">
          <Icon name="calendar-clock" class="size-4 text-primary" />
          <span>
            Begins on <Day at={action.at} timeZone={timeZone} />
          </span>
        </p>
      );
    case "unavailable":
      return <p class="py-2 text-muted text-xs">{action.why}</p>;
  }
}
