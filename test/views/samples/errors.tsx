import type { FormContext } from "@pharmasight/views/shared/context";
import { BeingSetUpPage, ErrorPage, NotFoundPage } from "@pharmasight/views/shared/error-page.tsx";
import { ModuleRequiredPage, SuspendedPage } from "@pharmasight/views/tenant/errors.tsx";
import { companyName, hostile, type Samples, shellOf } from "./shared.ts";

export function errorSamples(context: FormContext): Samples {
  return {
    "error-404": <NotFoundPage context={context} homeUrl="https://pharmasight.com" />,
    "error-429": <ErrorPage context={context} code="rate_limited" retryAfterSeconds={40} />,
    "error-500": <ErrorPage context={context} code="internal" />,
    "error-503": <ErrorPage context={context} code="maintenance" retryAfterSeconds={600} />,
    "error-hostile": <ErrorPage context={context} code="invalid_input" message={hostile} />,
    "error-setting-up": <BeingSetUpPage context={context} />,
    "error-402": <SuspendedPage context={context} companyName={companyName} trialEnded isSignedIn />,
    "error-402-visitor": (
      <SuspendedPage context={context} companyName={hostile} trialEnded={false} isSignedIn={false} />
    ),
    "error-module": (
      <ModuleRequiredPage
        shell={shellOf(context, "Reports", companyName, 12)}
        upgradeHref="/plan"
        module={{
          name: "Reports",
          summary: "See what sells, what earns and what expires",
          points: [
            "Sales and gross profit by day, branch and cashier",
            "Stock value on any date",
            "Items that expire in 30, 60 and 90 days",
          ],
          planName: "Professional",
          priceMonthlyUsd: "299.00",
        }}
      />
    ),
  };
}
