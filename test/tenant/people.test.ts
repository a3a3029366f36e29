import { randomUUID } from "node:crypto";
import { Credentials } from "@pharmasight/core/tenant/accounts/credentials";
import { PasswordResets } from "@pharmasight/core/tenant/accounts/password-resets";
import { SignInLinks } from "@pharmasight/core/tenant/accounts/sign-in-links";
import { TwoFactorResets } from "@pharmasight/core/tenant/accounts/two-factor-resets";
import type { Member } from "@pharmasight/core/tenant/actors";
import { Ownership } from "@pharmasight/core/tenant/people/ownership";
import { People } from "@pharmasight/core/tenant/people/people";
import { givenRoles, Permissions } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addBranch, audited, beginSession, colleague, deliverMail, quickHashing, takeEvents } from "./colleagues.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

const password = "seven blue lorries sing";

let now = new Date("2026-11-24T08:00:00Z");
let pharmacies: Pharmacies;
let alfa: Pharmacy;
let west: string;
let east: string;

beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => now });
  alfa = await pharmacies.open("alfa");
  [west, east] = await Promise.all([addBranch(alfa, "WST"), addBranch(alfa, "EST")]);
});
afterAll(() => pharmacies?.stop());

const everywhere = (role: string | null) => ({ role, branchRoles: [] });
const outcomeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => "done",
    (error: { code?: string }) => error.code ?? String(error),
  );

describe("roles of people", () => {
  test("change at once where they are signed in, and are audited with before and after", async () => {
    const { userId, enter } = await colleague(alfa, { role: "pharmacist", name: "Otieno" });
    expect(Permissions.may((await enter()).actor, "items.view_cost")).toBe(true);
    const after = { role: "cashier", branchRoles: [{ branchId: west, role: "procurement" }] };
    await People.changeRoles(await alfa.member(), userId, after);
    const { actor } = await enter();
    expect(actor).toMatchObject(after);
    expect(Permissions.may(actor, "items.view_cost")).toBe(false);
    const [entry] = await audited(alfa, "person.roles_changed", userId);
    expect(entry).toMatchObject({
      actorId: alfa.ownerId,
      before: { userId, name: "Otieno", role: "pharmacist", branchRoles: [] },
      after: { userId, ...after },
    });
  });

  test("in one branch are nothing in another, and nothing that belongs to the pharmacy", async () => {
    const { userId, enter } = await colleague(alfa, { role: "viewer" });
    await People.changeRoles(await alfa.member(), userId, {
      role: null,
      branchRoles: [{ branchId: west, role: "admin" }],
    });
    const { actor } = await enter();
    expect(Permissions.mayIn(actor, "items.view_cost", west)).toBe(true);
    expect(Permissions.mayIn(actor, "items.view_cost", east)).toBe(false);
    expect(Permissions.branchesWhere(actor, "items.view")).toEqual([west]);
    expect(await outcomeOf(People.list(await enter(), { state: "active" }))).toBe("forbidden");
    expect(await outcomeOf(People.changeRoles(await enter(), userId, everywhere("admin")))).toBe("forbidden");
  });

  test("of a branch that is closed count no more", async () => {
    const closed = await addBranch(alfa, "CLS");
    const { enter } = await colleague(alfa, { branchRoles: [{ branchId: closed, role: "cashier" }] });
    await alfa.asSuperuser("update branches set archived_at = now() where id = $1", [closed]);
    expect(Permissions.maySomewhere((await enter()).actor, "items.view")).toBe(false);
  });

  test.each(["owner", "Owner", "superadmin", "", "toString", "admin "])(
    "cannot be %j, in every branch or in one",
    async (role) => {
      const { userId } = await colleague(alfa, { role: "viewer" });
      const owner = await alfa.member();
      expect(await outcomeOf(People.changeRoles(owner, userId, everywhere(role)))).toBe("invalid_input");
      const inBranch = { role: null, branchRoles: [{ branchId: west, role }] };
      expect(await outcomeOf(People.changeRoles(owner, userId, inBranch))).toBe("invalid_input");
      expect((await People.find(owner, userId)).role).toBe("viewer");
    },
  );

  test("cannot be taken to a branch that is not this pharmacy's", async () => {
    const { userId } = await colleague(alfa, { role: "viewer" });
    for (const branchId of [randomUUID(), "west", ""]) {
      const input = { role: null, branchRoles: [{ branchId, role: "cashier" }] };
      expect(await outcomeOf(People.changeRoles(await alfa.member(), userId, input))).toBe("invalid_input");
    }
  });
});

