import { DAY_SECONDS } from "@pharmasight/core/kernel/clock";
import type { Browser, Page } from "playwright-core";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, type Pharmacy, signUp, testStack } from "../harness/stack.ts";
import { inspect, openBrowser } from "./browser.ts";

/* An owner's whole life with the subscription, in a browser: our pages and the real pages of Stripe's stand-in. */
describe("paying, in a browser", { timeout: 240_000 }, () => {
  let running: Awaited<ReturnType<typeof testStack>>;
  let control: postgres.Sql;
  let owner: Pharmacy;
  let browser: Browser;
  let page: Page;
  let address: string;
  const refused: string[] = [];

  beforeAll(async () => {
    running = await testStack();
    const { cluster, controlDatabase } = running.stack;
    const { host, port, superuser } = cluster;
    control = postgres({ ...superuser, host, port, database: controlDatabase.owner.database, max: 1 });
    owner = await signUp(running.stack, "greencross");
    address = `http://${owner.host}:${running.stack.port}`;
    browser = await openBrowser();
    const context = await browser.newContext();
    const value = owner.client.cookies(owner.host).get("session") ?? "";
    await context.addCookies([{ name: "session", value, domain: owner.host, path: "/" }]);
    page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error") refused.push(message.text());
    });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await control?.end();
    await running?.stop();
  });

  const priceOf = async (code: string): Promise<string> => {
    const [row] = await control`
      select p.id from control.prices p left join control.subscription_plans s on s.id = p.plan_id
      where p.is_current and coalesce(s.code, p.add_on_code) = ${code} and p.billing_interval = 'month'`;
    return String(row?.id);
  };
  const open = (path: string) => page.goto(`${address}${path}`);
  /** Sends the form that posts there; the one of several that holds this. */
  const send = async (path: string, holds = "*") => {
    const form = page.locator(`main form[action="${path}"]`, { has: page.locator(holds) }).first();
    const opener = page.locator(`main [popovertarget]:not([popovertargetaction])`);
    if (!(await form.locator("button[type=submit], button:not([type])").first().isVisible())) {
      const id = await form.evaluate((element) => element.closest("[popover]")?.id ?? "");
      await opener
        .and(page.locator(`[popovertarget="${id}"]`))
        .first()
        .click();
    }
    await form.locator("button[type=submit], button:not([type])").first().click();
  };
  const reads = (words: RegExp | string) => page.locator("main").getByText(words).first().waitFor();
  const fillCard = async (number: string) => {
    await page.locator("[name=card_number]").fill(number);
    await page.locator("[name=card_expiry]").fill("12/34");
    await page.locator("[name=card_cvc]").fill("123");
  };
  const stateOf = async () => String((await control`select state from control.tenants`)[0]?.state);
  const becomes = (state: string) =>
    eventually(`the state ${state}`, async () => ((await stateOf()) === state ? true : undefined));
  /** Looks at a page until it says something: the registry is a few seconds behind. */
  const comesTo = (path: string, is: () => Promise<boolean>) =>
    eventually(path, async () => {
      await open(path);
      return (await is()) ? true : undefined;
    });
  const dismissDialogs = () => page.keyboard.press("Escape");

  test("an owner on trial picks a plan, pays, and is led back to what there is now", async () => {
    await open("/billing");
    await reads(/14 days/);
    await inspect(page, "billing-trial");
    await open("/billing/plans");
    await reads(/US\$99/);
    await inspect(page, "billing-plans");
    await send("/billing/checkout", `input[name=price][value="${await priceOf("starter")}"]`);
    await page.waitForURL((url) => url.origin === running.stack.stripe.url);
    await fillCard("4000000000000002");
    await page.locator("[name=line1]").fill("Moi Avenue 1");
    await page.getByRole("button", { name: "Subscribe" }).click();
    await page.getByRole("alert").waitFor();
    await fillCard("4242424242424242");
    await page.locator("[name=line1]").fill("Moi Avenue 1");
    await page.getByRole("button", { name: "Subscribe" }).click();
    await page.waitForURL(`${address}/billing/return`);
    await reads(/Starter/);
    await inspect(page, "billing-return");
    expect(await stateOf()).toBe("active");
    await open("/billing");
    await reads(/4242/);
    await inspect(page, "billing-active");
  });

  test("a module that is bought works within seconds, at the amount that was shown", async () => {
    await open("/settings/api-keys");
    expect(await page.locator("form[action='/settings/api-keys']").count()).toBe(0);
    await open("/billing");
    await send("/billing/quote", 'input[name=addOn][value="api_access"]');
    await page.waitForURL("**/billing/changes/*");
    await inspect(page, "billing-change-addition");
    const id = new URL(page.url()).pathname.split("/").at(-1) ?? "";
    await send(`/billing/changes/${id}/confirm`);
    await page.waitForURL("**/billing?news=changed");
    const [change] = await control`select due_now, invoiced, state from control.plan_changes where id = ${id}`;
    expect(change).toMatchObject({ state: "applied", invoiced: null });
    await comesTo(
      "/settings/api-keys",
      async () => (await page.locator("form[action='/settings/api-keys']").count()) > 0,
    );
  });

  test("the plan is changed for exactly the amount that was shown, and drops the module that it includes", async () => {
    await open("/billing/plans");
    await send("/billing/quote", `input[name=price][value="${await priceOf("professional")}"]`);
    await page.waitForURL("**/billing/changes/*");
    await reads("Professional instead of Starter");
    await inspect(page, "billing-change");
    const id = new URL(page.url()).pathname.split("/").at(-1) ?? "";
    await send(`/billing/changes/${id}/confirm`);
    await page.waitForURL("**/billing?news=changed");
    await inspect(page, "billing-changed");
    const [paid] = await control`
      select c.due_now, i.total, c.invoiced from control.plan_changes c join control.invoices i on i.id = c.stripe_invoice_id
      where c.id = ${id}`;
    expect(paid?.total).toBe(paid?.due_now);
    expect(paid?.invoiced).toBeNull();
    expect(await control`select 1 from control.tenant_add_ons`).toHaveLength(0);
    expect(await control`select 1 from control.billing_findings`).toHaveLength(0);
  });

  test("a smaller plan is planned for the end of the period, and given up", async () => {
    await open("/billing/plans");
    await send("/billing/quote", `input[name=price][value="${await priceOf("starter")}"]`);
    await page.waitForURL("**/billing/changes/*");
    await inspect(page, "billing-change-later");
    await send(new URL(page.url()).pathname.concat("/confirm"));
    await page.waitForURL("**/billing?news=scheduled");
    await inspect(page, "billing-scheduled");
    await send("/billing/scheduled/cancel");
    await page.waitForURL("**/billing?news=unscheduled");
  });

  test("a payment that fails is told on every page, and paid by another card", async () => {
    await open("/billing");
    await send("/billing/portal", 'input[name=purpose][value="payment_method"]');
    await page.waitForURL((url) => url.origin === running.stack.stripe.url);
    await fillCard("4000000000000341");
    await page.getByRole("button", { name: "Add" }).click();
    await page.waitForURL(`${address}/billing`);
    running.stack.stripe.advance(32 * DAY_SECONDS);
    await becomes("past_due");
    await comesTo("/items", async () => /overdue/i.test((await page.locator("main").textContent()) ?? ""));
    await inspect(page, "billing-banner");
    await open("/billing");
    await inspect(page, "billing-past-due");
    await send("/billing/portal", 'input[name=purpose][value="payment_method"]');
    await page.waitForURL((url) => url.origin === running.stack.stripe.url);
    await fillCard("4242424242424242");
    await page.getByRole("button", { name: "Add" }).click();
    await page.waitForURL(`${address}/billing`);
    await page.locator("main a[href^='/billing/invoices/'][href$='/pay']").first().click();
    await page.waitForURL((url) => url.origin === running.stack.stripe.url);
    await fillCard("4242424242424242");
    await page.getByRole("button", { name: /^Pay/ }).click();
    await becomes("active");
    await comesTo("/items", async () => !/overdue/i.test((await page.locator("main").textContent()) ?? ""));
  });

  test("a cancelled plan goes on to its end, and the cancellation is taken back", async () => {
    await open("/billing");
    await send("/billing/cancel");
    await page.waitForURL("**/billing?news=cancelled");
    expect(await stateOf()).toBe("cancelled");
    await inspect(page, "billing-cancelled");
    await dismissDialogs();
    await send("/billing/cancel/undo");
    await page.waitForURL("**/billing?news=resumed");
    expect(await stateOf()).toBe("active");
  });

  test("invoices, Enterprise and what the browser itself refused", async () => {
    await open("/billing/invoices");
    await inspect(page, "billing-invoices");
    expect(await page.locator("main a[href$='/pdf']").count()).toBeGreaterThan(2);
    await open("/billing/enterprise");
    await inspect(page, "billing-enterprise");
    expect(refused.filter((text) => !/status of (402|403|404|409|422)/.test(text))).toEqual([]);
  });
});
