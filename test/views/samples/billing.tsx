import type { FormContext } from "@pharmasight/views/shared/context";
import { EnterprisePage } from "@pharmasight/views/tenant/billing/enterprise.tsx";
import { InvoicesPage } from "@pharmasight/views/tenant/billing/invoices.tsx";
import { AskOwnerPage, BillingPage } from "@pharmasight/views/tenant/billing/overview.tsx";
import { ReturnPage } from "@pharmasight/views/tenant/billing/return.tsx";
import type { Overdue } from "@pharmasight/views/tenant/shell.tsx";
import { billingChoiceSamples } from "./billing-choice.tsx";
import {
  active,
  addOns,
  card,
  invoices,
  later,
  openInvoice,
  overdue,
  pastDue,
  soon,
  trial,
  unchangeable,
  usage,
} from "./billing-facts.ts";
import { at, companyName, hostile, long, type Samples, shellOf, unbroken } from "./shared.ts";

/** Pages of the subscription in all its states. */
export function billingSamples(context: FormContext): Samples {
  const shell = shellOf(context, "Billing");
  const { trialDaysLeft: _, ...paying } = shell;
  const bannered = (said: Overdue) => ({ ...paying, overdue: said });
  const suspended = (cause: "trial_ended" | "unpaid" | "subscription_ended" | "operator") =>
    bannered({ kind: "suspended", suspension: cause, mayPay: true });
  const { nextPayment: _next, cancellable: _cancel, card: _card, ...ended } = active;
  const hostileShell = { ...shellOf(context, "Billing", hostile), trialDaysLeft: 0 };
  return {
    "billing-trial": <BillingPage shell={shell} {...trial} />,
    "billing-trial-last-day": (
      <BillingPage
        shell={{ ...shell, trialDaysLeft: 0 }}
        {...trial}
        state={{ kind: "trial", daysLeft: 0, endsAt: at }}
        openCheckout={{ planName: "Professional", expiresAt: soon, resumeHref: "/billing/plans" }}
        news="checkout_left"
      />
    ),
    "billing-active": (
      <BillingPage shell={paying} {...active} grants={[{ title: "Insurance claims", source: "custom" }]} />
    ),
    "billing-changed": (
      <BillingPage
        shell={paying}
        {...active}
        plan={{
          name: "Professional",
          price: "US$2,990.00",
          interval: "year",
          isAgreed: false,
          isInvoiced: false,
          discount: "20% off until 3 March 2027",
        }}
        card={{ ...card, state: "expiring", expires: "12/2026" }}
        usage={[
          { label: "Branches", used: "2", max: "5", percent: 40, level: "fine", href: "/settings/branches" },
          { label: "People", used: "4", max: "20", percent: 20, level: "fine", href: "/settings/people" },
          { label: "Items", used: "1,204", max: "50,000", percent: 2, level: "fine", href: "/items" },
          ...usage.slice(3),
        ]}
        addOns={addOns.map((one) => ({ ...one, isIncluded: !one.isCountable, quantity: 0, interval: "year" }))}
        grants={[{ title: "Stock take", source: "grant", until: later }]}
        news="changed"
      />
    ),
    "billing-scheduled": (
      <BillingPage
        shell={paying}
        {...active}
        news="scheduled"
        scheduled={{ items: ["Starter, by the month", "One more branch"], at: later }}
        addOns={addOns.map((one) => ({
          ...one,
          ...(one.quantity > 0 ? { endsAt: later } : {}),
          change: { isPossible: false, why: "Another change is planned. Give that one up before you make this one." },
        }))}
      />
    ),
    "billing-pending": (
      <BillingPage
        shell={paying}
        {...active}
        pending={{ items: ["Professional, by the month"], until: soon, confirmHref: "/billing/invoices/i5/pay" }}
      />
    ),
    "billing-past-due": <BillingPage shell={bannered({ kind: "past_due", daysLeft: 5, mayPay: true })} {...overdue} />,
    "billing-past-due-confirmation": (
      <BillingPage
        shell={bannered({ kind: "past_due", daysLeft: 0, mayPay: true })}
        {...overdue}
        state={{ ...pastDue, daysLeft: 0, needsConfirmation: true }}
        invoices={[{ ...openInvoice, needsConfirmation: true }]}
        problem="The card was declined."
      />
    ),
    "billing-cancelled": (
      <BillingPage
        shell={paying}
        {...ended}
        state={{ kind: "cancelled", accessEndsAt: later }}
        card={card}
        isCancelUndoable
        news="cancelled"
      />
    ),
    "billing-paused-trial": (
      <BillingPage
        shell={suspended("trial_ended")}
        {...trial}
        plan={{ name: "Starter", isAgreed: false, isInvoiced: false }}
        state={{ kind: "suspended", cause: "trial_ended" }}
      />
    ),
    "billing-paused-unpaid": (
      <BillingPage
        shell={suspended("unpaid")}
        {...ended}
        addOns={unchangeable}
        state={{
          kind: "suspended",
          cause: "unpaid",
          amountDue: "US$178.00",
          payHref: "/billing/invoices/i5/pay",
        }}
        invoices={[{ ...openInvoice, status: "uncollectible" }]}
      />
    ),
    "billing-paused-by-us": (
      <BillingPage
        shell={suspended("operator")}
        {...ended}
        addOns={[]}
        state={{ kind: "suspended", cause: "operator" }}
      />
    ),
    "billing-agreed": (
      <BillingPage
        shell={paying}
        {...ended}
        plan={{ name: long, price: "KES 129,000.00", interval: "year", isAgreed: true, isInvoiced: true }}
        nextPayment={{ amount: "KES 129,000.00", at: later }}
        usage={usage.map(({ label, used, href }) => ({ label, used, level: "fine", ...(href ? { href } : {}) }))}
        addOns={[]}
        hasPortal
      />
    ),
    "billing-hostile": (
      <BillingPage
        shell={hostileShell}
        {...active}
        plan={{
          name: hostile + unbroken,
          price: "KES 99,999,999.00",
          interval: "year",
          isAgreed: true,
          isInvoiced: false,
          discount: "20% off",
        }}
        usage={usage.map((bar) => ({ ...bar, used: "99,999,999,999" }))}
        moduleDays={[
          { title: hostile, days: 1 },
          { title: unbroken, days: 30 },
        ]}
        addOns={addOns.map((one) => ({ ...one, name: hostile, description: unbroken, price: "KES 99,999,999.00" }))}
        grants={[{ title: hostile + unbroken, source: "custom", until: later }]}
        card={{ brand: hostile, last4: "4242", expires: "08/2027", state: "expired" }}
        invoices={invoices.map((invoice) => ({ ...invoice, number: unbroken, total: "KES 99,999,999.00" }))}
        problem={hostile}
        pending={{ items: [hostile, unbroken], until: soon }}
        scheduled={{ items: [hostile, unbroken], at: later }}
        openCheckout={{ planName: hostile, expiresAt: soon, resumeHref: "/billing/plans" }}
      />
    ),
    "billing-ask-owner": (
      <AskOwnerPage
        shell={shellOf(context, "Billing")}
        state={{ kind: "trial", daysLeft: 12, endsAt: later }}
        planName="Professional"
        ownerName="Grace Wanjiru"
      />
    ),
    "billing-ask-owner-paused": (
      <AskOwnerPage
        shell={bannered({ kind: "suspended", suspension: "unpaid", mayPay: false })}
        state={{ kind: "suspended", cause: "unpaid" }}
        ownerName={hostile}
      />
    ),
    "billing-return": (
      <ReturnPage shell={paying} kind="done" planName="Professional" nextPayment={{ amount: "US$299.00", at: later }} />
    ),
    "billing-return-waiting": <ReturnPage shell={shell} kind="waiting" />,
    "billing-return-not-paid": <ReturnPage shell={shell} kind="not_paid" />,
    "billing-enterprise": (
      <EnterprisePage shell={shell} values={{ phone: "", branches: "", message: "" }} errors={{}} />
    ),
    "billing-enterprise-errors": (
      <EnterprisePage
        shell={shellOf(context, "Billing", companyName, 0)}
        values={{ phone: hostile, branches: unbroken, message: "More" }}
        errors={{ phone: "Write at most 40 characters.", message: "Say in a sentence or two what you need." }}
      />
    ),
    "billing-enterprise-sent": (
      <EnterprisePage
        shell={shell}
        values={{ phone: "", branches: "", message: "" }}
        errors={{}}
        sentFor={`${unbroken}@acacia.example`}
      />
    ),
    "billing-invoices": (
      <InvoicesPage
        shell={paying}
        invoices={[
          openInvoice,
          { id: "i6", at, total: "US$99.00", status: "draft", needsConfirmation: false },
          { ...openInvoice, id: "i7", number: "ACACIA-0006", status: "open", dueAt: later, needsConfirmation: true },
          ...invoices,
          { ...openInvoice, id: "i1", number: "ACACIA-0001", status: "uncollectible" },
        ]}
        olderHref="/billing/invoices?after=i1"
        newestHref="/billing/invoices"
      />
    ),
    "billing-invoices-two-currencies": (
      <InvoicesPage
        shell={paying}
        invoices={[openInvoice, { ...openInvoice, number: unbroken, total: "KES 1,290,000.00" }]}
      />
    ),
    "billing-invoices-empty": <InvoicesPage shell={shell} invoices={[]} />,
    ...billingChoiceSamples(shell, paying, hostileShell),
  };
}
