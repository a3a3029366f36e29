import { CodePage } from "@pharmasight/views/control/code.tsx";
import { FindPage, FindSentPage } from "@pharmasight/views/control/find.tsx";
import { LandingPage } from "@pharmasight/views/control/landing.tsx";
import type { PlanCard } from "@pharmasight/views/control/plans.tsx";
import { ProgressPage, type ProgressStep } from "@pharmasight/views/control/progress.tsx";
import { SignUpPage } from "@pharmasight/views/control/sign-up.tsx";
import { TermsPage } from "@pharmasight/views/control/terms.tsx";
import type { FormContext } from "@pharmasight/views/shared/context";
import { companyName, hostile, long, type Samples, unbroken } from "./shared.ts";

const plans: PlanCard[] = [
  {
    code: "starter",
    name: "Starter",
    priceMonthlyUsd: "99.00",
    priceYearlyUsd: "990.00",
    summary: "For one pharmacy that wants its stock and sales in order.",
    limits: ["1 branch", "5 users", "10,000 items"],
    modules: ["Inventory", "Sales", "Purchases"],
  },
  {
    code: "professional",
    name: "Professional",
    priceMonthlyUsd: "299.00",
    priceYearlyUsd: "2990.00",
    summary: "For pharmacies with branches, stock takes and reports.",
    limits: ["5 branches", "20 users", "50,000 items"],
    modules: ["Everything in Starter", "Reports", "Stock take", "Several branches", "Access for your own programs"],
  },
  {
    code: "enterprise",
    name: "Enterprise",
    summary: "For chains, with a contract of their own.",
    limits: ["As many branches, users and items as you need"],
    modules: ["Everything in Professional", "Priority support", "A server of your own"],
  },
];

const finished: ProgressStep[] = [
  { name: "Reserve your address", state: "done" },
  { name: "Make your database", state: "done" },
  { name: "Lock it for you alone", state: "done" },
  { name: "Prepare tables and settings", state: "done" },
  { name: "Create your sign-in", state: "done" },
  { name: "Start your free trial", state: "done" },
];

const half = finished.map((step, index): ProgressStep => {
  if (index < 2) return step;
  if (index === 2) return { ...step, state: "running", detail: "Second attempt" };
  return { ...step, state: "waiting" };
});

const broken = half.map((step): ProgressStep => (step.state === "running" ? { ...step, state: "failed" } : step));

const errors = {
  companyName: "Enter the name of your pharmacy.",
  subdomain: "This address is taken. Try another one.",
  email: "Enter an address like name@example.com.",
  termsAccepted: "Accept the terms to go on.",
};

export function controlSamples(context: FormContext): Samples {
  const signUp = {
    context,
    plans: plans.slice(0, 2),
    rootHost: "pharmasight.com",
    termsVersion: "2026-11",
    formToken: "t",
  };
  const setUp = {
    context,
    companyName,
    address: "https://acacia.pharmasight.com",
    pollPath: "/poll",
    supportMail: "support@pharmasight.com",
  };
  return {
    landing: <LandingPage context={context} plans={plans} salesMail="sales@pharmasight.com" />,
    "sign-up": (
      <SignUpPage
        {...signUp}
        values={{
          companyName: "",
          ownerName: "",
          email: "",
          subdomain: "",
          plan: "professional",
          termsAccepted: false,
        }}
        errors={{}}
      />
    ),
    "sign-up-errors": (
      <SignUpPage
        {...signUp}
        rootHost={`${unbroken}.pharmasight.localhost:3000`}
        values={{
          companyName: hostile,
          ownerName: hostile,
          email: hostile,
          subdomain: hostile,
          plan: "starter",
          termsAccepted: false,
        }}
        errors={errors}
      />
    ),
    "sign-up-limited": (
      <SignUpPage
        {...signUp}
        values={{
          companyName,
          ownerName: "Grace Wanjiru",
          email: "grace@acacia.example",
          subdomain: "acacia",
          plan: "professional",
          termsAccepted: true,
        }}
        errors={{
          email:
            "There were many sign-ups with this address or from your network in the last hour. You can go on in about 40 minutes.",
        }}
      />
    ),
    code: <CodePage context={context} email="grace@acacia.example" formToken="t" />,
    "code-error": (
      <CodePage
        context={context}
        email={hostile}
        formToken="t"
        attemptsLeft={3}
        resent
        error="That is not the code. Look in the newest mail."
      />
    ),
    "progress-working": <ProgressPage {...setUp} steps={half} state="working" />,
    "progress-ready": <ProgressPage {...setUp} steps={finished} state="ready" />,
    "progress-failed": <ProgressPage {...setUp} companyName={hostile} steps={broken} state="failed" />,
    "progress-queue": <ProgressPage {...setUp} companyName={long} steps={[]} state="waiting" />,
    "progress-rolled-back": <ProgressPage {...setUp} steps={broken} state="rolled_back" />,
    "progress-rolled-back-hostile": (
      <ProgressPage {...setUp} companyName={unbroken} steps={broken} state="rolled_back" />
    ),
    find: <FindPage context={context} />,
    "find-error": (
      <FindPage
        context={context}
        email={hostile}
        error="There were many requests for this address or from your network in the last hour. You can go on in about 40 minutes."
      />
    ),
    "find-sent": <FindSentPage context={context} />,
    terms: <TermsPage context={context} version="2026-11" supportMail="support@pharmasight.com" />,
  };
}
