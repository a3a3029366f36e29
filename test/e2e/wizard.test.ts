import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import writeXlsxFile from "write-excel-file/node";
import { Client } from "../harness/client.ts";
import { eventually, mailsTo, type Pharmacy, signUp, testStack } from "../harness/stack.ts";
import { inspect, openBrowser } from "./browser.ts";

const xlsx = (rows: readonly (readonly (string | number)[])[]) =>
  writeXlsxFile(rows.map((row) => row.map((value) => ({ value })))).toBuffer();

/** What the pharmacy kept until today: titles above, odd cells, rows that cannot be taken, stock of three branches. */
const stockList = [
  ["Umoja Pharmacies: stock on 23/11/2026", "", "", "", "", "", "", "", ""],
  ["", "", "", "", "", "", "", "", ""],
  ["Item Name *", "Unit", "Selling price", "Cost price", "VAT", "Quantity", "Batch", "Expiry", "Branch code"],
  ["Panadol 500 mg tablets", "tablet", "5.00", "3.10", "0.16", "240", "PN1", "31/12/2027", "HQ"],
  ["Panadol 500 mg tablets", "tablet", "5.00", "3.10", "0.16", "60", "PN2", "30/06/2028", "WEST"],
  ["Amoxil 250 mg capsules", "capsule", "Ksh 1,012.50", "8", "zero-rated", "100", "AX9", "Jan-28", "KILI"],
  ["Hand cream 50 g", "tube", "450", "n/a", "16%", "", "", "", ""],
  ["Priced in words", "box", "twelve", "", "", "", "", "", ""],
  ["Long gone syrup", "bottle", "90", "", "", "4", "LG1", "01/02/2025", "HQ"],
  ["Elsewhere tablets", "tablet", "2", "", "", "10", "E1", "31/12/2027", "MOON"],
  ["", "tablet", "1", "", "", "", "", "", ""],
];

const byMail = [
  ["Brian Mwangi", "admin", ""],
  ["Cynthia Achieng", "pharmacist", ""],
  ["David Kimani", "pharmacist", "WEST"],
  ["Esther Njoki", "cashier", "HQ"],
  ["Felix Otieno", "cashier", "WEST"],
  ["Grace Wambui", "cashier", "KILI"],
  ["Hassan Ali", "procurement", ""],
  ["Irene Chebet", "viewer", ""],
  ["James Mutua", "cashier", "KILI"],
  ["Karen Wanjiku", "pharmacist", "KILI"],
] as const;
const password = "seven blue lorries sing";
const mailOf = (name: string) => `${name.toLowerCase().replace(" ", ".")}@umoja.example`;

