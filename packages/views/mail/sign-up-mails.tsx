import { composeMail, type MailLink } from "./layout.tsx";
import type { MailContent } from "./mail.ts";

export interface NamedAddress {
  companyName: string;
  /** With its scheme. */
  address: string;
}

export interface ExistingOwnerMailProps {
  /** Those of the owner that are open; none when theirs are closed. */
  pharmacies: readonly NamedAddress[];
  /** The page that mails all addresses of a person. */
  findUrl: string;
  supportMail: string;
}

/**
 * In place of a code, to an owner who has a pharmacy or had the trial. Nothing of the form that was sent is in it: whoever sent
 * it may be a stranger.
 */
export function existingOwnerMail({ pharmacies, findUrl, supportMail }: ExistingOwnerMailProps): MailContent {
  const [first] = pharmacies;
  if (first === undefined) return formerOwnerMail(supportMail);
  const one = pharmacies.length === 1;
  return composeMail({
    subject: "You already have a pharmacy with PharmaSight",
    preview: "Sign in instead of signing up.",
    title: "You already have a pharmacy",
    before: [
      "Somebody, probably you, asked to open a pharmacy with this mail address. The address has one already, so we sent no code and nothing was opened.",
      one ? `It is ${first.companyName}. Sign in there:` : "Sign in at one of yours:",
    ],
    action: one ? { label: "Go to sign-in", url: first.address } : { links: linksTo(pharmacies) },
    after: [
      `Do you work at other pharmacies too? Have all your addresses mailed: ${findUrl}`,
      `To open another pharmacy, write to ${supportMail}. It was not you? Then do nothing: nobody got in.`,
    ],
  });
}

function formerOwnerMail(supportMail: string): MailContent {
  return composeMail({
    subject: "You had a pharmacy with PharmaSight before",
    preview: "We open another one with you.",
    title: "You had a pharmacy before",
    before: [
      "Somebody, probably you, asked to open a pharmacy with this mail address. The address has had its free trial, and its pharmacy was closed. So we sent no code and nothing was opened.",
      "Would you like to come back? Write to us, and we open a pharmacy for you.",
    ],
    action: { label: "Write to us", url: `mailto:${supportMail}` },
    after: ["It was not you? Then do nothing."],
  });
}

/** Where a person signs in: the answer to "Find your pharmacy". `pharmacies` has at least one. */
export function foundPharmaciesMail({ pharmacies }: { pharmacies: readonly NamedAddress[] }): MailContent {
  const one = pharmacies.length === 1;
  return composeMail({
    subject: one ? "The address of your pharmacy" : "The addresses of your pharmacies",
    preview: pharmacies.map(({ address }) => address).join(", "),
    title: one ? "Your pharmacy" : "Your pharmacies",
    before: [
      `Somebody, probably you, asked where this mail address signs in. ${one ? "It does so here:" : "It does so at these:"}`,
    ],
    action: { links: linksTo(pharmacies) },
    after: [
      "Keep the address as a bookmark, so that you find it again.",
      "You did not ask? Then do nothing: an address alone lets nobody in.",
    ],
  });
}

const linksTo = (pharmacies: readonly NamedAddress[]): MailLink[] =>
  pharmacies.map(({ companyName, address }) => ({ label: companyName, url: address }));
