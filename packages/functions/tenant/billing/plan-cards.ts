import { type CurrentSubscription, planOf, whyUnchangeable } from "@pharmasight/core/control/plan-changes/current";
import { isIncluded, plan as planned } from "@pharmasight/core/control/plan-changes/planning";
import { Prices, type Sold, type SoldPlan } from "@pharmasight/core/control/prices/prices";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { Entitlements, type LimitName } from "@pharmasight/core/registry/entitlements/entitlements";
import { countOf } from "@pharmasight/views/shared/formats";
import type { Interval, PlanAction, PlanCard, PlansProps } from "@pharmasight/views/tenant/billing/props";
import type { WriteAmount } from "./words.ts";

interface Shop {
  readonly current: CurrentSubscription;
  readonly offered: readonly Sold[];
  readonly interval: Interval;
  readonly currency: string;
  /** Price of the plan that begins when the period ends. */
  readonly scheduled: { readonly priceId: string | undefined; readonly at: Date } | undefined;
  readonly write: WriteAmount;
}

/** What is compared: the plans, what each has, and what can be had beside it. */
export function comparison(shop: Shop): Pick<PlansProps, "plans" | "modules" | "addOns"> {
  const { offered, interval, currency, write } = shop;
  const plans = plansIn(offered).filter((plan) => plan.interval === interval && plan.currency === currency);
  const addOns = addOnsIn(offered).filter((sold) => sold.interval === interval && sold.currency === currency);
  const modules = [...new Set(plansIn(offered).flatMap((plan) => plan.modules))];
  return {
    plans: [...plans.map((plan) => planCard(shop, plan)), enterpriseCard],
    modules: Object.entries(Entitlements.moduleTitles).flatMap(([name, title]) => {
      const having = plans.filter((plan) => plan.modules.includes(name)).map(({ code }) => code);
      const description = addOnsIn(offered).find(({ module }) => module === name)?.description ?? basics[name] ?? "";
      return modules.includes(name) ? [{ title, description, plans: [...having, ENTERPRISE] }] : [];
    }),
    addOns: addOns.map((sold) => ({
      name: sold.name,
      description: sold.description,
      price: write(sold.amount, sold.currency),
      includedIn: plans.filter((plan) => isIncluded(sold, plan)).map(({ code }) => code),
    })),
  };
}

/** Currencies that plans are sold in to this pharmacy: the one it has paid in, once it has. */
export function currenciesOf({ billingCurrency }: CurrentSubscription, offered: readonly Sold[]): string[] {
  return billingCurrency === null ? [...new Set(plansIn(offered).map(({ currency }) => currency))] : [billingCurrency];
}

const ENTERPRISE = "enterprise";

const enterpriseCard: PlanCard = {
  code: ENTERPRISE,
  name: "Enterprise",
  isAgreed: false,
  limits: ["As many branches, people and items as you need", "A price that we agree on", "Priority support"],
  action: { kind: "enquire" },
};

/** What is not sold by itself, because every plan has it. */
const basics: Readonly<Record<string, string>> = {
  inventory: "Items, batches and what is in stock.",
  sales: "The till, receipts and cash-up.",
  purchases: "Orders, receiving and what suppliers are owed.",
};

const plansIn = (offered: readonly Sold[]) => offered.flatMap((sold) => (sold.kind === "plan" ? [sold] : []));
const addOnsIn = (offered: readonly Sold[]) => offered.flatMap((sold) => (sold.kind === "add_on" ? [sold] : []));

function planCard(shop: Shop, plan: SoldPlan): PlanCard {
  const { offered, write } = shop;
  const { amount, currency, interval } = plan;
  const monthly = plansIn(offered).find(
    (other) => other.planId === plan.planId && other.interval === "month" && other.currency === currency,
  );
  const saving = monthly === undefined ? undefined : Prices.yearlySaving(monthly, plan);
  const yearly =
    interval === "year"
      ? {
          priceAMonth: write(Prices.aMonth(plan).toFixed(2), currency),
          ...(saving === undefined ? {} : { yearlySaving: write(saving, currency) }),
        }
      : {};
  return {
    code: plan.code,
    name: plan.name,
    price: write(amount, currency),
    ...yearly,
    isAgreed: plan.tenantId !== null,
    limits: limitsInWords(plan),
    action: actionOf(shop, plan),
  };
}

function actionOf({ current, offered, scheduled }: Shop, plan: SoldPlan): PlanAction {
  const { priceId } = plan;
  const present = planOf(current.items);
  const isOverdue = current.state === "suspended" && (current.isLive || current.suspension === "operator");
  if (!current.isLive && !isOverdue) return { kind: "checkout", priceId };
  if (present?.priceId === priceId) return { kind: "current" };
  if (scheduled?.priceId === priceId) return { kind: "scheduled", at: scheduled.at };
  const why = whyUnchangeable(current);
  if (why !== undefined || present === undefined) return { kind: "unavailable", why: why ?? "Choose a plan first." };
  try {
    const { kind } = planned(current.items, { kind: "plan", priceId }, offered);
    if (present.planId === plan.planId) return { kind: "quote", priceId, direction: "interval" };
    return { kind: "quote", priceId, direction: kind === "now" ? "upgrade" : "downgrade" };
  } catch (error) {
    if (error instanceof DomainError) return { kind: "unavailable", why: error.message };
    throw error;
  }
}

const counted: Readonly<Record<LimitName, { readonly one: string; readonly many: string }>> = {
  branches: { one: "branch", many: "branches" },
  users: { one: "person", many: "people" },
  items: { one: "item", many: "items" },
  api_requests_per_minute: { one: "API request a minute", many: "API requests a minute" },
};

function limitsInWords({ limits, modules }: SoldPlan): string[] {
  const rooms = (["branches", "users", "items"] as const).map((name) => {
    const max = limits[name];
    return max === null ? `Unlimited ${counted[name].many}` : countOf(max, counted[name].one, counted[name].many);
  });
  const calls = limits.api_requests_per_minute;
  if (!modules.includes("api_access") || calls === null) return rooms;
  return [...rooms, countOf(calls, counted.api_requests_per_minute.one, counted.api_requests_per_minute.many)];
}
