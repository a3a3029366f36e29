import { describe, expect, test } from "vitest";
import { existingOwnerMail, foundPharmaciesMail } from "./sign-up-mails.tsx";

const hostile = `<script>alert(1)</script>"&\r\nBcc: victim@example.com`;
const acacia = { companyName: "Acacia Pharmacy", address: "https://acacia.pharmasight.com" };
const baobab = { companyName: hostile, address: "https://baobab.pharmasight.com" };
const ways = { findUrl: "https://pharmasight.com/find", supportMail: "support@pharmasight.com" };

describe("the mail to an owner who signs up again", () => {
  test("leads to their pharmacy, to the others and to us, in both parts, and has no code", () => {
    const mail = existingOwnerMail({ pharmacies: [acacia], ...ways });
    for (const part of [mail.text, mail.html]) {
      expect(part).toContain("Acacia Pharmacy");
      for (const words of [acacia.address, ways.findUrl, ways.supportMail]) expect(part).toContain(words);
      expect(part).not.toMatch(/\b\d{6}\b/);
    }
  });

  test("lists several", () => {
    const mail = existingOwnerMail({ pharmacies: [acacia, baobab], ...ways });
    for (const { address } of [acacia, baobab]) expect(mail.html).toContain(`href="${address}"`);
  });

  test("says to whom to write when all are closed", () => {
    const mail = existingOwnerMail({ pharmacies: [], ...ways });
    expect(mail.html).toContain(`href="mailto:${ways.supportMail}"`);
    expect(mail.text).not.toContain("https://");
  });
});

test("the mail with a person's addresses links each of them, and shows hostile names as text", () => {
  const mail = foundPharmaciesMail({ pharmacies: [acacia, baobab] });
  expect(mail.subject).not.toMatch(/[\r\n]/);
  expect(mail.html).not.toMatch(/<script|<img|<link|<style/);
  for (const { address } of [acacia, baobab]) {
    expect(mail.html).toContain(`href="${address}"`);
    expect(mail.text).toContain(address);
  }
});
