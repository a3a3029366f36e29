import { type Identity, openIdentity } from "@pharmasight/adapters/auth/better-auth";
import { Sessions } from "@pharmasight/core/tenant/accounts/sessions";
import { SignInLinks } from "@pharmasight/core/tenant/accounts/sign-in-links";
import { type Letter, Mails } from "@pharmasight/core/tenant/mails/mails";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

let pharmacies: Pharmacies;
let pharmacy: Pharmacy;
let opened = 0;
let aheadMs = 0;

beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => new Date(Date.now() + aheadMs) });
});
afterAll(() => pharmacies.stop());
beforeEach(async () => {
  aheadMs = 0;
  pharmacy = await pharmacies.open(`alfa${++opened}`);
});

const address = "http://alfa.pharmasight.localhost:3000";

/** Delivers what is in the mail queue, each message `copies` times at once. */
async function deliver(copies = 1): Promise<Letter[]> {
  const letters: Letter[] = [];
  for (const { message } of pharmacy.jobs.of("tenant-mail").splice(0)) {
    const request = Mails.mailRequestSchema.parse(message);
    const outboxId = message.outboxId ?? "";
    const run = async () =>
      Mails.deliver(await pharmacy.job(), { ...request, outboxId }, address, async (letter) => letters.push(letter));
    await Promise.all(Array.from({ length: copies }, run));
  }
  return letters;
}

async function linkToken(): Promise<string> {
  await SignInLinks.request(await pharmacy.visitor(), pharmacy.ownerEmail.toUpperCase());
  const letter = (await deliver()).at(-1);
  return new URL(letter?.link ?? "").searchParams.get("token") ?? "";
}

async function identity(cookies: readonly string[] = []): Promise<Identity> {
  const cookie = cookies.length === 0 ? undefined : cookies.map((line) => line.split(";")[0]).join("; ");
  return openIdentity(await pharmacy.visitor(), { origin: address, cookie, userAgent: "test" });
}

test("a link is mailed once to the person of the address, however often its message comes", async () => {
  await SignInLinks.request(await pharmacy.visitor(), pharmacy.ownerEmail);
  const letters = await deliver(3);
  expect(letters).toMatchObject([{ to: pharmacy.ownerEmail, template: "sign_in_link", minutes: 15 }]);
  expect(letters[0]?.link).toMatch(/^http:\/\/alfa\.pharmasight\.localhost:3000\/auth\/link\?token=/);
});

test("neither table nor queue holds the token", async () => {
  const token = await linkToken();
  const { db } = await pharmacy.visitor();
  const rows = [
    await db.selectFrom("signInLinks").selectAll().execute(),
    await db.selectFrom("outbox").selectAll().execute(),
  ];
  expect(JSON.stringify([rows, pharmacy.jobs.sent])).not.toContain(token);
});

test("an unknown address leaves the same traces as a known one, and gets no mail", async () => {
  await SignInLinks.request(await pharmacy.visitor(), "nobody@example.com");
  expect(pharmacy.jobs.of("tenant-mail")).toHaveLength(1);
  expect(Object.keys(pharmacy.jobs.of("tenant-mail")[0]?.message ?? {}).sort()).toEqual([
    "linkId",
    "outboxId",
    "template",
    "tenantId",
  ]);
  expect(await deliver()).toEqual([]);
});

test("a stranger cannot fill somebody's inbox", async () => {
  // The link of the welcome mail, which counts as well, is past by then.
  aheadMs = 20 * 60_000;
  for (let asked = 0; asked < 6; asked += 1) await SignInLinks.request(await pharmacy.visitor(), pharmacy.ownerEmail);
  expect(await deliver()).toHaveLength(3);
});

test("of twenty uses of a link at once, one gets in; a later one does not", async () => {
  const token = await linkToken();
  const visitor = await pharmacy.visitor();
  const uses = await Promise.all(Array.from({ length: 20 }, () => SignInLinks.consume(visitor, token)));
  expect(uses.filter((use) => use !== undefined)).toEqual([{ userId: pharmacy.ownerId }]);
  expect(await SignInLinks.isUsable(visitor, token)).toBe(false);
  expect(await (await identity()).signInByLink(token)).toBeUndefined();
});

test("a link is dead after fifteen minutes", async () => {
  const token = await linkToken();
  aheadMs = 16 * 60_000;
  expect(await SignInLinks.consume(await pharmacy.visitor(), token)).toBeUndefined();
});

test("a link of another pharmacy opens nothing and is not used up by the attempt", async () => {
  const token = await linkToken();
  const mine = pharmacy;
  const theirs = await pharmacies.open(`beta${opened}`);
  expect(await SignInLinks.consume(await theirs.visitor(), token)).toBeUndefined();
  expect(await SignInLinks.consume(await mine.visitor(), token)).toEqual({ userId: mine.ownerId });
});

test("a link begins a session that our token opens, lets a password be set, and the password signs in", async () => {
  const signedIn = await (await identity()).signInByLink(await linkToken());
  if (signedIn === undefined) throw new Error("the link did not sign in");
  expect(signedIn.hasPassword).toBe(false);
  const token = await Sessions.tokenFor(await pharmacy.visitor(), signedIn.session);
  const person = await pharmacy.holder(token);
  expect(person.actor).toMatchObject({ userId: pharmacy.ownerId, role: "owner" });

  expect(await (await identity(signedIn.cookies)).setPassword("short")).toBe(false);
  expect(await (await identity()).setPassword("correct horse battery")).toBe(false);
  expect(await (await identity(signedIn.cookies)).setPassword("correct horse battery")).toBe(true);
  const again = await (await identity()).signIn(pharmacy.ownerEmail, "correct horse battery");
  expect(again?.hasPassword).toBe(true);
  expect(await (await identity()).signIn(pharmacy.ownerEmail, "correct horse batterx")).toBeUndefined();
  expect(await (await identity()).signIn("nobody@example.com", "correct horse battery")).toBeUndefined();
  expect(await (await identity()).signIn("not an address", "correct horse battery")).toBeUndefined();

  await Sessions.endOthers(person);
  const other = await Sessions.tokenFor(await pharmacy.visitor(), again?.session ?? signedIn.session);
  await expect(pharmacy.holder(other)).rejects.toMatchObject({ code: "unauthenticated" });
  await pharmacy.holder(token);
  await (await identity(signedIn.cookies)).signOut();
  await Sessions.end(person);
  await expect(pharmacy.holder(token)).rejects.toMatchObject({ code: "unauthenticated" });
});

test("a cookie of another pharmacy sets no password here", async () => {
  const signedIn = await (await identity()).signInByLink(await linkToken());
  pharmacy = await pharmacies.open(`gamma${opened}`);
  expect(await (await identity(signedIn?.cookies)).setPassword("correct horse battery")).toBe(false);
});
