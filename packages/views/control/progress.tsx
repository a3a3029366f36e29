import { Alert } from "../shared/alert.tsx";
import { type PageContext, samePage } from "../shared/context.ts";
import { SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { SiteCard, SiteLayout } from "./site-layout.tsx";

export interface ProgressStep {
  name: string;
  state: "waiting" | "running" | "done" | "failed";
  detail?: string;
}

export interface ProgressStepsProps {
  steps: ProgressStep[];
  /** `waiting`: in the queue, because more pharmacies signed up today than are opened in a day. */
  state: "working" | "ready" | "failed" | "waiting";
  /** Answers with this fragment; asked every second until the state is `ready` or `failed`. */
  pollPath: string;
  companyName: string;
  /** The new address, with its scheme. */
  address: string;
  supportMail: string;
  /** Only in the browser that entered the code. The form posts `token` to the absolute URL `action`. */
  signIn?: { action: string; token: string };
}

export interface ProgressPageProps extends ProgressStepsProps {
  context: PageContext;
}

export function ProgressPage({ context, ...progress }: ProgressPageProps) {
  const working = progress.state === "working" || progress.state === "waiting";
  return (
    <SiteLayout
      context={context}
      title={`Setting up ${progress.companyName}`}
      htmx
      quiet
      {...(working ? { refreshSeconds: 3 } : {})}
    >
      <SiteCard>
        <ProgressSteps {...progress} />
        {working ? (
          <noscript>
            <a href={samePage(context)} class="btn btn-plain mt-6">
              Refresh
            </a>
          </noscript>
        ) : null}
        <p data-connection-lost hidden class="mt-4 text-muted">
          No connection at the moment. This page goes on by itself when it is back.
        </p>
      </SiteCard>
    </SiteLayout>
  );
}

/** What the page replaces every second: heading, bar, steps, and at the end the way in. */
export function ProgressSteps(props: ProgressStepsProps) {
  const { steps, state, pollPath, companyName, supportMail } = props;
  const working = state === "working" || state === "waiting";
  const polling = working ? { "hx-get": pollPath, "hx-trigger": "every 1s", "hx-swap": "outerHTML" } : {};
  const done = steps.filter((step) => step.state === "done").length;
  return (
    <div id="progress" {...polling}>
      <ProgressHeading {...props} />
      {state === "waiting" ? (
        <p class="mt-5 text-muted">
          Many pharmacies are joining today. Yours is in the queue: you can close this page, we mail you when it is
          ready.
        </p>
      ) : (
        <>
          <progress
            id="progress-bar"
            class="progress bar mt-6"
            value={done}
            max={Math.max(steps.length, 1)}
            aria-label={`${done} of ${steps.length} steps done`}
          />
          <ol class="mt-5 space-y-1">
            {steps.map((step) => (
              <Step step={step} />
            ))}
          </ol>
        </>
      )}
      {state === "failed" ? (
        <div class="mt-6">
          <Alert tone="warning" title="We are looking into it">
            <p>
              Our team has been told and carries on from this step. Nothing you entered is lost, and {companyName} keeps
              its address. We mail you as soon as it is ready.
            </p>
            <p class="mt-2">
              Questions? Write to{" "}
              <a href={`mailto:${supportMail}`} class="underline underline-offset-2">
                {supportMail}
              </a>
              .
            </p>
          </Alert>
        </div>
      ) : null}
    </div>
  );
}

function ProgressHeading({ state, companyName, address, steps, signIn }: ProgressStepsProps) {
  const current = steps.find((step) => step.state === "running");
  if (state === "ready") {
    return (
      <>
        <span class="flex size-11 items-center justify-center rounded-full bg-soft-success text-soft-success-text">
          <Icon name="check" class="size-6" />
        </span>
        <h1 class="mt-5 font-semibold text-2xl" data-announce>
          Your pharmacy is ready
        </h1>
        <p class="mt-2 text-base text-muted">
          Its address is{" "}
          <a href={address} class="link">
            {withoutScheme(address)}
          </a>
        </p>
        {signIn === undefined ? (
          <p class="mt-4">Open the sign-in link in the mail that we just sent you.</p>
        ) : (
          <form method="post" action={signIn.action} data-once data-auto-submit class="mt-6">
            <input type="hidden" name="token" value={signIn.token} />
            <SubmitButton busy="Opening…" class="btn-primary w-full">
              <span class="max-w-64 truncate">Open {companyName}</span>
              <Icon name="arrow-right" />
            </SubmitButton>
          </form>
        )}
      </>
    );
  }
  return (
    <>
      <h1 class="font-semibold text-2xl">
        {state === "failed" ? `Setting up ${companyName} takes longer` : `Setting up ${companyName}`}
      </h1>
      <p class="mt-2 text-base text-muted">
        {withoutScheme(address)}
        {state === "working" ? ", usually ready in under a minute" : null}
      </p>
      <p class="sr-only" data-announce>
        {state === "failed" ? "It takes longer. Our team is looking into it." : (current?.name ?? "Waiting to begin")}
      </p>
    </>
  );
}

function Step({ step }: { step: ProgressStep }) {
  const words = { waiting: "not begun", running: "in progress", done: "done", failed: "stopped" }[step.state];
  return (
    <li class="flex items-start gap-3 py-1.5" aria-current={step.state === "running" ? "step" : undefined}>
      <StepMark state={step.state} />
      <div class="min-w-0">
        <p class={step.state === "waiting" ? "text-muted" : step.state === "running" ? "font-medium" : ""}>
          {step.name}
          <span class="sr-only">: {words}</span>
        </p>
        {step.detail === undefined ? null : <p class="text-muted text-xs">{step.detail}</p>}
      </div>
    </li>
  );
}

function StepMark({ state }: { state: ProgressStep["state"] }) {
  const place = "mt-px flex size-5 shrink-0 items-center justify-center rounded-full";
  switch (state) {
    case "done":
      return (
        <span class={`${place} bg-primary text-primary-content`}>
          <Icon name="check" class="size-3.5" />
        </span>
      );
    case "running":
      return (
        <span class={`${place} text-primary`}>
          <span class="loading loading-spinner loading-sm" aria-hidden="true" />
        </span>
      );
    case "failed":
      return (
        <span class={`${place} bg-soft-warning text-soft-warning-text`}>
          <Icon name="triangle-alert" class="size-3" />
        </span>
      );
    case "waiting":
      return <span class={`${place} border border-field-line border-dashed`} />;
  }
}

const withoutScheme = (address: string): string => address.replace(/^https?:\/\//, "").replace(/\/$/, "");
