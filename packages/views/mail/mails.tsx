import type { Mail } from "./mail.ts";

/** The six-digit code of a sign-up. `minutes`: how long it is good for. */
export function codeMail({ code, minutes }: { code: string; minutes: number }): Mail {
  return { subject: `${code} is your PharmaSight code`, html: "", text: `${code} ${minutes}` };
}

export interface WelcomeMailProps {
  companyName: string;
  ownerName: string;
  /** The pharmacy's address, with its scheme. */
  address: string;
  /** One-time sign-in link. */
  link: string;
  trialEnds: Date;
}

export function welcomeMail({ companyName, link }: WelcomeMailProps): Mail {
  return { subject: `${companyName} is ready`, html: "", text: link };
}

/** `minutes`: how long the link is good for. */
export function signInLinkMail({ companyName, link }: { companyName: string; link: string; minutes: number }): Mail {
  return { subject: `Sign in to ${companyName}`, html: "", text: link };
}
