import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import { DAY_SECONDS, HOUR_SECONDS } from "@pharmasight/core/kernel/clock";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BillingWorld, type Payer, rowsOf, startBillingWorld } from "./world.ts";

let world: BillingWorld;
beforeAll(async () => {
  world = await startBillingWorld();
});
afterAll(() => world?.stop());

const converge = ({ tenantId }: Payer) => TenantSubscriptions.converge(world.system, world.provider, tenantId);
const find = ({ tenantId }: Payer) => TenantSubscriptions.find(world.system, tenantId);

describe("an upgrade whose payment the bank wants confirmed", () => {
  async function upgrading(): Promise<Payer> {
    const payer = await world.openPharmacy();
    const subscriptionId = await world.subscribe(payer, "starter_month");
    await world.useCard(payer.customerId, "pm_card_authenticationRequired");
    world.advance(10 * DAY_SECONDS);
    const change = {
      subscriptionId,
      items: ["professional_month", "extra_branch_month"].map((key) => ({ priceId: world.price(key), quantity: 1 })),
      prorationAt: world.clock.now(),
    };
    await world.provider.changeNow(change, `upgrade-${subscriptionId}`);
    await converge(payer);
    return payer;
  }

  test("changes nothing until then, and says where it is confirmed", async () => {
    const payer = await upgrading();
    const { plan, addOns, pending, state } = await find(payer);
    expect([state, plan.code, addOns]).toEqual(["active", "starter", []]);
    expect(pending).toMatchObject({ until: expect.any(Date), url: expect.stringMatching(/^http/) });
    const { price } = await find(payer);
    expect(pending?.priceId).not.toBe(price?.id);

    await world.useCard(payer.customerId, "pm_card_visa");
    const open = world.stripe.world.all("invoices").find(({ customer, status }) => {
      return customer === payer.customerId && status === "open";
    });
    await world.sdk.invoices.pay(open?.id ?? "");
    await converge(payer);
    expect(await find(payer)).toMatchObject({
      plan: { code: "professional" },
      addOns: [{ code: "extra_branch", quantity: 1 }],
      pending: null,
    });
  });

  test("leaves the old plan when it is given up", async () => {
    const payer = await upgrading();
    world.advance(24 * HOUR_SECONDS);
    await converge(payer);
    expect(await find(payer)).toMatchObject({ state: "active", plan: { code: "starter" }, addOns: [], pending: null });
  });
});

test("a first payment that the bank wants confirmed leaves the trial as it is, confirmed or abandoned", async () => {
  const payer = await world.openPharmacy({ card: "pm_card_authenticationRequired" });
  await world.subscribe(payer, "professional_month", "reports_month");
  await converge(payer);
  expect(await find(payer)).toMatchObject({
    state: "trial",
    status: "incomplete",
    plan: { code: "starter" },
    addOns: [],
  });
  world.advance(DAY_SECONDS);
  await converge(payer);
  expect(await find(payer)).toMatchObject({ state: "trial", status: "incomplete_expired", plan: { code: "starter" } });
  expect((await rowsOf(world, payer.tenantId)).tenant.billingCurrency).toBeNull();
});

test("who pays by bank or M-Pesa is overdue from the day that it fell due, and open again once it is recorded", async () => {
  const payer = await world.openPharmacy();
  await world.provider.startInvoiced(
    {
      customerId: payer.customerId,
      tenantId: payer.tenantId,
      items: [{ priceId: world.price("professional_year"), quantity: 1 }],
      daysUntilDue: 14,
    },
    `invoiced-${payer.tenantId}`,
  );
  await converge(payer);
  expect(await find(payer)).toMatchObject({ state: "active", collection: "invoice", plan: { code: "professional" } });
  world.advance(16 * DAY_SECONDS);
  await converge(payer);
  const [invoice] = await world.provider.invoicesOf(payer.customerId);
  expect(await find(payer)).toMatchObject({ state: "past_due", pastDueSince: invoice?.dueAt });
  await world.provider.markPaid(invoice?.invoiceId ?? "", "by-m-pesa");
  await converge(payer);
  expect(await find(payer)).toMatchObject({ state: "active", pastDueSince: null });
});

test("money that was given back is known, and by itself shuts nobody", async () => {
  const payer = await world.openPharmacy();
  await world.subscribe(payer, "starter_month");
  await converge(payer);
  const [invoice] = await world.provider.invoicesOf(payer.customerId);
  const wanted = { invoiceId: invoice?.invoiceId ?? "", amount: "40.00", currency: "USD", memo: "Ten days without" };
  await world.provider.refund(wanted, "refund-part");
  await converge(payer);
  const rows = await world.system.db
    .selectFrom("invoices")
    .select(["amountPaid", "amountRefunded"])
    .where("tenantId", "=", payer.tenantId)
    .execute();
  expect(rows).toEqual([{ amountPaid: "99.00", amountRefunded: "40.00" }]);
  expect((await find(payer)).state).toBe("active");
});

test("a customer whom the provider has never heard of shuts nobody: the key may be another account's", async () => {
  const payer = await world.openPharmacy();
  await world.subscribe(payer, "starter_month");
  await converge(payer);
  const before = await rowsOf(world, payer.tenantId);
  const elsewhere = {
    ...world.provider,
    read: async (customerId: string) => ({ customerId, isDeleted: true, subscriptions: [] }),
    invoicesOf: async () => [],
  };
  await TenantSubscriptions.converge(world.system, elsewhere, payer.tenantId);
  expect(await rowsOf(world, payer.tenantId)).toEqual(before);
  const findings = await world.system.db
    .selectFrom("billingFindings")
    .select("kind")
    .where("tenantId", "=", payer.tenantId)
    .execute();
  expect(findings).toEqual([{ kind: "row_differs" }]);
});
