import { PaymentEvents } from "@pharmasight/core/control/payment-events/payment-events";
import { hold } from "@pharmasight/core/control/subscriptions/held";
import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import type { PaymentNotice } from "@pharmasight/core/ports/payment-notices";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BillingWorld, type Payer, rowsOf, startBillingWorld } from "./world.ts";

let world: BillingWorld;
beforeAll(async () => {
  world = await startBillingWorld();
});
afterAll(() => world?.stop());

const TYPES = [
  "checkout.session.completed",
  "customer.subscription.created",
  "customer.subscription.updated",
  "invoice.paid",
] as const;

function permutations<T>(all: readonly T[]): readonly (readonly T[])[] {
  if (all.length < 2) return [all];
  return all.flatMap((first, index) => permutations(all.toSpliced(index, 1)).map((rest) => [first, ...rest]));
}

const notice = ({ customerId }: Payer, type: string, id: string): PaymentNotice => ({
  id,
  type,
  apiVersion: "2026-10-28.endive",
  isOurVersion: true,
  customerId,
  objectId: null,
  createdAt: world.clock.now(),
  payload: {},
});

async function deliver(all: readonly PaymentNotice[], mode: "one by one" | "at once"): Promise<void> {
  const one = async (given: PaymentNotice) => {
    await PaymentEvents.record(world.system, given);
    await PaymentEvents.apply(world.system, world.provider, given.id);
  };
  if (mode === "at once") await Promise.all(all.map(one));
  else for (const given of all) await one(given);
}

/** As if nothing had been heard of this pharmacy yet. */
async function forget({ tenantId, customerId }: Payer, before: Awaited<ReturnType<typeof rowsOf>>): Promise<void> {
  const { db } = world.system;
  for (const table of ["tenantAddOns", "invoices"] as const) {
    await db.deleteFrom(table).where("tenantId", "=", tenantId).execute();
  }
  await db.deleteFrom("paymentEvents").where("stripeCustomerId", "=", customerId).execute();
  await db.updateTable("tenantSubscriptions").set(before.subscription).where("tenantId", "=", tenantId).execute();
  await db.updateTable("tenants").set(before.tenant).where("id", "=", tenantId).execute();
}

describe("every order of the notices of a first payment, each delivered twice, ends in one identical row", () => {
  test.each(["one by one", "at once"] as const)("%s", async (mode) => {
    const payer = await world.openPharmacy();
    const before = await rowsOf(world, payer.tenantId);
    const subscriptionId = await world.subscribe(payer, "professional_month", "extra_branch_month");
    await TenantSubscriptions.converge(world.system, world.provider, payer.tenantId);
    const expected = await rowsOf(world, payer.tenantId);
    expect(expected).toMatchObject({
      tenant: { state: "active", billingCurrency: "USD" },
      subscription: { status: "active", stripeSubscriptionId: subscriptionId, billingInterval: "month" },
      addOns: [{ addOnCode: "extra_branch", quantity: 1 }],
      invoices: [{ status: "paid", total: "324.00" }],
    });
    for (const order of permutations(TYPES)) {
      await forget(payer, before);
      const once = order.map((type) => notice(payer, type, `evt_${type}_${mode}`));
      await deliver([...once, ...once], mode);
      expect([order, await rowsOf(world, payer.tenantId)]).toEqual([order, expected]);
    }
    const { count } = await world.system.db
      .selectFrom("tenantSubscriptions")
      .select((select) => select.fn.countAll<string>().as("count"))
      .where("tenantId", "=", payer.tenantId)
      .executeTakeFirstOrThrow();
    expect(count).toBe("1");
  });
});

test("a slow look that shows what was does not overwrite a later one", async () => {
  const payer = await world.openPharmacy();
  const subscriptionId = await world.subscribe(payer, "starter_month");
  await TenantSubscriptions.converge(world.system, world.provider, payer.tenantId);
  world.stripe.faults.add({ on: "GET /v1/subscriptions", action: "delay", seconds: 1, stale: true });
  const slow = TenantSubscriptions.converge(world.system, world.provider, payer.tenantId);
  // Only when the stand-in has computed the slow answer does the customer cancel.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await world.provider.cancelAtPeriodEnd(subscriptionId, "cancel-in-between");
  await Promise.all([slow, TenantSubscriptions.converge(world.system, world.provider, payer.tenantId)]);
  expect(await rowsOf(world, payer.tenantId)).toMatchObject({
    tenant: { state: "cancelled" },
    subscription: { cancelAtPeriodEnd: true },
  });
});

