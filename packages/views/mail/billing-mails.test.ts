import { describe, expect, test } from "vitest";
import { type BillingMailNotice, billingMail } from "./billing-mails.tsx";

const hostile = `<script>alert(1)</script>"&\r\nBcc: victim@example.com`;
const about = {
  companyName: "Acacia Pharmacy",
  ownerName: "Amina",
  timeZone: "Africa/Nairobi",
  billingUrl: "https://acacia.pharmasight.com/billing",
};
// In Nairobi it is the next day already.
const at = new Date("2026-12-08T22:30:00Z");
const card = { brand: "visa", last4: "4242" };
const overdue = { graceEndsAt: at, due: { amount: "1299.00", currency: "USD" }, needsConfirmation: false, card };

const notices: readonly (readonly [BillingMailNotice, readonly string[]])[] = [
  [{ mail: "trial_ending", endsAt: at }, ["9 December 2026", "Choose a plan"]],
  [{ mail: "trial_ends_today", endsAt: at }, ["ends today", "9 December 2026"]],
  [{ mail: "payment_failed", ...overdue }, ["USD 1,299.00", "Visa card ending in 4242", "9 December 2026", "Pay now"]],
  [
    { mail: "payment_failed", ...overdue, needsConfirmation: true },
    ["your bank wants you to confirm", "Confirm the payment"],
  ],
  [{ mail: "payment_overdue", ...overdue, card: null, due: null }, ["has not arrived", "9 December 2026"]],
  [{ mail: "suspended", cause: "trial_ended" }, ["no plan was chosen", "Choose a plan"]],
  [{ mail: "suspended", cause: "unpaid" }, ["has not arrived in time", "Pay now", "within seconds"]],
  [{ mail: "suspended", cause: "subscription_ended" }, ["the subscription has ended"]],
  [{ mail: "recovered" }, ["works again"]],
  [{ mail: "cancelled", accessEndsAt: at }, ["9 December 2026", "Change your mind"]],
  [
    { mail: "card_expiring", ...card, expiresAt: new Date("2027-01-01T00:00:00Z") },
    ["31 December 2026", "ending in 4242"],
  ],
  [{ mail: "offer_made", amount: "900.00", currency: "USD", interval: "month" }, ["USD 900.00 a month"]],
  [{ mail: "paid_twice", amount: "99.00", currency: "USD" }, ["USD 99.00", "ended the second"]],
];

describe("mails about the subscription", () => {
  test.each(notices)(
    "$mail says what happened and what is next, in both parts, and leads to one place",
    (notice, words) => {
      const mail = billingMail({ ...about, notice });
      for (const part of [mail.text, mail.html]) {
        expect(part).toContain("Amina");
        expect(part).toContain(about.billingUrl);
      }
      for (const word of words) expect(`${mail.subject}\n${mail.text}`).toContain(word);
      expect(new Set(mail.html.match(/href="[^"]*"/g))).toEqual(new Set([`href="${about.billingUrl}"`]));
    },
  );

  test.each(notices)("$mail shows hostile names as text", (notice) => {
    const mail = billingMail({ ...about, companyName: hostile, ownerName: hostile, notice });
    expect(mail.subject).not.toMatch(/[\r\n]/);
    expect(mail.html).not.toMatch(/<script|<img|<link|<style/);
  });
});
