import { openIdentity, passwordHashing } from "@pharmasight/adapters/auth/better-auth";
import { newId } from "@pharmasight/core/kernel/ids";
import { PasswordResets } from "@pharmasight/core/tenant/accounts/password-resets";
import { SecondSteps } from "@pharmasight/core/tenant/accounts/second-steps";
import { SignInLinks } from "@pharmasight/core/tenant/accounts/sign-in-links";
import { ApiKeys } from "@pharmasight/core/tenant/api-keys/api-keys";
import { Acceptance } from "@pharmasight/core/tenant/people/acceptance";
import { Invitations } from "@pharmasight/core/tenant/people/invitations";
import { formToken } from "@pharmasight/functions/tenant/forms";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { begin, codeOf, deliver, fieldsOf, otherPassword, password, setPassword, tokenIn } from "./accounts.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

const MINUTE_MS = 60_000;
let now = new Date("2026-11-24T08:00:00Z");
const pass = (milliseconds: number) => {
  now = new Date(now.getTime() + milliseconds);
};

let pharmacies: Pharmacies;
let alfa: Pharmacy;
let bravo: Pharmacy;

beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => now });
  const modules = ["inventory", "api_access"];
  [alfa, bravo] = await Promise.all([pharmacies.open("alfa", modules), pharmacies.open("bravo", modules)]);
});
afterAll(() => pharmacies?.stop());
beforeEach(async () => {
  // Past every limit of the test before.
  pass(60 * MINUTE_MS);
  await alfa.asSuperuser("delete from sessions");
  await setPassword(alfa, alfa.ownerId);
  await deliver(alfa);
});

const newPassword = { password: otherPassword, passwordAgain: otherPassword };

async function resetToken(): Promise<string> {
  await PasswordResets.requestByMail(await alfa.visitor(), alfa.ownerEmail);
  return tokenIn((await deliver(alfa)).at(-1));
}

const complete = async (token: string, input = newPassword, at = alfa) =>
  PasswordResets.complete(await at.visitor(), passwordHashing, token, input);

/** Somebody who signs in by a username. */
async function cashier(username: string): Promise<string> {
  const { actor } = await alfa.member("cashier");
  const { db } = await alfa.visitor();
  await db.updateTable("users").set({ username, email: null }).where("id", "=", actor.userId).execute();
  return actor.userId;
}

describe("a forgotten password", () => {
  test("is replaced by a mailed link: once, by the form, and every session ends here and elsewhere", async () => {
    const { token: session } = await begin(alfa, alfa.ownerId);
    await alfa.holder(session, "elsewhere");
    const token = await resetToken();
    expect(await PasswordResets.find(await alfa.visitor(), token)).toMatchObject({ userId: alfa.ownerId });
    expect(await codeOf(alfa.holder(session))).toBe("done");
    expect(await complete(token)).toMatchObject({ userId: alfa.ownerId });
    expect(await codeOf(alfa.holder(session))).toBe("unauthenticated");
    pass(10_000);
    expect(await codeOf(alfa.holder(session, "elsewhere"))).toBe("unauthenticated");
    const identity = openIdentity(await alfa.visitor());
    expect(await identity.verifyPassword(alfa.ownerEmail, otherPassword)).toBeDefined();
    expect(await identity.verifyPassword(alfa.ownerEmail, password)).toBeUndefined();
    expect(await complete(token)).toBeUndefined();
    expect((await deliver(alfa)).at(-1)).toMatchObject({ template: "password_changed", to: alfa.ownerEmail });
  });

  test("of twenty posts of a link at once, one sets a password", async () => {
    const token = await resetToken();
    const done = await Promise.all(Array.from({ length: 20 }, () => complete(token)));
    expect(done.filter((proof) => proof !== undefined)).toHaveLength(1);
    const [log] = await alfa.asSuperuser(
      "select count(*)::int as used from audit_log where action = 'password_reset.used' and at = $1::timestamptz",
      [now.toISOString()],
    );
    expect(log).toEqual({ used: 1 });
  });

  test("a link is dead after thirty minutes, once another was used, and once its person has left", async () => {
    const late = await resetToken();
    pass(30 * MINUTE_MS);
    expect(await complete(late)).toBeUndefined();
    const [first, second] = [await resetToken(), await resetToken()];
    expect(await complete(first)).toBeDefined();
    expect(await complete(second)).toBeUndefined();
    const { actor } = await alfa.member("viewer");
    await PasswordResets.requestByMail(await alfa.visitor(), actor.email ?? "");
    const token = tokenIn((await deliver(alfa)).at(-1));
    const { db } = await alfa.visitor();
    await db.updateTable("users").set({ deactivatedAt: now }).where("id", "=", actor.userId).execute();
    expect(await complete(token)).toBeUndefined();
  });

  test("a password that breaks the rules uses nothing up", async () => {
    const token = await resetToken();
    expect(await fieldsOf(complete(token, { password: "short", passwordAgain: "short" }))).toEqual(["password"]);
    expect(await fieldsOf(complete(token, { ...newPassword, passwordAgain: "other" }))).toEqual(["passwordAgain"]);
    expect(await complete(token)).toBeDefined();
  });

  test("another pharmacy's link opens nothing", async () => {
    const token = await resetToken();
    expect(await complete(token, newPassword, bravo)).toBeUndefined();
    expect(await complete(token)).toBeDefined();
  });

  test("asking leaves the same traces whoever it is for, three times in fifteen minutes at most", async () => {
    const { actor } = await alfa.member("viewer");
    await cashier("c.nomail");
    for (const login of [actor.email ?? "", "nobody@example.com", "c.nomail", "nobody"]) {
      alfa.jobs.sent.length = 0;
      const visitors = await Promise.all(Array.from({ length: 10 }, (_, index) => alfa.visitor(`198.51.100.${index}`)));
      const outcomes = await Promise.all(
        visitors.map((visitor) => codeOf(PasswordResets.requestByMail(visitor, login))),
      );
      expect([login, outcomes.filter((outcome) => outcome === "done").length]).toEqual([login, 3]);
      // A message may come twice; what it asks for is one row of the outbox.
      const asked = new Map(alfa.jobs.of("tenant-mail").map(({ message }) => [message.outboxId, message]));
      const traces = [...asked.values()].map((message) => Object.keys(message).sort());
      expect([login, traces]).toEqual([login, Array(3).fill(["outboxId", "resetId", "template", "tenantId"])]);
      expect(await deliver(alfa)).toHaveLength(login === actor.email ? 3 : 0);
    }
  });

  test("neither table, queue nor audit log holds the token", async () => {
    const token = await resetToken();
    const rows = await alfa.asSuperuser(
      "select (select jsonb_agg(r) from password_resets r)::text || (select jsonb_agg(o) from outbox o)::text || (select jsonb_agg(l) from audit_log l)::text as text",
    );
    expect(JSON.stringify([rows, alfa.jobs.sent])).not.toContain(token.slice(37));
  });
});

