import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import writeXlsxFile from "write-excel-file/node";
import { type Restartable, restartable } from "../faults/restartable.ts";
import { eventually, type Pharmacy, signUp, testStack } from "../harness/stack.ts";
import { inspect, openBrowser } from "./browser.ts";

const xlsx = (rows: readonly (readonly (string | number)[])[]) =>
  writeXlsxFile(rows.map((row) => row.map((value) => (typeof value === "number" ? { value } : { value })))).toBuffer();

/** A list as a wholesaler sends it: titles above the heading, odd headings, rows with mistakes, an item in two batches. */
const good = Array.from({ length: 1500 }, (_, index) => [`Dirty item ${index}`, 3, "10", "B1"]);
const dirty = [
  ["Kilimani Wholesalers, price list", "", "", ""],
  ["", "", "", ""],
  ["Product*", "Sell @", "On shelf", "Lot"],
  ["Panadol 500 mg tablets", "5.00", "240", "L1"],
  ["panadol 500 MG tablets", "5.00", "60", "L2"],
  ["Priced in words", "twelve", "1", ""],
  ["", "4.00", "1", ""],
  ["Half a box", "4.00", "minus two", ""],
  ...good,
];

/** Signs the browser in as whoever signed the pharmacy up. */
async function enter(context: BrowserContext, { client, host }: Pharmacy): Promise<void> {
  const cookies = [...client.cookies(host)].map(([name, value]) => ({ name, value, domain: host, path: "/" }));
  await context.addCookies(cookies);
}

const upload = async (page: Page, address: string, name: string, buffer: Buffer) => {
  await page.goto(`${address}/items/import`);
  await page.locator("input[type=file]").setInputFiles({ name, mimeType: "application/octet-stream", buffer });
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  await page.getByRole("button", { name: "Check the file" }).waitFor({ timeout: 60_000 });
};

const figure = (page: Page, label: string) =>
  page
    .locator("dl > div", { has: page.locator("dt", { hasText: label }) })
    .locator("dd")
    .first();

describe("an import, in a browser", { timeout: 240_000 }, () => {
  let running: Awaited<ReturnType<typeof testStack>>;
  let browser: Browser;
  let page: Page;
  let address: string;
  const refused: string[] = [];

  beforeAll(async () => {
    running = await testStack();
    const pharmacy = await signUp(running.stack, "kilimani");
    address = `http://${pharmacy.host}:${running.stack.port}`;
    browser = await openBrowser();
    const context = await browser.newContext();
    await enter(context, pharmacy);
    page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error") refused.push(message.text());
    });
  });
  afterAll(async () => {
    await browser?.close();
    await running?.stop();
  });

  test("goes from a dirty workbook over its columns and a check to items, rests, ends and is undone", async () => {
    await upload(page, address, "wholesaler.xlsx", await xlsx(dirty));
    await inspect(page, "import-columns");
    // What was guessed of the odd headings is corrected, and a mistake is said beside its field.
    await page.getByLabel("Product*").selectOption("name");
    await page.getByLabel("Sell @").selectOption("retailPrice");
    await page.getByLabel("On shelf").selectOption("stockQuantity");
    await page.getByLabel("Lot").selectOption("batchNumber");
    await page.getByLabel("A quantity in stock counts").selectOption("");
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByText("ten boxes or ten tablets").first().waitFor();
    await inspect(page, "import-columns-mistake");
    await page.getByLabel("A quantity in stock counts").selectOption("base");
    await page.getByRole("button", { name: "Show how rows are read" }).click();
    await page.getByText("stock 240 × unit", { exact: false }).first().waitFor();
    await page.getByRole("button", { name: "Check the file" }).click();

    await page.getByText("Nothing is written yet.").first().waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: /^Import/ }).waitFor();
    await inspect(page, "import-check");
    expect(await figure(page, "New items").textContent()).toBe("1,501");
    expect(await figure(page, "Known items").textContent()).toBe("1");
    expect(await figure(page, "Rejected rows").textContent()).toBe("3");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: /Download all/ }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk);
    const lines = Buffer.concat(chunks).toString().trim().split("\r\n");
    expect(lines[0]).toBe("Row,Reason,Product*,Sell @,On shelf,Lot");
    expect(lines).toHaveLength(4);
    expect(lines[1]).toContain("twelve");

    await page.getByRole("button", { name: /^Import/ }).click();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).waitFor();
    await inspect(page, "import-rests");
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("link", { name: /see your items/i }).waitFor({ timeout: 60_000 });
    await inspect(page, "import-result");
    expect(await figure(page, "Added").textContent()).toBe("1,501");
    expect(await figure(page, "Opening stock").textContent()).toBe("1,502");
    await page.getByText("OPN-HQ-000001").waitFor();

    await page.goto(`${address}/settings/imports`);
    await page.getByText("1,501 added").waitFor();
    await inspect(page, "import-history-used");
    await page.getByRole("button", { name: /^Undo/ }).click();
    await page.getByRole("button", { name: "Undo import" }).click();
    await page.getByText("The import was undone").waitFor({ timeout: 60_000 });
    await inspect(page, "import-undone-used");
    await page.goto(`${address}/items`);
    expect(await page.getByText("Dirty item").count()).toBe(0);
    expect(refused.filter((text) => !/status of 422/.test(text))).toEqual([]);
  });
});

describe("an import killed and resumed", { timeout: 240_000 }, () => {
  let platform: Restartable;
  let browser: Browser;

  beforeAll(async () => {
    platform = await restartable();
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await platform?.remove();
  });

  test("goes on before the eyes of whoever watches it, to the right counts", async () => {
    const ready = await platform.start();
    const pharmacy = await signUp(ready, "watched");
    const address = `http://${pharmacy.host}:${ready.port}`;
    const context = await browser.newContext();
    await enter(context, pharmacy);
    const page = await context.newPage();
    const rows = Array.from({ length: 6000 }, (_, index) => [`Watched ${index}`, "2", "7"]);
    await upload(page, address, "watched.xlsx", await xlsx([["name", "price", "qty"], ...rows]));
    await page.getByLabel("A quantity in stock counts").selectOption("base");
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByRole("button", { name: /^Import/ }).click({ timeout: 60_000 });
    const sql = await platform.databaseOf(pharmacy);
    await eventually("the import to be in its middle", async () => {
      const [run] = await sql`select rows_read from pharmacy.item_imports where state = 'running'`;
      return run?.["rows_read"] > 500 ? true : undefined;
    });
    await platform.kill();
    await page.getByText("No connection at the moment").waitFor();
    await platform.start();
    // Nobody touches the page.
    await page.getByRole("link", { name: /see your items/i }).waitFor({ timeout: 120_000 });
    expect(await figure(page, "Added").textContent()).toBe("6,000");
    expect(await figure(page, "Opening stock").textContent()).toBe("6,000");
    const after = await platform.databaseOf(pharmacy);
    const [counts] = await after`
      select (select count(*)::int from pharmacy.items) as items,
        (select sum(quantity)::int from pharmacy.stock_balances) as stock`;
    expect(counts).toEqual({ items: 6000, stock: 42_000 });
  });
});
