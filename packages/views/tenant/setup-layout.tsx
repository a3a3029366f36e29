import type { Child } from "hono/jsx";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";

export type SetupStepState = "open" | "done" | "skipped";

export interface SetupStep {
  /** `company`, `branches`, `people` or `items`: the end of the step's address. */
  name: string;
  title: string;
  state: SetupStepState;
}

/** What every page of a step shows. */
export interface StepPageProps {
  shell: TenantShell;
  steps: readonly SetupStep[];
}

export interface SetupLayoutProps extends StepPageProps {
  /** The step that is shown; absent on the last page. */
  current?: string;
  /** What this step is for. */
  lead: Child;
  title: string;
  children?: Child;
}

/** A page of the first day: where one is, then the step. Every step can be left, skipped and come back to. */
export function SetupLayout({ shell, steps, current, title, lead, children }: SetupLayoutProps) {
  const index = steps.findIndex(({ name }) => name === current);
  return (
    <TenantLayout
      shell={shell}
      title={title}
      subtitle={lead}
      actions={
        current === undefined ? undefined : (
          <form method="post" action="/setup/later" data-once>
            <FormToken token={shell.context.formToken} />
            <SubmitButton busy="One moment…" class="btn-ghost btn-sm h-9 max-sm:-ml-3">
              I’ll do this later
            </SubmitButton>
          </form>
        )
      }
    >
      <div>
        <nav aria-label="Steps" class="mb-6">
          {index < 0 ? null : (
            <p class="mb-2 text-muted text-xs tabular-nums sm:hidden">
              Step {index + 1} of {steps.length}
            </p>
          )}
          <ol class="grid grid-cols-4 gap-2">
            {steps.map((step, position) => (
              <li>
                <StepLink step={step} number={position + 1} isCurrent={step.name === current} />
              </li>
            ))}
          </ol>
        </nav>
        {children}
      </div>
    </TenantLayout>
  );
}

const stateWords = { open: "not done yet", done: "done", skipped: "skipped" } as const;

function StepLink({ step, number, isCurrent }: { step: SetupStep; number: number; isCurrent: boolean }) {
  const bar = isCurrent || step.state === "done" ? "border-primary" : "border-line";
  return (
    <a
      href={`/setup/${step.name}`}
      aria-current={isCurrent ? "step" : undefined}
      class={`flex h-full items-center gap-2 border-t-3 pt-2 ${bar} ${
        isCurrent ? "font-semibold text-base-content" : "text-muted hover:text-base-content"
      }`}
    >
      <StepMark state={step.state} number={number} />
      <span class="sr-only sm:not-sr-only">{step.title}</span>
      <span class="sr-only">, {stateWords[step.state]}</span>
    </a>
  );
}

function StepMark({ state, number }: { state: SetupStepState; number: number }) {
  if (state === "done") return <Icon name="circle-check" class="size-5 text-primary" />;
  return (
    <span
      class={`flex size-5 shrink-0 items-center justify-center rounded-full border border-field-line text-xs tabular-nums ${
        state === "skipped" ? "border-dashed" : ""
      }`}
      aria-hidden="true"
    >
      {number}
    </span>
  );
}

export interface StepFooterProps {
  shell: TenantShell;
  step: string;
  /** Address of the step before; absent on the first one. */
  back?: string | undefined;
  /** A step that is done needs no skipping. */
  isDone: boolean;
  /** The buttons that go on. They may be of a form elsewhere on the page. */
  children?: Child;
}

/** Back, skip and go on, under a step: in one row, or on a phone with what goes on above the rest. */
export function StepFooter({ shell, step, back, isDone, children }: StepFooterProps) {
  return (
    <div class="mt-6 grid grid-cols-2 items-center gap-2 sm:flex">
      {back === undefined ? (
        <span class="sm:mr-auto" />
      ) : (
        <a href={back} class="btn btn-ghost justify-self-start sm:mr-auto">
          <Icon name="chevron-left" />
          Back
        </a>
      )}
      {isDone ? null : (
        <form method="post" action={`/setup/${step}/skip`} data-once class="justify-self-end">
          <FormToken token={shell.context.formToken} />
          <SubmitButton busy="Skipping…" class="btn-ghost">
            Skip for now
          </SubmitButton>
        </form>
      )}
      {children}
    </div>
  );
}

/** A step that this person's role does not let them do. */
export function StepRefused({ what }: { what: string }) {
  return (
    <div class="card flex gap-3 p-5 sm:p-6">
      <Icon name="lock" class="mt-0.5 size-5 text-muted" />
      <div>
        <h2 class="font-semibold">This step is for somebody else</h2>
        <p class="mt-1 text-muted">
          Your role does not let you {what}. Skip the step: the owner finds it on the overview and can do it at any
          time.
        </p>
      </div>
    </div>
  );
}

/** Sends the step's form from below it. */
export function GoOn({ form, busy = "Saving…", children }: { form: string; busy?: string; children: Child }) {
  return (
    <button type="submit" form={form} name="go" value="on" class="btn btn-primary max-sm:-order-2 max-sm:col-span-2">
      <span class="when-idle inline-flex items-center gap-2">{children}</span>
      <span class="when-busy items-center gap-2">
        <span class="loading loading-spinner loading-xs" aria-hidden="true" />
        {busy}
      </span>
    </button>
  );
}

/** Sends the step's form from below it, and comes back for one more. */
export function AddAnother({ children }: { children: string }) {
  return (
    <button type="submit" form="step" name="go" value="another" class="btn btn-plain max-sm:-order-1 max-sm:col-span-2">
      <Icon name="plus" />
      {children}
    </button>
  );
}

export const isDone = (steps: readonly SetupStep[], step: string): boolean =>
  steps.some(({ name, state }) => name === step && state === "done");
