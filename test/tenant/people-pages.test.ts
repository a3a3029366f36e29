import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client } from "../harness/client.ts";
import { eventually, mailsTo, type Pharmacy, signUp, testStack } from "../harness/stack.ts";

/* The pages of people as a browser without scripts meets them. */
let running: Awaited<ReturnType<typeof testStack>>;
let alfa: Pharmacy;

beforeAll(async () => {
  running = await testStack();
  alfa = await signUp(running.stack, "alfa");
});
afterAll(() => running?.stop());

const ask = (path: string, asked?: Parameters<Client["ask"]>[2]) => alfa.client.ask(alfa.host, path, asked);
const fieldOf = (page: string, name: string): string =>
  new RegExp(`name="${name}"[^>]* value="([^"]*)"`).exec(page)?.[1] ?? "";

describe("the page of a person", () => {
  test("lets the owner change their own name and address, says what was wrong, and writes to both addresses", async () => {
    const id = /href="\/settings\/people\/([0-9a-f-]{36})"/.exec((await ask("/settings/people")).text)?.[1] ?? "";
    const at = `/settings/people/${id}`;
    const page = (await ask(at)).text;
    const names = ["formToken", "seen-name", "seen-email", "seen-username", "name", "email", "username"];
    const form = Object.fromEntries(names.map((name) => [name, fieldOf(page, name)]));
    expect(form).toMatchObject({ "seen-email": alfa.email, email: alfa.email, username: "" });

    const wrong = await ask(`${at}/details`, { form: { ...form, name: "Amina K.", email: "nobody" } });
    expect(wrong.status).toBe(422);
    expect([fieldOf(wrong.text, "name"), fieldOf(wrong.text, "email")]).toEqual(["Amina K.", "nobody"]);
    expect(fieldOf(wrong.text, "seen-email")).toBe(alfa.email);
    expect(wrong.text).toContain("Write a mail address, like amina@example.com.");

    const email = "amina.k@owner.example";
    const saved = await ask(`${at}/details`, { form: { ...form, name: "Amina K.", email } });
    expect([saved.status, saved.headers.location]).toEqual([303, `${at}?done=details&sessions=0`]);
    const after = (await ask(`${at}?done=details&sessions=0`)).text;
    expect(after).toContain("Name and login are saved.");
    expect([fieldOf(after, "name"), fieldOf(after, "email")]).toEqual(["Amina K.", email]);

    const stale = await ask(`${at}/details`, { form: { ...form, name: "Somebody" } });
    expect(stale.status).toBe(409);
    expect(stale.text).toContain("Somebody changed these details meanwhile");

    for (const [address, subject] of [
      [alfa.email, /^Your address at .* was changed$/],
      [email, /^You sign in at .* with this address now$/],
    ] as const) {
      await eventually(`the notice to ${address}`, async () =>
        (await mailsTo(running.stack, address)).find((mail) => subject.test(mail.subject)),
      );
    }
  });
});

describe("the page of a suspended pharmacy", () => {
  test("leads its people to paying and to the records and lets them sign out, and strangers to signing in", async () => {
    const { cluster, controlDatabase } = running.stack;
    const { database } = controlDatabase.owner;
    const sql = postgres({ ...cluster.superuser, host: cluster.host, port: cluster.port, database, max: 1 });
    await sql`update control.tenants set state = 'suspended' where name = 'alfa pharmacy'`;
    await sql.end();
    const page = await eventually("the suspension", async () => {
      const reply = await ask("/items/new");
      return reply.status === 402 ? reply.text : undefined;
    });
    expect(page).toContain('href="/billing"');
    expect(page).toContain('href="/"');
    const stranger = await new Client(running.stack.port).ask(alfa.host, "/items", { form: {} });
    expect(stranger.status).toBe(402);
    expect(stranger.text).toContain('href="/auth/sign-in"');
    expect(stranger.text).not.toMatch(/formToken|\/billing/);
    const out = await ask("/auth/sign-out", { form: { formToken: fieldOf(page, "formToken") } });
    expect(out.status).toBe(303);
    expect((await ask("/auth/account")).headers.location).toBe("/auth/sign-in");
  });
});
