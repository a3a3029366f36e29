import { Credentials } from "@pharmasight/core/tenant/accounts/credentials";
import type { Member } from "@pharmasight/core/tenant/actors";
import { Acceptance } from "@pharmasight/core/tenant/people/acceptance";
import { Invitations } from "@pharmasight/core/tenant/people/invitations";
import { Ownership } from "@pharmasight/core/tenant/people/ownership";
import { People } from "@pharmasight/core/tenant/people/people";
import { Roles } from "@pharmasight/core/tenant/people/roles";
import {
  givenRoles,
  type Permission,
  Permissions,
  permissions,
  permissionsOf,
  type Role,
} from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addBranch, audited, beginSession, colleague, quickHashing } from "./colleagues.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

let now = new Date("2026-11-24T08:00:00Z");
let pharmacies: Pharmacies;
let alfa: Pharmacy;

beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => now });
  alfa = await pharmacies.open("alfa");
});
afterAll(() => pharmacies?.stop());
beforeEach(() => alfa.asSuperuser("delete from role_permissions"));

const of = (role: Role): Permission[] => [...permissionsOf(role, [])];
const without = (role: Role, ...taken: Permission[]) => of(role).filter((one) => !taken.includes(one));
/** Together with what they are of no use without: random permissions alone are refused for that most of the time. */
const withNeeded = (wanted: readonly Permission[]): Permission[] =>
  permissions.filter((one) =>
    wanted.some((other) => {
      const needed = Permissions.prerequisites[other];
      return one === other || one === needed || (needed !== undefined && one === Permissions.prerequisites[needed]);
    }),
  );
const outcomeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => "done",
    (error: { code?: string }) => error.code ?? String(error),
  );

describe("what a role may do", () => {
  test("changes at once for who is signed in, is kept as a departure from the default, and is audited", async () => {
    const { enter } = await colleague(alfa, { role: "cashier" });
    expect(Permissions.may((await enter()).actor, "items.view_cost")).toBe(false);
    const before = of("cashier");
    const after = [...before, "items.view_cost"];
    await Roles.change(await alfa.member(), "cashier", after, before);
    expect(Permissions.may((await enter()).actor, "items.view_cost")).toBe(true);
    expect(await alfa.asSuperuser("select role, permission, is_allowed from role_permissions")).toEqual([
      { role: "cashier", permission: "items.view_cost", is_allowed: true },
    ]);
    const [entry] = await audited(alfa, "role.changed", "items.view_cost");
    expect(entry).toMatchObject({ before: { role: "cashier", allowed: before }, after: { allowed: after } });
    await Roles.change(await alfa.member(), "cashier", before, after);
    expect(await alfa.asSuperuser("select 1 from role_permissions")).toEqual([]);
    expect(Permissions.may((await enter()).actor, "items.view_cost")).toBe(false);
  });

  test("lists people by role, those of branches too, and the deactivated not", async () => {
    const bravo = await pharmacies.open("bravo");
    const branchId = await addBranch(bravo, "WST");
    await colleague(bravo, { role: "cashier", branchRoles: [{ branchId, role: "cashier" }] });
    await colleague(bravo, { branchRoles: [{ branchId, role: "cashier" }] });
    const leaver = await colleague(bravo, { role: "cashier" });
    await People.deactivate(await bravo.member(), leaver.userId);
    const list = await Roles.list(await bravo.member());
    expect(list.find(({ role }) => role === "cashier")).toMatchObject({ people: 2, allowed: of("cashier") });
    expect(list.map(({ role }) => role)).toEqual([...givenRoles]);
  });

  test("is not overwritten by who looked before somebody else changed it", async () => {
    const owner = await alfa.member();
    const before = of("viewer");
    const outcomes = await Promise.all([
      outcomeOf(Roles.change(owner, "viewer", [...before, "items.view_cost"], before)),
      outcomeOf(Roles.change(owner, "viewer", [...before, "audit.view"], before)),
    ]);
    expect(outcomes.sort()).toEqual(["conflict", "done"]);
  });

  test.each(["owner", "Cashier", "superadmin", "", "__proto__"])("is not decided for the role %j", async (role) => {
    expect(await outcomeOf(Roles.change(await alfa.member(), role, [], []))).toMatch(/forbidden|invalid_input/);
  });

  test("is of the catalogue, and nothing comes without what it needs", async () => {
    const owner = await alfa.member();
    const before = of("viewer");
    for (const name of ["*", "items.*", "ITEMS.VIEW", "constructor", "everything"]) {
      expect(await outcomeOf(Roles.change(owner, "viewer", [...before, name], before))).toBe("invalid_input");
    }
    expect(await outcomeOf(Roles.change(owner, "viewer", [...before, "people.manage"], before))).toBe("invalid_input");
    expect(await outcomeOf(Roles.change(owner, "viewer", ["items.view_cost"], before))).toBe("invalid_input");
    for (const [permission, needed] of Object.entries(Permissions.prerequisites)) {
      for (const role of givenRoles) {
        const allowed: readonly string[] = of(role);
        if (allowed.includes(permission)) expect(allowed).toContain(needed);
      }
    }
  });

  test("is not for those who may not manage roles, nor for one's own role", async () => {
    const before = of("viewer");
    for (const role of ["pharmacist", "cashier", "procurement", "viewer"] as const) {
      const scope = await (await colleague(alfa, { role })).enter();
      expect(await outcomeOf(Roles.list(scope))).toBe("forbidden");
      expect(await outcomeOf(Roles.change(scope, "viewer", [...before, "audit.view"], before))).toBe("forbidden");
    }
    const admin = await (await colleague(alfa, { role: "admin" })).enter();
    expect(await outcomeOf(Roles.change(admin, "admin", without("admin", "audit.view"), of("admin")))).toBe(
      "forbidden",
    );
    expect(await outcomeOf(Roles.change(admin, "viewer", [...before, "audit.view"], before))).toBe("done");
  });

  test("is never raised beyond who raises it, nor is a role lowered that has more", async () => {
    // The owner takes the audit log from administrators, and gives it to viewers.
    const owner = await alfa.member();
    await Roles.change(owner, "admin", without("admin", "audit.view"), of("admin"));
    const admin = await (await colleague(alfa, { role: "admin" })).enter();
    expect(await outcomeOf(Roles.change(admin, "cashier", [...of("cashier"), "audit.view"], of("cashier")))).toBe(
      "forbidden",
    );
    const viewer = [...of("viewer"), "audit.view"];
    await Roles.change(owner, "viewer", viewer, of("viewer"));
    expect(await outcomeOf(Roles.change(admin, "viewer", of("viewer"), viewer))).toBe("forbidden");
    expect((await Roles.list(admin)).find(({ role }) => role === "viewer")?.fixed).toBe("above");
    // A viewer now has what an administrator lacks: nobody but the owner makes one.
    const person = await colleague(alfa, { role: "cashier" });
    expect(await outcomeOf(People.changeRoles(admin, person.userId, { role: "viewer", branchRoles: [] }))).toBe(
      "forbidden",
    );
    expect((await Roles.grantable(admin)).map(({ role }) => role)).not.toContain("viewer");
  });
});