describe("nobody acts on who stands above them", () => {
  /** All that can be done to somebody. */
  const acts: readonly (readonly [string, (scope: TenantScope<Member>, userId: string) => Promise<unknown>])[] = [
    ["change roles", (scope, userId) => People.changeRoles(scope, userId, everywhere("viewer"))],
    ["deactivate", (scope, userId) => People.deactivate(scope, userId)],
    ["reactivate", (scope, userId) => People.reactivate(scope, userId)],
    ["make a link for a password", (scope, userId) => PasswordResets.issueFor(scope, userId)],
    ["turn a second factor off", (scope, userId) => TwoFactorResets.resetFor(scope, userId)],
    ["require", (scope, userId) => People.requireAbove(scope, userId)],
  ];

  test.each(acts)("%s: refused on the owner, on oneself, and for all who may not manage people", async (_, act) => {
    const admin = await colleague(alfa, { role: "admin" });
    const other = await colleague(alfa, { role: "viewer" });
    expect(await outcomeOf(act(await admin.enter(), alfa.ownerId))).toBe("forbidden");
    expect(await outcomeOf(act(await admin.enter(), admin.userId))).toBe("forbidden");
    expect(await outcomeOf(act(await alfa.member(), alfa.ownerId))).toBe("forbidden");
    expect(await outcomeOf(act(await admin.enter(), randomUUID()))).toBe("not_found");
    expect(await outcomeOf(act(await admin.enter(), "x"))).toBe("not_found");
    for (const role of givenRoles.filter((one) => one !== "admin")) {
      const scope = await (await colleague(alfa, { role })).enter();
      expect(await outcomeOf(act(scope, other.userId))).toBe("forbidden");
    }
  });

  test("somebody who may manage people, and has less than an administrator, cannot touch or make one", async () => {
    await alfa.asSuperuser(
      `insert into role_permissions select 'pharmacist', p, true, '${alfa.ownerId}', now()
       from unnest(array['people.view', 'people.manage']) p`,
    );
    const manager = await (await colleague(alfa, { role: "pharmacist" })).enter();
    const admin = await colleague(alfa, { role: "admin" });
    const cashier = await colleague(alfa, { role: "cashier" });
    for (const [, act] of acts) expect(await outcomeOf(act(manager, admin.userId))).toBe("forbidden");
    expect(await outcomeOf(People.changeRoles(manager, cashier.userId, everywhere("admin")))).toBe("forbidden");
    expect(await outcomeOf(People.changeRoles(manager, cashier.userId, everywhere("pharmacist")))).toBe("done");
    await alfa.asSuperuser("delete from role_permissions");
  });

  test("an administrator may make another, and whoever lost the right a moment ago may not", async () => {
    const admin = await colleague(alfa, { role: "admin" });
    const person = await colleague(alfa, { role: "cashier" });
    const scope = await admin.enter();
    expect(await outcomeOf(People.changeRoles(scope, person.userId, everywhere("admin")))).toBe("done");
    // As another process would: this one still believes the session that it saw.
    await alfa.asSuperuser("update users set role = 'viewer' where id = $1", [admin.userId]);
    expect(Permissions.may((await admin.enter()).actor, "people.manage")).toBe(true);
    for (const [, act] of acts) expect(await outcomeOf(act(scope, person.userId))).toBe("forbidden");
  });

  test("of two administrators who demote each other at once, one does", async () => {
    for (let round = 0; round < 5; round += 1) {
      const one = await colleague(alfa, { role: "admin" });
      const other = await colleague(alfa, { role: "admin" });
      const [ofOne, ofOther] = await Promise.all([one.enter(), other.enter()]);
      const outcomes = await Promise.all([
        outcomeOf(People.changeRoles(ofOne, other.userId, everywhere("viewer"))),
        outcomeOf(People.deactivate(ofOther, one.userId)),
      ]);
      expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(1);
    }
  });
});

