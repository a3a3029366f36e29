import { describe, expect, test } from "vitest";
import { isDisposable } from "./disposable-mail.ts";

describe("a mail address that is thrown away", () => {
  test.each([
    "a@mailinator.com",
    "a@MAILINATOR.COM",
    "a@inbox.mailinator.com",
    "a@x.y.guerrillamail.com",
    "a@yopmail.com",
  ])("is %s", (email) => {
    expect(isDisposable(email)).toBe(true);
  });

  test.each([
    "a@gmail.com",
    "a@googlemail.com",
    "a@outlook.com",
    "a@yahoo.co.ke",
    "a@safaricom.co.ke",
    "a@proton.me",
    "a@icloud.com",
    "owner@acacia.example",
    "mailinator.com@example.com",
    "a@mailinators-pharmacy.com",
    "a@mailinator.com.example",
  ])("is not %s", (email) => {
    expect(isDisposable(email)).toBe(false);
  });
});
