import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client, type Reply } from "../harness/client.ts";
import { eventually, mailsTo, type Pharmacy, ROOT, signUp, testStack } from "../harness/stack.ts";

/* The pages of the subscription, as a browser without scripts meets them; Stripe's stand-in has its own pages. */
let running: Awaited<ReturnType<typeof testStack>>;
let alfa: Pharmacy;
let bravo: Pharmacy;
let control: postgres.Sql;

beforeAll(async () => {
  running = await testStack();
  const { cluster, controlDatabase } = running.stack;
  const { host, port, superuser } = cluster;
  control = postgres({ ...superuser, host, port, database: controlDatabase.owner.database, max: 1 });
  [alfa, bravo] = await Promise.all([signUp(running.stack, "alfa"), signUp(running.stack, "bravo")]);
});
afterAll(async () => {
  await control?.end();
  await running?.stop();
});

const get = (path: string, { client, host } = alfa): Promise<Reply> => client.ask(host, path);
const formToken = async (pharmacy: Pharmacy): Promise<string> =>
  /name="formToken" value="([^"]+)"/.exec((await get("/auth/account", pharmacy)).text)?.[1] ?? "";
const post = async (path: string, form: Record<string, string> = {}, pharmacy = alfa): Promise<Reply> =>
  pharmacy.client.ask(pharmacy.host, path, { form: { formToken: await formToken(pharmacy), ...form } });
const text = (reply: Reply): string =>
  reply.text.replaceAll("&#39;", "'").replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("\u00a0", " ");
const location = ({ headers }: Reply): string => String(headers["location"] ?? "");

async function priceOf(code: string, interval = "month"): Promise<string> {
  const [row] = await control`
    select p.id from control.prices p left join control.subscription_plans s on s.id = p.plan_id
    where p.is_current and s.tenant_id is null and coalesce(s.code, p.add_on_code) = ${code}
      and p.billing_interval = ${interval} and p.currency = 'USD'`;
  return String(row?.["id"]);
}
const tenantOf = async ({ host }: Pharmacy) => {
  const [row] = await control`
    select t.* from control.tenants t join control.tenant_hosts h on h.tenant_id = t.id
    where h.host = ${host.replace(`.${ROOT}`, "")}`;
  return row ?? {};
};

/** Pays on the provider's page, as a person would. @returns where it leads */
async function pay(url: string, card = "4242424242424242"): Promise<string> {
  const form = {
    act: "pay",
    card_number: card,
    card_expiry: "12/34",
    card_cvc: "123",
    country: "KE",
    line1: "Moi Avenue 1",
    name: "A",
  };
  const reply = await fetch(url, { method: "POST", body: new URLSearchParams(form), redirect: "manual" });
  return reply.headers.get("location") ?? `${reply.status}`;
}

