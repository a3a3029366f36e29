import { Invoices } from "@pharmasight/core/control/invoices/invoices";
import { Mails } from "@pharmasight/core/control/mails/mails";
import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import { DAY_SECONDS, HOUR_SECONDS } from "@pharmasight/core/kernel/clock";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BillingWorld, type Payer, rowsOf, startBillingWorld } from "./world.ts";

let world: BillingWorld;
beforeAll(async () => {
  world = await startBillingWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  // What earlier tests left for the calendar.
  await passHours(1);
  world.mails.length = 0;
});

const converge = ({ tenantId }: Payer) => TenantSubscriptions.converge(world.system, world.provider, tenantId);
const stateOf = async ({ tenantId }: Payer) => (await rowsOf(world, tenantId)).tenant;
/** The sweep, and the worker after it. */
async function sweep(): Promise<void> {
  await TenantSubscriptions.letTimePass(world.system);
  await world.work();
}
async function passHours(hours: number): Promise<void> {
  for (let hour = 0; hour < hours; hour += 1) {
    world.advance(HOUR_SECONDS);
    await sweep();
  }
}
const mailsTo = ({ tenantId }: Payer) =>
  world.mails.filter((mail) => mail.tenantId === tenantId).map(({ mail }) => mail);
const letterOf = (payer: Payer, mail: string) =>
  Mails.compose(world.system, "https://pharmasight.com", { template: "billing", mail, tenantId: payer.tenantId });
/** Every line of the audit log on a tenant's state. */
const audited = async ({ tenantId }: Payer) => {
  const rows = await world.system.db
    .selectFrom("auditLog")
    .select(["action", "reason"])
    .where("tenantId", "=", tenantId)
    .where("action", "like", "tenant.became_%")
    .orderBy("id")
    .execute();
  return rows.map(({ action, reason }) => `${action.replace("tenant.became_", "")}: ${reason}`);
};

/** Subscribed for a month, with a card that does not pay any more when the next one begins. */
async function failing(...keys: readonly string[]): Promise<Payer> {
  const payer = await world.openPharmacy();
  await world.subscribe(payer, "starter_month", ...keys);
  await converge(payer);
  await world.useCard(payer.customerId, "pm_card_chargeCustomerFail");
  world.advance(29 * DAY_SECONDS);
  for (let hours = 0; (await stateOf(payer)).state === "active" && hours < 4 * 24; hours += 1) {
    await passHours(1);
    await converge(payer);
  }
  await world.work();
  expect((await stateOf(payer)).state).toBe("past_due");
  return payer;
}

