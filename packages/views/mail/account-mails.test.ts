import { expect, test } from "vitest";
import { type FactorMailProps, passwordChangedMail, resetMail, twoFactorChangedMail } from "./account-mails.tsx";

const hostile = `<script>alert(1)</script>"&\r\nBcc: victim@example.com`;
const link = "https://acacia.pharmasight.com/auth/account";
const about = { companyName: hostile, name: hostile, link, timeZone: "Africa/Nairobi" };
const notice = { ...about, at: new Date("2026-11-24T22:30:00Z") };
const changes: readonly FactorMailProps["change"][] = [
  "on",
  "off",
  "reset",
  "recovery_code_used",
  "recovery_codes_renewed",
];
const mails = [
  resetMail({ ...about, minutes: 30 }),
  passwordChangedMail(notice),
  ...changes.map((change) => twoFactorChangedMail({ ...notice, change })),
];

test("each leads on in both parts, shows hostile names as text, and adds no header", () => {
  for (const { subject, html, text } of mails) {
    expect(subject).not.toMatch(/[\r\n]/);
    expect(html).toContain(`href="${link}"`);
    expect(text).toContain(link);
    expect(html).not.toMatch(/<script|<img|<link|<style|url\(/);
  }
});

test("a notice tells when, in the pharmacy's time zone, and what to do when it was somebody else", () => {
  for (const { text } of mails.slice(1)) {
    expect(text).toContain("25 Nov 2026, 01:30");
    expect(text).toContain("Was it not you?");
  }
});

test("no two notices say the same", () => {
  expect(new Set(mails.map(({ subject }) => subject)).size).toBe(mails.length);
});
