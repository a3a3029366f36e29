import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client, type Reply } from "../harness/client.ts";
import { eventually, type Pharmacy, signUp, testStack } from "../harness/stack.ts";
import { png } from "./pictures.ts";

/* The pages of the company, its branches, the first day and the audit log, as a browser without scripts meets them. */
let running: Awaited<ReturnType<typeof testStack>>;
let alfa: Pharmacy;
let control: postgres.Sql;

beforeAll(async () => {
  running = await testStack();
  const { cluster, controlDatabase } = running.stack;
  const { host, port, superuser } = cluster;
  control = postgres({ ...superuser, host, port, database: controlDatabase.owner.database, max: 1 });
  alfa = await signUp(running.stack, "alfa", undefined, "professional");
});
afterAll(async () => {
  await control?.end();
  await running?.stop();
});

const get = (path: string): Promise<Reply> => alfa.client.ask(alfa.host, path);

/** The value of a hidden or text field of a page. */
const fieldOf = (page: string, name: string): string => {
  const field = [...page.matchAll(/<input[^>]*>/g)].map(([tag]) => tag).find((tag) => tag.includes(` name="${name}"`));
  return (/ value="([^"]*)"/.exec(field ?? "")?.[1] ?? "").replaceAll("&amp;", "&").replaceAll("&quot;", '"');
};

const formToken = async (path: string): Promise<string> => fieldOf((await get(path)).text, "formToken");

async function post(path: string, form: Record<string, string>, from = "/setup/company"): Promise<Reply> {
  return alfa.client.ask(alfa.host, path, { form: { formToken: await formToken(from), ...form } });
}

const profile = { name: "Alfa Pharmacy", currency: "KES", timeZone: "Africa/Nairobi" };

/** Sends the profile as a browser does when a file is chosen. */
async function postProfile(
  fields: Record<string, string>,
  logo?: { name: string; content: Uint8Array },
): Promise<Reply> {
  const page = (await get("/settings/company")).text;
  const form = new FormData();
  const sent = { ...profile, formToken: fieldOf(page, "formToken"), seenAt: fieldOf(page, "seenAt"), ...fields };
  for (const [name, value] of Object.entries(sent)) form.set(name, value);
  if (logo !== undefined) form.set("logo", new Blob([Buffer.from(logo.content)], { type: "image/png" }), logo.name);
  const request = new Request("http://any/", { method: "POST", body: form });
  const headers = { "content-type": request.headers.get("content-type") ?? "" };
  return alfa.client.ask(alfa.host, "/settings/company", {
    method: "POST",
    headers,
    body: new Uint8Array(await request.arrayBuffer()),
  });
}

