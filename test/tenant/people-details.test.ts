import { Credentials } from "@pharmasight/core/tenant/accounts/credentials";
import { PasswordResets } from "@pharmasight/core/tenant/accounts/password-resets";
import { Sessions } from "@pharmasight/core/tenant/accounts/sessions";
import { SignInLinks } from "@pharmasight/core/tenant/accounts/sign-in-links";
import { TwoFactorResets } from "@pharmasight/core/tenant/accounts/two-factor-resets";
import type { Member } from "@pharmasight/core/tenant/actors";
import { Acceptance } from "@pharmasight/core/tenant/people/acceptance";
import { Invitations } from "@pharmasight/core/tenant/people/invitations";
import { People } from "@pharmasight/core/tenant/people/people";
import { lockPeople } from "@pharmasight/core/tenant/people/standing";
import { givenRoles } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../harness/stack.ts";
import { audited, beginSession, colleague, deliverMail, quickHashing, takeEvents } from "./colleagues.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

const password = "seven blue lorries sing";

let now = new Date("2026-11-24T08:00:00Z");
let pharmacies: Pharmacies;
let alfa: Pharmacy;

beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => now });
  alfa = await pharmacies.open("alfa");
});
afterAll(() => pharmacies?.stop());

/** Later, so that limits and stamps of the test before do not count. */
const pass = (minutes: number) => {
  now = new Date(now.getTime() + minutes * 60_000);
};

const outcomeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => "done",
    (error: { code?: string; fields?: object }) => [error.code, ...Object.keys(error.fields ?? {})].join(" "),
  );

type Details = { name: string; email: string | null; username: string | null };

/** Changes some of somebody's details, from what they are now. */
async function change(scope: TenantScope<Member>, userId: string, changes: Partial<Details>) {
  const [row] = await alfa.asSuperuser("select name, email, username from users where id = $1", [userId]);
  const seen = row as Details;
  return People.changeDetails(scope, userId, { details: { ...seen, ...changes }, seen });
}

const rowOf = async (userId: string) => {
  const [row] = await alfa.asSuperuser("select name, email, username, email_verified from users where id = $1", [
    userId,
  ]);
  return row;
};

const tokenIn = (link: string | undefined): string => new URL(link ?? "").searchParams.get("token") ?? "";

