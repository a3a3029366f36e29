import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emailSchema, mailboxOf } from "./mailboxes.ts";

describe("the mailbox of an address", () => {
  test.each([
    ["Amina@Example.com", "amina@example.com"],
    [" amina@example.com ", "amina@example.com"],
    ["amina+second@example.com", "amina@example.com"],
    ["amina+a+b@example.com", "amina@example.com"],
    ["amina.otieno@example.com", "amina.otieno@example.com"],
    ["A.m.i.n.a+shop@gmail.com", "amina@gmail.com"],
    ["amina@googlemail.com", "amina@gmail.com"],
    ["amina@gmail.com.example", "amina@gmail.com.example"],
    ["+amina@example.com", "+amina@example.com"],
  ])("of %j is %j", (email, mailbox) => {
    expect(mailboxOf(email)).toBe(mailbox);
  });

  test("is the same however the address is written, and that of another address is another", () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,12}$/);
    const domain = fc.constantFrom("example.com", "gmail.com", "acacia.example");
    fc.assert(
      fc.property(word, word, word, domain, (one, other, tag, at) => {
        const plain = `${one}@${at}`;
        const mailbox = mailboxOf(plain);
        expect(mailboxOf(mailbox)).toBe(mailbox);
        expect(mailboxOf(`${one.toUpperCase()}+${tag}@${at.toUpperCase()}`)).toBe(mailbox);
        expect(mailboxOf(`${other}@${at}`) === mailbox).toBe(one === other);
      }),
    );
  });

  test("has one @ and no plus, of whatever is accepted as an address", () => {
    fc.assert(
      fc.property(fc.emailAddress(), (email) => {
        const parsed = emailSchema.safeParse(email);
        if (!parsed.success) return;
        const mailbox = mailboxOf(parsed.data);
        expect(mailbox.split("@")).toHaveLength(2);
        expect(mailbox).not.toMatch(/^@|@$/);
      }),
    );
  });
});
