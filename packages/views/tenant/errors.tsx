import type { FormContext } from "../shared/context.ts";
import { ErrorFrame } from "../shared/error-page.tsx";
import { formatAmount } from "../shared/formats.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { pauseReason, type Suspension } from "./overdue.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";

export { BeingSetUpPage, ErrorPage, type ErrorPageProps, NotFoundPage } from "../shared/error-page.tsx";

export interface PaymentRequiredPageProps {
  context: FormContext;
  companyName: string;
  /** What was refused and why, in words. */
  refusal: string;
  /** Why the pharmacy is paused; `overdue`: it is not yet. */
  cause: Suspension | "overdue";
  /** Whether somebody is signed in; `formToken` is theirs then. */
  isSignedIn: boolean;
  /** Whether they may choose the plan and pay. */
  mayPay: boolean;
}

/** 402: what was asked for waits until somebody pays. */
export function PaymentRequiredPage(props: PaymentRequiredPageProps) {
  const { context, companyName, refusal, cause, isSignedIn, mayPay } = props;
  const isOverdue = cause === "overdue";
  const pays = mayPay && cause !== "operator";
  return (
    <ErrorFrame
      context={context}
      status={402}
      icon="hourglass"
      title={isOverdue ? "A payment is overdue" : `${companyName} is paused`}
    >
      {isOverdue ? (
        <p class="mt-2 text-base text-muted">{refusal} Nothing was changed.</p>
      ) : (
        <p class="mt-2 text-base text-muted">
          {pauseReason(cause)} Nothing has been deleted: records can be read, printed and exported, and everything goes
          on where it stopped.
        </p>
      )}
      {mayPay || cause === "operator" ? null : (
        <p class="mt-3 font-medium text-base">
          The owner of the pharmacy can {isOverdue ? "pay the open invoice" : "choose a plan or pay the open invoice"}.
        </p>
      )}
      <div class="mt-7 flex flex-wrap items-center justify-center gap-2">
        {pays ? (
          <a href="/billing" class="btn btn-primary">
            {isOverdue || cause === "unpaid" ? "Pay now" : "Choose a plan"}
          </a>
        ) : null}
        {isSignedIn ? (
          <>
            <a href="/" class="btn btn-plain">
              Back to the records
            </a>
            <form method="post" action="/auth/sign-out" data-once>
              <FormToken token={context.formToken} />
              <SubmitButton busy="Signing out…" class="btn-plain">
                <Icon name="log-out" />
                Sign out
              </SubmitButton>
            </form>
          </>
        ) : (
          <a href="/auth/sign-in" class="btn btn-plain">
            Sign in
          </a>
        )}
      </div>
    </ErrorFrame>
  );
}

export interface ModuleRequiredPageProps {
  shell: TenantShell;
  module: {
    name: string;
    summary: string;
    /** What one can do with it, in a few words each. */
    points: string[];
    /** The smallest plan that has it. */
    planName: string;
    /** Of adding it to the plan, for a month: decimal text and ISO 4217. Absent: it comes with a plan only. */
    price?: { amount: string; currency: string };
  };
  /** Why it is shut. */
  reason: string;
  /** What opens it. */
  way: "add" | "pay";
  /** Where the one button leads; absent for somebody who may not choose what is paid for. */
  billingHref?: string;
}

/** 403: what a module does, why it is shut, its price, and one button. */
export function ModuleRequiredPage({ shell, module, reason, way, billingHref }: ModuleRequiredPageProps) {
  const { planName, price } = module;
  return (
    <TenantLayout shell={shell} title={module.name}>
      <section class="card max-w-2xl p-6 sm:p-8">
        <span class="flex size-12 items-center justify-center rounded-xl bg-soft-primary text-soft-primary-text">
          <Icon name="lock" class="size-6" />
        </span>
        <h2 class="mt-5 font-semibold text-xl">{module.summary}</h2>
        <p class="mt-1 text-muted">{reason}</p>
        <ul class="mt-4 space-y-2.5">
          {module.points.map((point) => (
            <li class="flex gap-2.5">
              <Icon name="check" class="mt-0.5 size-4 text-primary" />
              {point}
            </li>
          ))}
        </ul>
        <div class="mt-7 flex flex-wrap items-center gap-x-5 gap-y-3 border-line border-t pt-6">
          {billingHref === undefined ? (
            <p class="font-medium">
              {way === "pay" ? "The owner of the pharmacy can pay." : "The owner of the pharmacy can add it."}
            </p>
          ) : (
            <a href={billingHref} class="btn btn-primary">
              {way === "pay" ? "Pay now" : `Add ${module.name}`}
            </a>
          )}
          {way === "pay" ? null : (
            <p class="text-muted tabular-nums">
              {price === undefined
                ? `Part of ${planName}`
                : `${price.currency} ${formatAmount(price.amount)} a month beside your plan, or part of ${planName}`}
            </p>
          )}
        </div>
      </section>
      <p class="mt-6 text-muted text-xs">
        Request <code class="select-all font-mono">{shell.context.requestId}</code>
      </p>
    </TenantLayout>
  );
}
