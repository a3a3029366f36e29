import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client, type Reply } from "../harness/client.ts";
import { eventually, mailsTo, ROOT, testStack } from "../harness/stack.ts";
import { formOf } from "./world.ts";

let running: Awaited<ReturnType<typeof testStack>>;

beforeAll(async () => {
  running = await testStack();
});
afterAll(() => running?.stop());

const newClient = () => new Client(running.stack.port);
const send = (client: Client, form: Readonly<Record<string, string>>) => client.ask(ROOT, "/sign-up", { form });
const codeTo = (email: string) =>
  eventually("the code", async () => {
    const text = (await mailsTo(running.stack, email)).map((mail) => mail.body.text ?? "").join("\n");
    return /\b\d{6}\b/.exec(text)?.[0];
  });
const locationOf = ({ status, headers }: Reply) => ({ status, location: headers.location });
const formTokenIn = ({ text }: Reply): string => /name="formToken" value="([^"]+)"/.exec(text)?.[1] ?? "";

describe("the public site", () => {
  test("shows the three plans, and chooses the one that was clicked", async () => {
    const client = newClient();
    const landing = await client.ask(ROOT, "/");
    expect(landing.status).toBe(200);
    for (const words of ["Starter", "Professional", "Enterprise", "$99", "$299"]) expect(landing.text).toContain(words);
    const { text } = await client.ask(ROOT, "/sign-up?plan=starter");
    expect(text).toMatch(/<input[^>]*value="starter"[^>]*checked/);
  });

  test("answers the same 404 under an address that is no site of ours", async () => {
    const { status } = await newClient().ask(`nobody.${ROOT}`, "/sign-up");
    expect(status).toBe(404);
  });

  test.each(["", "www", "a", "x".repeat(300), "💊", "<script>alert(1)</script>", "'; drop table tenants; --", "%00"])(
    "answers the availability of %s without an error",
    async (name) => {
      const path = `/sign-up/subdomain?subdomain=${encodeURIComponent(name)}`;
      const { status, text } = await newClient().ask(ROOT, path);
      expect(status).toBe(200);
      expect(text).not.toContain("<script>");
    },
  );
});

describe("a sign-up in the browser", () => {
  test("gets a host-only cookie that no script can read", async () => {
    const reply = await send(newClient(), formOf("cookie-one", "cookie@example.com"));
    const [cookie = ""] = reply.headers["set-cookie"] ?? [];
    expect(cookie).toMatch(/^sign_up=/);
    expect(cookie).toContain("HttpOnly");
    expect(cookie).toContain("SameSite=Lax");
    expect(cookie).not.toContain("Domain");
  });

  test("brings a refused form back as it was typed, with markup shown and not run", async () => {
    const form = formOf("mark-up", "not an address", { companyName: '"><script>alert(1)</script>' });
    const { status, text } = await send(newClient(), form);
    expect(status).toBe(422);
    expect(text).not.toContain("<script>alert");
    expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(text).toContain("not an address");
  });

  test("refuses a form that another site sent, one that is too large and one that is none", async () => {
    const client = newClient();
    const form = formOf("foreign", "foreign@example.com");
    const foreign = await client.ask(ROOT, "/sign-up", { form, headers: { origin: "https://evil.example" } });
    expect(foreign.status).toBe(403);
    const large = await send(client, { ...form, companyName: "x".repeat(70_000) });
    expect(large.status).toBe(413);
    const headers = { "content-type": "multipart/form-data; boundary=x" };
    const broken = await client.ask(ROOT, "/sign-up", { body: "nothing", headers });
    expect(broken.status).toBe(422);
  });

  test("sent twice by a double click is one sign-up with one mail", async () => {
    const client = newClient();
    const formToken = formTokenIn(await client.ask(ROOT, "/sign-up"));
    expect(formToken).not.toBe("");
    const form = formOf("double-click", "double@example.com", { formToken });
    const replies = await Promise.all([send(client, form), send(client, form)]);
    for (const reply of replies) expect(locationOf(reply)).toEqual({ status: 303, location: "/sign-up/code" });
    await codeTo("double@example.com");
    const again = await send(client, form);
    expect(again.status).toBe(303);
    expect(await mailsTo(running.stack, "double@example.com")).toHaveLength(1);
  });

  test("that loses its name chooses another one with everything else kept, and its code stays good", async () => {
    const [first, second] = [newClient(), newClient()];
    await send(first, formOf("contested", "first@example.com"));
    await send(second, formOf("contested", "second@example.com", { companyName: "Second Chemist" }));
    const [firstCode, secondCode] = await Promise.all([codeTo("first@example.com"), codeTo("second@example.com")]);
    const won = await first.ask(ROOT, "/sign-up/code", { form: { code: firstCode } });
    expect(locationOf(won)).toEqual({ status: 303, location: "/sign-up/progress" });

    const lost = await second.ask(ROOT, "/sign-up/code", { form: { code: secondCode } });
    expect(lost.status).toBe(409);
    expect(lost.text).toContain("This name is taken");
    expect(lost.text).toContain("Second Chemist");
    const changes = { companyName: "Second Chemist", formToken: formTokenIn(lost) };
    await send(second, formOf("uncontested", "second@example.com", changes));
    const mended = await second.ask(ROOT, "/sign-up/code", { form: { code: secondCode } });
    expect(locationOf(mended)).toEqual({ status: 303, location: "/sign-up/progress" });
    const replayed = await second.ask(ROOT, "/sign-up/code", { form: { code: secondCode } });
    expect(locationOf(replayed)).toEqual({ status: 303, location: "/sign-up/progress" });
  });

  test("counts wrong codes down and sends a new one on request", async () => {
    const client = newClient();
    await send(client, formOf("count-down", "count@example.com"));
    const code = await codeTo("count@example.com");
    const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, "0");
    const refused = await client.ask(ROOT, "/sign-up/code", { form: { code: wrong } });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain("4 tries left");
    const again = await client.ask(ROOT, "/sign-up/code/resend", { form: {} });
    expect(again.status).toBe(303);
    await eventually("the second code", async () =>
      (await mailsTo(running.stack, "count@example.com")).length === 2 ? true : undefined,
    );
  });

  test("shows its progress and its sign-in link to nobody else", async () => {
    const client = newClient();
    await send(client, formOf("private", "private@example.com"));
    const code = await codeTo("private@example.com");
    const elsewhere = await newClient().ask(ROOT, "/sign-up/code", { form: { code } });
    expect(locationOf(elsewhere)).toEqual({ status: 303, location: "/sign-up" });
    await client.ask(ROOT, "/sign-up/code", { form: { code } });
    await eventually("the pharmacy", async () => {
      const { text } = await client.ask(ROOT, "/sign-up/progress/steps");
      return text.includes('name="token"') ? true : undefined;
    });
    const page = await newClient().ask(ROOT, "/sign-up/progress");
    expect(locationOf(page)).toEqual({ status: 303, location: "/sign-up" });
    const fragment = await newClient().ask(ROOT, "/sign-up/progress/steps");
    expect(fragment.text).toBe("");
    await eventually("the welcome mail", async () =>
      (await mailsTo(running.stack, "private@example.com")).find((mail) =>
        mail.body.text?.includes("/auth/link?token="),
      ),
    );
  });
});
