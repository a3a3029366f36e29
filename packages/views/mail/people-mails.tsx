import { formatMoment } from "../shared/formats.ts";
import { composeMail } from "./layout.tsx";
import type { MailContent } from "./mail.ts";

export interface InvitationMailProps {
  companyName: string;
  name: string;
  invitedByName: string;
  /** What they are to be, in words: `Cashier`. */
  role: string;
  link: string;
  expiresAt: Date;
  /** IANA name. */
  timeZone: string;
}

export function invitationMail(props: InvitationMailProps): MailContent {
  const { companyName, name, invitedByName, role, link, expiresAt, timeZone } = props;
  return composeMail({
    subject: `${invitedByName} invites you to ${companyName}`,
    preview: `You are to be: ${role}`,
    title: `Work with ${companyName}`,
    before: [
      `Hello ${name},`,
      `${invitedByName} invites you to ${companyName} on PharmaSight. You are to be: ${role}.`,
    ],
    action: { label: "Accept the invitation", url: link },
    after: [
      `You choose a password on the next page. The link works once, until ${formatMoment(expiresAt, timeZone)}.`,
      `You do not know ${companyName}? Then somebody mistyped an address, and you can forget this mail.`,
    ],
  });
}

export interface OwnershipMailProps {
  companyName: string;
  recipient: "from" | "to";
  fromName: string;
  toName: string;
  link: string;
}

/** To both sides of a handover: whoever did not mean it should notice. */
export function ownershipMail({ companyName, recipient, fromName, toName, link }: OwnershipMailProps): MailContent {
  const isNew = recipient === "to";
  return composeMail({
    subject: isNew ? `You are now the owner of ${companyName}` : `${toName} is now the owner of ${companyName}`,
    preview: `${fromName} handed the pharmacy over.`,
    title: isNew ? `You are the owner of ${companyName}` : `You handed ${companyName} over`,
    before: [
      `Hello ${isNew ? toName : fromName},`,
      isNew
        ? `${fromName} handed ${companyName} over to you. You may now do everything there; ${fromName} is an administrator.`
        : `${toName} is the owner of ${companyName} now. You are an administrator there.`,
    ],
    action: { label: `Open ${companyName}`, url: link },
    after: [
      isNew
        ? "You did not expect this? Then talk to the person who sent it before you change anything."
        : "You did not do this? Then somebody has your password: answer this mail at once and change it.",
    ],
  });
}

export interface AddressChangedMailProps {
  companyName: string;
  /** Which of the two addresses gets this mail. */
  side: "old" | "new";
  name: string;
  /** Null: they did it themselves. */
  byName: string | null;
  link: string;
}

/** To both addresses. The old one is not told the new one: it may be somebody else's by now. */
export function addressChangedMail({ companyName, side, name, byName, link }: AddressChangedMailProps): MailContent {
  const isNew = side === "new";
  const who = byName ?? "You";
  return composeMail({
    subject: isNew
      ? `You sign in at ${companyName} with this address now`
      : `Your address at ${companyName} was changed`,
    preview: isNew ? "Everything from there comes here now." : "This one does not sign you in any more.",
    title: isNew ? "This is your address now" : "Your address was changed",
    before: [
      `Hello ${name},`,
      isNew
        ? `${who} changed your mail address at ${companyName} to this one. You sign in with it from now on, and your password stays as it is.`
        : `${who} changed your mail address at ${companyName}. This one does not sign you in there any more, and you were signed out.`,
    ],
    action: { label: `Open ${companyName}`, url: link },
    after: [lastWords(isNew, companyName, byName)],
  });
}

function lastWords(isNew: boolean, companyName: string, byName: string | null): string {
  if (isNew) return `You do not know ${companyName}? Then somebody mistyped an address, and you can forget this mail.`;
  return byName === null
    ? "You did not do this? Then somebody has your password: answer this mail at once."
    : `You did not expect this? Then talk to ${byName} at once.`;
}
