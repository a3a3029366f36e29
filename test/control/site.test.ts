import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client, type Reply } from "../harness/client.ts";
import { eventually, mailsTo, ROOT, signUp, testStack } from "../harness/stack.ts";
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

/** What a visitor can compare: everything but what differs in each request, and the address that was typed. */
function seen(reply: Reply, email: string) {
  const own = new Set(["date", "set-cookie", "x-request-id", "content-length", "etag"]);
  const headers = Object.entries(reply.headers).filter(([name]) => !own.has(name));
  const text = reply.text.replaceAll(email, "ADDRESS").replace(/name="formToken" value="[^"]*"/g, "FORM TOKEN");
  return { status: reply.status, headers: Object.fromEntries(headers), text };
}

describe("somebody who has a pharmacy already", () => {
  test("is told by mail alone: the pages of a sign-up are the same as a stranger's, byte by byte", async () => {
    const known = (await signUp(running.stack, "well-known", "known@example.com")).email;
    const mailsBefore = (await mailsTo(running.stack, known)).length;
    const pages = [];
    for (const email of [known, "novel@example.com"]) {
      const client = newClient();
      const replies = [await client.ask(ROOT, "/sign-up"), await send(client, formOf("same-pages", email))];
      replies.push(await client.ask(ROOT, "/sign-up/code"), await client.ask(ROOT, "/sign-up/progress"));
      replies.push(await client.ask(ROOT, "/sign-up/code", { form: { code: "12345" } }));
      // One guess of a million is right for the stranger.
      replies.push(await client.ask(ROOT, "/sign-up/code", { form: { code: "000000" } }));
      replies.push(await client.ask(ROOT, "/sign-up/code/resend", { form: {} }));
      replies.push(await client.ask(ROOT, "/sign-up/code?sent=again"));
      pages.push(replies.map((reply) => seen(reply, email)));
    }
    expect(pages[0]?.map(({ status }) => status)).toEqual([200, 303, 200, 303, 422, 422, 303, 200]);
    expect(pages[1]).toEqual(pages[0]);

    const mails = await eventually("both mails to the owner", async () => {
      const all = (await mailsTo(running.stack, known)).slice(mailsBefore);
      return all.length === 2 ? all : undefined;
    });
    for (const { subject, body } of mails) {
      expect(subject).toBe("You already have a pharmacy with PharmaSight");
      expect(body.text).toContain(`http://well-known.${ROOT}:${running.stack.port}`);
      expect(body.text).toContain(`http://${ROOT}:${running.stack.port}/find`);
      expect(body.text).not.toMatch(/\b\d{6}\b/);
    }
  });
});

describe("the page of a sign-up that does not go on at once", () => {
  test("says that it is in the queue, and after a rollback what to do", async () => {
    const { client } = await signUp(running.stack, "rolled-page", "rolled-page@example.com");
    const progress = async () => (await client.ask(ROOT, "/sign-up/progress")).text;
    const { cluster, controlDatabase } = running.stack;
    const { host, port, superuser } = cluster;
    const { database } = controlDatabase.owner;
    const sql = postgres({ host, port, database, ...superuser, max: 1, connection: { search_path: "control" } });
    try {
      const [sign] = await sql`select tenant_id from sign_ups where email = 'rolled-page@example.com'`;
      const tenantId = String(sign?.tenant_id);
      // As the day's cap leaves it.
      await sql`update provisioning_jobs set state = 'queued', finished_at = null, next_run_at = created_at + interval '1 hour'
        where tenant_id = ${tenantId}`;
      const queued = await progress();
      expect(queued).toContain("Today’s places are taken");
      expect(queued).toContain('hx-trigger="every 20s"');
      // As the last step of a rollback leaves it.
      await sql`update provisioning_jobs set state = 'rolled_back', finished_at = now() where tenant_id = ${tenantId}`;
      await sql`delete from tenant_hosts where tenant_id = ${tenantId}`;
      await sql`update sign_ups set tenant_id = null, confirmed_at = null where tenant_id = ${tenantId}`;
      await sql`update tenants set state = 'closed' where id = ${tenantId}`;
    } finally {
      await sql.end();
    }
    const given = await progress();
    expect(given).toContain("could not be opened");
    expect(given).not.toContain("hx-get");
    const again = await client.ask(ROOT, "/sign-up/code/resend", { form: {} });
    expect(locationOf(again)).toEqual({ status: 303, location: "/sign-up/code?sent=again" });
    expect((await client.ask(ROOT, "/sign-up/code")).status).toBe(200);
  });
});

