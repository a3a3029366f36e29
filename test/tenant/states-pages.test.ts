import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Reply } from "../harness/client.ts";
import { eventually, type Pharmacy, signUp, testStack } from "../harness/stack.ts";

/** What people and programs see of what is overdue, and of what the plan lacks. */

let running: Awaited<ReturnType<typeof testStack>>;
let control: postgres.Sql;
let alfa: Pharmacy;

beforeAll(async () => {
  running = await testStack();
  const { cluster, controlDatabase } = running.stack;
  const { user: username, password } = cluster.superuser;
  const { host, port, database } = controlDatabase.owner;
  control = postgres({ host, port, database, username, password, max: 1 });
  alfa = await signUp(running.stack, "alfa", undefined, "professional");
});
afterAll(async () => {
  await control?.end();
  await running?.stop();
});

const get = (path: string): Promise<Reply> => alfa.client.ask(alfa.host, path);
const formToken = async (path: string) => /name="formToken" value="([^"]+)"/.exec((await get(path)).text)?.[1] ?? "";
const api = (path: string, key: string, body?: object) =>
  alfa.client.ask(alfa.host, `/api/v1${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const seen = (what: string, path: string, text: string) =>
  eventually(what, async () => {
    const page = await get(path);
    return page.text.includes(text) ? page : undefined;
  });

describe("a pharmacy", () => {
  let key: string;

  test("on trial adds branches and keys", async () => {
    expect((await get("/settings/branches")).text).toContain('href="/settings/branches/new"');
    const form = { name: "Shop", "items:read": "on", "items:write": "on", expiresInDays: "" };
    const token = await formToken("/settings/company");
    const made = await alfa.client.ask(alfa.host, "/settings/api-keys", { form: { ...form, formToken: token } });
    key = /ps_[0-9a-f]{8}_[\w-]{43}/.exec(made.text)?.[0] ?? "";
    expect((await api("/items", key, { name: "By key", baseUnit: "tablet" })).status).toBe(201);
  });

  test("whose payment is overdue is told how long it has and how to pay, and adds none", async () => {
    await control`
      update control.tenants set state = 'past_due', past_due_since = now(), grace_ends_at = now() + interval '5 days'
      where name = 'alfa pharmacy'`;
    const page = await seen("the banner", "/settings/branches", "A payment is overdue");
    expect(page.text).toMatch(/5 days left.*href="\/billing"/s);
    expect(page.text).not.toContain('href="/settings/branches/new"');
    expect(page.text).toMatch(/<button type="button" disabled[^>]*aria-describedby="overdue"[^>]*>.*?Add a branch/s);
    const token = await formToken("/settings/company");
    const form = { formToken: token, name: "West", code: "WEST", phone: "", address: "" };
    const refused = await alfa.client.ask(alfa.host, "/settings/branches", { form });
    expect(refused.status).toBe(402);
    expect(refused.text).toContain("Adding branches works again as soon as it is paid under Billing.");
    expect(refused.text).toContain('href="/billing"');
  });

  test("whose payment is overdue works with what a till needs, and its programs only read", async () => {
    const token = await formToken("/items/new");
    const form = { formToken: token, name: "Panadol", baseUnit: "tablet", taxClass: "exempt" };
    expect((await alfa.client.ask(alfa.host, "/items", { form })).status).toBe(303);
    expect((await api("/items", key)).status).toBe(200);
    const refused = await api("/items", key, { name: "Second", baseUnit: "tablet" });
    expect([refused.status, JSON.parse(refused.text)]).toMatchObject([
      403,
      { code: "module_required", title: expect.stringContaining("A payment is overdue. API access works again") },
    ]);
    // A key that leaked is stopped whatever is overdue.
    expect((await get("/settings/api-keys")).text).toContain("/revoke");
  });

  test("that is paused shows its records, has no button to change them, and says how to pay", async () => {
    await control`
      update control.tenants set state = 'suspended', suspension = 'unpaid', past_due_since = null, grace_ends_at = null
      where name = 'alfa pharmacy'`;
    const items = await seen("the banner", "/items", "nothing can be changed");
    expect(items.text).toContain("Panadol");
    const paths = ["/", "/items", "/items/import", "/settings/company", "/settings/branches", "/settings/people"];
    for (const path of [...paths, "/settings/roles", "/settings/imports", "/settings/api-keys", "/settings/audit"]) {
      const { status, text } = await get(path);
      // What is left: signing out, and searches that change nothing.
      const buttons = [...text.matchAll(/<form[^>]*method="post"[^>]*action="([^"]*)".*?<\/form>/gs)].filter(([form]) =>
        /<button[^>]*type="submit"/.test(form),
      );
      expect([path, status, buttons.map(([, action]) => action)]).toEqual([path, 200, ["/auth/sign-out"]]);
      const links = [...text.matchAll(/href="([^"]*\/(?:new|edit))"/g)].map(([, href]) => href);
      expect([path, links]).toEqual([path, []]);
    }
    expect((await get("/settings/audit/export.csv")).status).toBe(200);
    expect((await get("/auth/account")).text).toContain("Your account");
    expect((await api("/items", key)).status).toBe(200);
    const refused = await api("/items", key, { name: "Second", baseUnit: "tablet" });
    expect([refused.status, refused.headers["content-type"], JSON.parse(refused.text).code]).toEqual([
      402,
      "application/problem+json",
      "payment_required",
    ]);
  });

  test("that pays is open again within seconds", async () => {
    await control`update control.tenants set state = 'active', suspension = null where name = 'alfa pharmacy'`;
    const page = await seen("the button", "/settings/branches", 'href="/settings/branches/new"');
    expect(page.text).not.toContain("overdue");
  });

  test("is told what a module costs that its plan lacks", async () => {
    await control`
      update control.tenant_subscriptions set plan_id = (
        select id from control.subscription_plans where code = 'starter' and tenant_id is null)`;
    const page = await seen("the upgrade page", "/settings/api-keys", "Add API access");
    expect(page.status).toBe(403);
    expect(page.text).toContain("API access is not part of the plan Starter.");
    expect(page.text).toContain("USD 29.00 a month");
    expect(page.text).toContain('href="/billing#module-api_access"');
    const call = await api("/items", key);
    expect([call.status, JSON.parse(call.text).title]).toEqual([
      403,
      "API access is not part of the plan Starter. Add it, or choose a larger plan, under Billing.",
    ]);
  });
});
