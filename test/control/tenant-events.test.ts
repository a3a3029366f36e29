import { readFile } from "node:fs/promises";
import { recordTenantEvent } from "@pharmasight/core/control/tenants/events";
import { mailboxOf } from "@pharmasight/core/control/tenants/mailboxes";
import { hashPerson } from "@pharmasight/core/control/tenants/people";
import { newId } from "@pharmasight/core/kernel/ids";
import { TenantEvents } from "@pharmasight/core/ports/tenant-events";
import fc from "fast-check";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { observe } from "./observed.ts";
import { type ControlWorld, openTenant, startControlWorld } from "./world.ts";

let world: ControlWorld;
let registry: postgres.Sql;

beforeAll(async () => {
  world = await startControlWorld();
  const { host, port, database, user, password } = world.controlOwner;
  registry = postgres({ host, port, database, username: user, password, max: 1 });
});
afterAll(async () => {
  await registry?.end();
  await world?.stop();
});

const profileOf = (version: number) => ({
  companyName: `Pharmacy ${version}`,
  currency: ["KES", "UGX", "TZS"][version % 3] ?? "KES",
  timeZone: "Africa/Kampala",
  ownerName: `Owner ${version}`,
  ownerEmail: `Owner.${version}+pharmacy@Gmail.com`,
  logoDigest: version % 2 === 0 ? "" : String(version % 10).repeat(64),
  version,
});

/** As it arrives: made by the pharmacy's side, as text in a message, and read by the worker's schema. */
const arrived = (tenantId: string, effect: { readonly payload: Readonly<Record<string, string>> }) =>
  TenantEvents.schema.parse({ ...effect.payload, tenantId, outboxId: newId(world.clock) });

const tenantOf = (tenantId: string) =>
  world.system.db.selectFrom("tenants").selectAll().where("id", "=", tenantId).executeTakeFirstOrThrow();

/** Every event at least once, some again, in any order. */
function deliveries<T>(events: fc.Arbitrary<readonly T[]>): fc.Arbitrary<readonly T[]> {
  return events.chain((all) =>
    fc
      .tuple(fc.array(fc.constantFrom(...all), { maxLength: all.length }), fc.constant(all))
      .chain(([again, once]) => fc.shuffledSubarray([...once, ...again], { minLength: once.length + again.length })),
  );
}

