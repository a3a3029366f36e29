import type { Child } from "hono/jsx";
import { Alert } from "../../shared/alert.tsx";
import { Moment } from "../../shared/moment.tsx";
import type { TenantShell } from "../shell.tsx";
import { ActionForm } from "./action-form.tsx";
import { Day } from "./day.tsx";
import type { BillingNews, BillingProps } from "./props.ts";

type NoticesProps = Pick<BillingProps, "news" | "problem" | "pending" | "openCheckout" | "scheduled" | "state"> & {
  shell: TenantShell;
};

/** What happened just now, and what was begun and is not over. Nothing where there is nothing to say. */
export function Notices(props: NoticesProps) {
  const { shell, news, problem, pending, openCheckout, scheduled } = props;
  const { timeZone } = shell.company;
  if (!news && !problem && !pending && !openCheckout && !scheduled) return null;
  return (
    <div class="mb-6 space-y-3">
      {problem === undefined ? null : (
        <Alert tone="error" title="That was not done">
          {problem}
        </Alert>
      )}
      {problem === undefined ? <News {...props} /> : null}
      {pending === undefined ? null : <Pending pending={pending} timeZone={timeZone} />}
      {openCheckout === undefined ? null : <OpenCheckout openCheckout={openCheckout} timeZone={timeZone} />}
      {scheduled === undefined ? null : <Scheduled shell={shell} scheduled={scheduled} />}
    </div>
  );
}

const newsWords: Readonly<Record<BillingNews, { title: string; text?: string }>> = {
  changed: { title: "Done", text: "What you chose works within a few seconds." },
  scheduled: { title: "The change is planned", text: "Nothing changes before, and you can give it up until then." },
  unscheduled: { title: "The planned change was given up", text: "Everything stays as it is." },
  cancelled: { title: "The plan is cancelled", text: "You can take it back until it ends." },
  resumed: { title: "The plan goes on", text: "The cancellation was taken back; payments go on as before." },
  trial_started: { title: "The trial has begun", text: "It ends by itself; nothing is charged." },
  checkout_left: { title: "Nothing was paid", text: "You left the page for paying. You can go on whenever you like." },
};

/** What is still to be seen below in full is not said twice. */
function News({ news, openCheckout, scheduled }: NoticesProps) {
  if (news === undefined) return null;
  if ((news === "checkout_left" && openCheckout) || (news === "scheduled" && scheduled)) return null;
  const { title, text } = newsWords[news];
  return (
    <Alert tone={news === "checkout_left" ? "info" : "success"} title={title}>
      {text}
    </Alert>
  );
}

function Pending({ pending, timeZone }: { pending: NonNullable<BillingProps["pending"]>; timeZone: string }) {
  const { items, until, confirmHref } = pending;
  return (
    <Alert tone="warning" title="Your bank asks you to confirm a payment">
      <Items words="Once it is confirmed, you have:" items={items} />
      <p>
        Without that, everything stays as it is: the change lapses on <Moment at={until} timeZone={timeZone} />.
      </p>
      {confirmHref === undefined ? null : (
        <a href={confirmHref} class="btn btn-primary btn-sm mt-3 mb-1">
          Confirm the payment
        </a>
      )}
    </Alert>
  );
}

function Items({ words, items }: { words: Child; items: readonly string[] }) {
  if (items.length === 0) return null;
  return (
    <>
      <p>{words}</p>
      <ul class="mb-1 list-disc pl-5 font-medium">
        {items.map((item) => (
          <li>{item}</li>
        ))}
      </ul>
    </>
  );
}

function OpenCheckout({
  openCheckout,
  timeZone,
}: {
  openCheckout: NonNullable<BillingProps["openCheckout"]>;
  timeZone: string;
}) {
  const { planName, expiresAt, resumeHref } = openCheckout;
  return (
    <Alert tone="info" title={`You have begun to pay for ${planName}`}>
      <p>
        The page for paying stays open until <Moment at={expiresAt} timeZone={timeZone} />. Nothing has been charged
        yet.
      </p>
      <a href={resumeHref} class="btn btn-primary btn-sm mt-3 mb-1">
        Go on to pay
      </a>
    </Alert>
  );
}

function Scheduled({ shell, scheduled }: { shell: TenantShell; scheduled: NonNullable<BillingProps["scheduled"]> }) {
  const { items, at } = scheduled;
  return (
    <Alert tone="info" title="A change is planned">
      <Items
        words={
          <>
            From <Day at={at} timeZone={shell.company.timeZone} /> you have:
          </>
        }
        items={items}
      />
      <p>Until then everything stays as it is, and you can give the change up.</p>
      <div class="mt-3 mb-1">
        <ActionForm
          action="/billing/scheduled/cancel"
          formToken={shell.context.formToken}
          busy="Giving it up…"
          class="btn-plain btn-sm"
        >
          Give the change up
        </ActionForm>
      </div>
    </Alert>
  );
}
