import { countOf, dollars, formatAmount } from "../shared/formats.ts";
import { Icon } from "../shared/icons.tsx";

export interface PlanCard {
  code: "starter" | "professional" | "enterprise";
  name: string;
  /** Decimal text without currency, for example `99` or `2990`; absent when the price is agreed by contract. */
  priceMonthlyUsd?: string;
  priceYearlyUsd?: string;
  summary: string;
  limits: string[];
  modules: string[];
}

/** The plans side by side, the one that most pharmacies want in the middle. */
export function Plans({ plans, salesMail }: { plans: PlanCard[]; salesMail: string }) {
  return (
    <ul class="mt-12 grid gap-6 lg:grid-cols-3">
      {plans.map((plan) => (
        <Plan plan={plan} salesMail={salesMail} highlighted={plan.code === "professional"} />
      ))}
    </ul>
  );
}

function Plan({ plan, salesMail, highlighted }: { plan: PlanCard; salesMail: string; highlighted: boolean }) {
  return (
    <li
      class={`card relative flex flex-col p-6 sm:p-7 ${highlighted ? "outline-2 outline-primary -outline-offset-1" : ""}`}
    >
      {highlighted ? (
        <p class="absolute -top-3 left-6 rounded-md bg-primary px-2.5 py-0.5 font-medium text-primary-content text-xs">
          Recommended
        </p>
      ) : null}
      <h3 class="font-semibold text-lg">{plan.name}</h3>
      <p class="mt-1 text-muted lg:min-h-10">{plan.summary}</p>
      <Price plan={plan} />
      {plan.priceMonthlyUsd === undefined ? (
        <a
          href={`mailto:${salesMail}?subject=${encodeURIComponent(`PharmaSight ${plan.name}`)}`}
          class="btn btn-plain mt-6"
        >
          Talk to us
        </a>
      ) : (
        <a href={`/sign-up?plan=${plan.code}`} class={`btn mt-6 ${highlighted ? "btn-primary" : "btn-plain"}`}>
          Start with {plan.name}
        </a>
      )}
      <Lines title="Room for" lines={plan.limits} />
      <Lines title="Included" lines={plan.modules} />
    </li>
  );
}

function Price({ plan }: { plan: PlanCard }) {
  if (plan.priceMonthlyUsd === undefined) {
    return (
      <div class="mt-5 min-h-16">
        <p class="font-semibold text-4xl tracking-tight">Let’s talk</p>
        <p class="mt-1 text-muted">A price that fits your branches</p>
      </div>
    );
  }
  return (
    <div class="mt-5 min-h-16 tabular-nums">
      <p>
        <span class="font-semibold text-4xl tracking-tight">{dollars(plan.priceMonthlyUsd)}</span>
        <span class="text-muted"> a month</span>
      </p>
      {plan.priceYearlyUsd === undefined ? null : (
        <p class="mt-1 text-muted">
          or {dollars(plan.priceYearlyUsd)} a year{saving(plan.priceMonthlyUsd, plan.priceYearlyUsd)}
        </p>
      )}
    </div>
  );
}

/** Whole months that a year's price leaves out, in words; nothing when it is no whole number of them. */
function saving(monthly: string, yearly: string): string {
  const [month, year] = [cents(monthly), cents(yearly)];
  if (month === undefined || year === undefined || month === 0n) return "";
  const saved = 12n * month - year;
  if (saved <= 0n || saved % month !== 0n) return "";
  return `, ${countOf(Number(saved / month), "month")} free`;
}

/** Undefined for amounts with fractions of a cent. */
function cents(amount: string): bigint | undefined {
  const shown = formatAmount(amount).replaceAll(",", "");
  return /^\d+\.\d\d$/.test(shown) ? BigInt(shown.replace(".", "")) : undefined;
}

function Lines({ title, lines }: { title: string; lines: string[] }) {
  if (lines.length === 0) return null;
  return (
    <div class="mt-6 border-line border-t pt-5">
      <h4 class="font-medium text-muted text-xs">{title}</h4>
      <ul class="mt-3 space-y-2">
        {lines.map((line) => (
          <li class="flex gap-2">
            <Icon name="check" class="mt-0.5 size-4 text-primary" />
            {line}
          </li>
        ))}
      </ul>
    </div>
  );
}
