import type { PageContext } from "../shared/context.ts";
import { SiteLayout } from "./site-layout.tsx";

export interface TermsPageProps {
  context: PageContext;
  version: string;
  supportMail: string;
}

const sections: readonly { title: string; text: string }[] = [
  {
    title: "The free trial",
    text: "You may use PharmaSight free of charge for 14 days, once for each owner. We ask for no card. When the trial ends and you do not choose to go on, your pharmacy is paused: nothing is deleted, and nothing is charged.",
  },
  {
    title: "Going on",
    text: "If you choose to go on, the price of your plan applies from then. You may change the plan or stop at any time; what you have paid for, you can use until it ends.",
  },
  {
    title: "Your records",
    text: "Your records stay yours. They are kept in a database of your own, apart from every other pharmacy’s. You can export them at any time.",
  },
  {
    title: "Who reads them",
    text: "The people you invite. Our support reads them only to help you, with a reason that is written down, and you see in your log that it did.",
  },
  {
    title: "Your part",
    text: "Give a mail address that you keep and a name that is yours, keep your sign-in to yourself, and give each person who works with you a sign-in of their own.",
  },
];

/** The terms of service in force: what the sign-up form has people accept. */
export function TermsPage({ context, version, supportMail }: TermsPageProps) {
  return (
    <SiteLayout context={context} title="Terms of service">
      <article class="mx-auto w-full max-w-2xl px-4 py-10 sm:px-6 sm:py-16">
        <h1 class="font-semibold text-3xl">Terms of service</h1>
        <p class="mt-2 text-muted tabular-nums">Version {version}</p>
        <div class="card mt-8 space-y-6 p-6 sm:p-8">
          {sections.map(({ title, text }) => (
            <section>
              <h2 class="font-semibold text-base">{title}</h2>
              <p class="mt-1.5 text-[0.9375rem] text-muted">{text}</p>
            </section>
          ))}
        </div>
        <p class="mt-6 text-muted">
          Questions? Write to{" "}
          <a href={`mailto:${supportMail}`} class="link">
            {supportMail}
          </a>
          .
        </p>
      </article>
    </SiteLayout>
  );
}