describe("what a pharmacy tells of its company and owner", () => {
  test("ends as the newest says, in any order, twice and at once", async () => {
    const { tenantId } = await openTenant(world, "ev-profile");
    const versions = fc.uniqueArray(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(deliveries(versions), fc.boolean(), async (order, atOnce) => {
        const unknown = { profileVersion: "0", settings: { theme: "kept" } };
        await world.system.db.updateTable("tenants").set(unknown).where("id", "=", tenantId).execute();
        const record = (version: number) =>
          recordTenantEvent(world.system, arrived(tenantId, TenantEvents.profileChanged(profileOf(version))));
        if (atOnce) await Promise.all(order.map(record));
        else for (const version of order) await record(version);
        const newest = Math.max(...order);
        const { companyName, ownerEmail, version, logoDigest, ...rest } = profileOf(newest);
        expect(await tenantOf(tenantId)).toMatchObject({
          ...rest,
          settings: { theme: "kept", ...(logoDigest === "" ? {} : { logoDigest }) },
          name: companyName,
          ownerEmail: ownerEmail.toLowerCase(),
          ownerMailbox: `owner${newest}@gmail.com`,
          profileVersion: String(version),
        });
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  test("changes nothing of another pharmacy", async () => {
    const [speaker, other] = [await openTenant(world, "ev-speaker"), await openTenant(world, "ev-other")];
    const before = await tenantOf(other.tenantId);
    await recordTenantEvent(world.system, arrived(speaker.tenantId, TenantEvents.profileChanged(profileOf(8))));
    expect(await tenantOf(speaker.tenantId)).toMatchObject({ name: "Pharmacy 8" });
    expect(await tenantOf(other.tenantId)).toEqual(before);
  });

  test("is what the registry says from then on", async () => {
    const { tenantId } = await openTenant(world, "ev-registry");
    const entry = async () =>
      (
        await registry`select company_name, currency, time_zone, registry_version from registry.entries where tenant_id = ${tenantId}`
      )[0];
    const before = await entry();
    await recordTenantEvent(world.system, arrived(tenantId, TenantEvents.profileChanged(profileOf(7))));
    const after = await entry();
    expect(after).toMatchObject({ company_name: "Pharmacy 7", currency: "UGX", time_zone: "Africa/Kampala" });
    expect(Number(after?.registry_version)).toBeGreaterThan(Number(before?.registry_version));
    const [counter] = await registry`select version from registry.counter`;
    expect(Number(counter?.version)).toBeGreaterThanOrEqual(Number(after?.registry_version));
  });
});

test("the migration folds the mailboxes of owners from before as the code folds those from now on", async () => {
  const script = await readFile(
    new URL("../../migrations/control/0007_people_and_limits/up.sql", import.meta.url),
    "utf8",
  );
  const updates = script.match(/^update tenants set owner_mailbox[^;]*;/gm) ?? [];
  expect(updates).toHaveLength(2);
  const written = [
    "a@x.co",
    "a+@x.co",
    "+a@x.co",
    "a+b+c@x.co",
    "a.b@gmail.com",
    "a.b+c.d@googlemail.com",
    "+a.b@gmail.com",
  ];
  const emails = [...written, ...fc.sample(fc.emailAddress(), 200).map((email) => email.toLowerCase())];
  const rows = await registry.begin(async (sql) => {
    await sql`create temporary table tenants (owner_email text, owner_mailbox text) on commit drop`;
    await sql`insert into tenants (owner_email) select unnest(${emails}::text[])`;
    for (const update of updates) await sql.unsafe(update);
    return sql`select owner_email, owner_mailbox from tenants`;
  });
  expect(rows).toHaveLength(emails.length);
  for (const row of rows) expect(row.owner_mailbox).toBe(mailboxOf(row.owner_email));
});

describe("what a pharmacy tells of its people", () => {
  test("ends as the newest says of each, in any order, twice and at once", async () => {
    const { tenantId } = await openTenant(world, "ev-people");
    // Few moments, so that many are the same: of two words at one moment, being there counts.
    const person = fc.record({ who: fc.nat(2), isPresent: fc.boolean(), moment: fc.nat(3) });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        deliveries(fc.array(person, { minLength: 1, maxLength: 8 })),
        fc.boolean(),
        async (order, atOnce) => {
          runs += 1;
          const emailOf = (who: number) => `person${who}.${runs}@example.com`;
          const record = ({ who, isPresent, moment }: (typeof order)[number], index: number) => {
            // A hash: however the address is written, it is one person.
            const email = index % 2 === 0 ? emailOf(who) : emailOf(who).toUpperCase();
            const at = new Date(Date.UTC(2026, 10, 24, 8, 0, 0, moment));
            return recordTenantEvent(
              world.system,
              arrived(tenantId, TenantEvents.personChanged({ email, isPresent, at })),
            );
          };
          if (atOnce) await Promise.all(order.map(record));
          else for (const [index, event] of order.entries()) await record(event, index);
          for (const who of new Set(order.map((event) => event.who))) {
            const said = order.filter((event) => event.who === who);
            const newest = Math.max(...said.map((event) => event.moment));
            const row = await world.system.db
              .selectFrom("tenantPeople")
              .select(["isPresent", "saidAt"])
              .where("tenantId", "=", tenantId)
              .where("emailHash", "=", await hashPerson(world.system, emailOf(who)))
              .executeTakeFirstOrThrow();
            expect(row.saidAt.getUTCMilliseconds()).toBe(newest);
            expect(row.isPresent).toBe(said.some((event) => event.moment === newest && event.isPresent));
          }
        },
      ),
      { numRuns: 40 },
    );
  }, 120_000);

  test("is kept as a keyed hash: nobody reads a pharmacy's people off it", async () => {
    const { tenantId } = await openTenant(world, "ev-hashed");
    const at = world.clock.now();
    const event = TenantEvents.personChanged({ email: "cashier@example.com", isPresent: true, at });
    await recordTenantEvent(world.system, arrived(tenantId, event));
    const rows = await world.system.db.selectFrom("tenantPeople").selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain("cashier");
    const elsewhere = observe(world, { kind: "system", name: "another stage" });
    expect(await hashPerson(elsewhere.control, "cashier@example.com")).not.toBe(
      await hashPerson(world.system, "cashier@example.com"),
    );
  });
});

describe("what a pharmacy tells of its use", () => {
  const use = (at: Date, month = "2026-11-01") => ({
    month,
    apiCalls: at.getUTCHours() * 1_000_000_000,
    storageBytes: 9_000_000_000_000,
    users: at.getUTCMinutes(),
    branches: 2,
    items: 10_000,
    moduleDays: { inventory: at.getUTCDate() },
    at,
  });
  const usageOf = (tenantId: string) =>
    world.system.db.selectFrom("tenantUsage").selectAll().where("tenantId", "=", tenantId).orderBy("month").execute();

  test("ends as the newest says of each month, in any order, twice and at once", async () => {
    const { tenantId } = await openTenant(world, "ev-usage");
    const times = fc.uniqueArray(fc.integer({ min: 1, max: 20 * 24 * 60 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(deliveries(times), async (order) => {
        await world.system.db.deleteFrom("tenantUsage").where("tenantId", "=", tenantId).execute();
        const at = (minutes: number) => new Date(Date.UTC(2026, 10, 1, 0, minutes));
        await Promise.all(
          order.map((minutes) =>
            recordTenantEvent(world.system, arrived(tenantId, TenantEvents.usageMeasured("x", use(at(minutes))))),
          ),
        );
        const { at: measuredAt, month, ...newest } = use(at(Math.max(...order)));
        const counts = { apiCalls: String(newest.apiCalls), storageBytes: String(newest.storageBytes) };
        expect(await usageOf(tenantId)).toEqual([{ tenantId, month, measuredAt, ...newest, ...counts }]);
      }),
      { numRuns: 20 },
    );
    const december = use(new Date("2026-12-01T05:00:00Z"), "2026-12-01");
    await recordTenantEvent(world.system, arrived(tenantId, TenantEvents.usageMeasured("y", december)));
    expect((await usageOf(tenantId)).map(({ month }) => month)).toEqual(["2026-11-01", "2026-12-01"]);
  });

  test.each([
    ["calls below none", { apiCalls: "-1" }],
    ["a month that is none", { month: "2026-13-01" }],
    ["days that no month has", { moduleDays: '{"inventory":32}' }],
    ["days that are no list", { moduleDays: "x" }],
  ])("is refused with %s", (_, wrong) => {
    const { payload } = TenantEvents.usageMeasured("x", use(new Date("2026-11-24T09:00:00Z")));
    const event = { ...payload, ...wrong, tenantId: newId(world.clock), outboxId: newId(world.clock) };
    expect(TenantEvents.schema.safeParse(event).success).toBe(false);
  });
});

describe("an event of a pharmacy that is not there", () => {
  const events = () => [
    TenantEvents.profileChanged(profileOf(9)),
    TenantEvents.personChanged({ email: "x@example.com", isPresent: true, at: world.clock.now() }),
  ];

  test("is dropped with a line in the log when nobody knows the pharmacy", async () => {
    const { control, warnings } = observe(world, { kind: "system", name: "test" });
    for (const event of events()) await recordTenantEvent(control, arrived(newId(world.clock), event));
    expect(warnings).toHaveLength(2);
  });

  test("changes nothing when it is closed", async () => {
    const { tenantId } = await openTenant(world, "ev-closed");
    await world.system.db.updateTable("tenants").set({ state: "closed" }).where("id", "=", tenantId).execute();
    const before = await tenantOf(tenantId);
    const { control, warnings } = observe(world, { kind: "system", name: "test" });
    for (const event of events()) await recordTenantEvent(control, arrived(tenantId, event));
    expect(await tenantOf(tenantId)).toEqual(before);
    const people = world.system.db.selectFrom("tenantPeople").selectAll().where("tenantId", "=", tenantId);
    expect(await people.execute()).toEqual([]);
    expect(warnings).toHaveLength(2);
  });
});
