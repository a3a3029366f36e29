import { ChangePage } from "@pharmasight/views/tenant/billing/change.tsx";
import { PlansPage } from "@pharmasight/views/tenant/billing/plans.tsx";
import type { ChangeProps, PlanCard, PlansProps } from "@pharmasight/views/tenant/billing/props";
import type { TenantShell } from "@pharmasight/views/tenant/shell.tsx";
import { at, hostile, long, type Samples, unbroken } from "./shared.ts";

const later = new Date("2026-12-24T00:59:00Z");

const starter: PlanCard = {
  code: "starter",
  name: "Starter",
  price: "US$99.00",
  isAgreed: false,
  limits: ["1 branch", "5 people", "10,000 items"],
  action: { kind: "checkout", priceId: "p1" },
};
const professional: PlanCard = {
  code: "professional",
  name: "Professional",
  price: "US$299.00",
  isAgreed: false,
  limits: ["5 branches", "20 people", "50,000 items", "600 API requests a minute"],
  action: { kind: "checkout", priceId: "p2" },
};
const enterprise: PlanCard = {
  code: "enterprise",
  name: "Enterprise",
  isAgreed: false,
  limits: ["As many branches, people and items as you need", "A price that we agree on", "Priority support"],
  action: { kind: "enquire" },
};

const every = ["starter", "professional", "enterprise"];
const larger = ["professional", "enterprise"];
const plans: PlansProps = {
  state: { kind: "trial", daysLeft: 12, endsAt: new Date("2026-12-06T00:00:00Z") },
  interval: "month",
  currency: "USD",
  currencies: ["USD", "KES"],
  plans: [starter, professional, enterprise],
  modules: [
    { title: "Inventory", description: "Items, batches and what is in stock.", plans: every },
    { title: "Sales", description: "The till, receipts and cash-up.", plans: every },
    { title: "Purchases", description: "Orders, receiving and what suppliers are owed.", plans: every },
    { title: "Reports", description: "Sales, margins and what to order.", plans: larger },
    { title: "API access", description: "Keys for your own programs, 60 requests a minute.", plans: larger },
    { title: "Advanced reports", description: "Forecasts and reports of your own.", plans: ["enterprise"] },
  ],
  addOns: [
    { name: "Reports", description: "Sales, margins and what to order.", price: "US$19.00", includedIn: larger },
    {
      name: "One more branch",
      description: "Room for one branch beyond your plan.",
      price: "US$25.00",
      includedIn: [],
    },
  ],
};

const quote: Extract<ChangeProps, { kind: "change" }> = {
  kind: "change",
  id: "c1",
  state: "quoted",
  when: "now",
  changes: ["Professional instead of Starter"],
  notes: ["Reports is part of Professional: you keep it, and no longer pay for it beside the plan."],
  lines: [
    { description: "Unused time on Starter after 24 Nov 2026", amount: "-US$66.00", isCredit: true },
    { description: "Unused time on Reports after 24 Nov 2026", amount: "-US$12.67", isCredit: true },
    { description: "Remaining time on Professional after 24 Nov 2026", amount: "US$1,199.33", isCredit: false },
  ],
  dueNow: "US$1,120.66",
  isCredit: false,
  dueNext: "US$299.00",
  nextAt: later,
  card: { brand: "Visa", last4: "4242", expires: "08/2027", state: "good" },
  holdsUntil: at,
  again: { price: "p2" },
};

