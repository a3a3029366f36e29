import type { CurrentSubscription } from "@pharmasight/core/control/plan-changes/current";
import type { Item, SoldPlan } from "@pharmasight/core/control/prices/prices";
import { DAY_SECONDS } from "@pharmasight/core/kernel/clock";
import { Money } from "@pharmasight/core/kernel/money";
import type { Excess } from "@pharmasight/core/registry/entitlements/entitlements";
import { countOf, formatCount } from "@pharmasight/views/shared/formats";
import type { BillingState, CardOnFile, ExcessRow, Interval } from "@pharmasight/views/tenant/billing/props";

/** How amounts are written where a currency is at home; everywhere else the English way. */
const locales: Readonly<Record<string, string>> = {
  KES: "en-KE",
  TZS: "en-TZ",
  UGX: "en-UG",
  RWF: "en-RW",
  ETB: "en-ET",
  ZMW: "en-ZM",
  GHS: "en-GH",
  NGN: "en-NG",
  ZAR: "en-ZA",
};

/** Writes amounts as the owner reads them: a pharmacy in Kenya reads `US$99.00`. @param home currency of the pharmacy */
export const amountsFor =
  (home: string) =>
  (amount: string, currency: string): string =>
    Money.format(amount, currency, locales[home] ?? "en");

export type WriteAmount = ReturnType<typeof amountsFor>;

/** Whole days that are left: none on the last one. */
export const daysUntil = (end: Date, now: Date): number =>
  Math.max(0, Math.ceil((end.getTime() - now.getTime()) / (DAY_SECONDS * 1000)));

export const byInterval = (interval: Interval): string => (interval === "month" ? "by the month" : "by the year");

/** Items as a list of people: `Professional, by the month`, `Five more people, 2 times`. */
export function itemsInWords(items: readonly Item[]): string[] {
  return items.map(({ sold, quantity }) => {
    if (sold.kind === "plan") return `${sold.name}, ${byInterval(sold.interval)}`;
    return quantity === 1 ? sold.name : `${sold.name}, ${quantity} times`;
  });
}

/** What is other than before, in sentences. */
export function changesInWords(from: readonly Item[], to: readonly Item[]): string[] {
  const [before, after] = [planIn(from), planIn(to)];
  const planWords = before === undefined || after === undefined ? [] : planChangeInWords(before, after);
  const codes = new Set([...from, ...to].flatMap(({ sold }) => (sold.kind === "add_on" ? [sold.code] : [])));
  const addOnWords = [...codes].flatMap((code) => {
    // What the new plan has anyway is not taken away: `notesOf` says what becomes of it.
    if (includedBy(after, from, code)) return [];
    const [had, has] = [quantityOf(from, code), quantityOf(to, code)];
    const name = nameOf([...from, ...to], code);
    if (had === has) return [];
    if (had === 0) return [has === 1 ? `${name} is added` : `${name}, ${has} times, is added`];
    return has === 0 ? [`${name} is taken away`] : [`${name}: ${has} instead of ${had}`];
  });
  return [...planWords, ...addOnWords];
}

/** What people should know beside it: an addition that the new plan has anyway. */
export function notesOf(from: readonly Item[], to: readonly Item[]): string[] {
  const plan = planIn(to);
  return from.flatMap(({ sold }) => {
    if (sold.kind === "plan" || plan === undefined || !includedBy(plan, from, sold.code)) return [];
    return [`${sold.name} is part of ${plan.name}: you keep it, and no longer pay for it beside the plan.`];
  });
}

/** Whether a plan has the module of an addition, so that nobody has to buy it. */
const includedBy = (plan: SoldPlan | undefined, items: readonly Item[], code: string): boolean =>
  items.some(
    ({ sold }) =>
      sold.kind === "add_on" &&
      sold.code === code &&
      sold.module !== null &&
      (plan?.modules.includes(sold.module) ?? false),
  );

const planIn = (items: readonly Item[]): SoldPlan | undefined =>
  items.map(({ sold }) => sold).find((sold) => sold.kind === "plan");