describe("the first day of three branches and twelve people, in a browser", { timeout: 300_000 }, () => {
  let running: Awaited<ReturnType<typeof testStack>>;
  let pharmacy: Pharmacy;
  let address: string;
  let browser: Browser;
  let page: Page;
  let handedLink: string;
  const refused: string[] = [];

  beforeAll(async () => {
    running = await testStack();
    pharmacy = await signUp(running.stack, "umoja", "amina@umoja.example", "professional");
    address = `http://${pharmacy.host}:${running.stack.port}`;
    browser = await openBrowser();
    page = await enter();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await running?.stop();
  });

  /** A browser where the owner's session goes on: as after closing the laptop. */
  async function enter(): Promise<Page> {
    const context = await browser.newContext();
    const value = pharmacy.client.cookies(pharmacy.host).get("session") ?? "";
    await context.addCookies([{ name: "session", value, domain: pharmacy.host, path: "/" }]);
    const opened = await context.newPage();
    opened.setDefaultTimeout(30_000);
    opened.on("console", (message) => {
      if (message.type() === "error") refused.push(message.text());
    });
    return opened;
  }
  const goOn = (name = "Save and go on") => page.getByRole("button", { name }).click();

  test("begins with the company, whose mistakes are said beside their fields", async () => {
    await page.goto(address);
    await page.waitForURL("**/setup/company");
    await inspect(page, "wizard-company");
    await page.locator("[name=legalName]").fill("Umoja Pharmacies Limited");
    await page.locator("[name=taxId]").fill("12345");
    await page.locator("[name=phone]").fill("+254 700 000 000");
    await goOn();
    await page.locator("#taxId-error").waitFor();
    expect(await page.locator("[name=phone]").inputValue()).toBe("+254 700 000 000");
    await page.locator("[name=taxId]").fill("P051234567X");
    await goOn();
    await page.waitForURL("**/setup/branches");
  });

  test("adds two branches, and is left and come back to", async () => {
    for (const [name, code] of [
      ["Westlands", "WEST"],
      ["Kilimani", "KILI"],
    ] as const) {
      await page.locator("[name=name]").fill(name);
      await page.locator("[name=code]").fill(code);
      await goOn("Save and add another");
      await page.getByText(`${name} is added.`).waitFor();
    }
    await page.locator("[name=name]").fill("Westlands again");
    await page.locator("[name=code]").fill("west");
    await goOn("Save and add another");
    await page.locator("#code-error").waitFor();
    await inspect(page, "wizard-branches");

    page = await enter();
    await page.goto(`${address}/setup`);
    await page.waitForURL("**/setup/branches");
    await page.getByText("Kilimani").first().waitFor();
    await goOn();
    await page.waitForURL("**/setup/people");
  });

  test("invites eleven people, one of them without a mail address", async () => {
    for (const [name, role, branch] of byMail) {
      await page.locator("[name=name]").fill(name);
      await page.locator("[name=email]").fill(mailOf(name));
      if (branch === "") await page.locator(`[name=role][value=${role}]`).check();
      else {
        await page.locator("#role-none").check();
        const select = page.locator("#branchRoles div", { hasText: branch }).locator("select");
        await select.selectOption(role);
      }
      await page.getByRole("button", { name: "Invite and add another" }).click();
      await page.waitForURL((url) => url.searchParams.get("sent") === name);
    }
    await page.locator("[name=name]").fill("Luka Barasa");
    await page.locator("#by-username").check();
    await page.locator("[name=username]").fill("luka.b");
    await page.locator("[name=role][value=cashier]").check();
    await page.getByRole("button", { name: "Invite and add another" }).click();
    await page.getByText("/auth/invitation?token=").first().waitFor();
    handedLink = /http:\S+\/auth\/invitation\?token=[^\s"<&]+/.exec(await page.content())?.[0] ?? "";
    expect(handedLink).not.toBe("");
    await inspect(page, "wizard-people");
    await page.goto(`${address}/setup/people`);
    await goOn();
    await page.waitForURL("**/setup/items");
  });

  test("imports the dirty workbook with its stock and ends with everything done", async () => {
    await inspect(page, "wizard-items");
    await page.getByRole("link", { name: "Choose a file" }).click();
    const buffer = await xlsx(stockList);
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "stock.xlsx", mimeType: "application/octet-stream", buffer });
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await page.getByRole("button", { name: "Check the file" }).waitFor({ timeout: 60_000 });
    await page.getByLabel("A quantity in stock counts").selectOption("base");
    await inspect(page, "wizard-columns");
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByRole("button", { name: /^Import/ }).waitFor({ timeout: 60_000 });
    await page.getByText("“twelve” is not").first().waitFor();
    await page.getByText("the code “MOON”").first().waitFor();
    await inspect(page, "wizard-check");
    await page.getByRole("button", { name: /^Import/ }).click();
    await page.getByRole("link", { name: "See your items" }).waitFor({ timeout: 60_000 });
    await page.goto(`${address}/setup/items`);
    await goOn();
    await page.waitForURL("**/setup/done");
    await inspect(page, "wizard-done");
    await page.getByText("3 branches").waitFor();

    await page.goto(`${address}/items?q=panadol`);
    await page
      .getByRole("link", { name: /Panadol/ })
      .first()
      .click();
    await page.getByText("PN1").waitFor();
    await page.getByText("PN2").waitFor();
    await page.getByText("Westlands").first().waitFor();
    await inspect(page, "item-with-stock");
  });

  test("has twelve people at work once they accepted", async () => {
    for (const [name] of byMail) {
      const link = await eventually(`the invitation of ${name}`, async () => {
        const text = (await mailsTo(running.stack, mailOf(name))).map((mail) => mail.body.text ?? "").join("\n");
        return /http:\S+\/auth\/invitation\?token=(\S+)/.exec(text)?.[1];
      });
      expect((await accept(link, name)).status).toBe(303);
    }
    const token = new URL(handedLink).searchParams.get("token") ?? "";
    expect((await accept(token, "Luka Barasa")).status).toBe(303);
    const signedIn = await new Client(running.stack.port).ask(pharmacy.host, "/auth/sign-in", {
      form: { login: "luka.b", password },
    });
    expect(signedIn.status).toBe(303);

    await page.goto(`${address}/settings/people`);
    await inspect(page, "people-of-twelve");
    for (const [name] of byMail) await page.getByText(name).first().waitFor();
    await page.goto(address);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await inspect(page, "dashboard-after-first-day");
    expect(refused.filter((text) => !/status of (409|422)/.test(text))).toEqual([]);
  });

  const accept = (token: string, name: string) =>
    new Client(running.stack.port).ask(pharmacy.host, "/auth/invitation", {
      form: { token, name, password, passwordAgain: password },
    });
});
