import { Checkouts } from "@pharmasight/core/control/checkouts/checkouts";
import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../harness/stack.ts";
import {
  type BillingWorld,
  cards,
  little,
  type Owner,
  openCheckout,
  ownerOnTrial,
  payOn,
  priceOf,
  startBillingWorld,
  subscriber,
  urls,
} from "./owners.ts";

let world: BillingWorld;
beforeAll(async () => {
  world = await startBillingWorld();
});
afterAll(() => world?.stop());

const converge = ({ control, tenantId }: Owner) => TenantSubscriptions.converge(control, world.subscriptions, tenantId);
const stateOf = async ({ tenantId }: Owner) =>
  (await world.system.db.selectFrom("tenants").select("state").where("id", "=", tenantId).executeTakeFirstOrThrow())
    .state;
const checkoutsOf = ({ tenantId }: Owner) =>
  world.system.db
    .selectFrom("checkouts")
    .select(["state", "priceId", "stripeSessionId"])
    .where("tenantId", "=", tenantId)
    .orderBy("createdAt")
    .orderBy("id")
    .execute();
const openSessionsOf = async ({ tenantId }: Owner) => {
  const { customerId } = await TenantSubscriptions.find(world.system, tenantId);
  return world.stripe.world
    .all("checkoutSessions")
    .filter((session) => session.customer === customerId && session.status === "open");
};
const wanted = async ({ tenantId }: Owner, code: string) => ({
  tenantId,
  priceId: await priceOf(world, code),
  addOns: [],
  used: little,
  ...urls,
});