describe("any people doing anything", () => {
  const pick = fc.noBias(fc.nat({ max: 1000 }));
  const role = fc.constantFrom("owner", null, ...givenRoles);
  const assignment = fc.record({ role, inBranch: role });
  const act = fc.oneof(
    fc.record({ kind: fc.constant("invite" as const), actor: pick, assignment }),
    fc.record({ kind: fc.constant("accept" as const), link: pick }),
    fc.record({ kind: fc.constant("change" as const), actor: pick, subject: pick, assignment }),
    fc.record({ kind: fc.constant("deactivate" as const), actor: pick, subject: pick }),
    fc.record({ kind: fc.constant("reactivate" as const), actor: pick, subject: pick }),
    fc.record({
      kind: fc.constant("decide" as const),
      actor: pick,
      role: fc.constantFrom("owner", ...givenRoles),
      wanted: fc.subarray([...permissions]),
    }),
    fc.record({ kind: fc.constant("hand over" as const), actor: pick, subject: pick }),
  );

  test("never end with a right that its giver lacked, and there is one active owner throughout", async () => {
    let rounds = 0;
    const done = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 20, maxLength: 40 }), async (acts) => {
        rounds += 1;
        const world = await startWorld(`property${rounds}`);
        for (const one of acts) {
          now = new Date(now.getTime() + 60_000);
          const before = await world.rights();
          const attempted = await world.attempt(one);
          if (attempted === undefined) continue;
          const { giver, outcome } = attempted;
          expect(outcome).toMatch(/^(done|forbidden|invalid_input|conflict|gone|not_found)$/);
          if (outcome === "done") done.set(one.kind, (done.get(one.kind) ?? 0) + 1);
          const own = before.get(giver)?.everywhere ?? new Set<Permission>();
          for (const [id, { anywhere }] of await world.rights()) {
            const gained = [...anywhere].filter((permission) => before.get(id)?.anywhere.has(permission) !== true);
            const lacking = gained.filter((permission) => !own.has(permission));
            expect({ act: one, outcome, id, lacking }).toEqual({ act: one, outcome, id, lacking: [] });
          }
        }
      }),
      { numRuns: 10, endOnFailure: true },
    );
    // Not everything was refused: each kind of act has happened.
    expect([...done.keys()].sort()).toEqual(
      ["accept", "change", "deactivate", "decide", "hand over", "invite", "reactivate"].sort(),
    );
  }, 120_000);

  type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

  /** A pharmacy whose people act one after the other. */
  async function startWorld(name: string) {
    const password = "seven blue lorries sing";
    const here = await pharmacies.open(name);
    const branchId = await addBranch(here, "WST");
    await Credentials.replace(await here.visitor(), here.ownerId, await quickHashing.hash(password));
    const ids = [here.ownerId];
    for (const given of ["admin", "pharmacist", "pharmacist", "cashier"] as const) {
      ids.push((await colleague(here, { role: given })).userId);
    }
    // Pharmacists manage people and roles here, and may do less than administrators: there is something above them.
    for (const permission of ["people.view", "people.manage", "roles.manage"]) {
      const decided = { isAllowed: true, changedBy: here.ownerId, changedAt: now };
      await (await here.job()).db
        .insertInto("rolePermissions")
        .values({ role: "pharmacist", permission, ...decided })
        .execute();
    }
    const links: { readonly link: string; readonly inviter: string }[] = [];
    const { db } = await here.job();
    const overrides = () => db.selectFrom("rolePermissions").select(["role", "permission", "isAllowed"]).execute();
    const at = (index: number) => ids[index % ids.length] ?? "";
    const asked = ({ role: everywhere, inBranch }: { role: Role | null; inBranch: Role | null }) => ({
      role: everywhere,
      branchRoles: inBranch === null ? [] : [{ branchId, role: inBranch }],
    });

    /** What each person may do, everywhere and anywhere; read from the rows, not by the code that is tested. */
    async function rights() {
      const decided = await overrides();
      const people = await db.selectFrom("users").select(["id", "role", "deactivatedAt"]).execute();
      const held = await db.selectFrom("userBranchRoles").selectAll().execute();
      expect(people.filter((one) => one.role === "owner")).toHaveLength(1);
      expect(people.filter((one) => one.role === "owner" && one.deactivatedAt === null)).toHaveLength(1);
      return new Map(
        people.map(({ id, role: everywhere, deactivatedAt }) => {
          const ofBranches = held.filter(({ userId }) => userId === id);
          const given = Permissions.rightsOf(everywhere, ofBranches, decided);
          const all =
            deactivatedAt === null
              ? [...given.everywhere, ...[...given.byBranch.values()].flatMap((set) => [...set])]
              : [];
          return [id, { everywhere: given.everywhere, anywhere: new Set(all) }] as const;
        }),
      );
    }

    /** @returns undefined when there is nobody or nothing to act with */
    async function attempt(one: Act): Promise<{ giver: string; outcome: string } | undefined> {
      if (one.kind === "accept") {
        const offer = links[one.link % Math.max(1, links.length)];
        if (offer === undefined) return undefined;
        const token = new URL(offer.link, "http://x").searchParams.get("token") ?? "";
        const me = { name: "Guest", password, passwordAgain: password };
        const accepting = Acceptance.accept(await here.visitor(), quickHashing, token, me);
        return { giver: offer.inviter, outcome: await outcomeOf(accepting.then(({ userId }) => ids.push(userId))) };
      }
      const giver = at(one.actor);
      const scope = await here.holder(await beginSession(here, giver)).catch(() => undefined);
      return scope === undefined ? undefined : { giver, outcome: await outcomeOf(perform(one, scope)) };
    }

    async function perform(one: Exclude<Act, { kind: "accept" }>, scope: TenantScope<Member>): Promise<void> {
      switch (one.kind) {
        case "invite": {
          const guest = { name: "Guest", email: null, username: `guest${links.length}x${ids.length}` };
          const { link = "" } = await Invitations.invite(scope, { ...guest, ...asked(one.assignment) });
          links.push({ link, inviter: scope.actor.userId });
          return;
        }
        case "change":
          return People.changeRoles(scope, at(one.subject), asked(one.assignment));
        case "deactivate":
          await People.deactivate(scope, at(one.subject));
          return;
        case "reactivate":
          return People.reactivate(scope, at(one.subject));
        case "decide":
          return Roles.change(scope, one.role, withNeeded(one.wanted), [...permissionsOf(one.role, await overrides())]);
        case "hand over":
          return Ownership.handOver(scope, quickHashing, { userId: at(one.subject), companyName: name, password });
      }
    }

    return { rights, attempt };
  }
});