test("a look that fails changes nothing, and the notice comes again by itself until it is applied", async () => {
  const payer = await world.openPharmacy();
  await world.subscribe(payer, "starter_month");
  await world.work();
  world.sent.length = 0;
  world.stripe.faults.add({ on: "GET /v1/subscriptions", action: "500", count: 3 });
  const given = notice(payer, "invoice.paid", "evt_unlucky");
  await PaymentEvents.record(world.system, given);
  await PaymentEvents.apply(world.system, world.provider, given.id);
  expect((await rowsOf(world, payer.tenantId)).tenant.state).toBe("trial");
  const [event] = await PaymentEvents.list(world.operator, { customerId: payer.customerId, limit: 1 });
  expect(event).toMatchObject({ state: "received", attempts: 1, error: expect.stringContaining("unavailable") });
  expect(world.sent.filter(({ queue }) => queue === "billing").map(({ delaySeconds }) => delaySeconds)).toEqual([0, 5]);
  world.stripe.faults.clear();
  await world.work();
  expect((await rowsOf(world, payer.tenantId)).tenant.state).toBe("active");
  const [applied] = await PaymentEvents.list(world.operator, { customerId: payer.customerId, limit: 1 });
  expect(applied).toMatchObject({ state: "applied", error: null });
});

test("what nobody can apply waits for an operator, who is woken once and replays or discards it", async () => {
  const payer = await world.openPharmacy();
  const given = notice(payer, "invoice.paid", "evt_hopeless");
  await PaymentEvents.record(world.system, given);
  const broken = { ...world.provider, read: () => Promise.reject(new Error("cannot be read")) };
  for (let attempt = 0; attempt < 25; attempt += 1) await PaymentEvents.apply(world.system, broken, given.id);
  const find = async () =>
    (await PaymentEvents.list(world.operator, { state: "failed", limit: 10 })).map(({ id }) => id);
  expect(await find()).toEqual([given.id]);
  expect(world.alarms.filter((name) => name === "payment-event-failed")).toHaveLength(1);

  await world.subscribe(payer, "starter_month");
  await PaymentEvents.replay(world.operator, given.id, { reason: "the provider is back" });
  await world.work();
  expect(await find()).toEqual([]);
  expect((await rowsOf(world, payer.tenantId)).tenant.state).toBe("active");
  const again = PaymentEvents.discard(world.operator, given.id, { reason: "not needed any more" });
  await expect(again).rejects.toMatchObject({ code: "conflict" });
  await expect(PaymentEvents.replay(world.system, given.id, { reason: "a worker may not" })).rejects.toMatchObject({
    code: "forbidden",
  });
});

test("types that nothing follows from are kept and call nobody; those of somebody else's account too", async () => {
  const payer = await world.openPharmacy();
  world.sent.length = 0;
  const unknown = notice(payer, "treasury.flow_of_funds.created", "evt_unknown");
  const foreign = { ...notice(payer, "invoice.paid", "evt_foreign"), payload: { account: "acct_somebody" } };
  for (const given of [unknown, foreign]) expect(await PaymentEvents.record(world.system, given)).toBe("new");
  expect(await PaymentEvents.record(world.system, unknown)).toBe("known");
  expect(world.sent).toEqual([]);
  const kept = await PaymentEvents.list(world.operator, { customerId: payer.customerId, limit: 10 });
  expect(kept.map(({ state }) => state)).toEqual(["ignored", "ignored"]);
});

test("a notice in another version is looked into like any other", async () => {
  const payer = await world.openPharmacy();
  await world.subscribe(payer, "starter_month");
  const given = { ...notice(payer, "invoice.paid", "evt_old"), apiVersion: "2020-08-27", isOurVersion: false };
  await deliver([given], "one by one");
  expect((await rowsOf(world, payer.tenantId)).tenant.state).toBe("active");
});

test("money of a customer whom nobody knows is found, once", async () => {
  const { id } = await world.sdk.customers.create({ name: "made by hand" });
  await world.useCard(id, "pm_card_visa");
  const subscriptionId = await world.subscribe({ customerId: id, tenantId: "0193" }, "starter_month");
  await deliver(
    ["invoice.paid", "customer.subscription.created"].map((type) =>
      notice({ customerId: id, tenantId: "" }, type, `evt_orphan_${type}`),
    ),
    "one by one",
  );
  const findings = await world.system.db.selectFrom("billingFindings").selectAll().execute();
  expect(findings).toMatchObject([{ kind: "paid_without_tenant", subject: subscriptionId, repairedAt: null }]);
  expect(world.alarms.filter((name) => name === "paid-without-tenant")).toHaveLength(1);
});

test("a process that is frozen while it holds a subscription loses it to the database's own clock", async () => {
  const { tenantId } = await world.openPharmacy();
  const limit = await world.system.tx(async (tx) => {
    await hold(tx, tenantId);
    const { rows } = await sql<{ limit: string }>`
      select current_setting('idle_in_transaction_session_timeout') as limit`.execute(tx.db);
    return rows[0]?.limit;
  });
  expect(limit).toBe("25s");
});
