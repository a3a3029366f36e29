import { Secret, TOTP } from "otpauth";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Pharmacy, signUp, testStack } from "../harness/stack.ts";
import { inspect, openBrowser } from "./browser.ts";

const password = "correct horse battery";
/** Any page of a pharmacy that lets somebody in: who is new is led to the first-day steps. */
const isInside = (url: URL) => !url.pathname.startsWith("/auth/");

describe("an owner with a second step loses the phone, in a browser", { timeout: 240_000 }, () => {
  let running: Awaited<ReturnType<typeof testStack>>;
  let browser: Browser;
  let page: Page;
  let pharmacy: Pharmacy;
  let address: string;
  let codes: string[];
  let phone: string;

  beforeAll(async () => {
    running = await testStack();
    pharmacy = await signUp(running.stack, "lostphone");
    address = `http://${pharmacy.host}:${running.stack.port}`;
    browser = await openBrowser();
    page = await browser.newPage();
    const session = pharmacy.client.cookies(pharmacy.host).get("session") ?? "";
    await page.context().addCookies([{ name: "session", value: session, url: address }]);
  });
  afterAll(async () => {
    await browser?.close();
    await running?.stop();
  });

  const submit = (name: RegExp | string) => page.getByRole("button", { name }).first().click();

  /** What the app on the phone shows. Each code is taken once, so the one of the next half minute stands in for it. */
  const shown = (secret: string, steps = 0) =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + steps * 30_000 });

  const secretOnPage = async () => ((await page.locator("#secret").textContent()) ?? "").replace(/\s/g, "");

  async function signOut(): Promise<void> {
    await page.evaluate("document.querySelector('form[action=\"/auth/sign-out\"]').requestSubmit()");
    await page.waitForURL("**/auth/sign-in");
  }

  async function firstStep(): Promise<void> {
    await page.locator("[name=login]").fill(pharmacy.email);
    await page.locator("[name=password]").fill(password);
    await page.locator("[name=password]").press("Enter");
    await page.waitForURL("**/auth/second-step");
  }

  async function turnOn(): Promise<string> {
    await page.goto(`${address}/auth/two-factor`);
    await submit("Set it up");
    await page.locator("#secret").waitFor();
    return secretOnPage();
  }

  test("sets it up from the secret under the QR code and keeps the recovery codes", async () => {
    await page.goto(`${address}/auth/password`);
    await page.locator("[name=password]").fill(password);
    await page.locator("[name=passwordAgain]").fill(password);
    await submit("Save password");
    await page.waitForURL(isInside);
    await page.goto(`${address}/auth/account`);
    await inspect(page, "lost-phone-account");
    phone = await turnOn();
    await inspect(page, "lost-phone-set-up");
    await page.locator("[name=code]").fill("000000");
    await submit("Turn it on");
    await page.getByText("This is not the code").waitFor();
    await page.locator("[name=code]").fill(shown(await secretOnPage()));
    await submit("Turn it on");
    await page.locator("[data-recovery-code]").first().waitFor();
    codes = await page.locator("[data-recovery-code]").allTextContents();
    expect(new Set(codes).size).toBe(10);
    await inspect(page, "lost-phone-codes");
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByText("Download as text").click()]);
    expect(file.suggestedFilename()).toBe("recovery-codes.txt");
  });

  test("signs in with password and code", async () => {
    await page.goto(address);
    await signOut();
    await inspect(page, "lost-phone-sign-in");
    await firstStep();
    await inspect(page, "lost-phone-second-step");
    expect((await page.goto(`${address}/items`))?.url()).toContain("/auth/sign-in");
    await page.goto(`${address}/auth/second-step`);
    await page.locator("[name=code]").fill(shown(phone, 1));
    await page.locator("[name=code]").press("Enter");
    await page.waitForURL(isInside);
  });

  test("without the phone signs in by a recovery code, turns the step off, and on with the next phone", async () => {
    await signOut();
    await firstStep();
    await page.getByText("Use a recovery code").first().click();
    await page.locator("[name=recoveryCode]").fill(codes[0]?.toUpperCase() ?? "");
    await submit("Use recovery code");
    await page.waitForURL("**/auth/two-factor?recovered=1");
    await page.getByText("9 are left").waitFor();
    await inspect(page, "lost-phone-recovered");
    await page.locator("[name=password]").fill(password);
    await submit("Turn off");
    await page.waitForURL("**/auth/account?done=two-factor-off");
    const next = await turnOn();
    expect(next).not.toBe(phone);
    await page.locator("[name=code]").fill(shown(next));
    await submit("Turn it on");
    await page.locator("[data-recovery-code]").first().waitFor();
    phone = next;
  });

  test("neither the used recovery code nor the old phone's let in any more; the new phone does", async () => {
    const fresh = await page.locator("[data-recovery-code]").allTextContents();
    await page.goto(address);
    await signOut();
    await firstStep();
    for (const spent of [codes[0], codes[1]]) {
      const field = page.locator("[name=recoveryCode]");
      if (!(await field.isVisible())) await page.getByText("Use a recovery code").first().click();
      await field.fill(spent ?? "");
      await submit("Use recovery code");
      await page.getByText("none of your recovery codes").waitFor();
    }
    await inspect(page, "lost-phone-refused");
    expect(fresh).not.toContain(codes[0]);
    await page.goto(`${address}/auth/second-step`);
    await page.locator("[name=code]").fill(shown(phone, 1));
    await page.locator("[name=code]").press("Enter");
    await page.waitForURL(isInside);
  });
});
