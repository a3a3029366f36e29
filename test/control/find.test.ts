import { Mails } from "@pharmasight/core/control/mails/mails";
import { recordTenantEvent } from "@pharmasight/core/control/tenants/events";
import { FindRequests } from "@pharmasight/core/control/tenants/find-requests";
import { newId } from "@pharmasight/core/kernel/ids";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { observe } from "./observed.ts";
import { type ControlWorld, newVisitor, openTenant, startControlWorld } from "./world.ts";

const ROOT_URL = "https://pharmasight.example";

let world: ControlWorld;

beforeAll(async () => {
  world = await startControlWorld();
});
afterAll(() => world?.stop());

/** A pharmacy that people sign in to. */
async function openPharmacy(subdomain: string) {
  const opened = await openTenant(world, subdomain);
  await world.system.db
    .updateTable("tenants")
    .set({ state: "trial", schemaVersion: 1, trialEndsAt: world.clock.now(), name: `Pharmacy ${subdomain}` })
    .where("id", "=", opened.tenantId)
    .execute();
  return { ...opened, companyName: `Pharmacy ${subdomain}`, address: `https://${subdomain}.pharmasight.example` };
}

function say(tenantId: string, email: string, isPresent: boolean) {
  world.clock.advance(1);
  return recordTenantEvent(world.system, {
    event: "person_changed",
    tenantId,
    outboxId: newId(world.clock),
    email,
    isPresent,
    at: world.clock.now(),
  });
}

const outboxIds = async () =>
  (await world.system.db.selectFrom("outbox").select("id").where("queue", "=", "control-mail").execute()).map(
    ({ id }) => id,
  );

/** Asks for an address, and gives the id of the mail that will answer. */
async function ask(email: string): Promise<string> {
  const before = new Set(await outboxIds());
  await FindRequests.ask(world.visitor(newVisitor().sourceIp), email);
  const added = (await outboxIds()).filter((id) => !before.has(id));
  expect(added).toHaveLength(1);
  return added[0] ?? "";
}

/** The letters that one message leads to. */
async function deliver(outboxId: string): Promise<unknown[]> {
  const letters: unknown[] = [];
  await Mails.deliver(world.system, ROOT_URL, outboxId, async (letter) => void letters.push(letter));
  return letters;
}

const found = async (email: string) => deliver(await ask(email));

describe("who asks where they sign in", () => {
  test("is mailed every pharmacy that they own or work at, once each, by name", async () => {
    const [own, other, foreign] = [
      await openPharmacy("fi-own"),
      await openPharmacy("fi-else"),
      await openPharmacy("fi-no"),
    ];
    await say(other.tenantId, own.email.toUpperCase(), true);
    await say(own.tenantId, own.email, true);
    await say(foreign.tenantId, "somebody@example.org", true);
    const pharmacies = [other, own].map(({ companyName, address }) => ({ companyName, address }));
    const letter = { kind: "pharmacies_found", to: own.email, pharmacies };
    expect(await found(` ${own.email.toUpperCase()} `)).toEqual([letter]);
  });

  test("is no longer mailed one that they left, and is again when they come back", async () => {
    const { tenantId } = await openPharmacy("fi-left");
    const { email } = newVisitor();
    await say(tenantId, email, true);
    expect(await found(email)).toHaveLength(1);
    await say(tenantId, email, false);
    expect(await found(email)).toEqual([]);
    await say(tenantId, email, true);
    expect(await found(email)).toHaveLength(1);
  });

  test.each(["closed", "provisioning_failed"] as const)("is not mailed one that is %s", async (state) => {
    const { tenantId, email } = await openPharmacy(`fi-${state.slice(0, 6)}`);
    await world.system.db.updateTable("tenants").set({ state }).where("id", "=", tenantId).execute();
    expect(await found(email)).toEqual([]);
  });

  test.each(["rolling_back", "rolled_back"] as const)("is not mailed one whose provisioning is %s", async (state) => {
    const { tenantId, email } = await openPharmacy(`fi-${state.replace("_", "-")}`);
    const finishedAt = state === "rolled_back" ? world.clock.now() : null;
    await world.system.db
      .updateTable("provisioningJobs")
      .set({ state, finishedAt })
      .where("tenantId", "=", tenantId)
      .execute();
    expect(await found(email)).toEqual([]);
  });

  test("is mailed one that is suspended: it can still be signed in to", async () => {
    const { tenantId, email } = await openPharmacy("fi-suspended");
    await world.system.db.updateTable("tenants").set({ state: "suspended" }).where("id", "=", tenantId).execute();
    expect(await found(email)).toHaveLength(1);
  });

  test("gets no mail when nobody knows them", async () => {
    const outboxId = await ask("nobody@example.com");
    expect(await deliver(outboxId)).toEqual([]);
    expect(await world.system.isSettled(outboxId)).toBe(true);
  });

  test.each(["", "nobody", "a@b", "x@example.com\r\nBcc: y@example.com", `${"a".repeat(250)}@example.com`])(
    "is told when %j is no address",
    async (email) => {
      await expect(FindRequests.ask(world.visitor("10.8.0.1"), email)).rejects.toMatchObject({
        code: "invalid_input",
        fields: { email: expect.any(String) },
      });
    },
  );
});

