import type { Child } from "hono/jsx";
import { Badge, toneClasses } from "../../shared/badge.tsx";
import { Icon } from "../../shared/icons.tsx";
import type { TenantShell } from "../shell.tsx";
import { ActionForm, CardForm } from "./action-form.tsx";
import { Day } from "./day.tsx";
import type { BillingProps, BillingState } from "./props.ts";
import { stateWords } from "./state-words.tsx";

interface StateHeadProps {
  state: BillingState;
  timeZone: string;
  /** What to do about it. */
  children?: Child;
}

/** Where the pharmacy stands, largest of all, with what to do about it. */
export function StateHead({ state, timeZone, children }: StateHeadProps) {
  const { tone, icon, title, text } = stateWords(state, timeZone);
  return (
    <div class="flex flex-col gap-5 p-5 sm:p-6 md:flex-row md:items-center">
      <div class="flex min-w-0 flex-1 gap-4">
        <span class={`flex size-11 shrink-0 items-center justify-center rounded-xl ${toneClasses[tone]}`}>
          <Icon name={icon} class="size-5.5" />
        </span>
        <div class={`min-w-0 ${text === undefined ? "self-center" : ""}`}>
          <h2 id="standing" class="font-semibold text-xl tabular-nums">
            {title}
          </h2>
          {text === undefined ? null : <p class="mt-1 max-w-2xl text-muted tabular-nums">{text}</p>}
        </div>
      </div>
      {children ? (
        <div class="flex shrink-0 flex-wrap gap-2 max-sm:*:grow max-sm:[&_.btn]:w-full">{children}</div>
      ) : null}
    </div>
  );
}

type StandingProps = Pick<
  BillingProps,
  "state" | "plan" | "nextPayment" | "card" | "hasPortal" | "isCancelUndoable" | "pending" | "openCheckout"
> & { shell: TenantShell };

/** The head of the page: state and days left, next payment, plan and card, with the one thing to do next. */
export function Standing(props: StandingProps) {
  const { shell, state, plan, nextPayment } = props;
  const { timeZone } = shell.company;
  return (
    <section class="card overflow-clip" aria-labelledby="standing">
      <StateHead state={state} timeZone={timeZone}>
        <NextStep {...props} />
      </StateHead>
      <dl class="grid border-line border-t bg-base-200 max-md:divide-y max-md:divide-line md:grid-cols-3 md:divide-x md:divide-line">
        <Fact label="Next payment">
          {nextPayment === undefined ? (
            <Value value="None" detail={whyNoPayment(state)} />
          ) : (
            <Value
              value={nextPayment.amount}
              detail={
                <>
                  on <Day at={nextPayment.at} timeZone={timeZone} />
                </>
              }
            />
          )}
        </Fact>
        <Fact label="Plan">
          {plan === undefined ? <Value value="None yet" /> : <PlanFact plan={plan} state={state} />}
        </Fact>
        <Fact label="Paid by">
          <PaymentFact {...props} />
        </Fact>
      </dl>
    </section>
  );
}

function Fact({ label, children }: { label: string; children?: Child }) {
  return (
    <div class="min-w-0 px-5 py-4 sm:px-6">
      <dt class="text-muted text-xs">{label}</dt>
      {children}
    </div>
  );
}

function Value({ value, detail }: { value: Child; detail?: Child }) {
  return (
    <>
      <dd class="mt-1 font-semibold text-base tabular-nums">{value}</dd>
      {detail ? <dd class="mt-0.5 text-muted tabular-nums">{detail}</dd> : null}
    </>
  );
}

function whyNoPayment(state: BillingState): string | undefined {
  if (state.kind === "trial") return "Nothing is charged before you choose a plan";
  return state.kind === "cancelled" ? "The plan ends by itself" : undefined;
}

function PlanFact({ plan, state }: { plan: NonNullable<BillingProps["plan"]>; state: BillingState }) {
  const { name, price, interval, discount } = plan;
  return (
    <>
      <Value
        value={
          <span class="flex flex-wrap items-center gap-x-2 gap-y-1">
            {name}
            {plan.isAgreed ? <Badge tone="neutral">Agreed with you</Badge> : null}
          </span>
        }
        detail={
          price === undefined ? (
            state.kind === "trial" ? (
              "What the trial has"
            ) : undefined
          ) : (
            <>
              {price} a {interval ?? "month"}
            </>
          )
        }
      />
      {discount === undefined ? null : (
        <dd class="mt-1.5">
          <Badge tone="success">{discount}</Badge>
        </dd>
      )}
    </>
  );
}

function PaymentFact({ shell, plan, card, hasPortal }: StandingProps) {
  const { formToken } = shell.context;
  if (plan?.isInvoiced) return <Value value="Bank or M-Pesa" detail="Against the invoices that we send" />;
  const change = hasPortal ? (
    <dd class="mt-1.5">
      <CardForm formToken={formToken} class="btn-plain btn-sm">
        {card === undefined ? "Add a card" : "Change card"}
      </CardForm>
    </dd>
  ) : null;
  if (card === undefined) {
    return (
      <>
        <Value value="No card yet" {...(hasPortal ? {} : { detail: "You enter it when you choose a plan" })} />
        {change}
      </>
    );
  }
  return (
    <>
      <Value
        value={`${card.brand} ending in ${card.last4}`}
        detail={
          <span class="flex flex-wrap items-center gap-x-2 gap-y-1">
            {card.expires === "" ? null : `Good until ${card.expires}`}
            {card.state === "good" ? null : (
              <Badge tone={card.state === "expired" ? "error" : "warning"}>
                {card.state === "expired" ? "Expired" : "Expires soon"}
              </Badge>
            )}
          </span>
        }
      />
      {change}
    </>
  );
}

/** The one thing to do next. It steps back where a payment that was begun waits above it. */
function NextStep({ shell, state, plan, hasPortal, isCancelUndoable, pending, openCheckout }: StandingProps) {
  const { formToken } = shell.context;
  const isSecond = openCheckout !== undefined || pending?.confirmHref !== undefined;
  const look = isSecond ? "btn-plain" : "btn-primary";
  const toPlans = (words: string) => (
    <a href="/billing/plans" class={`btn ${look}`}>
      {words}
    </a>
  );
  switch (state.kind) {
    case "trial":
      return toPlans("Choose a plan");
    case "active":
      return plan?.isAgreed || plan?.isInvoiced ? null : toPlans("Change plan");
    case "cancelled":
      return isCancelUndoable ? (
        <ActionForm action="/billing/cancel/undo" formToken={formToken} busy="Keeping…" class={look}>
          <Icon name="undo-2" />
          Keep the plan
        </ActionForm>
      ) : (
        toPlans("Choose a plan")
      );
    case "past_due":
      return (
        <>
          {state.payHref === undefined ? null : (
            <a href={state.payHref} class={`btn ${look}`}>
              {state.needsConfirmation ? "Confirm the payment" : "Pay now"}
            </a>
          )}
          {hasPortal && !plan?.isInvoiced && !state.needsConfirmation ? (
            <CardForm formToken={formToken} class={state.payHref === undefined ? look : "btn-plain"}>
              Use another card
            </CardForm>
          ) : null}
        </>
      );
    case "suspended":
      if (state.cause === "operator") return null;
      return state.payHref === undefined ? (
        toPlans("Choose a plan")
      ) : (
        <a href={state.payHref} class={`btn ${look}`}>
          Pay now
        </a>
      );
  }
}
