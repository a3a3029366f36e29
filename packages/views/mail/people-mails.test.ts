import { describe, expect, test } from "vitest";
import { addressChangedMail, invitationMail, ownershipMail } from "./people-mails.tsx";

const hostile = `"><script>alert(1)</script>\r\nBcc: thief@example.com`;
const invitation = {
  companyName: "Acacia Pharmacy",
  name: "Grace",
  invitedByName: "Amina",
  role: "Cashier, Pharmacist in Westlands",
  link: "https://acacia.example/auth/invitation?token=a.b",
  expiresAt: new Date("2026-12-01T00:59:00Z"),
  timeZone: "Africa/Nairobi",
};

describe("the mail of an invitation", () => {
  test("says who invites, to what, as what and until when, in both parts", () => {
    const { subject, html, text } = invitationMail(invitation);
    expect(subject).toBe("Amina invites you to Acacia Pharmacy");
    for (const part of [html, text]) {
      expect(part).toContain("Cashier, Pharmacist in Westlands");
      expect(part).toContain(invitation.link);
      expect(part).toContain("1 Dec 2026, 03:59");
    }
  });

  test("takes names as text: no markup, no further header", () => {
    const { subject, html } = invitationMail({ ...invitation, invitedByName: hostile, name: hostile, role: hostile });
    expect(subject).not.toMatch(/[\r\n]/);
    expect(html).not.toContain("<script>");
  });
});

describe("the mails of a handover", () => {
  const handover = { companyName: "Acacia", fromName: "Amina", toName: "Grace", link: "https://acacia.example/" };

  test("tell each side what they are now", () => {
    expect(ownershipMail({ ...handover, recipient: "to" }).subject).toBe("You are now the owner of Acacia");
    const { subject, text } = ownershipMail({ ...handover, recipient: "from" });
    expect(subject).toBe("Grace is now the owner of Acacia");
    expect(text).toContain("You are an administrator there.");
  });
});

describe("the mails of a changed address", () => {
  const changed = { companyName: "Acacia", name: "Grace", byName: "Amina", link: "https://acacia.example/" };

  test("tell each address what it is now, who did it and whom to ask", () => {
    const old = addressChangedMail({ ...changed, side: "old" });
    expect(old.subject).toBe("Your address at Acacia was changed");
    expect(old.text).toContain("Amina changed your mail address at Acacia.");
    expect(old.text).toContain("Then talk to Amina at once.");
    expect(addressChangedMail({ ...changed, side: "new" }).text).toContain("You sign in with it from now on");
  });

  test("tell whoever did it themselves what to do when it was not them", () => {
    const { text } = addressChangedMail({ ...changed, side: "old", byName: null });
    expect(text).toContain("You changed your mail address at Acacia.");
    expect(text).toContain("somebody has your password");
  });

  test("take names as text", () => {
    const { subject, html } = addressChangedMail({ ...changed, side: "new", companyName: hostile, byName: hostile });
    expect(subject).not.toMatch(/[\r\n]/);
    expect(html).not.toContain("<script>");
  });
});