describe("a changed mail address", () => {
  test("ends every session and link, has to be proved again, and is told to both addresses and the control plane", async () => {
    const person = await colleague(alfa, { role: "cashier", name: "Grace", email: "grace@example.com" });
    await alfa.asSuperuser("update users set email_verified = true where id = $1", [person.userId]);
    await beginSession(alfa, person.userId);
    await SignInLinks.request(await alfa.visitor(), "grace@example.com");
    await PasswordResets.requestByMail(await alfa.visitor(), "grace@example.com");
    const letters = await deliverMail(alfa);
    const tokens = new Map(letters.map((letter) => [letter.template, tokenIn(letter.link)]));
    const owner = await alfa.member();
    await person.enter();
    await takeEvents(alfa);

    expect(await change(owner, person.userId, { email: " Grace.W@Example.com " })).toEqual({ sessionsEnded: 2 });

    expect(await rowOf(person.userId)).toMatchObject({ email: "grace.w@example.com", email_verified: false });
    await expect(person.enter()).rejects.toMatchObject({ code: "unauthenticated" });
    const visitor = await alfa.visitor();
    expect(await SignInLinks.consume(visitor, tokens.get("sign_in_link") ?? "")).toBeUndefined();
    expect(await PasswordResets.find(visitor, tokens.get("password_reset") ?? "")).toBeUndefined();
    expect(await Credentials.findByLogin(visitor, "grace@example.com")).toBeUndefined();
    const events = await takeEvents(alfa);
    expect(events).toHaveLength(2);
    expect(events).toContainEqual(expect.objectContaining({ email: "grace@example.com", isPresent: "false" }));
    expect(events).toContainEqual(expect.objectContaining({ email: "grace.w@example.com", isPresent: "true" }));
    const notices = await deliverMail(alfa);
    expect(notices.toSorted((one, other) => one.to.length - other.to.length)).toMatchObject([
      { template: "address_changed", side: "old", to: "grace@example.com", name: "Grace", byName: "Amina" },
      { template: "address_changed", side: "new", to: "grace.w@example.com", name: "Grace", byName: "Amina" },
    ]);
    expect(await audited(alfa, "person.details_changed", person.userId)).toMatchObject([
      {
        actorId: alfa.ownerId,
        before: { name: "Grace", email: "grace@example.com", username: null },
        after: { name: "Grace", email: "grace.w@example.com", username: null, sessionsEnded: 2 },
      },
    ]);
    await SignInLinks.request(visitor, "grace.w@example.com");
    const [link] = await deliverMail(alfa);
    expect(link).toMatchObject({ to: "grace.w@example.com" });
    await SignInLinks.consume(visitor, tokenIn(link?.link));
    expect(await rowOf(person.userId)).toMatchObject({ email_verified: true });
  });

  test("is refused when it is a colleague's, a former colleague's or offered to somebody; an expired offer gives way", async () => {
    const owner = await alfa.member();
    const person = await colleague(alfa, { role: "cashier", email: "mine@example.com" });
    await colleague(alfa, { role: "viewer", email: "taken@example.com" });
    const former = await colleague(alfa, { role: "viewer", email: "former@example.com", username: "former.f" });
    await People.deactivate(owner, former.userId);
    const offer = { name: "New", role: "viewer", branchRoles: [], username: null };
    await Invitations.invite(owner, { ...offer, email: "invited@example.com" });
    for (const email of ["taken@example.com", "TAKEN@example.com", "former@example.com", "invited@example.com"]) {
      expect(await outcomeOf(change(owner, person.userId, { email }))).toBe("conflict email");
    }
    expect(await outcomeOf(change(owner, person.userId, { username: "former.f" }))).toBe("conflict username");
    expect(await rowOf(person.userId)).toMatchObject({ email: "mine@example.com", username: null });
    pass(8 * 24 * 60);
    const later = await alfa.member();
    expect(await outcomeOf(change(later, person.userId, { email: "invited@example.com" }))).toBe("done");
    expect((await Invitations.list(later)).find(({ email }) => email === "invited@example.com")?.state).toBe("revoked");
  });

  test("goes to one of two people who are given it at once, whatever order they come in", async () => {
    for (let round = 0; round < 5; round += 1) {
      const email = `both${round}@example.com`;
      const owner = await alfa.member();
      const people = await Promise.all([0, 1].map(() => colleague(alfa, { role: "cashier" })));
      const outcomes = await Promise.all(people.map(({ userId }) => outcomeOf(change(owner, userId, { email }))));
      expect(outcomes.sort()).toEqual(["conflict email", "done"]);
      expect(await alfa.asSuperuser("select 1 from users where email = $1", [email])).toHaveLength(1);
    }
  });

  test("and an invitation to the same address at once: one of the two happens", async () => {
    for (let round = 0; round < 5; round += 1) {
      const email = `invite-or-change${round}@example.com`;
      const owner = await alfa.member();
      const { userId } = await colleague(alfa, { role: "cashier" });
      const invite = { name: "New", email, username: null, role: "viewer", branchRoles: [] };
      const outcomes = await Promise.all([
        outcomeOf(change(owner, userId, { email })),
        outcomeOf(Invitations.invite(owner, invite)),
      ]);
      expect(outcomes.sort()).toEqual(["conflict email", "done"]);
    }
  });

  test("leaves no session behind that begins at the same moment", async () => {
    for (let round = 0; round < 5; round += 1) {
      const { userId } = await colleague(alfa, { role: "cashier" });
      const hash = await quickHashing.hash(password);
      const owner = await alfa.member();
      await Credentials.replace(owner, userId, hash);
      const visitor = await alfa.visitor();
      // A session that begins first ends with the change; one that waits for it belongs to who has the password still.
      const [, begun] = await Promise.all([
        change(owner, userId, { email: `moved${round}@example.com` }),
        Sessions.begin(visitor, userId, { userAgent: undefined }),
      ]);
      const left = await alfa.asSuperuser("select id from sessions where user_id = $1", [userId]);
      expect([[], [{ id: begun.sessionId }]]).toContainEqual(left);
    }
  });

  test("is mailed about ten times a day for one person, and no more", async () => {
    const owner = await alfa.member();
    const { userId } = await colleague(alfa, { role: "cashier" });
    for (let time = 0; time < 10; time += 1) await change(owner, userId, { email: `move${time}@example.com` });
    expect(await outcomeOf(change(owner, userId, { email: "move10@example.com" }))).toBe("rate_limited");
    expect(await outcomeOf(change(owner, userId, { name: "Still changeable" }))).toBe("done");
    await deliverMail(alfa);
    await takeEvents(alfa);
    pass(25 * 60);
  });
});