/** Somebody of the pharmacy who is no owner. */
async function colleague(role: string): Promise<Client> {
  const email = `${role}@alfa.example`;
  const invited = await post("/settings/people", { name: role, email, role, kind: "invitation" });
  if (invited.status >= 400) throw new Error(`${invited.status}: ${invited.text.slice(0, 500)}`);
  const link = await eventually("the invitation", async () => {
    const body = (await mailsTo(running.stack, email)).map((mail) => mail.body.text ?? "").join("\n");
    return (
      /\/auth\/invitation#?\??[^\s]*token=([\w.-]+)/.exec(body)?.[1] ??
      /invitation[^\s]*[=#]([\w.-]{20,})/.exec(body)?.[1]
    );
  });
  const client = new Client(running.stack.port);
  const password = "correct horse battery";
  const form = { token: link, name: role, password, passwordAgain: password };
  const accepted = await client.ask(alfa.host, "/auth/invitation", { form });
  if (accepted.status !== 303) throw new Error(`${accepted.status}: ${accepted.text.slice(0, 500)}`);
  return client;
}

describe("on a trial", () => {
  test("the owner sees what is left of it, the plans with their prices, and that nothing was paid", async () => {
    const page = await get("/billing");
    expect(page.status).toBe(200);
    expect(text(page)).toMatch(/14 days/);
    const plans = text(await get("/billing/plans"));
    expect(plans).toContain("US$99.00");
    expect(plans).toContain("US$299.00");
    expect(text(await get("/billing/plans?interval=year"))).toContain("US$990.00");
    expect((await get("/billing/plans?interval=eternity&currency=%00")).status).toBe(200);
    expect((await get("/billing/invoices")).status).toBe(200);
    expect((await get("/billing/return")).status).toBe(200);
  });

  test("people without the permission are told whom to ask, and every form of theirs is refused", async () => {
    const admin = await colleague("admin");
    const page = await admin.ask(alfa.host, "/billing");
    expect(page.status).toBe(200);
    expect(page.text).toContain("Amina Owner");
    expect(page.text).not.toContain("US$");
    for (const path of ["/billing/plans", "/billing/invoices", "/billing/enterprise", "/billing/return"]) {
      expect([path, (await admin.ask(alfa.host, path)).status]).toEqual([path, 403]);
    }
    const account = (await admin.ask(alfa.host, "/auth/account")).text;
    const token = /name="formToken" value="([^"]+)"/.exec(account)?.[1] ?? "";
    const form = { formToken: token, price: await priceOf("starter") };
    for (const path of ["checkout", "quote", "cancel", "cancel/undo", "portal", "scheduled/cancel", "enterprise"]) {
      expect([path, (await admin.ask(alfa.host, `/billing/${path}`, { form })).status]).toEqual([path, 403]);
    }
  });

  test("a form without the session's token, or of another site, opens no page for paying", async () => {
    const price = await priceOf("starter");
    expect((await alfa.client.ask(alfa.host, "/billing/checkout", { form: { price } })).status).toBe(403);
    const form = { price, formToken: await formToken(alfa) };
    const headers = { origin: "https://evil.example" };
    expect((await alfa.client.ask(alfa.host, "/billing/checkout", { form, headers })).status).toBe(403);
    const [row] = await control`select count(*)::int as n from control.checkouts`;
    expect(row?.["n"]).toBe(0);
  });

  test("a module is tried for fourteen days, once, and works within seconds", async () => {
    expect((await get("/settings/api-keys")).status).toBe(403);
    const begun = await Promise.all([
      post("/billing/modules/api_access/trial"),
      post("/billing/modules/api_access/trial"),
    ]);
    expect(begun.map(({ status }) => status)).toEqual([303, 303]);
    await eventually("the module", async () => ((await get("/settings/api-keys")).status === 200 ? true : undefined));
    const [row] = await control`select count(*)::int as n from control.tenant_modules where source = 'trial'`;
    expect(row?.["n"]).toBe(1);
    await control`update control.tenant_modules set expires_at = now() - interval '1 day' where source = 'trial'`;
    const again = await post("/billing/modules/api_access/trial");
    expect([again.status, text(again).includes("tried before")]).toEqual([409, true]);
    expect((await post("/billing/modules/inventory/trial")).status).toBe(409);
    expect((await post("/billing/modules/teleport/trial")).status).toBe(409);
  });

  test("an enquiry for more reaches the company with what was written, and mistakes come back by field", async () => {
    const short = await post("/billing/enterprise", { message: "More", phone: "0700", branches: "12" });
    expect([short.status, text(short).includes("in a sentence or two")]).toEqual([422, true]);
    const message = "We have <b>twelve</b> branches & want one price.";
    const asked = { message, phone: "0700 123", branches: "12" };
    const twice = await Promise.all([post("/billing/enterprise", asked), post("/billing/enterprise", asked)]);
    expect(twice.map(({ status }) => status)).toEqual([200, 200]);
    const [row] = await control`select count(*)::int as n from control.enterprise_enquiries`;
    expect(row?.n).toBe(1);
    const mail = await eventually("the mail", async () => (await mailsTo(running.stack, `sales@${ROOT}`))[0]);
    expect(mail.body.text).toContain(message);
    expect(mail.body.html).not.toContain("<b>twelve</b>");
    expect(mail.body.text).toContain(alfa.email);
  });
});

