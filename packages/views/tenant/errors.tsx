import type { FormContext } from "../shared/context.ts";
import { ErrorFrame } from "../shared/error-page.tsx";
import { dollars } from "../shared/formats.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";

export { BeingSetUpPage, ErrorPage, type ErrorPageProps, NotFoundPage } from "../shared/error-page.tsx";

export interface SuspendedPageProps {
  context: FormContext;
  companyName: string;
  /** True when a trial ended without a subscription, false when a payment is missing. */
  trialEnded: boolean;
  /** Whether somebody is signed in; `formToken` is theirs then. */
  isSignedIn: boolean;
}

/** 402: the pharmacy is suspended until somebody pays. */
export function SuspendedPage({ context, companyName, trialEnded, isSignedIn }: SuspendedPageProps) {
  return (
    <ErrorFrame context={context} status={402} icon="hourglass" title={`${companyName} is paused`}>
      <p class="mt-2 text-base text-muted">
        {trialEnded ? "The free trial is over and no plan was chosen yet." : "A payment is missing."} Nothing has been
        deleted: as soon as it is paid, everything is as you left it.
      </p>
      <p class="mt-3 font-medium text-base">The owner of the pharmacy can choose a plan or pay the open invoice.</p>
      <div class="mt-7 flex flex-wrap items-center justify-center gap-2">
        {isSignedIn ? (
          <>
            <a href="/auth/account" class="btn btn-plain">
              Your account
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
    planName: string;
    priceMonthlyUsd?: string;
  };
  /** Where the one button leads. */
  upgradeHref: string;
}

/** 403: what a module does, its plan and price, and one button. */
export function ModuleRequiredPage({ shell, module, upgradeHref }: ModuleRequiredPageProps) {
  return (
    <TenantLayout shell={shell} title={module.name}>
      <section class="card max-w-2xl p-6 sm:p-8">
        <span class="flex size-12 items-center justify-center rounded-xl bg-soft-primary text-soft-primary-text">
          <Icon name="lock" class="size-6" />
        </span>
        <h2 class="mt-5 font-semibold text-xl">{module.summary}</h2>
        <ul class="mt-4 space-y-2.5">
          {module.points.map((point) => (
            <li class="flex gap-2.5">
              <Icon name="check" class="mt-0.5 size-4 text-primary" />
              {point}
            </li>
          ))}
        </ul>
        <div class="mt-7 flex flex-wrap items-center gap-x-5 gap-y-3 border-line border-t pt-6">
          <a href={upgradeHref} class="btn btn-primary">
            Change to {module.planName}
          </a>
          <p class="text-muted tabular-nums">
            Part of {module.planName}
            {module.priceMonthlyUsd === undefined ? null : `, ${dollars(module.priceMonthlyUsd)} a month`}
          </p>
        </div>
      </section>
      <p class="mt-6 text-muted text-xs">
        Request <code class="select-all font-mono">{shell.context.requestId}</code>
      </p>
    </TenantLayout>
  );
}