describe("Find your pharmacy", () => {
  test("is there at www too, and where somebody without the address looks", async () => {
    const client = newClient();
    for (const host of [ROOT, `www.${ROOT}`]) {
      const { status, text } = await client.ask(host, "/find");
      expect(status).toBe(200);
      expect(text).toContain("Find your pharmacy");
    }
    expect((await client.ask(ROOT, "/")).text).toContain('href="/find"');
    expect((await client.ask(`nobody.${ROOT}`, "/")).text).toContain(`http://${ROOT}:${running.stack.port}/find"`);
  });

  test("answers the same for every address, and mails those who have a pharmacy", async () => {
    const mailsBefore = (await mailsTo(running.stack, "known@example.com")).length;
    const answers = [];
    for (const email of ["unknown@example.com", "Known@Example.com"]) {
      const client = newClient();
      const asked = await client.ask(`www.${ROOT}`, "/find", { form: { email } });
      answers.push([seen(asked, email), seen(await client.ask(ROOT, "/find/sent"), email)]);
    }
    expect(answers[0]?.[0]).toMatchObject({ status: 303, headers: { location: "/find/sent" } });
    expect(answers[1]).toEqual(answers[0]);
    const mail = await eventually(
      "the addresses",
      async () => (await mailsTo(running.stack, "known@example.com"))[mailsBefore],
    );
    expect(mail.subject).toBe("The address of your pharmacy");
    expect(mail.body.text).toContain(`http://well-known.${ROOT}:${running.stack.port}`);
    // Asked for before, so it would have come before.
    expect(await mailsTo(running.stack, "unknown@example.com")).toEqual([]);
  });

  test("brings what is no address back as it was typed, and refuses a form of another site", async () => {
    const typed = '"><script>alert(1)</script>';
    const { status, text } = await newClient().ask(ROOT, "/find", { form: { email: typed } });
    expect(status).toBe(422);
    expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(text).not.toContain("<script>alert");
    const headers = { origin: "https://evil.example" };
    const foreign = await newClient().ask(ROOT, "/find", { form: { email: "a@example.com" }, headers });
    expect(foreign.status).toBe(403);
  });

  test("takes five of fifty that come at once for one address, and says to the others when to go on", async () => {
    const form = { email: "crowd@example.com" };
    const replies = await Promise.all(Array.from({ length: 50 }, () => newClient().ask(ROOT, "/find", { form })));
    expect(replies.filter(({ status }) => status === 303)).toHaveLength(5);
    for (const { status, headers, text } of replies.filter((reply) => reply.status !== 303)) {
      expect(status).toBe(429);
      expect(Number(headers["retry-after"])).toBeGreaterThan(3500);
      expect(text).toMatch(/id="email-error"/);
      expect(text).toContain("You can go on in about 1 hour.");
      expect(text).toContain('value="crowd@example.com"');
    }
  });
});

describe("too many", () => {
  test("forms come back with their values, and the time to wait beside the address", async () => {
    const form = formOf("kept-values", "kept@example.com", { companyName: "Kept Chemist" });
    const replies = [];
    for (let sent = 0; sent < 6; sent += 1) replies.push(await send(newClient(), form));
    expect(replies.map(({ status }) => status)).toEqual([303, 303, 303, 303, 303, 429]);
    const { headers, text } = replies[5] ?? expect.unreachable();
    expect(Number(headers["retry-after"])).toBeGreaterThan(3500);
    expect(text).toMatch(/id="email-error"/);
    expect(text).toContain("You can go on in about 1 hour.");
    for (const kept of ["Kept Chemist", "kept@example.com", "kept-values"]) expect(text).toContain(kept);
  });

  test("names come back as a hint with the time to wait", async () => {
    const look = (index: number) => newClient().ask(ROOT, `/sign-up/subdomain?subdomain=name-${index}`);
    const replies = await Promise.all(Array.from({ length: 130 }, (_, index) => look(index)));
    const refused = replies.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(30);
    for (const { headers, text } of refused) {
      expect(Number(headers["retry-after"])).toBeGreaterThan(0);
      expect(text).toContain("Many names were looked up");
      expect(text).not.toContain("<html");
    }
  });
});
