import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client } from "../harness/client.ts";
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

  test.each(["/", "/items", "/items/new", "/items/import", "/auth/password"])(
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

  test("the API's description names every route", async () => {
    const { paths, openapi } = JSON.parse((await ask("/api/v1/openapi.json")).text);
    expect([openapi, Object.keys(paths).sort()]).toEqual(["3.1.0", ["/items", "/items/{id}"]]);
  });

  test("an uploaded list becomes items in the background, and the page shows how far it is", async () => {
    const formToken = await tokenOn("/items/import");
    const started = await ask(
      "/items/import",
      multipart({ formToken, rate: "129.5", taxClass: "" }, `${sample},5 mg,cream,1,\n`),
    );
    expect(started.status).toBe(303);
    const location = String(started.headers.location);
    expect((await ask(location)).status).toBe(200);
    await eventually("the end of the import", async () => {
      const { text } = await ask(`${location}/progress`);
      return /see your items/i.test(text) ? text : undefined;
    });
    const rejected = await ask(`${location}/rejected.csv`);
    expect(rejected.headers["content-type"]).toContain("text/csv");
    expect(rejected.text).toContain("names no item");
    const fragment = await ask("/items?q=pcm", { headers: { "hx-request": "true" } });
    expect(fragment.text).toContain("Paracetamol 500 mg");
    expect(fragment.text).not.toContain("<html");
    expect((await ask("/items/import/sample.csv")).text).toContain("item_name");
  });

  test("a file that is none is refused with words on the page", async () => {
    const formToken = await tokenOn("/items/import");
    const reply = await ask("/items/import", multipart({ formToken, rate: "", taxClass: "" }, "colour,weight\n1,2\n"));
    expect(reply.status).toBe(422);
    expect(reply.text).toContain("Generic name");
  });

  test("a program works with a key that the owner makes on its page, until it is revoked there", async () => {
    const page = "/settings/api-keys";
    const locked = await ask(page);
    expect([locked.status, locked.text.includes("Change to Professional")]).toEqual([403, true]);
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

  test("a person sets a password, signs out everywhere it matters, and comes back by password or link", async () => {
    const formToken = await tokenOn("/auth/password");
    const password = "correct horse battery";
    const short = await ask("/auth/password", { form: { formToken, password: "short", passwordAgain: "short" } });
    expect(short.status).toBe(422);
    expect((await ask("/auth/password", { form: { formToken, password, passwordAgain: password } })).status).toBe(303);
    const session = alfa.client.cookies(alfa.host).get("session") ?? "";
    expect((await ask("/auth/sign-out", { form: { formToken } })).status).toBe(303);
    const replayed = await stranger().ask(alfa.host, "/api/v1/items", { headers: { cookie: `session=${session}` } });
    expect(replayed.status).toBe(401);

    expect((await ask("/auth/sign-in", { form: { email: alfa.email, password: "wrong password 1" } })).status).toBe(
      422,
    );
    expect((await ask("/auth/sign-in", { form: { email: alfa.email, password } })).status).toBe(303);
    expect((await ask("/items")).status).toBe(200);

    const other = stranger();
    const known = await other.ask(alfa.host, "/auth/sign-in/link", { form: { email: alfa.email } });
    const unknown = await other.ask(alfa.host, "/auth/sign-in/link", { form: { email: "x@example.com" } });
    const plain = (text: string) =>
      text
        .replaceAll(alfa.email, "…")
        .replaceAll("x@example.com", "…")
        .replace(/[\w-]{20,}={0,2}/g, "…");
    expect([unknown.status, plain(unknown.text)]).toEqual([known.status, plain(known.text)]);
    const link = await eventually("the mail with the link", async () => {
      const texts = (await mailsTo(running.stack, alfa.email)).map((mail) => mail.body.text ?? "");
      const asked = texts.filter((text) => text.includes("15 minutes")).join("\n");
      return /\/auth\/link\?token=([\w-]+)/.exec(asked)?.[1];
    });
    expect((await other.ask(alfa.host, `/auth/link?token=${link}`)).status).toBe(200);
    expect((await other.ask(alfa.host, "/items")).status).toBe(303);
    const entered = await other.ask(alfa.host, "/auth/link", { form: { token: link } });
    expect([entered.status, entered.headers.location]).toEqual([303, "/"]);
    expect((await other.ask(alfa.host, "/items")).status).toBe(200);
    expect((await stranger().ask(alfa.host, "/auth/link", { form: { token: link } })).status).toBe(410);
    expect(await mailsTo(running.stack, "x@example.com")).toEqual([]);
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
