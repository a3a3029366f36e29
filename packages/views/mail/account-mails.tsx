import { countOf, formatMoment } from "../shared/formats.ts";
import { composeMail } from "./layout.tsx";
import type { MailContent } from "./mail.ts";

export interface ResetMailProps {
  companyName: string;
  name: string;
  link: string;
  /** How long the link is good for. */
  minutes: number;
}

export function resetMail({ companyName, name, link, minutes }: ResetMailProps): MailContent {
  return composeMail({
    subject: `A new password for ${companyName}`,
    preview: `The link is good for ${countOf(minutes, "minute")}.`,
    title: "Choose a new password",
    before: [`Hello ${name},`, `somebody, probably you, asked for a new password for ${companyName}.`],
    action: { label: "Choose a new password", url: link },
    after: [
      `It works once, within ${countOf(minutes, "minute")}. With the new password, every device is signed out.`,
      "You did not ask for it? Then do nothing: your password stays as it is.",
    ],
  });
}

export interface NoticeMailProps {
  companyName: string;
  name: string;
  at: Date;
  /** IANA name: the time is told in it. */
  timeZone: string;
  /** The page where they look after their account. */
  link: string;
}

/** Tells somebody that their password was set or changed. */
export function passwordChangedMail(props: NoticeMailProps): MailContent {
  return noticeMail(props, {
    subject: `Your password for ${props.companyName} was changed`,
    title: "Your password was changed",
    what: "a new password was set for you, and every other device was signed out.",
  });
}

export interface FactorMailProps extends NoticeMailProps {
  change: "on" | "off" | "reset" | "recovery_code_used" | "recovery_codes_renewed";
}

const factorWords: Readonly<Record<FactorMailProps["change"], { readonly title: string; readonly what: string }>> = {
  on: {
    title: "Your second step was turned on",
    what: "the second step of signing in was turned on: signing in now asks for a code of your phone.",
  },
  off: {
    title: "Your second step was turned off",
    what: "the second step of signing in was turned off: your password alone lets you in.",
  },
  reset: {
    title: "Your second step was reset",
    what: "an administrator turned off your second step of signing in, and every device was signed out. Set it up anew in your account.",
  },
  recovery_code_used: {
    title: "A recovery code was used",
    what: "somebody, probably you, signed in with one of your recovery codes. It does not work again.",
  },
  recovery_codes_renewed: {
    title: "You have new recovery codes",
    what: "ten new recovery codes were made. Those from before do not work any more.",
  },
};

/** Tells somebody what happened to their second factor. */
export function twoFactorChangedMail(props: FactorMailProps): MailContent {
  const words = factorWords[props.change];
  return noticeMail(props, { ...words, subject: `${words.title} at ${props.companyName}` });
}

interface NoticeWords {
  readonly subject: string;
  readonly title: string;
  /** Follows the time, in small letters. */
  readonly what: string;
}

function noticeMail({ companyName, name, at, timeZone, link }: NoticeMailProps, words: NoticeWords): MailContent {
  return composeMail({
    subject: words.subject,
    preview: "Was it not you? Then act now.",
    title: words.title,
    before: [`Hello ${name},`, `on ${formatMoment(at, timeZone)}, at ${companyName}, ${words.what}`],
    action: { label: "Look at your account", url: link },
    after: [
      "Was it you? Then there is nothing to do.",
      "Was it not you? Sign in by a mailed link, choose a new password, and tell the owner of the pharmacy.",
    ],
  });
}