describe("a name and a username", () => {
  test("change without anybody being signed out or written to", async () => {
    const owner = await alfa.member();
    const person = await colleague(alfa, { role: "cashier", name: "Jon", email: "jon@example.com" });
    await person.enter();
    await takeEvents(alfa);
    expect(await change(owner, person.userId, { name: " John Kamau ", username: "John.K" })).toEqual({
      sessionsEnded: 0,
    });
    expect((await person.enter()).actor).toMatchObject({ name: "John Kamau", username: "john.k" });
    expect(await takeEvents(alfa)).toEqual([]);
    expect(await deliverMail(alfa)).toEqual([]);
    expect(await Credentials.findByLogin(await alfa.visitor(), "JOHN.K")).toMatchObject({ userId: person.userId });
  });

  test("keep one way to sign in, and a mail address that is taken away or given ends and begins presence", async () => {
    const owner = await alfa.member();
    const { userId } = await colleague(alfa, { role: "cashier", email: "way@example.com", username: "way.w" });
    await takeEvents(alfa);
    expect(await outcomeOf(change(owner, userId, { email: null, username: null }))).toBe("invalid_input email");
    await change(owner, userId, { email: null });
    expect(await takeEvents(alfa)).toMatchObject([{ email: "way@example.com", isPresent: "false" }]);
    expect((await deliverMail(alfa)).map(({ to }) => to)).toEqual(["way@example.com"]);
    await change(owner, userId, { email: "again@example.com", username: null });
    expect(await takeEvents(alfa)).toMatchObject([{ email: "again@example.com", isPresent: "true" }]);
    expect((await deliverMail(alfa)).map(({ to }) => to)).toEqual(["again@example.com"]);
  });

  test.each([
    ["name", { name: " " }],
    ["name", { name: "x".repeat(101) }],
    ["name", { name: "two\nlines" }],
    ["email", { email: "nobody" }],
    ["email", { email: `${"x".repeat(250)}@example.com` }],
    ["username", { username: "a@b.c" }],
    ["username", { username: "No Spaces" }],
    ["username", { username: "ab" }],
  ] as const)("are refused at field %s when they are %j", async (field, changes) => {
    const owner = await alfa.member();
    const { userId } = await colleague(alfa, { role: "cashier" });
    expect(await outcomeOf(change(owner, userId, changes))).toBe(`invalid_input ${field}`);
  });

  test("are not overwritten by a form that was opened before somebody else's change", async () => {
    const owner = await alfa.member();
    const { userId } = await colleague(alfa, { role: "cashier", name: "First", email: "stale@example.com" });
    const seen = { name: "First", email: "stale@example.com", username: null };
    await change(owner, userId, { email: "fresh@example.com" });
    const stale = People.changeDetails(owner, userId, { details: { ...seen, name: "Second" }, seen });
    expect(await outcomeOf(stale)).toBe("conflict");
    expect(await rowOf(userId)).toMatchObject({ name: "First", email: "fresh@example.com" });
    await deliverMail(alfa);
  });
});