/** Choosing a plan, and what a change costs. */
export function billingChoiceSamples(trial: TenantShell, paying: TenantShell, hostileShell: TenantShell): Samples {
  const scheduled: ChangeProps = {
    ...quote,
    when: "at_period_end",
    changes: ["Starter instead of Professional, paid by the year", "One more branch: 1 instead of 2"],
    notes: [],
    lines: [],
    dueNow: "US$0.00",
    dueNext: "US$99.00",
  };
  return {
    "billing-plans": <PlansPage shell={trial} {...plans} />,
    "billing-plans-year": (
      <PlansPage
        shell={paying}
        {...plans}
        state={{ kind: "active" }}
        interval="year"
        currencies={["USD"]}
        plans={[
          {
            ...starter,
            price: "US$990.00",
            priceAMonth: "US$82.50",
            yearlySaving: "US$198.00",
            action: { kind: "quote", priceId: "p3", direction: "interval" },
          },
          {
            ...professional,
            price: "US$2,990.00",
            priceAMonth: "US$249.17",
            yearlySaving: "US$598.00",
            action: { kind: "quote", priceId: "p4", direction: "upgrade" },
          },
          enterprise,
        ]}
      />
    ),
    "billing-plans-current": (
      <PlansPage
        shell={paying}
        {...plans}
        state={{ kind: "active" }}
        plans={[
          { ...starter, action: { kind: "scheduled", at: later } },
          { ...professional, action: { kind: "current" } },
          enterprise,
        ]}
        problem="You have this plan already."
      />
    ),
    "billing-plans-past-due": (
      <PlansPage
        shell={paying}
        {...plans}
        state={{
          kind: "past_due",
          graceEndsAt: later,
          daysLeft: 5,
          amountDue: "US$99.00",
          payHref: "/billing/invoices/i5/pay",
          needsConfirmation: false,
        }}
        plans={[
          { ...starter, action: { kind: "current" } },
          {
            ...professional,
            action: { kind: "unavailable", why: "A payment is overdue. Pay the open invoice first." },
          },
          enterprise,
        ]}
      />
    ),
    "billing-plans-none": <PlansPage shell={trial} {...plans} plans={[]} modules={[]} addOns={[]} />,
    "billing-plans-hostile": (
      <PlansPage
        shell={hostileShell}
        {...plans}
        state={{ kind: "suspended", cause: "unpaid", amountDue: "US$99.00", payHref: "/billing/invoices/i5/pay" }}
        plans={[
          { ...starter, name: long, limits: [hostile, unbroken] },
          { ...professional, name: hostile, price: "KES 99,999,999.00" },
          { ...starter, code: "agreed", name: unbroken, isAgreed: true },
          enterprise,
        ]}
        modules={[{ title: hostile, description: unbroken, plans: ["starter", "agreed"] }]}
        addOns={[
          { name: unbroken, description: hostile, price: "KES 99,999,999.00", includedIn: ["agreed", "starter"] },
        ]}
        problem={hostile}
      />
    ),
    "billing-change": <ChangePage shell={paying} {...quote} />,
    "billing-change-later": <ChangePage shell={paying} {...scheduled} />,
    "billing-change-planned": <ChangePage shell={paying} {...scheduled} state="waiting" />,
    "billing-change-credit": (
      <ChangePage
        shell={paying}
        {...quote}
        changes={["Reports is taken away"]}
        notes={[]}
        lines={quote.lines.slice(1, 2)}
        dueNow="US$12.67"
        isCredit
        again={{ addOn: "reports", quantity: 0 }}
      />
    ),
    "billing-change-waiting": (
      <ChangePage shell={paying} {...quote} state="waiting" confirmHref="/billing/invoices/i5/pay" />
    ),
    "billing-change-applying": <ChangePage shell={paying} {...quote} state="applying" />,
    "billing-change-applied": <ChangePage shell={paying} {...quote} state="applied" />,
    "billing-change-failed": <ChangePage shell={paying} {...quote} state="failed" problem="The card was declined." />,
    "billing-change-expired": <ChangePage shell={paying} {...quote} state="expired" />,
    "billing-change-hostile": (
      <ChangePage
        shell={hostileShell}
        {...quote}
        changes={[hostile, unbroken]}
        notes={[hostile, unbroken]}
        lines={[{ description: unbroken + hostile, amount: "-KES 99,999,999.00", isCredit: true }]}
        dueNow="KES 99,999,999.00"
        card={{ brand: hostile, last4: "4242", expires: "10/2026", state: "expired" }}
      />
    ),
    "billing-change-blocked": (
      <ChangePage
        shell={paying}
        kind="blocked"
        wanted="Starter, by the month"
        excesses={[
          { what: "branches", used: "3", max: "1", remedy: "Archive 2 branches", href: "/settings/branches" },
          { what: "people", used: "12", max: "5", remedy: "Deactivate 7 people", href: "/settings/people" },
          { what: "items", used: "48,120", max: "10,000", remedy: "Archive 38,120 items", href: "/items" },
        ]}
      />
    ),
  };
}