describe("a trial", () => {
  test("is announced three days before its end and on the day, ends at three in the pharmacy's night, and is one payment from going on", async () => {
    const payer = await world.openPharmacy({ timeZone: "America/New_York" });
    const opened = world.clock.now();
    await passHours(14 * 24 + 6);
    expect(mailsTo(payer)).toEqual(["trial_ending", "trial_ends_today"]);
    expect((await stateOf(payer)).state).toBe("trial");
    await passHours(18);
    expect(await stateOf(payer)).toMatchObject({ state: "suspended", suspension: "trial_ended", nextChangeAt: null });
    expect(mailsTo(payer)).toEqual(["trial_ending", "trial_ends_today", "suspended"]);
    const [line] = await world.system.db
      .selectFrom("auditLog")
      .select("at")
      .where("tenantId", "=", payer.tenantId)
      .where("action", "=", "tenant.became_suspended")
      .execute();
    const shown = new Intl.DateTimeFormat("en-GB", { timeZone: "America/New_York", hour: "2-digit" });
    expect(shown.format(line?.at)).toBe("03");
    expect(Number(line?.at) - Number(opened)).toBeGreaterThanOrEqual(14 * DAY_SECONDS * 1000);

    await world.subscribe(payer, "starter_month");
    await converge(payer);
    await world.work();
    expect(await stateOf(payer)).toMatchObject({ state: "active", suspension: null });
    expect(mailsTo(payer).at(-1)).toBe("recovered");
    expect(await audited(payer)).toEqual([
      "suspended: the trial ended without a subscription",
      "active: the payment arrived",
    ]);
  });

  test("that was paid without our hearing of it does not end: the provider is asked before", async () => {
    const payer = await world.openPharmacy();
    await world.subscribe(payer, "starter_year");
    await passHours(15 * 24);
    expect((await stateOf(payer)).state).toBe("active");
    expect(mailsTo(payer)).not.toContain("suspended");
  });

  test("does not end while the provider cannot be asked", async () => {
    const payer = await world.openPharmacy();
    await passHours(14 * 24);
    world.stripe.faults.add({ on: "GET /v1/customers", action: "500", count: 1000 });
    world.advance(DAY_SECONDS);
    await TenantSubscriptions.letTimePass(world.system);
    await expect(world.work()).rejects.toMatchObject({ code: "unavailable" });
    expect((await stateOf(payer)).state).toBe("trial");
    world.stripe.faults.clear();
    await passHours(1);
    expect((await stateOf(payer)).state).toBe("suspended");
  });

  test("is extended by an operator, with a reason, also after its end", async () => {
    const payer = await world.openPharmacy();
    await passHours(15 * 24);
    expect((await stateOf(payer)).state).toBe("suspended");
    const until = new Date(world.clock.now().getTime() + 7 * DAY_SECONDS * 1000);
    const extension = { until, reason: "the import took longer than we said" };
    await expect(TenantSubscriptions.extendTrial(world.system, payer.tenantId, extension)).rejects.toMatchObject({
      code: "forbidden",
    });
    await TenantSubscriptions.extendTrial(world.operator, payer.tenantId, extension);
    expect(await stateOf(payer)).toMatchObject({ state: "trial", trialEndsAt: until });
    expect((await audited(payer)).at(-1)).toBe(
      "trial: an operator extended the trial: the import took longer than we said",
    );
    const again = TenantSubscriptions.extendTrial(world.operator, payer.tenantId, extension);
    await expect(again).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("the calendar", () => {
  test("sends each mail once, however many look at once", async () => {
    const payer = await world.openPharmacy();
    await sweep();
    world.advance(11 * DAY_SECONDS);
    await Promise.all([1, 2, 3, 4].map(() => TenantSubscriptions.letTimePass(world.system)));
    await world.work();
    await sweep();
    expect(mailsTo(payer)).toEqual(["trial_ending"]);
  });

  test("goes on with the others where one cannot be done, and says so", async () => {
    const [broken, other] = [await world.openPharmacy(), await world.openPharmacy()];
    const inZone = (timeZone: string) =>
      world.system.db.updateTable("tenants").set({ timeZone }).where("id", "=", broken.tenantId).execute();
    await inZone("Mars/Phobos");
    world.advance(11 * DAY_SECONDS);
    await expect(TenantSubscriptions.letTimePass(world.system)).rejects.toThrow(RangeError);
    await world.work();
    expect(mailsTo(other)).toEqual(["trial_ending"]);
    await inZone("Africa/Nairobi");
  });
});

describe("a payment that fails", () => {
  test("is told on day 0, 3 and 6 and leaves seven days from the unpaid one; then everything is shut, until it is paid", async () => {
    const payer = await failing();
    const { pastDueSince, graceEndsAt } = await stateOf(payer);
    expect(Number(graceEndsAt) - Number(pastDueSince)).toBe(7 * DAY_SECONDS * 1000);
    expect(mailsTo(payer)).toEqual(["payment_failed"]);
    expect(await letterOf(payer, "payment_failed")).toMatchObject({
      notice: { graceEndsAt, due: { amount: "99.00", currency: "USD" }, card: { last4: "0341" } },
    });
    await passHours(6 * 24);
    expect(mailsTo(payer)).toEqual(["payment_failed", "payment_overdue", "payment_overdue"]);
    expect((await stateOf(payer)).state).toBe("past_due");
    await passHours(2 * 24);
    expect(await stateOf(payer)).toMatchObject({ state: "suspended", suspension: "unpaid" });
    expect(mailsTo(payer).at(-1)).toBe("suspended");
    expect(await letterOf(payer, "payment_overdue")).toBeUndefined();

    await world.useCard(payer.customerId, "pm_card_visa");
    const [open] = world.stripe.world.all("invoices").filter(({ customer }) => customer === payer.customerId);
    await world.sdk.invoices.pay(open?.id ?? "");
    await converge(payer);
    await world.work();
    expect(await stateOf(payer)).toMatchObject({ state: "active", graceEndsAt: null, pastDueSince: null });
    expect(mailsTo(payer).at(-1)).toBe("recovered");
  });

  test("is no failure any more once the provider has tried again with success", async () => {
    const payer = await failing();
    await world.useCard(payer.customerId, "pm_card_visa");
    world.advance(2 * DAY_SECONDS);
    await sweep();
    await converge(payer);
    expect((await stateOf(payer)).state).toBe("active");
    expect(await letterOf(payer, "payment_overdue")).toBeUndefined();
  });

  test("of which we heard late counts from its own day, but nobody is shut out without three days' notice", async () => {
    const payer = await world.openPharmacy();
    await world.subscribe(payer, "starter_month");
    await converge(payer);
    await world.useCard(payer.customerId, "pm_card_chargeCustomerFail");
    world.advance(38 * DAY_SECONDS);
    await converge(payer);
    const { graceEndsAt } = await stateOf(payer);
    expect(Number(graceEndsAt) - Number(world.clock.now())).toBe(3 * DAY_SECONDS * 1000);
  });

  test("gets more time from an operator", async () => {
    const payer = await failing();
    const until = new Date(world.clock.now().getTime() + 20 * DAY_SECONDS * 1000);
    const extension = { until, reason: "the bank transfer is on its way" };
    await TenantSubscriptions.extendGrace(world.operator, payer.tenantId, extension);
    await passHours(19 * 24);
    expect(await stateOf(payer)).toMatchObject({ state: "past_due", graceEndsAt: until });
    await passHours(2 * 24);
    expect((await stateOf(payer)).state).toBe("suspended");
  });
});

describe("a cancellation", () => {
  test("leaves what was paid for, is undone with one act, and ends in the night after the period", async () => {
    const payer = await world.openPharmacy();
    const subscriptionId = await world.subscribe(payer, "starter_month");
    await converge(payer);
    await world.provider.cancelAtPeriodEnd(subscriptionId, "cancel-1");
    await converge(payer);
    const { state, accessEndsAt } = await stateOf(payer);
    expect(state).toBe("cancelled");
    await world.provider.undoCancel(subscriptionId, "undo-1");
    await converge(payer);
    expect((await stateOf(payer)).state).toBe("active");
    world.advance(60);
    await world.provider.cancelAtPeriodEnd(subscriptionId, "cancel-2");
    await converge(payer);
    await world.work();
    expect(mailsTo(payer)).toEqual(["cancelled", "cancelled"]);
    while (world.clock.now() < (accessEndsAt ?? new Date(0))) await passHours(24);
    await passHours(24);
    expect(await stateOf(payer)).toMatchObject({ state: "suspended", suspension: "subscription_ended" });
  });

  test("in the portal, which names a date instead of the period's end, is one too", async () => {
    const payer = await world.openPharmacy();
    const subscriptionId = await world.subscribe(payer, "starter_month");
    await world.sdk.subscriptions.update(subscriptionId, { cancel_at: "min_period_end" });
    await converge(payer);
    const { tenant, subscription } = await rowsOf(world, payer.tenantId);
    expect(tenant.state).toBe("cancelled");
    expect(tenant.accessEndsAt).toEqual(subscription.currentPeriodEnd);
  });

  test("at once, without anything given back, keeps the period that is paid", async () => {
    const payer = await world.openPharmacy();
    const subscriptionId = await world.subscribe(payer, "starter_month");
    await converge(payer);
    await world.provider.cancelNow(subscriptionId, "now");
    await converge(payer);
    const { tenant, subscription } = await rowsOf(world, payer.tenantId);
    expect(tenant).toMatchObject({ state: "cancelled", accessEndsAt: subscription.currentPeriodEnd });
  });

  test("by deleting the customer at the provider keeps it too, and the next payment makes another customer", async () => {
    const payer = await world.openPharmacy();
    await world.subscribe(payer, "starter_month");
    await converge(payer);
    const { subscription } = await rowsOf(world, payer.tenantId);
    await world.sdk.customers.del(payer.customerId);
    await converge(payer);
    const after = await rowsOf(world, payer.tenantId);
    expect(after).toMatchObject({
      tenant: { state: "cancelled", accessEndsAt: subscription.currentPeriodEnd },
      subscription: { status: "canceled", stripeCustomerId: null },
    });
    await passHours(32 * 24);
    expect((await stateOf(payer)).state).toBe("suspended");
  });
});

describe("an operator", () => {
  test("shuts a pharmacy whatever it pays, and opens it to what it pays for then", async () => {
    const payer = await world.openPharmacy();
    await world.subscribe(payer, "starter_year");
    await converge(payer);
    const reasoned = { reason: "asked for by the court of Nairobi" };
    await TenantSubscriptions.suspend(world.operator, payer.tenantId, reasoned);
    await converge(payer);
    expect(await stateOf(payer)).toMatchObject({ state: "suspended", suspension: "operator" });
    await TenantSubscriptions.resume(world.operator, payer.tenantId, reasoned);
    expect((await stateOf(payer)).state).toBe("active");
    await expect(TenantSubscriptions.resume(world.operator, payer.tenantId, reasoned)).rejects.toMatchObject({
      code: "conflict",
    });
    await expect(TenantSubscriptions.suspend(world.operator, payer.tenantId, { reason: "" })).rejects.toMatchObject({
      code: "invalid_input",
    });
  });

  test("sees why each thing is allowed or not, what pays for it, and what paying would change", async () => {
    const payer = await failing("reports_month", "extra_branch_month");
    const explained = await TenantSubscriptions.explain(world.operator, payer.tenantId, world.clock.now());
    const module = (name: string) => explained.modules.find((one) => one.module === name);
    expect(module("inventory")).toMatchObject({ isAllowed: true, because: { rule: "plan", plan: "Starter" } });
    expect(module("reports")).toMatchObject({
      isAllowed: false,
      because: { rule: "payment_overdue" },
      ifPaid: { isAllowed: true, because: { rule: "add_on" } },
      stripeItemId: expect.stringMatching(/^si_/),
    });
    expect(module("api_access")).toMatchObject({
      isAllowed: false,
      because: { rule: "not_included" },
      stripeItemId: null,
    });
    expect(explained.limits).toContainEqual({ limit: "branches", max: 2, ofPlan: 1, raisedBy: 1 });
    expect(explained.acts).toContainEqual(
      expect.objectContaining({ act: "grow", isAllowed: false, ifPaid: expect.objectContaining({ isAllowed: true }) }),
    );
    expect(explained.openInvoices).toMatchObject([{ amountDue: "143.00", currency: "USD" }]);
    expect(explained.nextChange).toMatchObject({ to: "suspended" });
  });
});

describe("two subscriptions at once", () => {
  test("the second is ended and given back, once, and somebody is told", async () => {
    const payer = await world.openPharmacy();
    const first = await world.subscribe(payer, "starter_month");
    world.advance(60);
    const second = await world.subscribe(payer, "professional_month");
    await Promise.all([converge(payer), converge(payer), converge(payer)]);
    await world.work();
    const { tenant, subscription } = await rowsOf(world, payer.tenantId);
    expect(tenant.state).toBe("active");
    expect(subscription.stripeSubscriptionId).toBe(first);
    expect(world.stripe.world.get("subscriptions", second).status).toBe("canceled");
    const refunds = await world.system.db
      .selectFrom("refunds")
      .select(["amount", "state"])
      .where("tenantId", "=", payer.tenantId)
      .execute();
    expect(refunds).toEqual([{ amount: "299.00", state: "done" }]);
    expect(mailsTo(payer).filter((mail) => mail === "paid_twice")).toHaveLength(1);
    expect(world.alarms).toContain("paid-twice");
    const findings = await world.system.db
      .selectFrom("billingFindings")
      .select(["subject", "repairedBy"])
      .where("tenantId", "=", payer.tenantId)
      .where("kind", "=", "second_subscription")
      .execute();
    expect(findings).toEqual([{ subject: second, repairedBy: "system" }]);
  });

  test("one that is paid takes the place of one that is not, which ends without anything given back", async () => {
    const payer = await failing();
    const first = (await rowsOf(world, payer.tenantId)).subscription.stripeSubscriptionId ?? "";
    await world.useCard(payer.customerId, "pm_card_visa");
    const second = await world.subscribe(payer, "professional_month");
    await converge(payer);
    await world.work();
    const { tenant, subscription } = await rowsOf(world, payer.tenantId);
    expect([tenant.state, subscription.stripeSubscriptionId]).toEqual(["active", second]);
    expect(world.stripe.world.get("subscriptions", first).status).toBe("canceled");
    const refunds = await world.system.db
      .selectFrom("refunds")
      .select("id")
      .where("tenantId", "=", payer.tenantId)
      .execute();
    expect(refunds).toEqual([]);
  });
});

test("a card that expires is told 30 and 7 days before, in the pharmacy's morning", async () => {
  const payer = await world.openPharmacy();
  await world.subscribe(payer, "starter_year");
  const [method] = world.stripe.world.all("paymentMethods").filter(({ customer }) => customer === payer.customerId);
  const soon = new Date(world.clock.now().getTime() + 45 * DAY_SECONDS * 1000);
  if (method?.card) {
    const card = { ...method.card, exp_month: soon.getUTCMonth() + 1, exp_year: soon.getUTCFullYear() };
    world.stripe.world.put("paymentMethods", { ...method, card });
  }
  await converge(payer);
  const { subscription } = await rowsOf(world, payer.tenantId);
  while (world.clock.now() < (subscription.cardExpiresAt ?? new Date(0))) await passHours(12);
  expect(mailsTo(payer)).toEqual(["card_expiring", "card_expiring"]);
});

test("a dispute is marked on its invoice, although it names no customer", async () => {
  const payer = await world.openPharmacy();
  await world.subscribe(payer, "starter_month");
  await converge(payer);
  const [charge] = world.stripe.world.all("charges").filter(({ customer }) => customer === payer.customerId);
  await fetch(`${world.stripe.url}/_acts`, {
    method: "POST",
    body: JSON.stringify({ kind: "dispute", charge: charge?.id }),
  });
  const event = world.stripe.world.all("events").find(({ type }) => type === "charge.dispute.created");
  await world.record(event);
  await world.work();
  const invoices = await world.system.db
    .selectFrom("invoices")
    .select("disputedAt")
    .where("tenantId", "=", payer.tenantId)
    .execute();
  expect(invoices).toEqual([{ disputedAt: world.clock.now() }]);
  expect((await stateOf(payer)).state).toBe("active");
});

describe("whoever comes back after months", () => {
  test("is asked for the present period alone, and is let in by paying it", async () => {
    const payer = await failing();
    // Three more periods begin, each with an invoice that nobody is asked for.
    for (let week = 0; week < 13; week += 1) {
      world.advance(7 * DAY_SECONDS);
      await converge(payer);
    }
    expect((await stateOf(payer)).state).toBe("suspended");
    const asked = { tenantId: payer.tenantId, invoiceId: (await owedBy(payer)).id, purpose: "pay" as const };
    await world.useCard(payer.customerId, "pm_card_visa");
    expect(await Invoices.addressOf(world.system, world.provider, asked)).toMatch(/^http/);
    expect(await Invoices.addressOf(world.system, world.provider, asked)).toMatch(/^http/);
    await converge(payer);
    const { invoices } = await rowsOf(world, payer.tenantId);
    expect(invoices.filter(({ status }) => status === "open").map(({ id }) => id)).toEqual([asked.invoiceId]);
    await world.sdk.invoices.pay(asked.invoiceId);
    await converge(payer);
    expect(await stateOf(payer)).toMatchObject({ state: "active", suspension: null });
    expect(await Invoices.findOpen(world.system, payer.tenantId)).toBeUndefined();
  });
});

async function owedBy({ tenantId }: Payer) {
  const owed = await Invoices.findOpen(world.system, tenantId);
  if (owed === undefined) throw new Error("nothing is owed");
  return owed;
}
