import { formatAmount, formatDay } from "../shared/formats.ts";
import { composeMail, type MailBody } from "./layout.tsx";
import type { MailContent } from "./mail.ts";

interface Amount {
  /** Decimal text. */
  readonly amount: string;
  /** ISO 4217. */
  readonly currency: string;
}

export type BillingMailNotice =
  | { readonly mail: "trial_ending" | "trial_ends_today"; readonly endsAt: Date }
  | {
      readonly mail: "payment_failed" | "payment_overdue";
      /** Until when everything stays open. */
      readonly graceEndsAt: Date;
      readonly due: Amount | null;
      /** The bank wants a confirmation. */
      readonly needsConfirmation: boolean;
      /** Null for those who pay by bank or M-Pesa. */
      readonly card: { readonly brand: string; readonly last4: string } | null;
    }
  | { readonly mail: "suspended"; readonly cause: "trial_ended" | "unpaid" | "subscription_ended" }
  | { readonly mail: "recovered" }
  | { readonly mail: "cancelled"; readonly accessEndsAt: Date }
  | { readonly mail: "card_expiring"; readonly brand: string; readonly last4: string; readonly expiresAt: Date }
  | ({ readonly mail: "paid_twice" } & Amount)
  | ({ readonly mail: "offer_made"; readonly interval: "month" | "year" } & Amount);

export interface BillingMailProps {
  companyName: string;
  ownerName: string;
  /** IANA name: days are told in it. */
  timeZone: string;
  /** The page where plan, payment and invoices are looked after. */
  billingUrl: string;
  notice: BillingMailNotice;
}

/** What a notice says, without the greeting and the link. */
interface Words extends Pick<MailBody, "subject" | "preview" | "title" | "after"> {
  readonly said: readonly string[];
  readonly link: string;
}

/** Every mail about the subscription: what happened, what happens next and when, and the one place to act. */
export function billingMail({ ownerName, billingUrl, notice, ...about }: BillingMailProps): MailContent {
  const { said, link, ...words } = wordsOf(notice, about);
  const before = [`Hello ${ownerName},`, ...said];
  return composeMail({ ...words, before, action: { label: link, url: billingUrl } });
}

type About = Pick<BillingMailProps, "companyName" | "timeZone">;

function wordsOf(notice: BillingMailNotice, about: About): Words {
  switch (notice.mail) {
    case "trial_ending":
    case "trial_ends_today":
      return trialWords(notice, about);
    case "payment_failed":
    case "payment_overdue":
      return overdueWords(notice, about);
    case "suspended":
      return suspendedWords(notice.cause, about);
    case "recovered":
      return {
        subject: `Thank you: ${about.companyName} is open again`,
        preview: "Your payment has arrived.",
        title: "Your payment has arrived",
        said: [`everything at ${about.companyName} works again, for everybody, from this moment on.`],
        link: "See your invoices",
        after: ["Thank you for staying with us."],
      };
    case "cancelled":
      return cancelledWords(formatDay(notice.accessEndsAt, about.timeZone), about);
    case "card_expiring":
      return cardWords(notice, about);
    case "offer_made":
      return {
        subject: `Your plan for ${about.companyName} is ready`,
        preview: `${money(notice)} a ${notice.interval}, as agreed.`,
        title: "Your plan is ready",
        said: [
          `the plan that we agreed on for ${about.companyName} can be bought now: ${money(notice)} a ${notice.interval}.`,
        ],
        link: "Look at the plan",
        after: [
          "What it includes stands there too. Does anything differ from what we agreed? Then write to us before you pay.",
        ],
      };
    case "paid_twice":
      return {
        subject: `You paid twice, and got ${money(notice)} back`,
        preview: "One subscription goes on, the other has ended.",
        title: "You paid twice",
        said: [
          `two subscriptions were paid for ${about.companyName}, probably on two pages at once. We kept the first one, ended the second, and gave ${money(notice)} back to the card that it was paid with.`,
        ],
        link: "See your invoices",
        after: ["Banks take 5 to 10 days to show it. There is nothing to do for you."],
      };
  }
}

function trialWords(
  { mail, endsAt }: Extract<BillingMailNotice, { readonly endsAt: Date }>,
  { companyName, timeZone }: About,
): Words {
  const day = formatDay(endsAt, timeZone);
  const isToday = mail === "trial_ends_today";
  return {
    subject: isToday ? `The trial of ${companyName} ends today` : `The trial of ${companyName} ends on ${day}`,
    preview: "Choose a plan, and everything goes on.",
    title: isToday ? "Your trial ends today" : `Your trial ends on ${day}`,
    said: [
      `the free trial of ${companyName} runs until ${day}. Choose a plan until then, and everything goes on as it is: your items, your people, your settings.`,
    ],
    link: "Choose a plan",
    after: [
      "Without a plan, nobody can sell or change anything from the night after that day on. You can still sign in, read and print everything, and take your data with you.",
    ],
  };
}

