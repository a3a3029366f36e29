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
  /**
   * `waiting`: in the queue, because more pharmacies signed up today than are opened in a day. `rolled_back`: we gave it
   * up and deleted what was made.
   */
  state: "working" | "ready" | "failed" | "waiting" | "rolled_back";
  /** Answers with this fragment; asked again and again while the state is `working` or `waiting`. */
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
      {...(working ? { refreshSeconds: lookAgainSeconds(progress.state) * 3 } : {})}
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

/** A place in tomorrow's queue does not change by the second. */
const lookAgainSeconds = (state: ProgressStepsProps["state"]): number => (state === "waiting" ? 20 : 1);

/** What the page replaces as it goes on: heading, bar, steps, and at the end the way in. */
export function ProgressSteps(props: ProgressStepsProps) {
  const { state, pollPath } = props;
  const polling =
    state === "working" || state === "waiting"
      ? { "hx-get": pollPath, "hx-trigger": `every ${lookAgainSeconds(state)}s`, "hx-swap": "outerHTML" }
      : {};
  return (
    <div id="progress" {...polling}>
      <ProgressHeading {...props} />
      {state === "waiting" ? (
        <InQueue {...props} />
      ) : state === "rolled_back" ? (
        <GivenUp {...props} />
      ) : (
        <StepList {...props} />
      )}
      {state === "failed" ? <Stopped {...props} /> : null}
    </div>
  );
}

function StepList({ steps }: ProgressStepsProps) {
  const done = steps.filter((step) => step.state === "done").length;
  return (
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
  );
}

function InQueue({ address }: ProgressStepsProps) {
  return (
    <>
      <div class="mt-6">
        <Alert tone="info" title="Today’s places are taken">
          <p>
            So many pharmacies joined today that yours is in the queue. It opens by itself, usually within a day, and
            its free trial starts only then.
          </p>
        </Alert>
      </div>
      <ul class="mt-5 list-disc space-y-1 pl-5 text-muted">
        <li>You have nothing to do, and can close this page.</li>
        <li>We mail you a link to sign in as soon as it is open: that mail is your way back.</li>
        <li>
          The address <span class="break-words text-base-content">{withoutScheme(address)}</span> is kept for you.
        </li>
      </ul>
    </>
  );
}

function GivenUp({ supportMail }: ProgressStepsProps) {
  return (
    <>
      <div class="mt-6">
        <Alert tone="warning" title="We stopped setting it up">
          <p>
            Something on our side kept it from being finished, so we deleted what had been made. Nothing was charged,
            and your free trial is not used up.
          </p>
        </Alert>
      </div>
      <form method="post" action="/sign-up/code/resend" data-once class="mt-6">
        <SubmitButton busy="Sending your code…" class="btn-primary">
          <Icon name="refresh-cw" />
          Try again
        </SubmitButton>
      </form>
      <p class="mt-3 text-muted">
        We mail you a new code, and set it up with the same details. Or{" "}
        <a href="/sign-up" class="link">
          fill in the form anew
        </a>
        .
      </p>
      <p class="mt-5 border-line border-t pt-5 text-muted">
        If it does not work then either, please write to <Mailbox address={supportMail} />.
      </p>
    </>
  );
}

function Stopped({ companyName, supportMail }: ProgressStepsProps) {
  return (
    <div class="mt-6">
      <Alert tone="warning" title="We are looking into it">
        <p>
          Our team has been told and carries on from this step. Nothing you entered is lost, and {companyName} keeps its
          address. We mail you as soon as it is ready.
        </p>
        <p class="mt-2">
          Questions? Write to <Mailbox address={supportMail} />.
        </p>
      </Alert>
    </div>
  );
}

function Mailbox({ address }: { address: string }) {
  return (
    <a href={`mailto:${address}`} class="underline underline-offset-2">
      {address}
    </a>
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
  const { title, spoken } = {
    working: { title: `Setting up ${companyName}`, spoken: current?.name ?? "Waiting to begin" },
    waiting: { title: `${companyName} is in the queue`, spoken: "Today’s places are taken. It opens by itself." },
    failed: {
      title: `Setting up ${companyName} takes longer`,
      spoken: "It takes longer. Our team is looking into it.",
    },
    rolled_back: { title: `${companyName} could not be opened`, spoken: "We stopped setting it up." },
  }[state];
  return (
    <>
      <h1 class="font-semibold text-2xl">{title}</h1>
      {state === "rolled_back" ? null : (
        <p class="mt-2 break-words text-base text-muted">
          {withoutScheme(address)}
          {state === "working" ? ", usually ready in under a minute" : null}
        </p>
      )}
      <p class="sr-only" data-announce>
        {spoken}
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