describe("whoever leaves", () => {
  test("is out at once, everywhere, with every link; and comes back with what they had", async () => {
    const person = await colleague(alfa, { role: "cashier", email: "leaver@example.com" });
    await beginSession(alfa, person.userId);
    await person.enter();
    await Credentials.replace(await person.enter(), person.userId, await quickHashing.hash(password));
    await beginSession(alfa, person.userId);
    await SignInLinks.request(await alfa.visitor(), "leaver@example.com");
    const link = new URL((await deliverMail(alfa)).find(({ template }) => template === "sign_in_link")?.link ?? "");
    await takeEvents(alfa);
    const owner = await alfa.member();
    expect(await People.deactivate(owner, person.userId)).toEqual({ sessionsEnded: 2 });
    await expect(person.enter()).rejects.toMatchObject({ code: "unauthenticated" });
    expect(await SignInLinks.isUsable(await alfa.visitor(), link.searchParams.get("token") ?? "")).toBe(false);
    expect(await takeEvents(alfa)).toMatchObject([{ email: "leaver@example.com", isPresent: "false" }]);
    expect(await People.deactivate(owner, person.userId)).toEqual({ sessionsEnded: 0 });
    expect(await audited(alfa, "person.deactivated", person.userId)).toMatchObject([
      { before: { userId: person.userId, role: "cashier" }, after: { sessionsEnded: 2 } },
    ]);
    await People.reactivate(owner, person.userId);
    await People.reactivate(owner, person.userId);
    expect(await takeEvents(alfa)).toMatchObject([{ email: "leaver@example.com", isPresent: "true" }]);
    expect(await People.find(owner, person.userId)).toMatchObject({ role: "cashier", deactivatedAt: null });
    await expect(person.enter()).rejects.toMatchObject({ code: "unauthenticated" });
  });
});

describe("the database itself", () => {
  const refusal = (statement: string): Promise<string> =>
    alfa.asSuperuser(statement).then(
      () => "done",
      (error: { constraint_name?: string; code?: string }) => error.constraint_name ?? String(error.code),
    );

  test("keeps one owner, active and with a mail address, whatever the code says", async () => {
    const { userId } = await colleague(alfa, { role: "admin" });
    expect(await refusal("update users set role = 'admin' where role = 'owner'")).toBe("users_keep_owner");
    expect(await refusal("update users set role = null where role = 'owner'")).toBe("users_keep_owner");
    expect(await refusal("delete from users where role = 'owner'")).toMatch(/users_keep_owner|fkey/);
    expect(await refusal(`update users set role = 'owner' where id = '${userId}'`)).toBe("users_one_owner");
    expect(await refusal("update users set deactivated_at = now() where role = 'owner'")).toBe("users_owner_active");
    expect(await refusal("update users set email = null, username = 'amina' where role = 'owner'")).toBe(
      "users_owner_active",
    );
    const inBranch = `insert into user_branch_roles values ('${userId}', '${west}', 'owner')`;
    expect(await refusal(inBranch)).toMatch(/role_check/);
    expect(
      await refusal(`insert into role_permissions values ('owner', 'items.view', false, '${userId}', now())`),
    ).toMatch(/role_check/);
  });
});