describe("a link for staff without mail", () => {
  test("is issued once by whoever may manage people, and ends the one before", async () => {
    const userId = await cashier("c.wanjiru");
    const owner = await alfa.member();
    const { token: first } = await PasswordResets.issueFor(owner, userId);
    const { token } = await PasswordResets.issueFor(owner, userId);
    expect(await complete(first)).toBeUndefined();
    expect(await complete(token)).toMatchObject({ userId });
    expect(await openIdentity(await alfa.visitor()).verifyPassword("c.wanjiru", otherPassword)).toBeDefined();
  });

  test("is refused to others, for oneself, for who stands above, and for who has mail", async () => {
    const userId = await cashier("c.kamau");
    for (const role of ["pharmacist", "cashier", "procurement", "viewer"] as const)
      expect(await codeOf(PasswordResets.issueFor(await alfa.member(role), userId))).toBe("forbidden");
    const admin = await alfa.member("admin");
    expect(await codeOf(PasswordResets.issueFor(admin, alfa.ownerId))).toBe("forbidden");
    expect(await codeOf(PasswordResets.issueFor(admin, admin.actor.userId))).toBe("forbidden");
    const { actor } = await alfa.member("viewer");
    expect(await codeOf(PasswordResets.issueFor(admin, actor.userId))).toBe("conflict");
    expect(await codeOf(PasswordResets.issueFor(admin, newId({ now: () => now })))).toBe("not_found");
  });
});

test("a token of one kind is worth nothing in place of another, nor is any piece of it", async () => {
  const owner = await alfa.member();
  const visitor = await alfa.visitor();
  const session = (await begin(alfa, alfa.ownerId)).token;
  await SignInLinks.request(visitor, alfa.ownerEmail);
  const link = tokenIn((await deliver(alfa)).at(-1));
  const invited = await Invitations.invite(owner, {
    name: "Peter",
    email: null,
    username: "p.otieno",
    role: "cashier",
    branchRoles: [],
  });
  const tokens = {
    session,
    form: await formToken(owner),
    link,
    reset: await resetToken(),
    invitation: new URL(invited.link ?? "", "http://x").searchParams.get("token") ?? "",
    secondStep: (await SecondSteps.begin(visitor, { userId: alfa.ownerId, stamp: "x" })).token,
    apiKey: (await ApiKeys.issue(owner, { name: "x", scopes: ["items:read"], expiresInDays: 1 })).key,
  };
  type Kind = keyof typeof tokens;
  const accepts: Readonly<Record<Kind, (text: string) => Promise<boolean>>> = {
    session: async (text) => (await codeOf(alfa.holder(text))) === "done",
    form: async (text) => text === (await formToken(owner)),
    link: (text) => SignInLinks.isUsable(visitor, text),
    reset: async (text) => (await PasswordResets.find(visitor, text)) !== undefined,
    invitation: async (text) => (await codeOf(Acceptance.look(visitor, text))) === "done",
    secondStep: async (text) => (await SecondSteps.read(visitor, text)) !== undefined,
    apiKey: async (text) => (await codeOf(alfa.program(text))) === "done",
  };
  const kinds = Object.keys(tokens) as Kind[];
  for (const kind of kinds) {
    const taken = await Promise.all(kinds.map((door) => accepts[door](tokens[kind])));
    expect([kind, kinds.filter((_, index) => taken[index])]).toEqual([kind, [kind]]);
  }
  for (const kind of kinds) {
    const beginnings = Array.from(tokens[kind], (_, cut) => tokens[kind].slice(0, cut));
    expect([kind, await Promise.all(beginnings.map(accepts[kind]))]).toEqual([kind, beginnings.map(() => false)]);
  }
  const piece = fc
    .constantFrom(...kinds)
    .chain((kind) =>
      fc
        .nat({ max: tokens[kind].length })
        .chain((from) => fc.tuple(fc.constant(kind), fc.constant(from), fc.boolean())),
    );
  await fc.assert(
    fc.asyncProperty(piece, piece, fc.constantFrom(...kinds), async ([a, cut, head], [b, cutB], door) => {
      const text = (head ? tokens[a].slice(0, cut) : tokens[a].slice(cut)) + tokens[b].slice(cutB);
      fc.pre(text !== tokens[door]);
      expect(await accepts[door](text)).toBe(false);
    }),
    { numRuns: 200 },
  );
});
