import { MrrMovements } from "@pharmasight/core/control/mrr/mrr";
import { Reconciliation } from "@pharmasight/core/control/reconciliation/reconciliation";
import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import { DAY_SECONDS } from "@pharmasight/core/kernel/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BillingWorld, type Payer, rowsOf, startBillingWorld } from "./world.ts";

let world: BillingWorld;
beforeAll(async () => {
  world = await startBillingWorld();
});
afterAll(() => world?.stop());

const reason = "asked for by the finance rota";

/** A whole run, part by part as the worker does it; each message comes twice. */
async function reconcile(): Promise<number> {
  world.advance(DAY_SECONDS);
  world.sent.length = 0;
  await Reconciliation.begin(world.system);
  let parts = 0;
  for (let next = world.sent.shift(); next !== undefined; next = world.sent.shift()) {
    if (next.message["work"] !== "reconcile") continue;
    parts += 1;
    const part = Reconciliation.partSchema.parse(next.message);
    await Reconciliation.step(world.system, world.provider, part);
    await Reconciliation.step(world.system, world.provider, part);
  }
  return parts;
}

const findingsOf = (tenantId: string | null) =>
  world.system.db
    .selectFrom("billingFindings")
    .select(["kind", "repair", "repairedBy"])
    .$if(tenantId === null, (query) => query.where("tenantId", "is", null))
    .$if(tenantId !== null, (query) => query.where("tenantId", "=", tenantId))
    .orderBy("kind")
    .execute();

async function paying(...keys: readonly string[]): Promise<Payer> {
  const payer = await world.openPharmacy();
  await world.subscribe(payer, ...keys);
  await TenantSubscriptions.converge(world.system, world.provider, payer.tenantId);
  return payer;
}

test("a run that finds everything as it should be leaves nothing behind, also when it is begun twice", async () => {
  const { tenantId } = await paying("starter_month");
  expect(await reconcile()).toBe(3);
  expect(await findingsOf(tenantId)).toEqual([]);
  world.sent.length = 0;
  await Reconciliation.begin(world.system);
  expect(world.sent).toEqual([]);
});

test("a payment that nobody told us of lets the pharmacy in, and is noted", async () => {
  const payer = await world.openPharmacy();
  await world.subscribe(payer, "professional_month");
  await reconcile();
  expect(await rowsOf(world, payer.tenantId)).toMatchObject({
    tenant: { state: "active" },
    subscription: { status: "active" },
    invoices: [{ status: "paid" }],
  });
  expect(await findingsOf(payer.tenantId)).toMatchObject([
    { kind: "invoice_differs", repairedBy: "system" },
    { kind: "row_differs", repair: "brought to what the provider says", repairedBy: "system" },
  ]);
});

test("a subscription that ended unheard of ends here, and the ledger with it", async () => {
  const payer = await paying("starter_month");
  const { subscription } = await rowsOf(world, payer.tenantId);
  await world.sdk.subscriptions.cancel(subscription.stripeSubscriptionId ?? "");
  await reconcile();
  // What was paid for goes on to its end.
  expect(await rowsOf(world, payer.tenantId)).toMatchObject({ tenant: { state: "cancelled" } });
  const movements = await world.system.db
    .selectFrom("mrrMovements")
    .select(["kind", "amount"])
    .where("tenantId", "=", payer.tenantId)
    .orderBy("number")
    .execute();
  expect(movements).toEqual([
    { kind: "new", amount: "99.00" },
    { kind: "churn", amount: "-99.00" },
  ]);
});