describe("the list of people", () => {
  let many: Pharmacy;
  beforeAll(async () => {
    many = await pharmacies.open("many");
    // Names that repeat, so that a page ends between two of them.
    for (let index = 0; index < 119; index += 1) {
      await colleague(many, { role: "cashier", name: `Person ${index % 7}`, email: `p${index}@many.example` });
    }
  });

  test("shows everybody once, by name, in pages of fifty, also while somebody joins", async () => {
    const owner = await many.member();
    const seen: string[] = [];
    let after: string | undefined;
    let pages = 0;
    do {
      const page = await People.list(owner, { state: "active", after });
      if (pages === 0) await colleague(many, { role: "viewer", name: "Aaron", email: "aaron@many.example" });
      seen.push(...page.people.map(({ id }) => id));
      after = page.next;
      pages += 1;
    } while (after !== undefined);
    expect({ pages, people: seen.length, different: new Set(seen).size }).toEqual({
      pages: 3,
      people: 120,
      different: 120,
    });
  });

  test("finds by name, mail address and username, and takes signs as signs", async () => {
    const owner = await many.member();
    await colleague(many, { role: "viewer", name: "100% O'Brien_x", email: null, username: "brien.o" });
    const found = async (search: string) => (await People.list(owner, { state: "active", search })).total;
    expect(await found("o'brien")).toBe(1);
    expect(await found("brien.o")).toBe(1);
    expect(await found("P7@many")).toBe(1);
    expect(await found("%")).toBe(1);
    expect(await found("_")).toBe(1);
    expect(await found("\\")).toBe(0);
    expect(await found("'; drop table users; --")).toBe(0);
  });

  test("tells states apart, and refuses a page that it did not write", async () => {
    const owner = await many.member();
    const leaver = await colleague(many, { role: "viewer", name: "Zawadi" });
    await People.deactivate(owner, leaver.userId);
    const { people, counts } = await People.list(owner, { state: "deactivated" });
    expect(people.map(({ name }) => name)).toEqual(["Zawadi"]);
    expect(counts.deactivated).toBe(1);
    for (const after of [
      "",
      "x",
      Buffer.from('["a","b"]').toString("base64url"),
      Buffer.from("{").toString("base64url"),
    ]) {
      expect(await outcomeOf(People.list(owner, { state: "active", after }))).toBe("invalid_input");
    }
  });
});

