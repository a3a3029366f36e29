import type { Because, Grant } from "./entitlements.ts";

const ended: Readonly<Record<Grant["source"], string>> = {
  add_on: "What you bought of it",
  grant: "What you were given of it",
  trial: "Its trial",
  custom: "It",
};

/**
 * The reason of an answer in words, for pages and programs alike. A refusal says what to do.
 * @param what begins the sentence: a module's name, or what somebody wants to do, such as “Adding people”
 * @param timeZone IANA name, in which dates are told
 */
export function sentence(because: Because, what: string, timeZone: string): string {
  const day = (at: Date) => new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone }).format(at);
  const until = (at: Date | null) => (at === null ? "" : ` until ${day(at)}`);
  switch (because.rule) {
    case "plan":
      return `${what} is part of the plan ${because.plan}.`;
    case "add_on":
      return `${what} was added to the plan${until(because.until)}.`;
    case "grant":
      return `${what} was given to you${until(because.until)}.`;
    case "trial":
      return `${what} is on trial${until(because.until)}.`;
    case "custom":
      return `${what} was made for this pharmacy, and is yours${until(because.until)}.`;
    case "expired":
      return `${what} is not open any more. ${ended[because.source]} ended on ${day(because.at)}. It can be had again under Billing.`;
    case "not_included":
      return because.plan === undefined
        ? `${what} needs a plan, and this pharmacy has none. Choose one under Billing.`
        : `${what} is not part of the plan ${because.plan}. Add it, or choose a larger plan, under Billing.`;
    case "payment_overdue":
      return `A payment is overdue. ${what} works again as soon as it is paid under Billing.`;
    case "suspended":
      return `This pharmacy is paused until it is paid for under Billing. ${what} waits until then; records can be read and exported.`;
    case "not_open":
      return "This pharmacy is not open.";
    case "open":
      return `${what} is open to you.`;
  }
}