describe("the first day", () => {
  test("receives the owner, leads through every step, and can be left and come back to", async () => {
    const first = await get("/");
    expect([first.status, first.headers.location]).toEqual([302, "/setup"]);
    expect((await get("/setup")).headers.location).toBe("/setup/company");
    expect((await get("/setup/company")).text).toContain("I’ll do this later");

    expect((await post("/setup/later", {})).headers.location).toBe("/");
    const overview = await get("/");
    expect(overview.status).toBe(200);
    expect(overview.text).toContain("Getting started");
    expect(overview.text).toContain("0 of 4 done");

    const seenAt = fieldOf((await get("/setup/company")).text, "seenAt");
    const company = await post("/setup/company", { ...profile, seenAt, taxId: "P051234567X" });
    expect([company.status, company.headers.location]).toEqual([303, "/setup/branches"]);
    const another = { name: "Westlands", code: "west", phone: "", address: "", go: "another" };
    expect((await post("/setup/branches", another)).headers.location).toBe("/setup/branches?added=Westlands");
    expect((await get("/setup")).headers.location).toBe("/setup/branches");
    const twice = await post("/setup/branches", { ...another, go: "on" });
    expect(twice.status).toBe(409);
    expect(twice.text).toContain("A branch has the code WEST");
    expect((await post("/setup/branches", { go: "on" })).headers.location).toBe("/setup/people");

    expect((await post("/setup/people/skip", {})).headers.location).toBe("/setup/items");
    expect((await post("/setup/items", {})).status).toBe(409);
    expect((await post("/setup/items/skip", {})).headers.location).toBe("/setup/done");
    const done = (await get("/setup/done")).text;
    expect(done).toContain("2 steps are left for another time");
    expect((await get("/")).text).toContain("Take this list away");
    expect((await post("/setup/checklist/dismiss", {}, "/")).headers.location).toBe("/");
    expect((await get("/")).text).not.toContain("Getting started");
  });

  test("invites people, with the link on the page for whoever has no mail", async () => {
    const invited = { by: "username", name: "Otieno", username: "otieno", role: "cashier", go: "another" };
    const page = await post("/setup/people", invited, "/setup/people");
    expect(page.status).toBe(201);
    expect(page.text).toContain("Hand this link to Otieno");
    expect(page.text).toContain("1 invitation");
    const token = /token=([\w.%-]+)/.exec(page.text)?.[1] ?? "";
    expect(token.length).toBeGreaterThan(20);
    expect((await get("/settings/audit/export.csv")).text).not.toContain(token);
    const refused = await post("/setup/people", { ...invited, role: "owner", username: "other" }, "/setup/people");
    expect(refused.status).toBeGreaterThanOrEqual(403);
    expect(refused.text).toContain('value="other"');
  });

  test("refuses what has no token of this session, and steps that are none", async () => {
    const paths = ["/setup/later", "/setup/company", "/setup/branches", "/setup/people", "/setup/company/skip"];
    for (const path of paths) {
      expect((await alfa.client.ask(alfa.host, path, { form: { formToken: "forged" } })).status).toBe(403);
    }
    expect((await post("/setup/wages/skip", {})).status).toBe(404);
  });
});

describe("the company's page", () => {
  test("takes a logo by its content whatever its name, and serves it to members alone, to be kept", async () => {
    const picture = png(64, 64);
    expect((await postProfile({}, { name: "logo.jpg", content: picture })).status).toBe(303);
    const page = (await get("/settings/company")).text;
    const path = /src="(\/logo\/[0-9a-f]{64})"/.exec(page)?.[1] ?? "";
    const reply = await get(path);
    expect(reply.status).toBe(200);
    expect(reply.headers).toMatchObject({
      "content-type": "image/png",
      "cache-control": "private, max-age=31536000, immutable",
      "x-content-type-options": "nosniff",
    });
    expect((await new Client(running.stack.port).ask(alfa.host, path)).status).toBe(303);
    expect((await get(`/logo/${"0".repeat(64)}`)).status).toBe(404);
    const shell = await eventually("the logo in the shell", async () => {
      const { text } = await get("/items");
      return text.includes(path) ? text : undefined;
    });
    expect(shell).toContain("<img");
  });

  test("says in words why a file is no logo, and keeps what was written", async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>');
    const large = Buffer.concat([png(64, 64), Buffer.alloc(3 * 1024 * 1024)]);
    for (const content of [svg, large, png(100_000, 100_000)]) {
      const reply = await postProfile({ phone: "0712 345 678" }, { name: "logo.png", content });
      expect(reply.status).toBe(422);
      expect(reply.text).toContain('id="logo-error"');
      expect(fieldOf(reply.text, "phone")).toBe("0712 345 678");
    }
  });

  test("tells whoever comes second, shows both, and lets them save knowingly", async () => {
    const seenAt = fieldOf((await get("/settings/company")).text, "seenAt");
    expect((await postProfile({ legalName: "First Limited" })).status).toBe(303);
    const late = await postProfile({ legalName: "Second Limited", seenAt });
    expect(late.status).toBe(409);
    expect(late.text).toContain("First Limited");
    expect(fieldOf(late.text, "legalName")).toBe("Second Limited");
    const again = await postProfile({ legalName: "Second Limited", seenAt: fieldOf(late.text, "seenAt") });
    expect(again.status).toBe(303);
  });

  test("is followed by the control plane: name, currency, time zone and owner", async () => {
    const name = `Alfa & "Daughters" <b>`;
    expect((await postProfile({ name, currency: "UGX", timeZone: "kampala" })).status).toBe(303);
    const row = await eventually("the control plane", async () => {
      const [found] = await control`
        select name, currency, time_zone, owner_email from control.tenants where name = ${name}`;
      return found;
    });
    expect(row).toMatchObject({ currency: "UGX", time_zone: "Africa/Kampala", owner_email: alfa.email });
    await eventually("the name in the shell", async () =>
      (await get("/items")).text.includes("Alfa &amp; &quot;Daughters&quot; &lt;b&gt;") ? true : undefined,
    );
  });
});