function overdueWords(
  { mail, graceEndsAt, due, needsConfirmation, card }: Extract<BillingMailNotice, { readonly graceEndsAt: Date }>,
  { companyName, timeZone }: About,
): Words {
  const day = formatDay(graceEndsAt, timeZone);
  const sum = due === null ? "the payment" : `the payment of ${money(due)}`;
  const why = needsConfirmation
    ? `your bank wants you to confirm ${sum} for ${companyName}.`
    : card === null
      ? `${sum} for ${companyName} has not arrived.`
      : `${sum} for ${companyName} with your ${cardName(card)} did not go through.`;
  const isFirst = mail === "payment_failed";
  return {
    subject: isFirst ? `A payment for ${companyName} failed` : `${companyName}: please pay until ${day}`,
    preview: `Until ${day} your tills go on.`,
    title: needsConfirmation ? "Please confirm your payment" : isFirst ? "A payment failed" : "Your payment is overdue",
    said: [
      why,
      ...(card === null || needsConfirmation
        ? []
        : ["We try again within the next days. You can also use another card."]),
    ],
    link: needsConfirmation ? "Confirm the payment" : "Pay now",
    after: [
      `Until ${day} inventory, sales and purchases go on as before. Other modules rest, and nobody can add people, branches or modules.`,
      "From the night after that day on, nobody can sell or change anything until it is paid. Nothing is lost, and paying opens everything within seconds.",
    ],
  };
}

const suspensionWords: Readonly<
  Record<Extract<BillingMailNotice, { readonly mail: "suspended" }>["cause"], { what: string; link: string }>
> = {
  trial_ended: { what: "the free trial has ended, and no plan was chosen", link: "Choose a plan" },
  unpaid: { what: "a payment has not arrived in time", link: "Pay now" },
  subscription_ended: { what: "the subscription has ended", link: "Choose a plan" },
};

function suspendedWords(cause: keyof typeof suspensionWords, { companyName }: About): Words {
  const { what, link } = suspensionWords[cause];
  return {
    subject: `${companyName} is paused`,
    preview: "Nothing is lost. Paying opens it within seconds.",
    title: `${companyName} is paused`,
    said: [`${what}. So nobody can sell or change anything at ${companyName} for now.`],
    link,
    after: [
      "Nothing is lost: everybody can still sign in, read and print, and you can take your data with you.",
      "As soon as it is paid, everything works again within seconds.",
    ],
  };
}

function cancelledWords(day: string, { companyName }: About): Words {
  return {
    subject: `The subscription of ${companyName} ends on ${day}`,
    preview: "Everything goes on until then.",
    title: "Your subscription is cancelled",
    said: [`it is paid until ${day}, and until then everything at ${companyName} goes on as before.`],
    link: "Change your mind",
    after: [
      "Until that day you can take the cancellation back with one click. Afterwards you can still sign in, read and print everything, and take your data with you.",
      "Was it not you? Then tell everybody who may look after your subscription, and take it back.",
    ],
  };
}

function cardWords(
  card: Extract<BillingMailNotice, { readonly mail: "card_expiring" }>,
  { companyName }: About,
): Words {
  // A card is good to the end of its month, which ends in no place's own time zone: told is its last day.
  const day = formatDay(new Date(card.expiresAt.getTime() - 1), "UTC");
  return {
    subject: `The card that pays for ${companyName} expires`,
    preview: `Your ${cardName(card)} is good until ${day}.`,
    title: "Your card expires soon",
    said: [
      `your ${cardName(card)}, which pays for ${companyName}, is good until ${day}. Put in the new one before, so that the next payment goes through.`,
    ],
    link: "Change the card",
    after: ["Your bank has sent you a card with the same number? Then put in its new date all the same."],
  };
}

const money = ({ amount, currency }: Amount): string => `${currency} ${formatAmount(amount)}`;

/** As people know theirs: `Visa card ending in 4242`. */
const cardName = ({ brand, last4 }: { readonly brand: string; readonly last4: string }): string =>
  `${brand.charAt(0).toUpperCase()}${brand.slice(1)} card ending in ${last4}`;
