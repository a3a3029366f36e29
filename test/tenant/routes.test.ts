import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { deriveKey } from "@pharmasight/core/kernel/tokens";
import { SESSION_KEY_PURPOSE } from "@pharmasight/core/tenant/scope";
import { SessionTokens } from "@pharmasight/core/tenant/sessions/tokens";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client } from "../harness/client.ts";
import { pressImport, proposedMapping, uploadImport } from "../harness/imports.ts";
import { eventually, mailsTo, type Pharmacy, signUp, testStack } from "../harness/stack.ts";

const sample = readFileSync(resolve(import.meta.dirname, "../fixtures/items-sample.csv"), "utf8");

describe("a pharmacy's pages and API", () => {
  let running: Awaited<ReturnType<typeof testStack>>;
  let alfa: Pharmacy;

  beforeAll(async () => {
    running = await testStack();
    alfa = await signUp(running.stack, "alfa");
  });
  afterAll(() => running?.stop());

  const ask = (path: string, asked?: Parameters<Client["ask"]>[2]) => alfa.client.ask(alfa.host, path, asked);
  const stranger = () => new Client(running.stack.port);
  async function grantApiAccess(): Promise<void> {
    const { cluster, controlDatabase } = running.stack;
    const { database } = controlDatabase.owner;
    const sql = postgres({ ...cluster.superuser, host: cluster.host, port: cluster.port, database, max: 1 });
    await sql`
      insert into control.tenant_modules (id, tenant_id, module_name, source, created_at)
      select gen_random_uuid(), tenant_id, 'api_access', 'grant', now() from control.tenant_hosts where host = 'alfa'`;
    await sql.end();
  }
  const tokenOn = async (path: string) => /name="formToken" value="([^"]+)"/.exec((await ask(path)).text)?.[1] ?? "";

  test("the owner's first visit leads to the first steps, once", async () => {
    const first = await ask("/");
    expect([first.status, first.headers.location]).toEqual([302, "/setup"]);
    const formToken = await tokenOn("/setup/company");
    expect((await ask("/setup/later", { form: { formToken } })).status).toBe(303);
    expect((await ask("/")).status).toBe(200);
  });

  test.each(["/", "/items", "/items/new", "/items/import", "/auth/password", "/auth/account", "/auth/two-factor"])(
    "%s is a page for a member and leads others to signing in",
    async (path) => {
      expect((await ask(path)).status).toBe(200);
      const reply = await stranger().ask(alfa.host, path);
      expect([reply.status, reply.headers.location]).toEqual([303, "/auth/sign-in"]);
    },
  );

  test.each(["/api/v1/items", `/api/v1/items/${crypto.randomUUID()}`])(
    "%s without a session is a problem document",
    async (path) => {
      const reply = await stranger().ask(alfa.host, path);
      expect([reply.status, reply.headers["content-type"]]).toEqual([401, "application/problem+json"]);
      expect(JSON.parse(reply.text)).toMatchObject({ status: 401, code: "unauthenticated" });
    },
  );

  test("an item is added by its form once the form carries the session's token, and mistakes come back by field", async () => {
    const form = { name: "Cetirizine 10 mg", baseUnit: "tablet", retailPrice: "4.50", taxClass: "exempt" };
    expect((await ask("/items", { form })).status).toBe(403);
    const formToken = await tokenOn("/items/new");
    const wrong = await ask("/items", { form: { ...form, retailPrice: "4,5", formToken } });
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain("Write a number");
    expect(wrong.text).toContain("Cetirizine 10 mg");
    const added = await ask("/items", { form: { ...form, formToken } });
    expect(added.status).toBe(303);
    const page = await ask(String(added.headers.location));
    expect([page.status, page.text.includes("Cetirizine 10 mg")]).toEqual([200, true]);
    expect((await ask("/items", { form: { ...form, formToken } })).text).toContain("already");
  });

  test("a form of another site is refused, whatever it carries", async () => {
    const formToken = await tokenOn("/items/new");
    const form = { name: "Planted", baseUnit: "tablet", formToken };
    expect((await ask("/items", { form, headers: { origin: "https://evil.example" } })).status).toBe(403);
  });

  test("the API adds, finds and lists items, and says what is wrong", async () => {
    const headers = { "content-type": "application/json" };
    const post = (body: unknown) => ask("/api/v1/items", { method: "POST", headers, body: JSON.stringify(body) });
    const made = await post({ name: "Loratadine 10 mg", baseUnit: "tablet", retailPrice: "7.2500" });
    expect(made.status).toBe(201);
    const item = JSON.parse(made.text);
    expect(item).toMatchObject({ retailPrice: "7.2500", taxClass: null });
    expect(JSON.parse((await ask(`/api/v1/items/${item.id}`)).text)).toEqual(item);
    const found = JSON.parse((await ask("/api/v1/items?search=loratadin&limit=1")).text);
    expect(found).toMatchObject({ total: 1, items: [{ id: item.id }], next: null });
    expect((await post({ name: "Loratadine 10 MG", baseUnit: "tablet" })).status).toBe(409);
    expect((await post({ name: "x", baseUnit: "tablet", retailPrice: 7 })).status).toBe(422);
    expect((await post({ name: "x", baseUnit: "tablet", sku: "mine" })).status).toBe(422);
    expect((await ask("/api/v1/items", { method: "POST", headers, body: "{" })).status).toBe(422);
    expect((await ask("/api/v1/items?limit=9999")).status).toBe(422);
    expect((await ask("/api/v1/items?after=x")).status).toBe(422);
    expect((await ask("/api/v1/items/not-an-id")).status).toBe(404);
    expect((await ask("/api/v1/nothing")).status).toBe(404);
  });

  test("the API's description names every route, and every schema that it refers to is in it", async () => {
    const { text } = await ask("/api/v1/openapi.json");
    const { paths, openapi, components } = JSON.parse(text);
    expect(openapi).toBe("3.1.0");
    const { apiApp } = await import("@pharmasight/functions/tenant/app/api-app");
    const routes = apiApp.routes
      .filter(({ method, path }) => method !== "ALL" && path !== "/api/v1/openapi.json")
      .map(({ method, path }) => `${method} ${path.replace("/api/v1", "").replaceAll(/:(\w+)/g, "{$1}")}`);
    const methods = ["get", "post", "put", "patch", "delete"];
    const described = Object.entries<object>(paths).flatMap(([path, item]) =>
      methods.filter((method) => method in item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual([...new Set(routes)].toSorted());
    const referred = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect([...new Set(referred)].toSorted()).toEqual(Object.keys(components.schemas).toSorted());
    expect(components.schemas.NewItem).toMatchObject({ additionalProperties: false, required: ["name", "baseUnit"] });
  });

  test("an uploaded list becomes items in the background, step by step on its page", async () => {
    const path = await uploadImport(alfa, new File([`${sample},5 mg,cream,1,\n`], "items.csv"));
    const page = (what: string, is: RegExp) =>
      eventually(what, async () => {
        const { text } = await ask(path);
        return is.test(text) ? text : undefined;
      });
    const columns = await page("the columns", /Check the file/);
    const mapping = { ...proposedMapping(columns), rate: "129.5" };
    const wrong = await ask(`${path}/mapping`, {
      form: { ...mapping, rate: "many", formToken: await tokenOn("/items/import") },
    });
    expect([wrong.status, wrong.text.includes("Write a number above zero")]).toEqual([422, true]);
    expect((await ask(`${path}/mapping`, { form: mapping })).status).toBe(403);
    await pressImport(alfa, `${path}/mapping`, mapping);
    await page("the check", /Nothing is written yet/);
    expect((await ask(`${path}/progress?state=checking`)).headers["hx-refresh"]).toBe("true");
    expect((await ask("/items?q=pcm")).text).not.toContain("Paracetamol 500 mg");
    await pressImport(alfa, `${path}/start`, { onKnown: "skip" });
    // Whoever presses a button that another tab has pressed before sees where the import is.
    const late = await ask(`${path}/start`, { form: { onKnown: "skip", formToken: await tokenOn("/items/import") } });
    expect(late.headers.location).toBe(`${path}?moved=1`);
    await page("the end of the import", /see your items/i);
    const rejected = await ask(`${path}/rejected.csv`);
    expect(rejected.headers["content-type"]).toContain("text/csv");
    expect(rejected.text).toContain("names no item");
    const fragment = await ask("/items?q=pcm", { headers: { "hx-request": "true" } });
    expect(fragment.text).toContain("Paracetamol 500 mg");
    expect(fragment.text).not.toContain("<html");
    expect((await ask("/items/import/sample.csv")).text).toContain("item_name");
    expect((await ask("/settings/imports")).text).toContain("items.csv");
  });

  test("a file that is none is refused with words on the page", async () => {
    const empty = await ask("/items/import", multipart({ formToken: await tokenOn("/items/import") }, ""));
    expect([empty.status, empty.text.includes("empty")]).toEqual([422, true]);
    const path = await uploadImport(alfa, new File(["colour,weight\n"], "items.csv"));
    await eventually("the words", async () => {
      const { text } = await ask(path);
      return /could not be read/.test(text) && /no rows below/.test(text) ? true : undefined;
    });
  });

  test("a program works with a key that the owner makes on its page, until it is revoked there", async () => {
    const page = "/settings/api-keys";
    const locked = await ask(page);
    expect([locked.status, locked.text.includes("Add API access")]).toEqual([403, true]);
    expect((await stranger().ask(alfa.host, page)).headers.location).toBe("/auth/sign-in");
    await grantApiAccess();
    await eventually("the page", async () => ((await ask(page)).status === 200 ? true : undefined));

    const formToken = await tokenOn(page);
    const form = { name: "Web shop", "items:read": "on", expiresInDays: "30" };
    expect((await ask(page, { form })).status).toBe(403);
    const wrong = await ask(page, { form: { formToken, name: "Mine", expiresInDays: "30" } });
    expect([wrong.status, wrong.text.includes("Choose what programs may do")]).toEqual([422, true]);
    const made = await ask(page, { form: { ...form, formToken } });
    expect([made.status, made.headers["cache-control"]]).toEqual([201, "no-store"]);
    const key = /ps_[0-9a-f]{8}_[\w-]{43}/.exec(made.text)?.[0] ?? "";

    const call = (method: string, token: string, path = "/api/v1/items") => {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const body = method === "POST" ? { body: JSON.stringify({ name: "By key", baseUnit: "tablet" }) } : {};
      return stranger().ask(alfa.host, path, { method, headers, ...body });
    };
    expect((await call("GET", key)).status).toBe(200);
    const refused = await call("POST", key);
    expect([refused.status, JSON.parse(refused.text).code]).toEqual([403, "forbidden"]);
    expect((await call("GET", key, "/items")).headers.location).toBe("/auth/sign-in");
    const unknown = await call("GET", `${key.slice(0, -2)}xx`);
    expect([unknown.status, unknown.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
    // A wrong key is not made good by the session that comes with it.
    expect((await ask("/api/v1/items", { headers: { authorization: "Bearer ps_x" } })).status).toBe(401);

    const listed = await ask(page);
    expect(listed.text).toContain(key.slice(0, 11));
    expect(listed.text).not.toContain(key.slice(12));
    const revoke = /action="([^"]+\/revoke)"/.exec(listed.text)?.[1] ?? "";
    expect((await ask(revoke, { form: {} })).status).toBe(403);
    expect((await call("GET", key)).status).toBe(200);
    expect((await ask(revoke, { form: { formToken } })).status).toBe(303);
    expect((await call("GET", key)).status).toBe(401);
  });

  test("health says that the process and the registry work, and on demand the database", async () => {
    expect(JSON.parse((await stranger().ask(alfa.host, "/health")).text)).toMatchObject({
      status: "ok",
      checked: ["registry"],
    });
    expect(JSON.parse((await stranger().ask(alfa.host, "/health?deep=1")).text)).toMatchObject({
      checked: ["registry", "database"],
    });
  });

  describe("signing in", () => {
    const password = "correct horse battery";
    let formToken: string;

    test("a first password is set within fifteen minutes of the link, and its rules are told beside the field", async () => {
      formToken = await tokenOn("/auth/password");
      const form = { formToken, password, passwordAgain: password };
      expect((await ask("/auth/password", { form: { ...form, formToken: "" } })).status).toBe(403);
      const short = await ask("/auth/password", { form: { ...form, password: "short" } });
      expect([short.status, short.text.includes("Use at least 12")]).toEqual([422, true]);
      const known = await ask("/auth/password", { form: { ...form, password: "alfa pharmacy rocks" } });
      expect([known.status, known.text.includes("Leave “alfa” out")]).toEqual([422, true]);
      const set = await ask("/auth/password", { form });
      expect([set.status, set.headers.location]).toEqual([303, "/"]);
    });

    test("signing out ends the session for whoever copied its token", async () => {
      const session = alfa.client.cookies(alfa.host).get("session") ?? "";
      expect((await ask("/auth/sign-out", { form: { formToken } })).status).toBe(303);
      const replayed = await stranger().ask(alfa.host, "/api/v1/items", { headers: { cookie: `session=${session}` } });
      expect(replayed.status).toBe(401);
    });

    test("login and password let in; the only cookie is ours, for this host and no script", async () => {
      const refused = await ask("/auth/sign-in", { form: { login: alfa.email, password: "wrong password 1" } });
      expect([refused.status, refused.text.includes(alfa.email)]).toEqual([422, true]);
      const unknown = await stranger().ask(alfa.host, "/auth/sign-in", {
        form: { login: "nobody@example.com", password: "wrong password 1" },
      });
      expect([unknown.status, plain(unknown.text)]).toEqual([refused.status, plain(refused.text)]);
      const entered = await ask("/auth/sign-in", { form: { login: alfa.email.toUpperCase(), password } });
      expect([entered.status, entered.headers.location]).toEqual([303, "/"]);
      const cookies = entered.headers["set-cookie"];
      expect(cookies).toEqual([
        expect.stringMatching(/^session=[^;]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/),
      ]);
      expect((await ask("/items")).status).toBe(200);
    });

    test("a session that is used goes on: thirty requests with an old token all get a later one, and both work", async () => {
      const client = stranger();
      const items = (token: string) => stranger().ask(alfa.host, "/items", { headers: { cookie: `session=${token}` } });
      await client.ask(alfa.host, "/auth/sign-in", { form: { login: alfa.email, password } });
      const fresh = client.cookies(alfa.host).get("session") ?? "";
      expect((await items(fresh)).headers["set-cookie"]).toBeUndefined();
      const claims = SessionTokens.claimsOf(fresh);
      if (claims === undefined) throw new Error("there is no session");
      const { tenancy } = await (await import("@pharmasight/adapters/tenant-platform")).tenantPlatform();
      const key = deriveKey(await tenancy.masterKey(), SESSION_KEY_PURPOSE, claims.tenantId);
      const old = SessionTokens.sign({ ...claims, expiresAt: claims.expiresAt - 4 * 86_400 }, key);
      const replies = await Promise.all(Array.from({ length: 30 }, () => items(old)));
      for (const reply of replies) {
        expect(reply.status).toBe(200);
        const later = /session=([^;]+)/.exec(String(reply.headers["set-cookie"]))?.[1] ?? "";
        expect(SessionTokens.claimsOf(later)?.expiresAt).toBe(claims.expiresAt);
        expect((await items(later)).status).toBe(200);
      }
      expect((await items(old)).status).toBe(200);
    });

    test("a password is changed with the old one, which signs every other device out", async () => {
      const other = stranger();
      expect((await other.ask(alfa.host, "/auth/sign-in", { form: { login: alfa.email, password } })).status).toBe(303);
      formToken = await tokenOn("/auth/password");
      const changed = { formToken, password: "seven quiet lakes", passwordAgain: "seven quiet lakes" };
      const wrong = await ask("/auth/password", { form: { ...changed, current: "wrong password 1" } });
      expect([wrong.status, wrong.text.includes("not your password of until now")]).toEqual([422, true]);
      const done = await ask("/auth/password", { form: { ...changed, current: password } });
      expect([done.status, done.headers.location]).toEqual([303, "/auth/account?done=password"]);
      expect((await other.ask(alfa.host, "/items")).headers.location).toBe("/auth/sign-in");
      expect((await ask("/items")).status).toBe(200);
      const notice = await eventually("the notice", async () =>
        (await mailsTo(running.stack, alfa.email)).find(({ subject }) => subject.includes("was changed")),
      );
      expect(notice.body.text).toContain("/auth/account");
    });

    test("one's devices are listed, and signed out one by one and all at once", async () => {
      const form = { login: alfa.email, password: "seven quiet lakes" };
      const [one, two] = [stranger(), stranger()];
      const headers = { "user-agent": "Mozilla/5.0 (Linux; Android 14) Chrome/131.0 Mobile Safari/537.36" };
      await one.ask(alfa.host, "/auth/sign-in", { form, headers });
      const page = await ask("/auth/account");
      expect(page.text).toContain("Chrome on Android");
      const end = /action="(\/auth\/sessions\/[0-9a-f-]+\/end)"/.exec(page.text)?.[1] ?? "";
      expect((await ask(end, { form: {} })).status).toBe(403);
      expect((await ask(end, { form: { formToken } })).status).toBe(303);
      expect((await one.ask(alfa.host, "/items")).headers.location).toBe("/auth/sign-in");
      await two.ask(alfa.host, "/auth/sign-in", { form, headers });
      expect((await ask("/auth/sessions/end-others", { form: { formToken } })).status).toBe(303);
      expect((await two.ask(alfa.host, "/items")).headers.location).toBe("/auth/sign-in");
    });

    test("a mailed link lets in once by its form, and says nothing of who is known", async () => {
      const other = stranger();
      const known = await other.ask(alfa.host, "/auth/sign-in/link", { form: { login: alfa.email } });
      const unknown = await other.ask(alfa.host, "/auth/sign-in/link", { form: { login: "x@example.com" } });
      expect([unknown.status, plain(unknown.text)]).toEqual([known.status, plain(known.text)]);
      const link = await eventually("the mail with the link", () =>
        mailed(/\/auth\/link\?token=([\w-]+)/, "15 minutes"),
      );
      expect((await other.ask(alfa.host, `/auth/link?token=${link}`)).status).toBe(200);
      expect((await other.ask(alfa.host, "/items")).status).toBe(303);
      const entered = await other.ask(alfa.host, "/auth/link", { form: { token: link } });
      expect([entered.status, entered.headers.location]).toEqual([303, "/"]);
      expect((await other.ask(alfa.host, "/items")).status).toBe(200);
      expect((await stranger().ask(alfa.host, "/auth/link", { form: { token: link } })).status).toBe(410);
      expect(await mailsTo(running.stack, "x@example.com")).toEqual([]);
    });

    test("a forgotten password is replaced by a mailed link, whose page uses nothing up", async () => {
      const other = stranger();
      const known = await other.ask(alfa.host, "/auth/forgot", { form: { login: alfa.email } });
      const unknown = await other.ask(alfa.host, "/auth/forgot", { form: { login: "x@example.com" } });
      expect([unknown.status, plain(unknown.text)]).toEqual([known.status, plain(known.text)]);
      const token = await eventually("the mail", () => mailed(/\/auth\/reset\?token=([\w.-]+)/, "new password"));
      for (let looked = 0; looked < 2; looked += 1)
        expect((await other.ask(alfa.host, `/auth/reset?token=${token}`)).text).toContain(alfa.email);
      const form = { token, password: "three green hills", passwordAgain: "three green hills" };
      const mistyped = await other.ask(alfa.host, "/auth/reset", { form: { ...form, passwordAgain: "x" } });
      expect([mistyped.status, mistyped.text.includes("not the same password")]).toEqual([422, true]);
      expect((await other.ask(alfa.host, "/auth/reset", { form })).headers.location).toBe("/");
      expect((await other.ask(alfa.host, "/items")).status).toBe(200);
      expect((await ask("/items")).headers.location).toBe("/auth/sign-in");
      expect((await other.ask(alfa.host, `/auth/reset?token=${token}`)).status).toBe(410);
      expect((await other.ask(alfa.host, "/auth/reset", { form })).status).toBe(410);
      await ask("/auth/sign-in", { form: { login: alfa.email, password: "three green hills" } });
      expect((await ask("/items")).status).toBe(200);
    });

    test("too many wrong passwords are answered 429 beside the field, with what was typed and a way out", async () => {
      const other = stranger();
      const wrong = () =>
        other.ask(alfa.host, "/auth/sign-in", { form: { login: "guessed", password: "x".repeat(12) } });
      for (let tried = 0; tried < 10; tried += 1) expect((await wrong()).status).toBe(422);
      const locked = await wrong();
      expect([locked.status, Number(locked.headers["retry-after"]) > 800]).toEqual([429, true]);
      expect(locked.text).toContain("or have a sign-in link mailed");
      expect(locked.text).toContain('value="guessed"');
    });

    test("people of a suspended pharmacy keep their account and can sign out", async () => {
      const { cluster, controlDatabase } = running.stack;
      const { database } = controlDatabase.owner;
      const sql = postgres({ ...cluster.superuser, host: cluster.host, port: cluster.port, database, max: 1 });
      await sql`update control.tenants set state = 'suspended' where name = 'alfa pharmacy'`;
      await eventually("the suspension", async () => ((await ask("/items/new")).status === 402 ? true : undefined));
      for (const path of ["/auth/account", "/auth/password", "/auth/two-factor"])
        expect([path, (await ask(path)).status]).toEqual([path, 200]);
      formToken = await tokenOn("/auth/account");
      expect((await ask("/auth/sign-out", { form: { formToken } })).status).toBe(303);
      await sql`update control.tenants set state = 'trial' where name = 'alfa pharmacy'`;
      await sql.end();
    });

    /** What a mail to the owner says where `pattern` stands. */
    async function mailed(pattern: RegExp, about: string): Promise<string | undefined> {
      const texts = (await mailsTo(running.stack, alfa.email)).map((mail) => mail.body.text ?? "");
      return pattern.exec(texts.filter((text) => text.includes(about)).join("\n"))?.[1];
    }

    /** A page without what was typed and without the ids of its request. */
    const plain = (text: string) =>
      text.replaceAll(/[\w.]+@[\w.]+\.example|\w+@example\.com/g, "…").replace(/[\w-]{20,}={0,2}/g, "…");
  });
});

function multipart(fields: Readonly<Record<string, string>>, file: string) {
  const boundary = "----pharmasight";
  const parts = Object.entries(fields).map(
    ([name, value]) => `content-disposition: form-data; name="${name}"\r\n\r\n${value}`,
  );
  parts.push(
    `content-disposition: form-data; name="file"; filename="items.csv"\r\ncontent-type: text/csv\r\n\r\n${file}`,
  );
  const body = `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join("")}--${boundary}--\r\n`;
  return { method: "POST", body, headers: { "content-type": `multipart/form-data; boundary=${boundary}` } };
}
