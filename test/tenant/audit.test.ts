import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "@pharmasight/core/kernel/ids";
import { TenantAudit } from "@pharmasight/core/tenant/audit/audit";
import { dayAfter, startOfDay } from "@pharmasight/core/tenant/audit/days";
import { differencesOf } from "@pharmasight/core/tenant/audit/differences";
import { AuditEntries, type AuditEntryDetails } from "@pharmasight/core/tenant/audit/entries";
import { AuditExport, EXPORT_ENTRIES_MAX } from "@pharmasight/core/tenant/audit/export";
import { predicateOf } from "@pharmasight/core/tenant/audit/sentences";
import { Branches } from "@pharmasight/core/tenant/branches/branches";
import { Company } from "@pharmasight/core/tenant/company/company";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { codeOf } from "./accounts.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

let now = new Date("2026-11-24T08:00:00Z");
const pass = (milliseconds: number) => {
  now = new Date(now.getTime() + milliseconds);
};
let pharmacies: Pharmacies;
let alfa: Pharmacy;

beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => now });
  alfa = await pharmacies.open("alfa");
});
afterAll(() => pharmacies?.stop());
beforeEach(async () => {
  // Nobody but the superuser can, and only with the guard put aside.
  const settings = "set session_replication_role = replica;";
  await alfa.asSuperuser("delete from audit_log", [], settings);
});

const log = async (action: string, entry: Partial<Parameters<typeof TenantAudit.append>[1]> = {}) => {
  pass(1000);
  await TenantAudit.append(await alfa.member(), { action, ...entry });
};
const actionsOf = (entries: readonly AuditEntryDetails[]) => entries.map(({ action }) => action);
const listed = async (filter: Parameters<typeof AuditEntries.list>[1] = {}) =>
  (await AuditEntries.list(await alfa.member(), filter)).entries;

describe("the pages of the log", () => {
  test("go from the newest to the oldest, each entry once, also where many have one time", async () => {
    const member = await alfa.member();
    for (let index = 0; index < 120; index += 1) {
      if (index % 40 === 0) pass(1000);
      await TenantAudit.append(member, { action: "test.counted", after: { index } });
    }
    const seen: AuditEntryDetails[] = [];
    let after: string | undefined;
    do {
      const page = await AuditEntries.list(member, {}, after);
      seen.push(...page.entries);
      after = page.next;
      // What is added meanwhile does not move the later pages.
      await TenantAudit.append(member, { action: "test.late" });
      pass(1000);
    } while (after !== undefined);
    const counted = seen.filter(({ action }) => action === "test.counted");
    expect(new Set(counted.map(({ id }) => id)).size).toBe(120);
    expect(counted.map(({ at }) => at.getTime())).toEqual(
      counted.map(({ at }) => at.getTime()).toSorted((a, b) => b - a),
    );
  });

  test("end where a mark is not ours", async () => {
    const member = await alfa.member();
    for (const mark of [
      "",
      "x",
      "1",
      "1.2",
      `9.${"-".repeat(36)}`,
      `${"9".repeat(30)}.${newId(member.clock)}`,
      "' or 1=1",
    ]) {
      expect(await codeOf(AuditEntries.list(member, {}, mark))).toBe("not_found");
    }
  });

  test("are for who may read them", async () => {
    for (const role of ["pharmacist", "cashier", "procurement", "viewer"] as const) {
      const member = await alfa.member(role);
      expect(await codeOf(AuditEntries.list(member))).toBe("forbidden");
      expect(await codeOf(AuditEntries.people(member))).toBe("forbidden");
      expect(await codeOf(AuditExport.file(member, {}))).toBe("forbidden");
    }
    expect(await codeOf(AuditEntries.list(await alfa.member("admin")))).toBe("done");
  });
});