describe("the request", () => {
  test("runs the same statements and sends the same message for an address that is known and one that is not", async () => {
    const { email } = await openPharmacy("fi-same");
    const asked = [];
    for (const address of [email, "stranger@example.com"]) {
      const seen = observe(world, { kind: "visitor", ...newVisitor(), requestId: "test" });
      await FindRequests.ask(seen.control, address);
      asked.push({ statements: seen.statements, messages: seen.messages });
    }
    expect(asked[0]?.statements.length).toBeGreaterThan(4);
    expect(asked[1]).toEqual(asked[0]);
  });

  test("is forgotten with the mail, and its message never says the address", async () => {
    const email = "forgotten@example.com";
    const outboxId = await ask(email);
    const rows = () => world.system.db.selectFrom("findRequests").selectAll().where("email", "=", email).execute();
    expect(await rows()).toHaveLength(1);
    const outbox = await world.system.db.selectFrom("outbox").selectAll().execute();
    expect(JSON.stringify(outbox)).not.toContain(email);
    await deliver(outboxId);
    expect(await rows()).toEqual([]);
  });

  test("is answered once when its message comes ten times at once, and again after the mail service refused", async () => {
    const { email } = await openPharmacy("fi-once");
    const outboxId = await ask(email);
    const refused = Mails.deliver(world.system, ROOT_URL, outboxId, async () => {
      throw new Error("no");
    });
    await expect(refused).rejects.toThrow("no");
    const letters = (await Promise.all(Array.from({ length: 10 }, () => deliver(outboxId)))).flat();
    expect(letters).toHaveLength(1);
  });

  test("is taken five times an hour for one mailbox and twenty times from one network, exactly", async () => {
    const taken = async (asks: Promise<unknown>[]) =>
      (await Promise.allSettled(asks)).filter(({ status }) => status === "fulfilled").length;
    const from = (network: string) => world.visitor(network);
    const byMailbox = Array.from({ length: 50 }, (_, index) =>
      FindRequests.ask(from(newVisitor().sourceIp), `wanted+${index}@example.com`),
    );
    expect(await taken(byMailbox)).toBe(5);
    const byNetwork = Array.from({ length: 50 }, (_, index) =>
      FindRequests.ask(from(`2001:db8:1:2::${index.toString(16)}`), newVisitor().email),
    );
    expect(await taken(byNetwork)).toBe(20);
    await expect(FindRequests.ask(from("192.0.2.200"), "wanted@example.com")).rejects.toMatchObject({
      code: "rate_limited",
      retryAfterSeconds: 3600,
      fields: { email: expect.any(String) },
    });
    world.clock.advance(3600);
    await FindRequests.ask(from("2001:db8:1:2::ffff"), "wanted@example.com");
  });
});
