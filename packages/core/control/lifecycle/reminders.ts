import { timeOnDay } from "../../kernel/local-time.ts";
import type { Standing } from "./lifecycle.ts";

export type ReminderMail = "trial_ending" | "trial_ends_today" | "payment_overdue" | "card_expiring";

/** A mail that the calendar calls for. */
export interface Reminder {
  readonly mail: ReminderMail;
  /** The same reminder is sent once, however often it is looked for. */
  readonly key: string;
  readonly at: Date;
}

/** When people read mails, on the pharmacy's clock. */
const MAILED_AT = { hour: 8, minute: 0 } as const;
const TRIAL_WARNING_DAYS = 3;
/** After the one of the day itself, which the failed payment sends. */
const OVERDUE_DAYS = [3, 6] as const;
const CARD_WARNING_DAYS = [30, 7] as const;

/**
 * The mails that the calendar holds for a pharmacy as it stands now. A change of its standing takes back those that have
 * not been sent.
 * @param cardExpiresAt the end of the month on its card; null where it pays without one
 */
export function reminders(standing: Standing, cardExpiresAt: Date | null): readonly Reminder[] {
  const { state, trialEndsAt, pastDueSince, graceEndsAt } = standing;
  const found: Reminder[] = [];
  if (state === "trial" && trialEndsAt !== null) {
    const end = trialEndsAt.toISOString();
    found.push(
      { mail: "trial_ending", key: `trial_ending:${end}`, at: daysFrom(standing, trialEndsAt, -TRIAL_WARNING_DAYS) },
      { mail: "trial_ends_today", key: `trial_ends_today:${end}`, at: daysFrom(standing, trialEndsAt, 0) },
    );
  }
  if (state === "past_due" && pastDueSince !== null && graceEndsAt !== null) {
    const dated = OVERDUE_DAYS.map((days) => ({ days, at: daysFrom(standing, pastDueSince, days) }));
    for (const { days, at } of dated.filter((one) => one.at < graceEndsAt)) {
      found.push({ mail: "payment_overdue", key: `payment_overdue:${pastDueSince.toISOString()}:${days}`, at });
    }
  }
  if ((state === "active" || state === "past_due") && cardExpiresAt !== null) {
    for (const days of CARD_WARNING_DAYS) {
      const key = `card_expiring:${cardExpiresAt.toISOString()}:${days}`;
      found.push({ mail: "card_expiring", key, at: daysFrom(standing, cardExpiresAt, -days) });
    }
  }
  return found;
}

const daysFrom = ({ timeZone }: Standing, at: Date, days: number): Date => timeOnDay(at, timeZone, MAILED_AT, days);