describe("a filter", () => {
  test("by group, person or program keeps what it names", async () => {
    const pharmacist = await alfa.member("pharmacist");
    await log("branch.added");
    await log("password.changed");
    await log("item.created");
    await TenantAudit.append(pharmacist, { action: "item.changed" });
    await TenantAudit.append(await alfa.job(), { action: "import.done" });
    expect(actionsOf(await listed({ group: "items" })).toSorted()).toEqual([
      "import.done",
      "item.changed",
      "item.created",
    ]);
    expect(actionsOf(await listed({ group: "signing_in" }))).toEqual(["password.changed"]);
    expect(actionsOf(await listed({ actor: pharmacist.actor.userId }))).toEqual(["item.changed"]);
    expect(actionsOf(await listed({ actor: "job" }))).toEqual(["import.done"]);
    expect(actionsOf(await listed({ group: "items", actor: alfa.ownerId }))).toEqual(["item.created"]);
    expect((await listed({ actor: "nobody" })).length).toBe(5);
  });

  test("by days keeps the pharmacy's days, not the server's", async () => {
    for (const at of [
      "2026-11-23T20:59:59.999Z",
      "2026-11-23T21:00:00Z",
      "2026-11-24T20:59:59.999Z",
      "2026-11-24T21:00:00Z",
    ]) {
      now = new Date(at);
      await TenantAudit.append(await alfa.job(), { action: "test.at", after: { at } });
    }
    const days = { from: "2026-11-24", to: "2026-11-24" };
    const of = (entries: readonly AuditEntryDetails[]) => entries.map(({ at }) => at.toISOString());
    expect(of(await listed(days))).toEqual(["2026-11-24T20:59:59.999Z", "2026-11-23T21:00:00.000Z"]);
    expect((await listed({ from: "2026-11-31", to: "yesterday" })).length).toBe(4);
    expect(await listed({ from: "2026-11-25", to: "2026-11-23" })).toEqual([]);
  });

  test("by text finds what people read: words, names, values, reasons, addresses", async () => {
    const grace = await alfa.member("pharmacist");
    await alfa.asSuperuser("update users set name = 'Grace 100%' where id = $1", [grace.actor.userId]);
    await TenantAudit.append(grace, { action: "branch.added", after: { name: "Mall_of_Nairobi" } });
    await log("support.entered", { reason: "You asked us to" });
    for (const search of ["added the branch", "BRANCH.ADD", "grace 100%", "mall_of", "192.0.2.7"]) {
      expect({ search, found: actionsOf(await listed({ search })).includes("branch.added") }).toEqual({
        search,
        found: true,
      });
    }
    expect(actionsOf(await listed({ search: "asked us" }))).toEqual(["support.entered"]);
    for (const search of ["mall%of", "m_ll", "\\", "' or 1=1 --"]) expect(await listed({ search })).toEqual([]);
  });

  test("of anything is answered", async () => {
    await log("branch.added", { after: { name: "West" } });
    const text = fc.string({ unit: "binary", maxLength: 60 });
    const filter = fc.record({ actor: text, from: text, to: text, search: text });
    await fc.assert(
      fc.asyncProperty(filter, async (typed) => {
        expect(Array.isArray(await listed(typed))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe("an entry", () => {
  const says = async () => (await listed()).map(({ who, what }) => `${who} ${what}`)[0];

  test("says in plain words who did what", async () => {
    const [branch] = await Branches.list(await alfa.member());
    await log("invitation.sent", {
      after: { id: newId({ now: () => now }), name: "Otieno", role: "cashier", branchRoles: [] },
    });
    expect(await says()).toBe("Amina invited Otieno as cashier");
    await log("invitation.sent", {
      after: { name: "Otieno", role: null, branchRoles: [{ branchId: branch?.id, role: "admin" }] },
    });
    expect(await says()).toBe("Amina invited Otieno as administrator in Main branch");
    await log("person.roles_changed", { before: { role: "cashier" }, after: { userId: alfa.ownerId, role: "viewer" } });
    expect(await says()).toBe("Amina changed the role of Amina to viewer");
    await log("something.unheard_of");
    expect(await says()).toBe("Amina something.unheard_of");
    await log("toString");
    expect(await says()).toBe("Amina toString");
    pass(1000);
    await TenantAudit.append(await alfa.visitor(), { action: "session.started", after: { userId: alfa.ownerId } });
    expect(await says()).toBe("Amina signed in");
    pass(1000);
    await TenantAudit.append(await alfa.visitor(), { action: "access.refused" });
    expect(await says()).toBe("Somebody who was not signed in was refused");
    pass(1000);
    await TenantAudit.append(await alfa.visitor(), { action: "sign_in.failed", after: { userId: alfa.ownerId } });
    expect(await says()).toBe("Somebody who was not signed in failed to sign in as Amina");
  });

  test("has words for everything that the code writes down", async () => {
    const folder = join(import.meta.dirname, "../../packages");
    const sources = ["core/tenant", "functions/tenant"].flatMap((path) =>
      readdirSync(join(folder, path), { recursive: true, encoding: "utf8" })
        .filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".test.ts"))
        .map((name) => readFileSync(join(folder, path, name), "utf8")),
    );
    const actions = new Set(sources.join("\n").match(/(?<=action: ")[a-z_]+\.[a-z_]+(?=")/g));
    expect(actions.size).toBeGreaterThan(30);
    const wordless = [...actions].filter((action) => {
      const said = { action, actorKind: "member", actorId: null, before: null, after: null };
      return predicateOf(said, new Map()) === action;
    });
    expect(wordless).toEqual([]);
  });

  test("of a change shows what is different, in words", async () => {
    const member = await alfa.member();
    const { updatedAt } = await Company.get(member);
    const profile = { name: "Alfa", legalName: "", taxId: "", currency: "KES", timeZone: "Africa/Nairobi", email: "" };
    pass(1000);
    await Company.change(member, { profile: { ...profile, phone: "0712 345", address: "" }, seenAt: updatedAt });
    const [entry] = await listed({ group: "pharmacy" });
    expect(entry?.differences).toEqual([
      { field: "Name", from: "alfa", to: "Alfa" },
      { field: "Phone", to: "0712 345" },
    ]);
  });

  test("never shows what lets somebody in, should it ever be written", () => {
    const reading = { names: new Map<string, string>(), timeZone: "UTC" };
    const secret = "correct horse battery staple";
    const values = {
      password: secret,
      newPassword: secret,
      tokenHash: secret,
      sessionToken: secret,
      sealedSecret: secret,
      recoveryCodes: [secret],
      link: secret,
      cookie: secret,
      nested: { token: secret, deeper: [{ keyHash: secret }] },
    };
    const shown = [...differencesOf(null, values, reading), ...differencesOf(values, { password: "another" }, reading)];
    expect(JSON.stringify(shown)).not.toContain(secret);
    expect(shown).toContainEqual({ field: "Password", to: "(not shown)" });
    expect(differencesOf({ code: "HQ" }, { code: "MAIN" }, reading)).toEqual([
      { field: "Code", from: "HQ", to: "MAIN" },
    ]);
  });

  test("names people and branches, and tells moments in the pharmacy's time", () => {
    const id = "019ab000-0000-7000-8000-00000000abcd";
    const reading = { names: new Map([[id, "Westlands"]]), timeZone: "Africa/Nairobi" };
    const after = {
      branchRoles: [{ branchId: id, role: "cashier" }],
      expiresAt: "2026-11-24T21:30:00.000Z",
      isActive: true,
    };
    expect(differencesOf(null, after, reading)).toEqual([
      { field: "Branch roles", to: "Branch: Westlands; Role: cashier" },
      { field: "Expires at", to: "25 Nov 2026, 00:30" },
      { field: "Is active", to: "yes" },
    ]);
  });
});

describe("the file", () => {
  test("has every entry of the filter and marks what a spreadsheet would run", async () => {
    await log("branch.added", { after: { name: '=cmd|"/c calc"!A1' }, reason: "=1+1" });
    await log("item.created", { after: { name: "Panadol" } });
    pass(1000);
    const content = await AuditExport.file(await alfa.member(), { group: "pharmacy" });
    expect(content.split("\r\n").length).toBe(3);
    expect(content).toContain("'=1+1");
    expect(content).not.toContain("Panadol");
    expect(content).toContain("2026-");
    expect((await listed())[0]).toMatchObject({ action: "audit.exported" });
  });

  test("ends at its limit and says so", async () => {
    await alfa.asSuperuser(
      `insert into audit_log (id, at, actor_kind, action)
       select gen_random_uuid(), now() - n * interval '1 second', 'job', 'test.many' from generate_series(1, $1::int) n`,
      [EXPORT_ENTRIES_MAX + 5],
    );
    const lines = (await AuditExport.file(await alfa.member(), {})).trimEnd().split("\r\n");
    expect(lines.length).toBe(EXPORT_ENTRIES_MAX + 2);
    expect(lines.at(-1)).toContain("There are older entries");
  });
});

describe("a day", () => {
  test("begins at its first moment, in every zone, through every change of the clock", () => {
    const zones = Intl.supportedValuesOf("timeZone");
    const day = fc
      .integer({ min: 0, max: 30_000 })
      .map((count) => new Date(count * 86_400_000).toISOString().slice(0, 10));
    fc.assert(
      fc.property(fc.constantFrom(...zones), day, (timeZone, asked) => {
        const from = startOfDay(asked, timeZone);
        const end = startOfDay(dayAfter(asked) ?? "", timeZone);
        const dayIn = (at: number) =>
          new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" }).format(new Date(at));
        if (from === undefined || end === undefined) throw new Error("a day has a beginning and an end");
        // Whole days were left out where an island changed sides of the date line.
        if (dayIn(from.getTime()) === asked) expect(dayIn(from.getTime() - 1) < asked).toBe(true);
        expect(end.getTime()).toBeGreaterThanOrEqual(from.getTime());
      }),
      { numRuns: 500 },
    );
  });

  test("is a day of the calendar", () => {
    for (const text of ["", "2026-02-30", "2026-13-01", "26-1-1", "2026-11-24T00:00", "1969-12-31", "0000-00-00"]) {
      expect(startOfDay(text, "Africa/Nairobi")).toBeUndefined();
    }
    expect(startOfDay("2026-11-24", "Africa/Nairobi")?.toISOString()).toBe("2026-11-23T21:00:00.000Z");
    // Clocks in Cairo jump over the midnight that begins this day.
    expect(startOfDay("2026-04-24", "Africa/Cairo")?.toISOString()).toBe("2026-04-23T22:00:00.000Z");
  });
});
