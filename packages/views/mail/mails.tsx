import { countOf, formatDay } from "../shared/formats.ts";
import { composeMail } from "./layout.tsx";
import type { MailContent } from "./mail.ts";

export type { MailContent } from "./mail.ts";

/** The six-digit code of a sign-up. `minutes`: how long it is good for. */
export function codeMail({ code, minutes }: { code: string; minutes: number }): MailContent {
  return composeMail({
    subject: `${code} is your PharmaSight code`,
    preview: `It is good for ${countOf(minutes, "minute")}.`,
    title: "Your code",
    before: ["Enter this code on the page where you are signing up your pharmacy."],
    action: { code },
    after: [
      `It is good for ${countOf(minutes, "minute")}. Nobody from PharmaSight will ever ask you for it.`,
      "You did not sign up? Then somebody mistyped an address, and you can forget this mail.",
    ],
  });
}

export interface WelcomeMailProps {
  companyName: string;
  ownerName: string;
  /** The pharmacy's address, with its scheme. */
  address: string;
  /** One-time sign-in link. */
  link: string;
  trialEnds: Date;
  /** IANA name; the end of the trial is a day in it. */
  timeZone?: string;
}

export function welcomeMail(props: WelcomeMailProps): MailContent {
  const { companyName, ownerName, address, link, trialEnds, timeZone = "Africa/Nairobi" } = props;
  return composeMail({
    subject: `${companyName} is ready`,
    preview: `Your pharmacy’s address is ${address}`,
    title: `${companyName} is ready`,
    before: [
      `Hello ${ownerName},`,
      `your pharmacy has its own database and its own address: ${address}. Keep this mail, so that you find it again.`,
    ],
    action: { label: "Sign in", url: link },
    after: [
      "This link signs you in once. Afterwards, choose a password or ask for a new link on the sign-in page.",
      `Your free trial runs until ${formatDay(trialEnds, timeZone)}. A good first step is to import your items.`,
    ],
  });
}

/** `minutes`: how long the link is good for. */
export function signInLinkMail(props: { companyName: string; link: string; minutes: number }): MailContent {
  const { companyName, link, minutes } = props;
  return composeMail({
    subject: `Sign in to ${companyName}`,
    preview: `The link is good for ${countOf(minutes, "minute")}.`,
    title: `Sign in to ${companyName}`,
    before: ["Somebody, probably you, asked for a link to sign in."],
    action: { label: "Sign in", url: link },
    after: [
      `It works once, within ${countOf(minutes, "minute")}.`,
      "You did not ask for it? Then do nothing: without this link nobody gets in.",
    ],
  });
}
