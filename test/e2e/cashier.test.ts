import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client, type Reply } from "../harness/client.ts";
import { eventually, mailsTo, type Pharmacy, signUp, testStack } from "../harness/stack.ts";
import { inspect, openBrowser } from "./browser.ts";

const password = "seven blue lorries sing";
const cost = "77.31";

describe("an invited cashier, in a browser of their own", { timeout: 240_000 }, () => {
  let running: Awaited<ReturnType<typeof testStack>>;
  let pharmacy: Pharmacy;
  let address: string;
  let browser: Browser;
  let owner: Page;
  let theirs: BrowserContext;
  let cashier: Page;
  let item: string;

  beforeAll(async () => {
    running = await testStack();
    browser = await openBrowser();
    pharmacy = await signUp(running.stack, "njeri");
    address = `http://${pharmacy.host}:${running.stack.port}`;
    owner = await pageOf(pharmacy.client);
    theirs = await browser.newContext();
    cashier = await theirs.newPage();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await running?.stop();
  });

  /** A browser where the session of `client` goes on. */
  async function pageOf(client: Client): Promise<Page> {
    const context = await browser.newContext();
    const session = client.cookies(pharmacy.host).get("session") ?? "";
    await context.addCookies([{ name: "session", value: session, domain: pharmacy.host, path: "/" }]);
    return context.newPage();
  }

  /** Somebody without a browser, who goes on with the session of one. */
  async function clientOf(context: BrowserContext): Promise<Client> {
    const client = new Client(running.stack.port);
    const [session] = (await context.cookies(address)).filter(({ name }) => name === "session");
    client.cookies(pharmacy.host).set("session", session?.value ?? "");
    return client;
  }

  const formTokenIn = ({ text }: Reply): string => /name="formToken" value="([^"]+)"/.exec(text)?.[1] ?? "";

  async function post(client: Client, path: string, form: Record<string, string>): Promise<Reply> {
    const formToken = formTokenIn(await client.ask(pharmacy.host, "/items"));
    expect(formToken).not.toBe("");
    return client.ask(pharmacy.host, path, { form: { formToken, ...form } });
  }

  test("is invited by mail", async () => {
    const added = await post(pharmacy.client, "/items", {
      name: "Amoxicillin 500 mg",
      baseUnit: "capsule",
      retailPrice: "120",
      costPrice: cost,
      taxClass: "zero_rated",
    });
    expect(added.status).toBe(303);
    item = String(added.headers.location).split("?")[0] ?? "";
    await owner.goto(`${address}${item}`);
    expect(await owner.content()).toContain(cost);

    await owner.goto(`${address}/settings/people`);
    await inspect(owner, "people-real");
    await owner.getByRole("link", { name: "Invite somebody" }).click();
    await owner.locator("[name=name]").fill("Grace Wanjiru");
    await owner.locator("[name=email]").fill("grace@njeri.example");
    await owner.getByRole("radio", { name: /^Cashier/ }).check();
    await owner.getByRole("button", { name: "Invite" }).click();
    await owner.waitForURL(/state=invited/);
    await owner.getByText("on its way by mail").waitFor();
    await inspect(owner, "people-invited-real");
  });

  test("accepts, and is signed in as what was meant", async () => {
    const mail = await eventually(
      "the invitation",
      async () => (await mailsTo(running.stack, "grace@njeri.example"))[0],
    );
    expect(mail.subject).toContain("invites you");
    expect(mail.body.text).toContain("Cashier");
    const link = /http:\S+\/auth\/invitation\?token=\S+/.exec(mail.body.text ?? "")?.[0] ?? "";
    await cashier.goto(link);
    await inspect(cashier, "invitation-real");
    expect(await cashier.locator("[name=name]").inputValue()).toBe("Grace Wanjiru");
    await cashier.locator("[name=password]").fill("short");
    await cashier.locator("[name=passwordAgain]").fill("short");
    await cashier.getByRole("button", { name: "Join and sign in" }).click();
    await cashier.getByText("Use at least 12 characters").waitFor();
    await cashier.locator("[name=password]").fill(password);
    await cashier.locator("[name=passwordAgain]").fill(password);
    await cashier.locator("[name=password]").press("Enter");
    await cashier.waitForURL((url) => url.pathname === "/");
    await cashier.getByText("Cashier").first().waitFor({ state: "attached" });
    const again = await new Client(running.stack.port).ask(
      pharmacy.host,
      new URL(link).pathname + new URL(link).search,
    );
    expect(again.status).toBe(410);
    expect(again.text).toContain("accepted already");
  });

  test("sees items, and no costs", async () => {
    for (const path of ["/items", "/items?q=amox", item]) {
      await cashier.goto(`${address}${path}`);
      const page = await cashier.content();
      expect(page).toContain("Amoxicillin");
      expect(page).not.toContain(cost);
    }
    await inspect(cashier, "cashier-item");
  });

  test("is shown no way to what is not theirs, and is refused where they type it", async () => {
    await cashier.goto(address);
    await cashier.setViewportSize({ width: 1440, height: 900 });
    expect(await cashier.locator('a[href^="/settings"]').count()).toBe(0);
    expect(await cashier.locator('a[href^="/items/import"]').count()).toBe(0);
    const paths = ["company", "branches", "people", "people/new", "roles", "imports", "api-keys", "audit"];
    for (const path of [...paths.map((one) => `/settings/${one}`), "/items/import", "/items/new", "/auth/ownership"]) {
      const reply = await cashier.goto(`${address}${path}`);
      expect({ path, status: reply?.status() }).toEqual({ path, status: 403 });
    }
    await inspect(cashier, "cashier-refused");
  });

  test("cannot post where they cannot look, whatever the fields say", async () => {
    const client = await clientOf(theirs);
    const { text } = await pharmacy.client.ask(pharmacy.host, "/settings/people");
    const ids = [...text.matchAll(/href="\/settings\/people\/([0-9a-f-]{36})"/g)].map(([, id = ""]) => id);
    expect(ids).toHaveLength(2);
    const seen = "items.view";
    const attempts: (readonly [string, Record<string, string>])[] = [
      ["/settings/people", { name: "Me", by: "username", username: "me.too", role: "admin" }],
      ["/settings/roles/cashier", { "items.view": "on", "items.view_cost": "on", seen }],
      ["/settings/roles/owner", { "items.view": "on", seen }],
      ...ids.flatMap((id) => [
        [`/settings/people/${id}/roles`, { role: "owner", isOwner: "on" }] as const,
        [`/settings/people/${id}/roles`, { role: "admin", deactivatedAt: "" }] as const,
        [`/settings/people/${id}/deactivate`, {}] as const,
        [`/settings/people/${id}/reactivate`, {}] as const,
        [`/settings/people/${id}/password-link`, {}] as const,
        [`/settings/people/${id}/second-factor`, {}] as const,
        [`/settings/people/invitations/${id}/resend`, {}] as const,
        [`/settings/people/invitations/${id}/revoke`, {}] as const,
        ["/auth/ownership", { userId: id, companyName: "njeri pharmacy", password }] as const,
      ]),
    ];
    for (const [path, form] of attempts) {
      const reply = await post(client, path, form);
      expect({ path, form, status: reply.status }).toEqual({ path, form, status: 403 });
    }
    const people = await pharmacy.client.ask(pharmacy.host, "/settings/people");
    expect(people.text).toContain(">Cashier<");
    expect(people.text).not.toContain(">Administrator<");
  });

  test("a link that is handed over makes one person of twenty attempts, and of no more fields than it asks for", async () => {
    const invited = await post(pharmacy.client, "/settings/people", {
      name: "Brian",
      by: "username",
      username: "brian.k",
      role: "viewer",
    });
    expect(invited.status).toBe(201);
    const token = /token=([0-9a-f-]{36}\.[\w-]{43})/.exec(invited.text)?.[1] ?? "";
    const form = {
      token,
      name: "Brian Kiprop",
      password,
      passwordAgain: password,
      role: "owner",
      email: "brian@njeri.example",
      username: "owner",
      userId: "019ab000-0000-7000-8000-00000000abcd",
    };

    // Whoever is signed in here is not made another person, nor mixed up with one.
    const shown = await pharmacy.client.ask(pharmacy.host, `/auth/invitation?token=${token}`);
    expect(shown.text).toContain("Somebody else is signed in");
    expect((await pharmacy.client.ask(pharmacy.host, "/auth/invitation", { form })).status).toBe(409);

    const clients = Array.from({ length: 20 }, () => new Client(running.stack.port));
    const replies = await Promise.all(clients.map((client) => client.ask(pharmacy.host, "/auth/invitation", { form })));
    expect(replies.map(({ status }) => status).sort()).toEqual([303, ...Array.from({ length: 19 }, () => 410)]);
    const winner = clients[replies.findIndex(({ status }) => status === 303)] ?? new Client(running.stack.port);
    expect((await winner.ask(pharmacy.host, "/items")).status).toBe(200);
    expect((await winner.ask(pharmacy.host, "/settings/people")).status).toBe(403);
    const people = await pharmacy.client.ask(pharmacy.host, "/settings/people?q=brian");
    expect(people.text).toContain("brian.k");
    expect(people.text).toContain(">Viewer<");
    expect(people.text).not.toContain("brian@njeri.example");
  });

  test("is out at once when they are deactivated", async () => {
    await owner.goto(`${address}/settings/people`);
    await owner.getByRole("link", { name: "Grace Wanjiru" }).click();
    await inspect(owner, "person-real");
    await owner.getByRole("button", { name: "Deactivate" }).click();
    await owner.getByRole("dialog").getByRole("button", { name: "Deactivate" }).click();
    await owner.getByText(/Deactivated\. \d+ session/).waitFor();
    const client = await clientOf(theirs);
    expect((await client.ask(pharmacy.host, "/items")).headers.location).toBe("/auth/sign-in");
  });

  test("comes back and is handed the pharmacy, by the owner's own password and with a mail to both", async () => {
    const list = await pharmacy.client.ask(pharmacy.host, "/settings/people?state=deactivated");
    const grace = /href="\/settings\/people\/([0-9a-f-]{36})"/.exec(list.text)?.[1] ?? "";
    expect((await post(pharmacy.client, `/settings/people/${grace}/reactivate`, {})).status).toBe(303);
    await owner.goto(`${address}/auth/ownership`);
    await owner.getByText("Choose a password first").waitFor();
    const mine = "eleven green kites sail";
    expect((await post(pharmacy.client, "/auth/password", { password: mine, passwordAgain: mine })).status).toBe(303);
    await owner.goto(`${address}/auth/ownership`);
    await owner.locator("[name=userId]").selectOption({ value: grace });
    await owner.locator("[name=companyName]").fill("another pharmacy");
    await owner.locator("[name=password]").fill("not the password");
    await owner.getByRole("button", { name: "Hand the pharmacy over" }).click();
    await owner.getByText("as it stands above").first().waitFor();
    await inspect(owner, "ownership-real");
    await owner.locator("[name=companyName]").fill("njeri pharmacy");
    await owner.locator("[name=password]").fill(mine);
    await owner.getByRole("button", { name: "Hand the pharmacy over" }).click();
    await owner.getByText("The pharmacy is handed over").waitFor();
    for (const address of [pharmacy.email, "grace@njeri.example"]) {
      await eventually(`the mail to ${address}`, async () =>
        (await mailsTo(running.stack, address)).find(({ subject }) => subject.includes("the owner of njeri pharmacy")),
      );
    }
    const successor = new Client(running.stack.port);
    const form = { login: "grace@njeri.example", password };
    expect((await successor.ask(pharmacy.host, "/auth/sign-in", { form })).status).toBe(303);
    expect((await successor.ask(pharmacy.host, "/auth/ownership")).status).toBe(200);
    expect((await pharmacy.client.ask(pharmacy.host, "/auth/ownership")).status).toBe(403);
    expect((await pharmacy.client.ask(pharmacy.host, "/settings/people")).status).toBe(200);
  });
});
