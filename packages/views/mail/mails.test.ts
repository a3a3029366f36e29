import { expect, test } from "vitest";
import { codeMail, signInLinkMail, welcomeMail } from "./mails.tsx";

const hostile = `<script>alert(1)</script>"&\r\nBcc: victim@example.com`;
const welcome = welcomeMail({
  companyName: hostile,
  ownerName: hostile,
  address: "https://acacia.pharmasight.com",
  link: "https://acacia.pharmasight.com/auth/link?token=a&next=b",
  trialEnds: new Date("2026-12-07T22:00:00Z"),
});

test("what people typed is text in a mail, never markup", () => {
  expect(welcome.html).not.toContain("<script>");
  expect(welcome.html).toContain("&lt;script&gt;");
});

test("a name with line breaks adds no header to a mail", () => {
  expect(welcome.subject).not.toMatch(/[\r\n]/);
});

test("both parts of a mail carry its action", () => {
  expect(welcome.text).toContain("https://acacia.pharmasight.com/auth/link?token=a&next=b");
  expect(welcome.html).toContain('href="https://acacia.pharmasight.com/auth/link?token=a&amp;next=b"');
  const code = codeMail({ code: "042917", minutes: 15 });
  expect(code.subject).toBe("042917 is your PharmaSight code");
  expect(code.text).toContain("042917");
  expect(code.html).toContain("042917");
  expect(signInLinkMail({ companyName: "Acacia", link: "https://a.example/x", minutes: 1 }).text).toContain(
    "1 minute.",
  );
});

test("a mail names the day on which the trial ends in the pharmacy's time zone", () => {
  expect(welcome.text).toContain("8 December 2026");
});

test("a mail needs no image and no style sheet", () => {
  expect(welcome.html).not.toMatch(/<img|<link|<style|url\(/);
});