test("add-ons that were put in or taken out by hand are as they are paid for", async () => {
  const payer = await paying("starter_month", "extra_branch_month");
  const { db } = world.system;
  const [{ priceId = "" } = {}] = (await rowsOf(world, payer.tenantId)).addOns;
  await db.deleteFrom("tenantAddOns").where("tenantId", "=", payer.tenantId).execute();
  const smuggled = { addOnCode: "reports", quantity: 1, priceId, stripeItemId: "si_smuggled" };
  await db
    .insertInto("tenantAddOns")
    .values({ ...smuggled, tenantId: payer.tenantId, createdAt: world.clock.now() })
    .execute();
  await reconcile();
  expect((await rowsOf(world, payer.tenantId)).addOns).toMatchObject([{ addOnCode: "extra_branch", quantity: 1 }]);
  expect(await findingsOf(payer.tenantId)).toMatchObject([
    { kind: "item_without_module", repairedBy: "system" },
    { kind: "module_without_item", repairedBy: "system" },
  ]);
});

test("money of nobody is found once, and a repair ends it and gives it back", async () => {
  const { id } = await world.sdk.customers.create({ name: "Stranger" });
  await world.useCard(id, "pm_card_visa");
  const subscriptionId = await world.subscribe({ customerId: id, tenantId: "none" }, "starter_month");
  await reconcile();
  await reconcile();
  const [finding, ...others] = (await Reconciliation.list(world.system)).filter(
    ({ subject }) => subject === subscriptionId,
  );
  expect(finding).toMatchObject({ kind: "paid_without_tenant", tenantId: null });
  expect(others).toEqual([]);
  const asked = { findingId: finding?.id ?? "", reason, by: "wanjiku" };
  expect(await Reconciliation.repair(world.operator, world.provider, asked)).toBe(
    "ended, and 99.00 USD of its last payment given back",
  );
  expect((await world.sdk.subscriptions.retrieve(subscriptionId)).status).toBe("canceled");
  expect(await world.provider.invoicesOf(id)).toMatchObject([{ amountPaid: "99.00", amountRefunded: "99.00" }]);
  await expect(Reconciliation.repair(world.operator, world.provider, asked)).rejects.toMatchObject({
    code: "not_found",
  });
  await reconcile();
  expect((await Reconciliation.list(world.system)).filter(({ subject }) => subject === subscriptionId)).toEqual([]);
});

test("a state that no subscription stands behind is corrected, and a database that nobody pays for waits for a person", async () => {
  const [free, left] = [await world.openPharmacy(), await world.openPharmacy()];
  const { db } = world.system;
  await db.updateTable("tenants").set({ state: "active" }).where("id", "=", free.tenantId).execute();
  await db
    .insertInto("tenantDatabases")
    .values({
      ...{ tenantId: left.tenantId, provider: "supabase", projectName: left.tenantId, region: "eu", size: "micro" },
      ...{ projectRef: "a".repeat(20), createdAt: world.clock.now() },
    })
    .execute();
  world.advance(45 * DAY_SECONDS);
  await reconcile();
  await reconcile();
  expect(await rowsOf(world, free.tenantId)).toMatchObject({ tenant: { state: "suspended" } });
  expect(await findingsOf(free.tenantId)).toMatchObject([{ kind: "tenant_without_payment", repairedBy: "system" }]);
  expect(await findingsOf(left.tenantId)).toContainEqual({
    kind: "database_without_subscription",
    repair: null,
    repairedBy: null,
  });
});

test("the ledger of all pharmacies adds up to what the provider's subscriptions pay a month", async () => {
  await reconcile();
  const sums = new Map<string, number>();
  for (const subscription of await allAtProvider()) {
    const now = MrrMovements.mrrOf(subscription);
    if (now !== null) sums.set(now.currency, (sums.get(now.currency) ?? 0) + Number(now.mrr));
  }
  const ledger = await MrrMovements.asOf(world.system, world.clock.now());
  expect(ledger.map(({ currency, mrr }) => [currency, Number(mrr)])).toEqual([...sums]);
});

async function allAtProvider() {
  const tenants = await world.system.db.selectFrom("tenantSubscriptions").select("stripeCustomerId").execute();
  const customers = new Set(tenants.map(({ stripeCustomerId }) => stripeCustomerId));
  const { found, next } = await world.provider.list(undefined);
  expect(next).toBeUndefined();
  return found.filter(({ customerId }) => customers.has(customerId));
}
