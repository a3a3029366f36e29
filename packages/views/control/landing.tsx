import type { PageContext } from "../shared/context.ts";
import { Icon, type IconName } from "../shared/icons.tsx";
import { type PlanCard, Plans } from "./plans.tsx";
import { SiteLayout } from "./site-layout.tsx";
import { StockPreview } from "./stock-preview.tsx";

export type { PlanCard } from "./plans.tsx";

export interface LandingPageProps {
  context: PageContext;
  plans: PlanCard[];
  salesMail: string;
}

export function LandingPage({ context, plans, salesMail }: LandingPageProps) {
  return (
    <SiteLayout
      context={context}
      title="PharmaSight"
      description="Stock by batch and expiry, sales and purchases for pharmacies. Try it free for 14 days, no card needed."
    >
      <Hero />
      <Features />
      <section id="pricing" aria-labelledby="pricing-title" class="border-line border-y bg-base-100 py-16 sm:py-24">
        <div class="mx-auto max-w-6xl px-4 sm:px-6">
          <h2 id="pricing-title" class="text-center font-semibold text-3xl">
            One price per pharmacy
          </h2>
          <p class="mx-auto mt-3 max-w-xl text-center text-base text-muted">
            Start with 14 free days. No card, and you can stop whenever you like.
          </p>
          <Plans plans={plans} salesMail={salesMail} />
        </div>
      </section>
      <Questions salesMail={salesMail} />
    </SiteLayout>
  );
}

function Hero() {
  return (
    <section class="border-line border-b bg-base-100">
      <div class="mx-auto grid max-w-6xl items-center gap-12 px-4 py-16 sm:px-6 sm:py-24 lg:grid-cols-[1fr_1.05fr]">
        <div>
          <p class="font-medium text-primary">For pharmacies with one counter or many</p>
          <h1 class="mt-3 font-semibold text-4xl leading-[1.08] tracking-tight sm:text-5xl">
            Know what is on your shelves, and what expires next
          </h1>
          <p class="mt-5 max-w-lg text-lg text-muted">
            PharmaSight keeps your medicines, batches, sales and orders in one place, so that you sell the oldest batch
            first and order before you run out.
          </p>
          <div class="mt-8 flex flex-wrap gap-3">
            <a href="/sign-up" class="btn btn-primary btn-lg text-base">
              Start free trial
              <Icon name="arrow-right" />
            </a>
            <a href="#pricing" class="btn btn-plain btn-lg text-base">
              See prices
            </a>
          </div>
          <ul class="mt-6 flex flex-wrap gap-x-5 gap-y-2 text-muted">
            <Reassurance>14 days free</Reassurance>
            <Reassurance>No card needed</Reassurance>
            <Reassurance>Ready in minutes</Reassurance>
          </ul>
        </div>
        <StockPreview />
      </div>
    </section>
  );
}

function Reassurance({ children }: { children: string }) {
  return (
    <li class="flex items-center gap-1.5">
      <Icon name="check" class="size-4 text-primary" />
      {children}
    </li>
  );
}

const features: readonly { icon: IconName; title: string; text: string }[] = [
  {
    icon: "calendar-clock",
    title: "Stock by batch and expiry",
    text: "Each delivery keeps its batch and date. The batch that expires first is the one that is sold first.",
  },
  {
    icon: "package",
    title: "Tablets, boxes and cartons",
    text: "Buy by the carton, sell by the tablet. One item holds all its units and the stock always adds up.",
  },
  {
    icon: "shield-check",
    title: "A database of your own",
    text: "Your records are never mixed with another pharmacy’s. They are yours to export whenever you want.",
  },
  {
    icon: "store",
    title: "One branch or twenty",
    text: "See stock and sales per branch, move goods between them, and give each person the access they need.",
  },
  {
    icon: "file-spreadsheet",
    title: "Start with the list you have",
    text: "Bring your medicines from a spreadsheet. Rows with mistakes come back to you with the reason.",
  },
  {
    icon: "search",
    title: "Find it the way you say it",
    text: "Search by generic name or brand, shortened or misspelt, and have the answer while the customer waits.",
  },
];

function Features() {
  return (
    <section aria-labelledby="features-title" class="mx-auto max-w-6xl px-4 py-16 sm:px-6 sm:py-24">
      <h2 id="features-title" class="max-w-xl font-semibold text-3xl">
        Made for the work behind the counter
      </h2>
      <ul class="mt-10 grid gap-x-10 gap-y-10 sm:grid-cols-2 lg:grid-cols-3">
        {features.map((feature) => (
          <li>
            <span class="flex size-10 items-center justify-center rounded-lg bg-soft-primary text-soft-primary-text">
              <Icon name={feature.icon} class="size-5" />
            </span>
            <h3 class="mt-4 font-semibold text-base">{feature.title}</h3>
            <p class="mt-1.5 text-muted text-[0.9375rem]">{feature.text}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

const questions: readonly { question: string; answer: string }[] = [
  {
    question: "What happens when the 14 days are over?",
    answer:
      "You choose whether to pay. If you don’t, your pharmacy is paused: you can still sign in, read your records and export them.",
  },
  {
    question: "Can I bring my medicines from a spreadsheet?",
    answer:
      "Yes, from Excel or as CSV. You see how many rows were added, and get a file of those that need correcting.",
  },
  {
    question: "I have a pharmacy already. Where do I sign in?",
    answer:
      "At the address of your pharmacy, which is in your welcome mail. If you do not have it at hand, choose “Sign in” above: we mail you where you sign in.",
  },
  {
    question: "Can I change my plan later?",
    answer: "Yes. A larger plan starts at once and you pay the difference; a smaller one starts with the next period.",
  },
  {
    question: "Who can see my pharmacy’s records?",
    answer:
      "The people you invite. If our support team needs to look, they give a reason, can only read, and you see it in your log.",
  },
];

function Questions({ salesMail }: { salesMail: string }) {
  return (
    <section id="questions" aria-labelledby="questions-title" class="mx-auto max-w-3xl px-4 py-16 sm:px-6 sm:py-24">
      <h2 id="questions-title" class="font-semibold text-3xl">
        Questions
      </h2>
      <div class="mt-8 divide-y divide-line border-line border-y">
        {questions.map(({ question, answer }) => (
          <details class="group py-1">
            <summary class="flex cursor-pointer list-none items-center justify-between gap-4 rounded-md py-4 font-medium text-base">
              {question}
              <Icon name="chevron-down" class="size-5 text-muted group-open:rotate-180" />
            </summary>
            <p class="max-w-2xl pb-5 text-[0.9375rem] text-muted">{answer}</p>
          </details>
        ))}
      </div>
      <p class="mt-8 text-muted">
        Something else? Write to{" "}
        <a href={`mailto:${salesMail}`} class="link">
          {salesMail}
        </a>
        .
      </p>
    </section>
  );
}
