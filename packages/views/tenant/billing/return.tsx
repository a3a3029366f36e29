import type { Child } from "hono/jsx";
import { type Tone, toneClasses } from "../../shared/badge.tsx";
import { samePage } from "../../shared/context.ts";
import { Icon, type IconName } from "../../shared/icons.tsx";
import { TenantLayout, type TenantShell } from "../shell.tsx";
import { Day } from "./day.tsx";
import type { ReturnProps } from "./props.ts";

/** GET /billing/return: what came of the page for paying. While it waits, the answer's header looks again by itself. */
export function ReturnPage({ shell, ...props }: { shell: TenantShell } & ReturnProps) {
  return (
    <TenantLayout shell={shell} title="Plan and billing">
      <Outcome shell={shell} {...props} />
    </TenantLayout>
  );
}

function Outcome({ shell, ...props }: { shell: TenantShell } & ReturnProps) {
  switch (props.kind) {
    case "done":
      return (
        <Frame tone="success" icon="circle-check" title={`Thank you: ${props.planName} is active`}>
          <p class="mt-1 text-muted tabular-nums">
            Everything that it has works within a few seconds. The invoice is kept under Plan and billing.
            {props.nextPayment === undefined ? null : (
              <>
                {" "}
                The next payment of {props.nextPayment.amount} is on{" "}
                <Day at={props.nextPayment.at} timeZone={shell.company.timeZone} />.
              </>
            )}
          </p>
          <Ways>
            <a href="/" class="btn btn-primary">
              Go to the pharmacy
            </a>
            <a href="/billing" class="btn btn-plain">
              Plan and billing
            </a>
          </Ways>
        </Frame>
      );
    case "waiting":
      return (
        <Frame tone="info" icon="hourglass" title="Your payment is on its way">
          <p class="mt-1 text-muted" role="status">
            It usually takes a few seconds. This page looks again by itself; you can also leave it, and everything goes
            on without you.
          </p>
          <Ways>
            <a href={samePage(shell.context)} class="btn btn-primary">
              <Icon name="refresh-cw" />
              Look again
            </a>
            <a href="/billing" class="btn btn-plain">
              Plan and billing
            </a>
          </Ways>
        </Frame>
      );
    case "not_paid":
      return (
        <Frame tone="neutral" icon="credit-card" title="Nothing was paid">
          <p class="mt-1 text-muted">
            The page for paying was left, or stayed open for too long. Nothing was charged, and you can begin again
            whenever you like.
          </p>
          <Ways>
            <a href="/billing/plans" class="btn btn-primary">
              Choose a plan
            </a>
            <a href="/billing" class="btn btn-plain">
              Plan and billing
            </a>
          </Ways>
        </Frame>
      );
  }
}

interface FrameProps {
  tone: Tone;
  icon: IconName;
  title: string;
  children?: Child;
}

function Frame({ tone, icon, title, children }: FrameProps) {
  return (
    <section class="card mx-auto max-w-xl px-5 py-10 text-center sm:px-10" aria-labelledby="outcome">
      <span class={`mx-auto flex size-14 items-center justify-center rounded-2xl ${toneClasses[tone]}`}>
        <Icon name={icon} class="size-7" />
      </span>
      <h2 id="outcome" class="mt-5 font-semibold text-2xl">
        {title}
      </h2>
      {children}
    </section>
  );
}

function Ways({ children }: { children?: Child }) {
  return <div class="mt-6 flex flex-wrap justify-center gap-2 max-sm:flex-col">{children}</div>;
}