describe("who may change details", () => {
  test("is whoever manages people and stands above; nobody changes the owner's or, but for the owner, their own", async () => {
    const admin = await colleague(alfa, { role: "admin" });
    const cashier = await colleague(alfa, { role: "cashier" });
    const scope = await admin.enter();
    expect(await outcomeOf(change(scope, cashier.userId, { name: "By admin" }))).toBe("done");
    expect(await outcomeOf(change(scope, alfa.ownerId, { email: "thief@example.com" }))).toBe("forbidden");
    expect(await outcomeOf(change(scope, admin.userId, { email: "thief@example.com" }))).toBe("forbidden");
    for (const role of givenRoles.filter((one) => one !== "admin")) {
      const other = await (await colleague(alfa, { role })).enter();
      expect(await outcomeOf(change(other, cashier.userId, { name: "No" }))).toBe("forbidden");
    }
    await alfa.asSuperuser(
      `insert into role_permissions select 'pharmacist', p, true, '${alfa.ownerId}', now()
       from unnest(array['people.view', 'people.manage']) p`,
    );
    const manager = await (await colleague(alfa, { role: "pharmacist" })).enter();
    expect(await outcomeOf(change(manager, admin.userId, { email: "thief@example.com" }))).toBe("forbidden");
    expect((await People.find(manager, admin.userId)).mayChangeDetails).toBe(false);
    expect((await People.find(manager, cashier.userId)).mayChangeDetails).toBe(true);
    await alfa.asSuperuser("delete from role_permissions");
    expect(await alfa.asSuperuser("select 1 from users where email = 'thief@example.com'")).toEqual([]);
  });

  test("is refused without using up the changes of those who may", async () => {
    const admin = await (await colleague(alfa, { role: "admin" })).enter();
    const attempts = Array.from({ length: 12 }, (_, time) => `thief${time}@example.com`);
    for (const email of attempts) expect(await outcomeOf(change(admin, alfa.ownerId, { email }))).toBe("forbidden");
    const owner = await alfa.member();
    expect(await outcomeOf(change(owner, alfa.ownerId, { email: "amina.b@example.com" }))).toBe("done");
    expect(await outcomeOf(change(owner, alfa.ownerId, { email: "amina@example.com" }))).toBe("done");
    await takeEvents(alfa);
    await deliverMail(alfa);
  });

  test("stays out of those of somebody deactivated, whom nobody would see signing in", async () => {
    const owner = await alfa.member();
    const { userId } = await colleague(alfa, { role: "cashier" });
    await People.deactivate(owner, userId);
    expect(await outcomeOf(change(owner, userId, { email: "gone@example.com" }))).toBe("conflict");
    expect((await People.find(owner, userId)).mayChangeDetails).toBe(false);
  });

  test("is the owner for their own: soon after signing in, with an address, and the control plane learns it", async () => {
    const owner = await alfa.member();
    const elsewhere = await alfa.member();
    await takeEvents(alfa);
    pass(16);
    expect(await outcomeOf(change(owner, alfa.ownerId, { email: "amina.o@example.com" }))).toBe("invalid_input email");
    expect(await outcomeOf(change(owner, alfa.ownerId, { username: "amina" }))).toBe("invalid_input username");
    expect(await outcomeOf(change(owner, alfa.ownerId, { email: "amina.o@example.com", username: "amina" }))).toBe(
      "invalid_input email username",
    );
    expect(await outcomeOf(change(owner, alfa.ownerId, { name: "Amina O." }))).toBe("done");
    expect(await takeEvents(alfa)).toMatchObject([{ event: "profile_changed", ownerName: "Amina O." }]);
    const fresh = await alfa.member();
    const without = change(fresh, alfa.ownerId, { email: null, username: "amina" });
    expect(await outcomeOf(without)).toBe("invalid_input email");
    await change(fresh, alfa.ownerId, { email: "amina.o@example.com" });
    const events = await takeEvents(alfa);
    expect(events).toHaveLength(3);
    expect(events).toContainEqual(expect.objectContaining({ email: "amina@example.com", isPresent: "false" }));
    expect(events).toContainEqual(expect.objectContaining({ email: "amina.o@example.com", isPresent: "true" }));
    expect(events).toContainEqual(
      expect.objectContaining({ event: "profile_changed", ownerName: "Amina O.", ownerEmail: "amina.o@example.com" }),
    );
    const notices = await deliverMail(alfa);
    expect(notices.toSorted((one, other) => one.to.length - other.to.length)).toMatchObject([
      { to: "amina@example.com", byName: null },
      { to: "amina.o@example.com", byName: null },
    ]);
    // The session that did it goes on, so that a slip of the hand can be mended; every other one is over.
    const left = await alfa.asSuperuser("select id from sessions where user_id = $1", [alfa.ownerId]);
    expect(left).toEqual([{ id: fresh.actor.sessionId }]);
    expect(left).not.toContainEqual({ id: elsewhere.actor.sessionId });
    await change(fresh, alfa.ownerId, { name: "Amina", email: "amina@example.com" });
    await takeEvents(alfa);
    await deliverMail(alfa);
  });
});