describe("a handover of the pharmacy", () => {
  let bravo: Pharmacy;
  let round = 0;
  const company = () => `bravo${round}`;
  const prepared = async () => {
    round += 1;
    bravo = await pharmacies.open(company());
    const owner = await bravo.member();
    await Credentials.replace(owner, bravo.ownerId, await quickHashing.hash(password));
    return owner;
  };
  const owners = () => bravo.asSuperuser("select id from users where role = 'owner'");
  const handOver = (scope: TenantScope<Member>, userId: string, given = {}) =>
    Ownership.handOver(scope, quickHashing, { userId, companyName: company(), password, ...given });

  test("makes one owner of another, tells both by mail and the control plane, and bites at once", async () => {
    const owner = await prepared();
    const next = await colleague(bravo, {
      role: "cashier",
      name: "Grace",
      email: "grace@bravo.example",
      branchRoles: [{ branchId: await addBranch(bravo, "WST"), role: "pharmacist" }],
    });
    await next.enter();
    await takeEvents(bravo);
    await deliverMail(bravo);
    await handOver(owner, next.userId, { companyName: ` ${company().toUpperCase()} ` });
    expect(await owners()).toEqual([{ id: next.userId }]);
    expect((await next.enter()).actor).toMatchObject({ role: "owner", branchRoles: [] });
    expect(await takeEvents(bravo)).toMatchObject([
      { event: "profile_changed", ownerName: "Grace", ownerEmail: "grace@bravo.example" },
    ]);
    const letters = (await deliverMail(bravo)).filter(({ template }) => template === "ownership_transferred");
    expect(letters.map(({ to }) => to).sort()).toEqual(["amina@example.com", "grace@bravo.example"]);
    expect(await outcomeOf(handOver(owner, next.userId))).toBe("forbidden");
    expect(await audited(bravo, "ownership.transferred", next.userId)).toMatchObject([
      {
        actorId: bravo.ownerId,
        before: { userId: next.userId, role: "cashier", ownerId: bravo.ownerId },
        after: { userId: next.userId, role: "owner", predecessorId: bravo.ownerId, predecessorRole: "admin" },
      },
    ]);
    // The old owner is an administrator, and stands below the new one.
    expect(await outcomeOf(People.deactivate(owner, next.userId))).toBe("forbidden");
    expect(await outcomeOf(People.changeRoles(await next.enter(), bravo.ownerId, everywhere("viewer")))).toBe("done");
  });

  test("needs an active person with a mail address, the name and the owner's own password", async () => {
    const owner = await prepared();
    const next = await colleague(bravo, { role: "admin" });
    const staff = await colleague(bravo, { role: "cashier", email: null, username: "staff" });
    const gone = await colleague(bravo, { role: "cashier" });
    await People.deactivate(owner, gone.userId);
    const { people } = await Ownership.candidates(owner);
    expect(people.map(({ id }) => id)).toEqual([next.userId]);
    for (const userId of [staff.userId, gone.userId, bravo.ownerId, randomUUID(), "x", ""]) {
      await expect(handOver(owner, userId)).rejects.toMatchObject({ fields: { userId: expect.any(String) } });
    }
    await expect(handOver(owner, next.userId, { companyName: "alfa" })).rejects.toMatchObject({
      fields: { companyName: expect.any(String) },
    });
    await expect(handOver(owner, next.userId, { password: "not the password" })).rejects.toMatchObject({
      fields: { password: expect.any(String) },
    });
    const admin = await next.enter();
    expect(await outcomeOf(handOver(admin, next.userId))).toBe("forbidden");
    expect(await outcomeOf(Ownership.candidates(admin))).toBe("forbidden");
    expect(await owners()).toEqual([{ id: bravo.ownerId }]);
  });

  test("happens once of two at the same moment, and leaves one owner", async () => {
    const owner = await prepared();
    const nexts = await Promise.all([colleague(bravo, { role: "admin" }), colleague(bravo, { role: "cashier" })]);
    const outcomes = await Promise.all(nexts.map(({ userId }) => outcomeOf(handOver(owner, userId))));
    expect(outcomes.sort()).toEqual(["done", "forbidden"]);
    expect(await owners()).toHaveLength(1);
  });

  test("and a deactivation of the successor at the same moment leave one owner who is active", async () => {
    const owner = await prepared();
    const admin = await colleague(bravo, { role: "admin" });
    const next = await colleague(bravo, { role: "cashier" });
    const adminScope = await admin.enter();
    await Promise.all([outcomeOf(handOver(owner, next.userId)), outcomeOf(People.deactivate(adminScope, next.userId))]);
    const active = await bravo.asSuperuser("select 1 from users where role = 'owner' and deactivated_at is null");
    expect(active).toHaveLength(1);
  });

  test("is not guessed at: after ten wrong passwords it waits", async () => {
    const owner = await prepared();
    const next = await colleague(bravo, { role: "admin" });
    const guesses = await Promise.all(
      Array.from({ length: 12 }, (_, guess) => outcomeOf(handOver(owner, next.userId, { password: `guess ${guess}` }))),
    );
    expect(guesses.filter((outcome) => outcome === "invalid_input")).toHaveLength(10);
    expect(await outcomeOf(handOver(owner, next.userId))).toBe("rate_limited");
    now = new Date(now.getTime() + 16 * 60_000);
    expect(await outcomeOf(handOver(owner, next.userId))).toBe("done");
  });
});
