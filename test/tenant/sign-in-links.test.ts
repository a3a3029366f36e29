import { Credentials } from "@pharmasight/core/tenant/accounts/credentials";
import { Sessions } from "@pharmasight/core/tenant/accounts/sessions";
import { SignInLinks } from "@pharmasight/core/tenant/accounts/sign-in-links";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { eventually } from "../harness/stack.ts";
import { begin, codeOf, deliver, otherPassword, setPassword, tokenIn } from "./accounts.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

let pharmacies: Pharmacies;
let pharmacy: Pharmacy;
let opened = 0;
let aheadMs = 0;

beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => new Date(Date.now() + aheadMs) });
});
afterAll(() => pharmacies?.stop());
beforeEach(async () => {
  aheadMs = 0;
  pharmacy = await pharmacies.open(`alfa${++opened}`);
});

async function linkToken(): Promise<string> {
  await SignInLinks.request(await pharmacy.visitor(), pharmacy.ownerEmail.toUpperCase());
  return tokenIn((await deliver(pharmacy)).at(-1));
}

test("a link is mailed once to the person of the address, however often its message comes", async () => {
  await SignInLinks.request(await pharmacy.visitor(), pharmacy.ownerEmail);
  const letters = await deliver(pharmacy, 3);
  expect(letters).toMatchObject([{ to: pharmacy.ownerEmail, template: "sign_in_link", minutes: 15 }]);
  expect(letters[0]).toMatchObject({
    link: expect.stringMatching(/^http:\/\/alfa\.pharmasight\.localhost:3000\/auth\/link\?token=/),
  });
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
  const keysOf = async (login: string) => {
    pharmacy.jobs.sent.length = 0;
    await SignInLinks.request(await pharmacy.visitor(), login);
    return pharmacy.jobs.sent.map(({ queue, message }) => [queue, Object.keys(message).sort()]);
  };
  const known = await keysOf(pharmacy.ownerEmail);
  expect(await keysOf("nobody@example.com")).toEqual(known);
  expect(await deliver(pharmacy)).toEqual([]);
});

test("somebody who has no mail address, or has left, gets no link", async () => {
  const { db } = await pharmacy.visitor();
  const { actor } = await pharmacy.member("cashier");
  await db.updateTable("users").set({ username: "c.wanjiru", email: null }).where("id", "=", actor.userId).execute();
  await SignInLinks.request(await pharmacy.visitor(), "c.wanjiru");
  expect(await deliver(pharmacy)).toEqual([]);
  const left = await pharmacy.member("viewer");
  await db.updateTable("users").set({ deactivatedAt: new Date() }).where("id", "=", left.actor.userId).execute();
  await SignInLinks.request(await pharmacy.visitor(), left.actor.email ?? "");
  expect(await deliver(pharmacy)).toEqual([]);
});

test.each(["amina@example.com", "nobody@example.com"])(
  "of thirty links for %s asked for at once, three are, and nothing is recorded for the rest",
  async (login) => {
    const visitors = await Promise.all(
      Array.from({ length: 30 }, (_, index) => pharmacy.visitor(`198.51.100.${index}`)),
    );
    const outcomes = await Promise.all(visitors.map((visitor) => codeOf(SignInLinks.request(visitor, login))));
    expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(3);
    expect(outcomes.filter((outcome) => outcome === "rate_limited")).toHaveLength(27);
    const { db } = await pharmacy.visitor();
    expect(await db.selectFrom("outbox").select("id").execute()).toHaveLength(3);
    aheadMs = 15 * 60_000 + 1000;
    expect(await codeOf(SignInLinks.request(await pharmacy.visitor(), login))).toBe("done");
  },
);

test("of twenty uses of a link at once, one gets in; a later one does not", async () => {
  const token = await linkToken();
  const visitor = await pharmacy.visitor();
  const uses = await Promise.all(Array.from({ length: 20 }, () => SignInLinks.consume(visitor, token)));
  expect(uses.filter((use) => use !== undefined)).toMatchObject([{ userId: pharmacy.ownerId }]);
  expect(await SignInLinks.isUsable(visitor, token)).toBe(false);
});

test("using a link takes the mail address for proved", async () => {
  const { db } = await pharmacy.visitor();
  const { actor } = await pharmacy.member("cashier");
  await SignInLinks.request(await pharmacy.visitor(), actor.email ?? "");
  await SignInLinks.consume(await pharmacy.visitor(), tokenIn((await deliver(pharmacy)).at(-1)));
  const verified = db.selectFrom("users").select("emailVerified").where("id", "=", actor.userId);
  expect(await verified.executeTakeFirst()).toEqual({ emailVerified: true });
});

test("a link is dead after fifteen minutes, and once the password is another", async () => {
  const old = await linkToken();
  aheadMs = 16 * 60_000;
  expect(await SignInLinks.consume(await pharmacy.visitor(), old)).toBeUndefined();
  const token = await linkToken();
  await setPassword(pharmacy, pharmacy.ownerId, otherPassword);
  expect(await SignInLinks.consume(await pharmacy.visitor(), token)).toBeUndefined();
});

test("a link that was used just before the password changed begins no session after it", async () => {
  await setPassword(pharmacy, pharmacy.ownerId);
  const used = await SignInLinks.consume(await pharmacy.visitor(), await linkToken());
  await setPassword(pharmacy, pharmacy.ownerId, otherPassword);
  const stamp = used === undefined ? "" : Credentials.proofOf(used).stamp;
  const options = { userAgent: undefined, stamp };
  expect(await codeOf(Sessions.begin(await pharmacy.visitor(), pharmacy.ownerId, options))).toBe("unauthenticated");
});

test("a link that is used while its person is being changed waits for that, and neither fails", async () => {
  const token = await linkToken();
  const visitor = await pharmacy.visitor();
  // Its first use proves the address, and so changes the person.
  await visitor.db.updateTable("users").set({ emailVerified: false }).execute();
  const isWaiting = async () => {
    const [row] = await pharmacy.asSuperuser(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return row === undefined ? undefined : true;
  };
  let using: ReturnType<typeof SignInLinks.consume> | undefined;
  await visitor.tx(async (tx) => {
    await tx.db.selectFrom("users").select("id").where("id", "=", pharmacy.ownerId).forUpdate().execute();
    using = SignInLinks.consume(visitor, token);
    using.catch(() => {});
    await eventually("the wait", isWaiting);
    await tx.db.updateTable("signInLinks").set({ usedAt: new Date() }).execute();
  });
  expect(await using).toBeUndefined();
});

test("a link of another pharmacy opens nothing and is not used up by the attempt", async () => {
  const token = await linkToken();
  const mine = pharmacy;
  const theirs = await pharmacies.open(`beta${opened}`);
  expect(await SignInLinks.consume(await theirs.visitor(), token)).toBeUndefined();
  expect(await SignInLinks.consume(await mine.visitor(), token)).toMatchObject({ userId: mine.ownerId });
});

test("somebody without a password has one session after a link, and none of another password's", async () => {
  const account = await Credentials.findById(await pharmacy.visitor(), pharmacy.ownerId);
  expect(account?.passwordHash).toBeNull();
  const { person } = await begin(pharmacy, pharmacy.ownerId);
  expect(person.actor).toMatchObject({ userId: pharmacy.ownerId, role: "owner" });
});
