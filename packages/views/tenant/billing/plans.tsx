import { Alert } from "../../shared/alert.tsx";
import { EmptyState } from "../../shared/empty-state.tsx";
import { TenantLayout, type TenantShell } from "../shell.tsx";
import { withoutBanner } from "./overview.tsx";
import { Plan } from "./plan-card.tsx";
import { BesidePlans, Modules } from "./plan-comparison.tsx";
import type { BillingState, Interval, PlanCard, PlansProps } from "./props.ts";
import { stateWords } from "./state-words.tsx";

/** GET /billing/plans: the plans side by side, by the month or by the year, and what each has. */
export function PlansPage({ shell, ...props }: { shell: TenantShell } & PlansProps) {
  const { state, interval, plans, problem } = props;
  const primary = plans.findLast(isOfferedNext);
  const { timeZone } = shell.company;
  const isNew = state.kind === "trial" || state.kind === "suspended";
  return (
    <TenantLayout
      shell={withoutBanner(shell)}
      title={isNew ? "Choose a plan" : "Change the plan"}
      back={{ label: "Plan and billing", href: "/billing" }}
    >
      <div class="mb-6 space-y-3 empty:hidden">
        {problem === undefined ? null : (
          <Alert tone="error" title="That was not done">
            {problem}
          </Alert>
        )}
        <StateNote state={state} timeZone={timeZone} />
      </div>
      <Switches {...props} />
      {plans.length === 0 ? (
        <div class="card">
          <EmptyState
            icon="credit-card"
            title="Nothing is sold this way"
            message="No plan has a price for this currency and term. Choose another one above."
          />
        </div>
      ) : (
        <ul class={`grid gap-4 sm:gap-6 ${plans.length > 3 ? "sm:grid-cols-2 xl:grid-cols-4" : "lg:grid-cols-3"}`}>
          {plans.map((plan) => (
            <Plan
              plan={plan}
              interval={interval}
              isPrimary={plan === primary}
              formToken={shell.context.formToken}
              timeZone={timeZone}
            />
          ))}
        </ul>
      )}
      <HowItGoesOn plans={plans} />
      <Modules plans={plans} modules={props.modules} />
      <BesidePlans plans={plans} addOns={props.addOns} interval={interval} />
    </TenantLayout>
  );
}

const isOfferedNext = ({ action }: PlanCard): boolean =>
  action.kind === "checkout" || (action.kind === "quote" && action.direction === "upgrade");

/** What stands in the way of a change, or how long there is to choose. */
function StateNote({ state, timeZone }: { state: BillingState; timeZone: string }) {
  if (state.kind === "active") return null;
  const { tone, title, text } = stateWords(state, timeZone);
  return (
    <Alert tone={tone === "warning" ? "warning" : tone === "error" ? "error" : "info"}>
      <p class="font-semibold tabular-nums">{title}</p>
      <p>{noteOf(state) ?? text}</p>
      {payHrefOf(state) === undefined ? null : (
        <a href={payHrefOf(state)} class="mt-1 inline-block font-semibold underline underline-offset-2">
          Pay now
        </a>
      )}
    </Alert>
  );
}

function noteOf(state: BillingState): string | undefined {
  if (state.kind === "past_due") return "Pay it first: then the plan can be changed.";
  if (state.kind === "cancelled") return "Take the cancellation back first: then the plan can be changed.";
  return undefined;
}

const payHrefOf = (state: BillingState): string | undefined =>
  state.kind === "past_due" || state.kind === "suspended" ? state.payHref : undefined;

/** By the month or by the year, and in which currency: links, so that each answer has an address. */
function Switches({ interval, currency, currencies }: PlansProps) {
  const hrefOf = (chosen: Interval, money: string) =>
    `/billing/plans?interval=${chosen}&currency=${encodeURIComponent(money)}`;
  return (
    <div class="mb-6 flex flex-wrap items-center gap-3">
      <Switch
        label="How often you pay"
        options={(["month", "year"] as const).map((value) => ({
          label: value === "month" ? "By the month" : "By the year",
          href: hrefOf(value, currency),
          isChosen: value === interval,
        }))}
      />
      {currencies.length < 2 ? null : (
        <Switch
          label="Currency"
          options={currencies.map((value) => ({
            label: value,
            href: hrefOf(interval, value),
            isChosen: value === currency,
          }))}
        />
      )}
    </div>
  );
}

interface SwitchProps {
  label: string;
  options: readonly { label: string; href: string; isChosen: boolean }[];
}

function Switch({ label, options }: SwitchProps) {
  return (
    <nav aria-label={label}>
      <ul class="inline-flex flex-wrap gap-1 rounded-lg border border-line bg-base-200 p-1">
        {options.map(({ label: words, href, isChosen }) => (
          <li>
            <a
              href={href}
              aria-current={isChosen ? "true" : undefined}
              class={`block rounded-md border px-3.5 py-1.5 ${
                isChosen
                  ? "border-line bg-base-100 font-medium"
                  : "border-transparent text-muted hover:text-base-content"
              }`}
            >
              {words}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function HowItGoesOn({ plans }: Pick<PlansProps, "plans">) {
  const kinds = new Set(plans.map(({ action }) => action.kind));
  if (kinds.has("checkout")) {
    return (
      <p class="mt-4 text-muted">
        You pay by card on the page of our payment provider, Stripe, and can cancel whenever you like.
      </p>
    );
  }
  if (!kinds.has("quote")) return null;
  return (
    <p class="mt-4 text-muted">
      The next page shows the exact amount; nothing happens before you confirm it. A larger plan begins at once and you
      pay the difference, a smaller one begins with the next period.
    </p>
  );
}