describe("from the trial to a paid plan and on", () => {
  test("paying leads back to a page that says what there is now, and to a subscription", async () => {
    const price = await priceOf("starter");
    const opened = await Promise.all([post("/billing/checkout", { price }), post("/billing/checkout", { price })]);
    expect(opened.map(({ status }) => status)).toEqual([303, 303]);
    expect(location(opened[0])).toBe(location(opened[1]));
    expect(location(opened[0]).startsWith(running.stack.stripe.url)).toBe(true);
    const policy = String((await get("/billing/plans")).headers["content-security-policy"]);
    expect(policy).toContain(`form-action 'self' ${running.stack.stripe.url}`);
    expect(text(await get("/billing"))).toContain(location(opened[0]));
    expect(await pay(location(opened[0]))).toBe(`http://${alfa.host}:${running.stack.port}/billing/return`);
    const back = await get("/billing/return");
    expect([back.status, text(back).includes("Starter")]).toEqual([200, true]);
    expect(await tenantOf(alfa)).toMatchObject({ state: "active", billing_currency: "USD" });
    const page = text(await get("/billing"));
    expect(page).toContain("US$99.00");
    expect(page).toMatch(/4242/);
    expect((await post("/billing/checkout", { price })).status).toBe(409);
  });

  test("invoices are led to by their own pharmacy only", async () => {
    const id = await eventually("the invoice", async () => {
      const [row] = await control`select id from control.invoices order by created_at desc limit 1`;
      return row?.["id"] === undefined ? undefined : String(row["id"]);
    });
    const pdf = await get(`/billing/invoices/${id}/pdf`);
    expect(pdf.status).toBe(303);
    expect((await fetch(location(pdf))).status).toBe(200);
    for (const path of [`/billing/invoices/${id}/pdf`, `/billing/invoices/${id}/pay`, "/billing/invoices/in_x/pdf"]) {
      expect([path, (await get(path, bravo)).status]).toEqual([path, 404]);
    }
    expect((await get(`/billing/invoices?after=${id}`)).status).toBe(200);
    expect((await get("/billing/invoices?after=in_x")).status).toBe(404);
  });

  test("a change is shown with what it costs, made once, and is nobody else's", async () => {
    const asked = await post("/billing/quote", { price: await priceOf("professional") });
    expect(asked.status).toBe(303);
    const path = location(asked);
    const shown = await get(path);
    expect([shown.status, text(shown).includes("Professional instead of Starter")]).toEqual([200, true]);
    expect((await get(path, bravo)).status).toBe(404);
    expect((await post(`${path}/confirm`, {}, bravo)).status).toBe(404);
    const confirmed = await Promise.all([post(`${path}/confirm`), post(`${path}/confirm`)]);
    expect(confirmed.map(({ status }) => status)).toEqual([303, 303]);
    await eventually("the module", async () => ((await get("/settings/api-keys")).status === 200 ? true : undefined));
    expect(text(await get("/billing"))).toContain("Professional");
    const [row] =
      await control`select count(*)::int as n from control.invoices where tenant_id = ${(await tenantOf(alfa))["id"]}`;
    expect(row?.["n"]).toBe(2);
  });

  test("an addition is bought and dropped by the same form; nonsense is refused with a reason", async () => {
    const bought = location(await post("/billing/quote", { addOn: "extra_branch", quantity: "2" }));
    expect(text(await get(bought))).toContain("One more branch, 2 times, is added");
    expect(location(await post(`${bought}/confirm`))).toBe("/billing?news=changed");
    for (const quantity of ["", "-1", "1.5", "9999", "two"]) {
      const refused = await post("/billing/quote", { addOn: "extra_branch", quantity });
      expect([quantity, refused.status]).toEqual([quantity, 409]);
    }
    expect((await post("/billing/quote", { price: "not-a-price" })).status).toBe(409);
    expect((await get("/billing/changes/not-an-id")).status).toBe(404);
  });

  test("a smaller plan is planned for the period's end, shown, and given up", async () => {
    const path = location(await post("/billing/quote", { price: await priceOf("starter") }));
    expect(location(await post(`${path}/confirm`))).toBe("/billing?news=scheduled");
    expect(text(await get("/billing"))).toContain("Starter, by the month");
    expect((await post("/billing/quote", { addOn: "five_users", quantity: "1" })).status).toBe(409);
    expect(location(await post("/billing/scheduled/cancel"))).toBe("/billing?news=unscheduled");
    expect(text(await get("/billing"))).not.toContain("Starter, by the month");
  });

  test("a smaller plan without room names what to archive", async () => {
    const { client, host } = alfa;
    for (const name of ["Westlands", "Karen"]) {
      const branch = { name, code: name.slice(0, 3).toUpperCase(), address: "", phone: "" };
      // The room that was bought is there within seconds.
      await eventually(name, async () =>
        (await post("/settings/branches", branch)).status === 303 ? true : undefined,
      );
    }
    const branches = text(await client.ask(host, "/settings/branches"));
    expect(branches).toContain("Karen");
    const dropped = await post("/billing/quote", { addOn: "extra_branch", quantity: "0" });
    expect(dropped.status).toBe(303);
    await post(`${location(dropped)}/confirm`);
    const blocked = await post("/billing/quote", { price: await priceOf("starter") });
    expect(blocked.status).toBe(409);
    expect(text(blocked)).toContain("Archive 2 branches");
    await post("/billing/scheduled/cancel");
  });

  test("the provider's own page is opened for the card and the invoices", async () => {
    for (const purpose of ["overview", "payment_method", "something"]) {
      const opened = await post("/billing/portal", { purpose });
      expect([opened.status, location(opened).startsWith(running.stack.stripe.url)]).toEqual([303, true]);
    }
  });

  test("cancelling says until when, and is taken back", async () => {
    expect(location(await post("/billing/cancel", { reason: "Too dear" }))).toBe("/billing?news=cancelled");
    expect(await tenantOf(alfa)).toMatchObject({ state: "cancelled" });
    expect((await get("/billing")).status).toBe(200);
    expect(location(await post("/billing/cancel/undo"))).toBe("/billing?news=resumed");
    expect(await tenantOf(alfa)).toMatchObject({ state: "active" });
    const log = text(await get("/settings/audit"));
    for (const action of ["cancelled the subscription", "took the cancellation back", "changed the subscription: "]) {
      expect(log).toContain(action);
    }
  });
});

describe("after a trial that nobody paid for", () => {
  test("the owner comes in to pay, and everything works again within seconds", async () => {
    await control`
      update control.tenants set state = 'suspended', suspension = 'trial_ended', trial_ends_at = now() - interval '1 day'
      where id = ${(await tenantOf(bravo))["id"]}`;
    await eventually("the suspension", async () =>
      (await bravo.client.ask(bravo.host, "/items", { form: {} })).status === 402 ? true : undefined,
    );
    expect((await get("/billing", bravo)).status).toBe(200);
    expect((await post("/billing/modules/reports/trial", {}, bravo)).status).toBe(409);
    const opened = await post("/billing/checkout", { price: await priceOf("starter") }, bravo);
    await pay(location(opened));
    const at = Date.now();
    await get("/billing/return", bravo);
    const item = { name: "Cetirizine 10 mg", baseUnit: "tablet", retailPrice: "4.50", taxClass: "exempt" };
    await eventually("service", async () => ((await post("/items", item, bravo)).status === 303 ? true : undefined));
    expect(Date.now() - at).toBeLessThan(15_000);
  });
});
