import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Gallery, openGallery } from "./gallery.ts";

let gallery: Gallery;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  gallery = await openGallery();
}, 60_000);

afterAll(() => gallery?.close());

beforeEach(async () => {
  gallery.requests.length = 0;
  gallery.answers.clear();
  context = await gallery.browser.newContext({ viewport: { width: 375, height: 812 } });
  page = await context.newPage();
});

afterEach(() => context.close());

const open = (name: string) => page.goto(`${gallery.origin}/pages/${name}`);
const posts = () => gallery.requests.filter((request) => request.startsWith("POST"));

test("a form is sent once, however often its button is pressed", async () => {
  await open("item-form");
  await page.evaluate("for (let press = 0; press < 3; press += 1) document.querySelector('main form button').click()");
  await expect.poll(posts).toEqual(["POST /items"]);
  expect(await page.locator("main form button[data-busy]").innerText()).toContain("Adding…");
  // A round trip later there is still one.
  await page.evaluate("fetch('/later')");
  await expect.poll(() => gallery.requests).toContain("GET /later");
  expect(posts()).toEqual(["POST /items"]);
});

test("the first field with a mistake has the focus", async () => {
  await open("item-form-errors");
  await expect.poll(() => page.evaluate("document.activeElement.name")).toBe("baseUnit");
});

test("the tab of the page that is open is in sight on a phone", async () => {
  await open("settings-audit");
  const { left, right } = await page.evaluate<{ left: number; right: number }>(
    "document.querySelector('[data-tabs] [aria-current]').getBoundingClientRect().toJSON()",
  );
  expect(left).toBeGreaterThanOrEqual(0);
  expect(right).toBeLessThanOrEqual(375);
});

test("the progress page asks until the pharmacy is ready and then opens it, once in a tab", async () => {
  await open("progress-working");
  await expect.poll(() => gallery.requests, { timeout: 5000 }).toContain("GET /poll");
  gallery.answers.set(
    "/poll",
    `<div id="progress"><h1 data-announce>Your pharmacy is ready</h1><form method="post" action="/open" data-once
       data-auto-submit><input type="hidden" name="token" value="t"><button>Open</button></form></div>`,
  );
  await expect.poll(posts, { timeout: 5000 }).toEqual(["POST /open"]);
  expect(await page.locator("#announcer").innerText()).not.toBe("");

  await open("progress-working");
  await page.locator("#progress button").waitFor();
  await page.evaluate("fetch('/later')");
  await expect.poll(() => gallery.requests).toContain("GET /later");
  expect(posts()).toEqual(["POST /open"]);
});

test("a search replaces the list and the address, and its results are announced", async () => {
  await open("items");
  gallery.answers.set("/items", `<div id="item-list"><p data-announce>2 items found</p></div>`);
  await page.locator("#q").fill("amox");
  await expect.poll(() => gallery.requests, { timeout: 5000 }).toContain("GET /items?q=amox");
  await expect.poll(() => page.locator("#announcer").innerText()).toBe("2 items found");
  expect(page.url()).toBe(`${gallery.origin}/items?q=amox`);
});

test("the address is proposed from the name until the person types one", async () => {
  await open("sign-up");
  await page.locator("#companyName").fill("Café Chemist's & Sons");
  expect(await page.locator("#subdomain").inputValue()).toBe("cafe-chemists-sons");
  await expect.poll(() => gallery.requests).toContain("GET /sign-up/subdomain?subdomain=cafe-chemists-sons");
  await page.locator("#subdomain").press("End");
  await page.locator("#subdomain").pressSequentially("-2");
  await page.locator("#companyName").fill("Another");
  expect(await page.locator("#subdomain").inputValue()).toBe("cafe-chemists-sons-2");
});

test("that too many names were looked up stands where the answer would", async () => {
  await open("sign-up");
  const hint = "Many names were looked up. You can go on in under a minute.";
  await page.route("**/sign-up/subdomain?*", (route) => route.fulfill({ status: 429, body: `<p>${hint}</p>` }));
  await page.locator("#subdomain").pressSequentially("acacia");
  await expect.poll(() => page.locator("#subdomain-hint").innerText(), { timeout: 5000 }).toBe(hint);
});

test("on a phone, the menu opens and closes by keyboard, also without scripts", async () => {
  await context.close();
  context = await gallery.browser.newContext({ viewport: { width: 375, height: 812 }, javaScriptEnabled: false });
  page = await context.newPage();
  await open("items");
  const link = page.getByRole("link", { name: "Purchases" });
  expect(await link.isVisible()).toBe(false);
  await page.getByRole("button", { name: "Open menu" }).press("Enter");
  await link.waitFor();
  await page.keyboard.press("Escape");
  await link.waitFor({ state: "hidden" });
});

test("the chosen file's name is shown, and one that is too large is refused before it is sent", async () => {
  await open("import");
  await page.locator("#file").setInputFiles({ name: "list.csv", mimeType: "text/csv", buffer: Buffer.from("a") });
  expect(await page.locator("[data-file-name]").innerText()).toBe("list.csv");
  const buffer = Buffer.alloc(4 * 1024 * 1024 + 1);
  await page.locator("#file").setInputFiles({ name: "huge.csv", mimeType: "text/csv", buffer });
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  expect(await page.locator("#file").evaluate((input) => input.matches(":invalid"))).toBe(true);
  expect(posts()).toEqual([]);
});

test("a key is revoked only after a question, also without scripts", async () => {
  await context.close();
  context = await gallery.browser.newContext({ viewport: { width: 375, height: 812 }, javaScriptEnabled: false });
  page = await context.newPage();
  await open("api-keys");
  const sure = page.getByRole("button", { name: "Revoke key" }).first();
  expect(await sure.isVisible()).toBe(false);
  await page.getByRole("button", { name: "Revoke Web shop" }).click();
  await sure.waitFor();
  await page.getByRole("button", { name: "Keep it" }).first().click();
  await sure.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Revoke Web shop" }).press("Enter");
  expect(posts()).toEqual([]);
  await sure.click();
  await expect.poll(posts).toEqual(["POST /settings/api-keys/0193-a/revoke"]);
});

test("the account menu closes with Escape", async () => {
  await open("items");
  await page.getByText("Account of").click({ force: true });
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Sign out" }).waitFor({ state: "hidden" });
});