describe("a notice that comes late", () => {
  test("is not sent once its address is the person's again, or not the person's any more", async () => {
    const owner = await alfa.member();
    const { userId } = await colleague(alfa, { role: "cashier", email: "one@example.com" });
    await change(owner, userId, { email: "two@example.com" });
    await change(owner, userId, { email: "one@example.com" });
    const sent = (await deliverMail(alfa)).map(({ to, ...letter }) => ["side" in letter ? letter.side : "", to]);
    expect(sent.sort()).toEqual([
      ["new", "one@example.com"],
      ["old", "two@example.com"],
    ]);
  });
});

describe("a colleague's link for a password, and a second factor taken off", () => {
  const acts: readonly (readonly [string, (scope: TenantScope<Member>, userId: string) => Promise<unknown>])[] = [
    ["link", (scope, userId) => PasswordResets.issueFor(scope, userId)],
    ["factor", (scope, userId) => TwoFactorResets.resetFor(scope, userId)],
  ];

  test.each(acts)("wait for a promotion that is under way, and are refused by it (%s)", async (name, act) => {
    await alfa.asSuperuser(
      `insert into role_permissions select 'pharmacist', p, true, '${alfa.ownerId}', now()
       from unnest(array['people.view', 'people.manage']) p`,
    );
    const manager = await (await colleague(alfa, { role: "pharmacist" })).enter();
    const person = await colleague(alfa, { role: "cashier", email: null, username: `staff.${name}` });
    await alfa.asSuperuser(
      `insert into two_factors (user_id, sealed_secret, created_at, confirmed_at) values ($1, 'sealed', now(), now())`,
      [person.userId],
    );
    const owner = await alfa.member();
    let attempt: Promise<string> | undefined;
    await owner.tx(async (tx) => {
      await lockPeople(tx);
      await tx.db.updateTable("users").set({ role: "admin" }).where("id", "=", person.userId).execute();
      attempt = outcomeOf(act(manager, person.userId));
      await eventually(
        "the attempt waits",
        async () => {
          const waiting = await alfa.asSuperuser("select 1 from pg_locks where locktype = 'advisory' and not granted");
          return waiting.length === 1 ? true : undefined;
        },
        10_000,
      );
    });
    expect(await attempt).toBe("forbidden");
    await alfa.asSuperuser("delete from role_permissions");
  });
});

describe("when somebody was here last", () => {
  const lastSeen = async (userId: string) => (await People.find(await alfa.member(), userId)).lastSeenAt;

  test("stays after they sign out, is exact to five minutes, and is nothing for who never came", async () => {
    const person = await colleague(alfa, { role: "cashier" });
    expect(await lastSeen(person.userId)).toBeNull();
    const first = now;
    await person.enter();
    expect(await lastSeen(person.userId)).toEqual(first);
    pass(4);
    await person.enter();
    expect(await lastSeen(person.userId)).toEqual(first);
    pass(2);
    const scope = await person.enter();
    const second = now;
    expect(await lastSeen(person.userId)).toEqual(second);
    await Sessions.end(scope);
    pass(60);
    expect(await lastSeen(person.userId)).toEqual(second);
    const { people } = await People.list(await alfa.member(), { state: "active" });
    expect(people.find(({ id }) => id === person.userId)?.lastSeenAt).toEqual(second);
  });

  test("is known of somebody who accepted an invitation and came in once", async () => {
    const owner = await alfa.member();
    const invite = { name: "Short", email: null, username: "short.s", role: "viewer", branchRoles: [] };
    const { link } = await Invitations.invite(owner, invite);
    const token = tokenIn(new URL(link ?? "", "http://alfa.example").href);
    const acceptor = { name: "Short", password, passwordAgain: password };
    const { userId } = await Acceptance.accept(await alfa.visitor(), quickHashing, token, acceptor);
    expect(await lastSeen(userId)).toBeNull();
    const begun = await Sessions.begin(await alfa.visitor(), userId, { userAgent: undefined });
    await Sessions.end(await alfa.holder(begun.token));
    expect(await lastSeen(userId)).toEqual(now);
  });
});
