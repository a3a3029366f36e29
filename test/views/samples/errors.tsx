import type { FormContext } from "@pharmasight/views/shared/context";
import { BeingSetUpPage, ErrorPage, NotFoundPage } from "@pharmasight/views/shared/error-page.tsx";
import { ModuleRequiredPage, PaymentRequiredPage } from "@pharmasight/views/tenant/errors.tsx";
import { companyName, hostile, type Samples, shellOf } from "./shared.ts";

const overdue = "A payment is overdue. Adding branches works again as soon as it is paid under Billing.";

export function errorSamples(context: FormContext): Samples {
  const paused = { context, companyName, refusal: "This pharmacy is paused." };
  return {
    "error-404": <NotFoundPage context={context} homeUrl="https://pharmasight.com" />,
    "error-429": <ErrorPage context={context} code="rate_limited" retryAfterSeconds={40} />,
    "error-500": <ErrorPage context={context} code="internal" />,
    "error-503": <ErrorPage context={context} code="maintenance" retryAfterSeconds={600} />,
    "error-hostile": <ErrorPage context={context} code="invalid_input" message={hostile} />,
    "error-setting-up": <BeingSetUpPage context={context} />,
    "error-402": <PaymentRequiredPage {...paused} cause="trial_ended" isSignedIn mayPay />,
    "error-402-cashier": <PaymentRequiredPage {...paused} cause="unpaid" isSignedIn mayPay={false} />,
    "error-402-visitor": (
      <PaymentRequiredPage {...paused} companyName={hostile} cause={null} isSignedIn={false} mayPay={false} />
    ),
    "error-402-overdue": <PaymentRequiredPage {...paused} refusal={overdue} cause="overdue" isSignedIn mayPay />,
    "error-module": (
      <ModuleRequiredPage
        shell={shellOf(context, "Reports", companyName, 12)}
        reason="Reports is not part of the plan Starter. Add it, or choose a larger plan, under Billing."
        way="add"
        billingHref="/billing#module-reports"
        module={{
          name: "Reports",
          summary: "See what sells, what earns and what expires",
          points: [
            "Sales and gross profit by day, branch and cashier",
            "Stock value on any date",
            "Items that expire in 30, 60 and 90 days",
          ],
          planName: "Professional",
          price: { amount: "19.00", currency: "USD" },
        }}
      />
    ),
    "error-module-overdue": (
      <ModuleRequiredPage
        shell={{
          ...shellOf(context, "Reports", companyName),
          writing: "no growth",
          overdue: { kind: "past_due", daysLeft: 5, mayPay: false },
        }}
        reason="A payment is overdue. Reports works again as soon as it is paid under Billing."
        way="pay"
        module={{ name: "Reports", summary: "See what sells", points: [hostile], planName: "Professional" }}
      />
    ),
  };
}
