import type { Plan } from "@pharmasight/core/control/plans/plans";
import type { PlanCard } from "@pharmasight/views/control/plans.tsx";
import { countOf } from "@pharmasight/views/shared/formats";

const summaries: Readonly<Record<Plan["code"], string>> = {
  starter: "For one counter that wants its stock in order.",
  professional: "For a pharmacy that grows: branches, reports and programs of your own.",
  enterprise: "For chains with needs of their own.",
};

const moduleTitles: Readonly<Record<string, string>> = {
  inventory: "Inventory",
  sales: "Sales",
  purchases: "Purchases",
  reports: "Reports",
  stock_take: "Stock take",
  multi_branch: "Several branches",
  api_access: "API access",
  advanced_reports: "Advanced reports",
  custom_branding: "Your own branding",
};

/** The plans as the pages show them. */
export const planCards = (plans: readonly Plan[]): PlanCard[] => plans.map(planCard);

/** The plans that a visitor starts without talking to anybody: those with a price. */
export const startablePlanCards = (plans: readonly Plan[]): PlanCard[] =>
  planCards(plans.filter((plan) => plan.priceMonthly !== null));

function planCard(plan: Plan): PlanCard {
  return {
    code: plan.code,
    name: plan.name,
    ...(plan.priceMonthly === null ? {} : { priceMonthlyUsd: plan.priceMonthly }),
    ...(plan.priceYearly === null ? {} : { priceYearlyUsd: plan.priceYearly }),
    summary: summaries[plan.code],
    limits: [
      upTo(plan.maxBranches, "branch", "branches"),
      upTo(plan.maxUsers, "user", "users"),
      upTo(plan.maxItems, "item", "items"),
    ],
    modules: plan.includedModules.map((module) => moduleTitles[module] ?? module),
  };
}

const upTo = (limit: number | null, one: string, many: string): string =>
  limit === null ? `Unlimited ${many}` : countOf(limit, one, many);