describe("a page for paying", () => {
  test("leads from the trial to a paid plan by the return alone, without any notice", async () => {
    const owner = await ownerOnTrial(world, "paysonce");
    const url = await openCheckout(world, owner, await priceOf(world, "starter"));
    expect((await payOn(url, cards.declines)).status).toBe(200);
    expect(await stateOf(owner)).toBe("trial");
    expect((await payOn(url)).headers.get("location")).toBe(urls.successUrl);
    await converge(owner);
    expect(await stateOf(owner)).toBe("active");
    expect((await checkoutsOf(owner)).map(({ state }) => state)).toEqual(["completed"]);
    await converge(owner);
    expect((await checkoutsOf(owner)).map(({ state }) => state)).toEqual(["completed"]);
  });

  test("is one for a tenant, from however many windows at once the same plan is wanted", async () => {
    const owner = await ownerOnTrial(world, "manytabs");
    const price = await priceOf(world, "starter");
    const opened = await Promise.allSettled(Array.from({ length: 8 }, () => openCheckout(world, owner, price)));
    const urlsOpened = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    expect(urlsOpened.length).toBeGreaterThan(0);
    expect(new Set(urlsOpened).size).toBe(1);
    expect(await openSessionsOf(owner)).toHaveLength(1);
    expect((await checkoutsOf(owner)).filter(({ state }) => state === "open")).toHaveLength(1);
  });

  test("of another plan shuts the first one before it opens: two windows cannot both pay", async () => {
    const owner = await ownerOnTrial(world, "twotabs");
    const first = await openCheckout(world, owner, await priceOf(world, "starter"));
    const second = await openCheckout(world, owner, await priceOf(world, "professional"));
    expect(second).not.toBe(first);
    expect(await (await payOn(first)).text()).toContain("ended");
    expect((await payOn(second)).headers.get("location")).toBe(urls.successUrl);
    await converge(owner);
    const { plan, customerId } = await TenantSubscriptions.find(world.system, owner.tenantId);
    expect(plan.code).toBe("professional");
    expect(world.stripe.world.all("subscriptions").filter((one) => one.customer === customerId)).toHaveLength(1);
    expect((await checkoutsOf(owner)).map(({ state }) => state).toSorted()).toEqual(["completed", "expired"]);
  });

  test("both of two plans at once from two windows: one page stays open at the provider", async () => {
    const owner = await ownerOnTrial(world, "racingtabs");
    const plans = await Promise.all(["starter", "professional"].map((code) => wanted(owner, code)));
    await Promise.allSettled(
      [...plans, ...plans, ...plans].map((one) => Checkouts.start(owner.control, world.providers, one)),
    );
    expect((await openSessionsOf(owner)).length).toBeLessThanOrEqual(1);
    const rows = await checkoutsOf(owner);
    expect(rows.filter(({ state }) => state === "open" || state === "reserved").length).toBeLessThanOrEqual(1);
    const [open] = await openSessionsOf(owner);
    const row = rows.find(({ state }) => state === "open");
    if (open !== undefined && row !== undefined) expect(row.stripeSessionId).toBe(open.id);
  });

  test("that another window took the place of while it was being opened is shut, and nobody is led to it", async () => {
    const owner = await ownerOnTrial(world, "overtaken");
    const [starter, professional] = await Promise.all([wanted(owner, "starter"), wanted(owner, "professional")]);
    const { faults } = world.stripe;
    faults.add({ on: "POST /v1/checkout/sessions", action: "delay", seconds: 1.5, stale: true });
    const first = Checkouts.start(owner.control, world.providers, starter).catch((error: unknown) => error);
    await eventually("the reservation", async () => ((await checkoutsOf(owner)).length > 0 ? true : undefined));
    await eventually("the first session", async () => ((await openSessionsOf(owner)).length > 0 ? true : undefined));
    expect(await Checkouts.start(owner.control, world.providers, professional)).toMatchObject({ kind: "started" });
    expect(await first).toMatchObject({ code: "conflict" });
    const open = await openSessionsOf(owner);
    expect(open).toHaveLength(1);
    const rows = await checkoutsOf(owner);
    expect(rows.find(({ state }) => state === "open")?.stripeSessionId).toBe(open[0]?.id);
  });

  test("that was paid a moment ago leads to where paying leads, and opens nothing", async () => {
    const owner = await ownerOnTrial(world, "paidalready");
    const price = await priceOf(world, "starter");
    await payOn(await openCheckout(world, owner, price));
    expect(await openCheckout(world, owner, price)).toBe(urls.successUrl);
    expect(await openCheckout(world, owner, await priceOf(world, "professional"))).toBe(urls.successUrl);
    expect(await openSessionsOf(owner)).toHaveLength(0);
    await converge(owner);
    await expect(openCheckout(world, owner, price)).rejects.toMatchObject({ code: "conflict" });
  });

  test("whose reservation was left by a process that died is opened anew a minute later", async () => {
    const owner = await ownerOnTrial(world, "diedmidway");
    const price = await priceOf(world, "starter");
    world.stripe.faults.add({ on: "POST /v1/checkout/sessions", action: "500", count: 3 });
    await expect(openCheckout(world, owner, price)).rejects.toMatchObject({ code: "unavailable" });
    world.stripe.faults.clear();
    // As if the process had died before it could say so.
    await world.system.db
      .updateTable("checkouts")
      .set({ state: "reserved" })
      .where("tenantId", "=", owner.tenantId)
      .execute();
    world.clock.advance(61);
    expect(await openCheckout(world, owner, price)).toMatch(/^http/);
    expect((await checkoutsOf(owner)).map(({ state }) => state)).toEqual(["withdrawn", "open"]);
  });

  test("that ran out makes room for another", async () => {
    const owner = await ownerOnTrial(world, "ranout");
    const price = await priceOf(world, "starter");
    const first = await openCheckout(world, owner, price);
    world.clock.advance(3 * 3600);
    expect(await openCheckout(world, owner, price)).not.toBe(first);
    expect((await checkoutsOf(owner)).map(({ state }) => state)).toEqual(["expired", "open"]);
  });

  test("names what has to be archived before a plan has room, and opens nothing", async () => {
    const owner = await ownerOnTrial(world, "toolarge");
    const used = { branches: 3, users: 2, items: 20_000 };
    const started = await Checkouts.start(owner.control, world.providers, {
      ...(await wanted(owner, "starter")),
      used,
    });
    expect(started).toMatchObject({
      kind: "blocked",
      excesses: [
        { limit: "branches", used: 3, max: 1 },
        { limit: "items", used: 20_000, max: 10_000 },
      ],
    });
    expect(await checkoutsOf(owner)).toEqual([]);
  });

  test("is refused to the owner of another pharmacy, whatever id is handed over", async () => {
    const [mine, theirs] = [await ownerOnTrial(world, "mine"), await ownerOnTrial(world, "theirs")];
    const asked = await wanted(theirs, "starter");
    await expect(Checkouts.start(mine.control, world.providers, asked)).rejects.toMatchObject({ code: "forbidden" });
    await expect(Checkouts.findLatest(mine.control, theirs.tenantId)).rejects.toMatchObject({ code: "forbidden" });
  });

  test("is refused for a price that was replaced, or is another tenant's", async () => {
    const owner = await ownerOnTrial(world, "oldprice");
    const asked = await wanted(owner, "starter");
    for (const priceId of ["", "019ab000-0000-7000-8000-00000000abcd", "price_123"]) {
      await expect(Checkouts.start(owner.control, world.providers, { ...asked, priceId })).rejects.toMatchObject({
        code: "invalid_input",
      });
    }
  });

  test("brings its additions along", async () => {
    const owner = await ownerOnTrial(world, "withaddons");
    const addOns = [
      { code: "reports", quantity: 1 },
      { code: "extra_branch", quantity: 2 },
    ];
    const asked = { ...(await wanted(owner, "starter")), addOns };
    const started = await Checkouts.start(owner.control, world.providers, asked);
    if (started.kind === "started") await payOn(started.url);
    await converge(owner);
    const { addOns: bought } = await TenantSubscriptions.find(world.system, owner.tenantId);
    expect(bought.map(({ code, quantity }) => [code, quantity]).toSorted()).toEqual([
      ["extra_branch", 2],
      ["reports", 1],
    ]);
  });

  test("after a customer was deleted at the provider is another customer's", async () => {
    const owner = await subscriber(world, "deletedthere");
    const { customerId } = await TenantSubscriptions.find(world.system, owner.tenantId);
    await fetch(`${world.stripe.url}/_acts`, {
      method: "POST",
      body: JSON.stringify({ kind: "delete_customer", customer: customerId }),
    });
    await converge(owner);
    // Keys are remembered for a day, and the key of making a customer would bring the deleted one back.
    world.clock.advance(25 * 3600);
    await payOn(await openCheckout(world, owner, await priceOf(world, "starter")));
    await converge(owner);
    expect(await stateOf(owner)).toBe("active");
  });
});
