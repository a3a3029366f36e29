import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, mailsTo, testStack } from "../harness/stack.ts";
import { inspect, openBrowser } from "./browser.ts";

const shared = resolve(import.meta.dirname, "../../../shared/data/medicines.csv");
const file = existsSync(shared)
  ? { path: shared, rows: 1074, search: "paracetamol" }
  : { path: resolve(import.meta.dirname, "../fixtures/items-sample.csv"), rows: undefined, search: "paracetamol" };

describe("a pharmacy's first day, in a browser", { timeout: 240_000 }, () => {
  let running: Awaited<ReturnType<typeof testStack>>;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    running = await testStack();
    browser = await openBrowser();
    page = await browser.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    await running?.stop();
  });

  test("goes from the landing page to its own catalogue", async () => {
    const { stack } = running;
    const refused: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") refused.push(message.text());
    });

    await page.goto(stack.url);
    await inspect(page, "landing");

    await page.goto(`${stack.url}/sign-up?plan=professional`);
    await page.locator("[name=companyName]").fill("Good Health Chemist");
    await page.locator("[name=ownerName]").fill("Amina Otieno");
    await page.locator("[name=email]").fill("amina@goodhealth.example");
    await page.locator("[name=subdomain]").fill("goodhealth");
    await page.locator("[name=termsAccepted]").check();
    await page.locator("#subdomain-hint").getByText("This name is free").waitFor();
    await inspect(page, "sign-up");
    await page.locator("main form button[type=submit]").first().click();

    await page.waitForURL("**/sign-up/code");
    await inspect(page, "code");
    const code = await eventually("the code", async () => {
      const text = (await mailsTo(stack, "amina@goodhealth.example")).map((mail) => mail.body.text ?? "").join("\n");
      return /\b\d{6}\b/.exec(text)?.[0];
    });
    await page.locator("[name=code]").fill(code);
    await page.locator("[name=code]").press("Enter");
    await page.waitForURL((url) => url.pathname === "/sign-up/progress" || url.hostname.startsWith("goodhealth."));

    await page.waitForURL((url) => url.hostname === "goodhealth.pharmasight.localhost", { timeout: 60_000 });
    await page.waitForURL("**/auth/password");
    await inspect(page, "password");
    await page.locator("[name=password]").fill("correct horse battery");
    await page.locator("[name=passwordAgain]").fill("correct horse battery");
    await page.locator("main form button[type=submit]").first().click();
    // The steps of the first day can wait; what is left of them is on the dashboard.
    await page.waitForURL((url) => url.pathname.startsWith("/setup"));
    await page.getByRole("button", { name: /do this later/i }).click();
    await page.waitForURL((url) => url.pathname === "/");
    await inspect(page, "dashboard");

    const address = `http://goodhealth.pharmasight.localhost:${stack.port}`;
    await page.goto(`${address}/items`);
    await inspect(page, "items-empty");
    await page.goto(`${address}/items/import`);
    await inspect(page, "import");
    await page.locator("input[type=file]").setInputFiles(file.path);
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await page.getByRole("button", { name: "Check the file" }).click({ timeout: 60_000 });
    await page.getByRole("button", { name: /^Import/ }).click({ timeout: 60_000 });
    await page.getByRole("link", { name: /see your items/i }).waitFor({ timeout: 60_000 });
    await inspect(page, "import-done");
    await page.getByRole("link", { name: /see your items/i }).click();
    await inspect(page, "items");
    if (file.rows !== undefined)
      await page
        .getByText(/1,0\d\d/)
        .first()
        .waitFor();

    await page.locator("input[type=search]").pressSequentially("pcm");
    await page.waitForURL(/q=pcm/);
    await page
      .getByRole("link", { name: /paracetamol/i })
      .first()
      .waitFor();
    await page.locator("input[type=search]").fill("amoxicilin");
    await page.waitForURL(/q=amoxicilin/);
    await page
      .getByRole("link", { name: /amoxicillin/i })
      .first()
      .waitFor();
    await inspect(page, "items-search");

    await page.goto(`${address}/nothing-here`);
    await inspect(page, "not-found");
    await page.goto(`http://nobody.pharmasight.localhost:${stack.port}/`);
    await page
      .getByText(/404|not found|no page|no such/i)
      .first()
      .waitFor();
    // What the browser itself refused: inline code, blocked styles. Error pages announce their own status.
    expect(refused.filter((text) => !/status of (404|422)/.test(text))).toEqual([]);
  });

  test("ends with signing out and begins again with the password", async () => {
    const address = `http://goodhealth.pharmasight.localhost:${running.stack.port}`;
    await page.goto(address);
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.evaluate("document.querySelector('form[action=\"/auth/sign-out\"]').requestSubmit()");
    await page.waitForURL("**/auth/sign-in");
    await inspect(page, "sign-in");
    await page.locator("[name=login]").fill("amina@goodhealth.example");
    await page.locator("[name=password]").fill("not the password");
    await page.locator("[name=password]").press("Enter");
    await page
      .getByText(/password/i)
      .first()
      .waitFor();
    await page.locator("[name=login]").fill("amina@goodhealth.example");
    await page.locator("[name=password]").fill("correct horse battery");
    await page.locator("[name=password]").press("Enter");
    await page.waitForURL((url) => url.pathname === "/");
  });
});