describe("the settings", () => {
  test("begin with the first page that one may open", async () => {
    const reply = await get("/settings");
    expect([reply.status, reply.headers.location]).toEqual([302, "/settings/company"]);
  });

  test("are closed to a cashier, whose first day is the overview", async () => {
    const invited = { by: "username", name: "Wanja", username: "wanja", role: "cashier", go: "another" };
    const page = await post("/setup/people", invited, "/setup/people");
    const token = decodeURIComponent(/token=([\w.%-]+)/.exec(page.text)?.[1] ?? "");
    const cashier = new Client(running.stack.port);
    const password = "four words in a row";
    const form = { token, name: "Wanja", password, passwordAgain: password };
    expect((await cashier.ask(alfa.host, "/auth/invitation", { form })).status).toBe(303);
    const overview = await cashier.ask(alfa.host, "/");
    expect([overview.status, overview.text.includes("Getting started")]).toEqual([200, false]);
    expect((await cashier.ask(alfa.host, "/setup")).headers.location).toBe("/");
    const formToken = fieldOf(overview.text, "formToken");
    const skipped = await cashier.ask(alfa.host, "/setup/company/skip", { form: { formToken } });
    expect([skipped.status, skipped.headers.location]).toEqual([302, "/"]);
    for (const path of ["", "/company", "/branches", "/branches/new", "/audit", "/audit/export.csv"]) {
      const reply = await cashier.ask(alfa.host, `/settings${path}`);
      expect({ path, status: reply.status }).toEqual({ path, status: 403 });
    }
    const change = { ...profile, formToken, seenAt: new Date().toISOString() };
    expect((await cashier.ask(alfa.host, "/settings/company", { form: change })).status).toBe(403);
  });

  test("change a branch, archive it and open it again", async () => {
    const list = (await get("/settings/branches")).text;
    const path = /href="(\/settings\/branches\/[0-9a-f-]{36})"[^>]*>Westlands/.exec(list)?.[1] ?? "";
    const changed = { name: "Westlands Mall", code: "mall", phone: "", address: "", nextINV: "501" };
    expect((await post(path, changed, path)).headers.location).toBe("/settings/branches?done=saved");
    expect((await get("/settings/branches")).text).toContain("INV-MALL-000501");
    const wrong = await post(path, { ...changed, code: "hq" }, path);
    expect(wrong.status).toBe(409);
    expect(fieldOf(wrong.text, "code")).toBe("hq");
    expect((await post(`${path}/archive`, {}, path)).headers.location).toBe("/settings/branches?done=archived");
    expect((await get("/settings/branches?done=archived")).text).toContain("Archived");
    expect((await post(`${path}/restore`, {}, path)).status).toBe(303);
  });

  test("show and export what happened", async () => {
    const page = await get("/settings/audit?group=pharmacy&search=branch");
    expect(page.status).toBe(200);
    expect(page.text).toContain("added the branch Westlands");
    expect(page.text).not.toContain("changed the company");
    const file = await get("/settings/audit/export.csv?group=pharmacy");
    expect(file.headers["content-disposition"]).toContain("audit-log.csv");
    expect(file.text).toContain("added the branch Westlands");
    expect((await get("/settings/audit?after=nonsense")).status).toBe(404);
  });
});