function planChangeInWords(before: SoldPlan, after: SoldPlan): string[] {
  if (before.planId !== after.planId) {
    const paid = before.interval === after.interval ? "" : `, paid ${byInterval(after.interval)}`;
    return [`${after.name} instead of ${before.name}${paid}`];
  }
  return before.interval === after.interval ? [] : [`${after.name}, paid ${byInterval(after.interval)}`];
}

const quantityOf = (items: readonly Item[], code: string): number =>
  items.find(({ sold }) => sold.kind === "add_on" && sold.code === code)?.quantity ?? 0;

const nameOf = (items: readonly Item[], code: string): string =>
  items.flatMap(({ sold }) => (sold.kind === "add_on" && sold.code === code ? [sold.name] : []))[0] ?? code;

/** What has to be archived before a plan fits. */
export function excessRow({ limit, used, max }: Excess): ExcessRow {
  const { one, many, remedy, href } = counted[limit];
  return {
    what: many,
    used: formatCount(used),
    max: formatCount(max),
    remedy: `${remedy} ${countOf(used - max, one, many)}`,
    href,
  };
}

const counted = {
  branches: { one: "branch", many: "branches", remedy: "Archive", href: "/settings/branches" },
  users: { one: "person", many: "people", remedy: "Deactivate", href: "/settings/people" },
  items: { one: "item", many: "items", remedy: "Archive", href: "/items" },
} as const;

/** How many days before its end a card is called expiring. */
const CARD_WARNING_DAYS = 30;

export function cardOnFile({ card }: CurrentSubscription, now: Date): CardOnFile | undefined {
  if (card === null) return undefined;
  const { brand, last4, expiresAt } = card;
  const state = expiresAt === null || daysUntil(expiresAt, now) > CARD_WARNING_DAYS ? "good" : "expiring";
  return {
    brand: brand.charAt(0).toUpperCase() + brand.slice(1),
    last4,
    expires: expiresAt === null ? "" : monthOf(expiresAt),
    state: expiresAt !== null && expiresAt <= now ? "expired" : state,
  };
}

/** `08/2027`: the month that it is good for to its end. */
const monthOf = (end: Date): string => {
  const inside = new Date(end.getTime() - 1);
  return `${String(inside.getUTCMonth() + 1).padStart(2, "0")}/${inside.getUTCFullYear()}`;
};

/** An invoice that waits to be paid. */
interface Owed {
  readonly id: string;
  readonly amountDue: string;
  readonly currency: string;
  readonly nextAttemptAt: Date | null;
  readonly needsConfirmation: boolean;
}

/** What the pharmacy may do, and until when. @throws Error for one that is being set up or is closed: nobody gets in */
export function stateOf(
  current: CurrentSubscription,
  owed: Owed | undefined,
  now: Date,
  write: WriteAmount,
): BillingState {
  const due =
    owed === undefined
      ? {}
      : { amountDue: write(owed.amountDue, owed.currency), payHref: `/billing/invoices/${owed.id}/pay` };
  switch (current.state) {
    case "trial": {
      const endsAt = current.trialEndsAt ?? now;
      return { kind: "trial", endsAt, daysLeft: daysUntil(endsAt, now) };
    }
    case "active":
      return { kind: "active" };
    case "past_due": {
      const graceEndsAt = current.graceEndsAt ?? now;
      const next = owed?.nextAttemptAt ?? null;
      return {
        kind: "past_due",
        graceEndsAt,
        daysLeft: daysUntil(graceEndsAt, now),
        needsConfirmation: owed?.needsConfirmation ?? false,
        ...due,
        ...(next === null ? {} : { nextAttemptAt: next }),
      };
    }
    case "cancelled":
      return { kind: "cancelled", accessEndsAt: current.accessEndsAt ?? now };
    case "suspended": {
      const cause = current.suspension ?? "unpaid";
      return { kind: "suspended", cause, ...(current.isLive && cause === "unpaid" ? due : {}) };
    }
    default:
      throw new Error(`Nobody looks after the subscription of a pharmacy that is ${current.state}.`);
  }
}
