import { Catalogue } from "@pharmasight/core/control/catalogue/catalogue";
import { Contracts } from "@pharmasight/core/control/contracts/contracts";
import { Mails } from "@pharmasight/core/control/mails/mails";
import { Plans } from "@pharmasight/core/control/plans/plans";
import { Prices } from "@pharmasight/core/control/prices/prices";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PayingWorld, startPayingWorld } from "./paying.ts";

let world: PayingWorld;
beforeAll(async () => {
  world = await startPayingWorld();
}, 60_000);
afterAll(() => world?.stop());

const reason = "agreed with the owner by phone";
const terms = {
  amount: "1250.00",
  currency: "USD",
  interval: "month",
  termMonths: 24,
  branches: 12,
  users: null,
  items: null,
  requestsPerMinute: 1200,
  modules: ["inventory", "sales", "purchases", "reports"],
  reason,
} as const;
const offeredTo = async (tenantId: string) =>
  (await Prices.offered(world.system, tenantId)).filter((one) => one.kind === "plan" && one.tenantId !== null);
const letterTo = (tenantId: string) =>
  Mails.compose(world.system, "https://pharmasight.com", { template: "billing", mail: "offer_made", tenantId });
const offerMails = async (tenantId: string) =>
  (await world.db.selectFrom("outbox").selectAll().where("queue", "=", "control-mail").execute()).filter(
    ({ dedupeKey }) => dedupeKey.startsWith(`billing-mail:${tenantId}:offer_made`),
  );

describe("an offer", () => {
  test("is a plan of the pharmacy's own, published, mailed, and nobody else's", async () => {
    const [mine, other] = [await world.pharmacy(), await world.pharmacy()];
    const { planId, priceId } = await Contracts.offer(world.operator, world.catalogue, {
      tenantId: mine.tenantId,
      ...terms,
    });
    expect(await offeredTo(mine.tenantId)).toMatchObject([
      { planId, priceId, amount: "1250.00", interval: "month", limits: { branches: 12, users: null, items: null } },
    ]);
    expect(await offeredTo(other.tenantId)).toEqual([]);
    expect((await Plans.list(world.system)).map(({ id }) => id)).not.toContain(planId);
    expect((await Catalogue.listSold(world.system, "USD")).map((one) => one.planId)).not.toContain(planId);
    expect(await offerMails(mine.tenantId)).toHaveLength(1);
    expect(await letterTo(mine.tenantId)).toMatchObject({
      to: mine.email,
      notice: { mail: "offer_made", amount: "1250.00", currency: "USD", interval: "month" },
    });
    const [entry] = await world.auditOf(mine.tenantId, "enterprise.offered");
    expect(entry).toMatchObject({ actorId: "wanjiku", reason });
    expect(entry?.after).toMatchObject({ termMonths: 24, amount: "1250.00", modules: terms.modules });
  });

  test("takes the place of the one before, which can no longer be bought", async () => {
    const { tenantId } = await world.pharmacy();
    await Contracts.offer(world.operator, world.catalogue, { tenantId, ...terms });
    const better = await Contracts.offer(world.operator, world.catalogue, { tenantId, ...terms, amount: "990.00" });
    expect((await offeredTo(tenantId)).map(({ priceId, amount }) => [priceId, amount])).toEqual([
      [better.priceId, "990.00"],
    ]);
    expect(await offerMails(tenantId)).toHaveLength(2);
  });

  test("that broke off is published and mailed by the next publishing, once", async () => {
    const { tenantId } = await world.pharmacy();
    const broken = { ...world.catalogue, publish: () => Promise.reject(new Error("the line is down")) };
    await expect(Contracts.offer(world.operator, broken, { tenantId, ...terms })).rejects.toThrow("the line is down");
    expect([await offeredTo(tenantId), await letterTo(tenantId)]).toEqual([[], undefined]);
    await Catalogue.publish(world.operator, world.catalogue);
    await Catalogue.publish(world.operator, world.catalogue);
    expect(await offeredTo(tenantId)).toHaveLength(1);
    expect(await offerMails(tenantId)).toHaveLength(1);
  });

  test.each([
    [{ amount: "nothing" }, "amount"],
    [{ termMonths: 0 }, "termMonths"],
    [{ branches: -1 }, "branches"],
    [{ modules: [] }, "modules"],
    [{ currency: "USDT" }, "currency"],
  ])("of %j is refused at its field", async (wrong, field) => {
    const { tenantId } = await world.pharmacy();
    const made = Contracts.offer(world.operator, world.catalogue, { tenantId, ...terms, ...wrong });
    await expect(made).rejects.toMatchObject({
      code: "invalid_input",
      fields: { [field]: expect.any(String) },
    });
    expect(await offeredTo(tenantId)).toEqual([]);
  });

  test("is made in the currency that the pharmacy pays in, and to one that is open", async () => {
    const { tenantId } = await world.pharmacy();
    await world.db.updateTable("tenants").set({ billingCurrency: "KES" }).where("id", "=", tenantId).execute();
    const offer = () => Contracts.offer(world.operator, world.catalogue, { tenantId, ...terms });
    await expect(offer()).rejects.toMatchObject({ code: "invalid_input", fields: { currency: expect.any(String) } });
    await world.db.updateTable("tenants").set({ state: "closed" }).where("id", "=", tenantId).execute();
    await expect(offer()).rejects.toMatchObject({ code: "conflict" });
    await expect(
      Contracts.offer(world.visitor("10.9.0.2"), world.catalogue, { tenantId, ...terms }),
    ).rejects.toMatchObject({ code: "forbidden" });
  });
});

describe("invoices that are paid by bank", () => {
  let priceId = "";
  beforeAll(async () => {
    priceId = (await world.priceOf("professional")).priceId;
  });
  const start = (tenantId: string, daysUntilDue = 14) =>
    Contracts.startInvoiceBilling(world.operator, world.subscriptions, {
      tenantId,
      items: [{ priceId, quantity: 1 }],
      daysUntilDue,
      reason,
    });
  const openInvoice = async () => {
    const { tenantId } = await world.pharmacy();
    await start(tenantId);
    await world.converge(tenantId);
    const [invoice] = await world.invoicesOf(tenantId);
    return { tenantId, invoiceId: invoice?.id ?? "" };
  };
  const paid = (invoiceId: string, reference: string) =>
    Contracts.recordPayment(world.operator, world.subscriptions, { invoiceId, reference, reason });

  test("are started once, whatever six operators ask for, and give access at once", async () => {
    const { tenantId, customerId } = await world.pharmacy();
    const both = await Promise.allSettled([14, 14, 30, 21, 28, 7].map((days) => start(tenantId, days)));
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", ...Array(5).fill("rejected")]);
    await world.converge(tenantId);
    expect(await world.subscriptionOf(tenantId)).toMatchObject({ status: "active", collection: "invoice" });
    await expect(start(tenantId)).rejects.toMatchObject({ code: "conflict" });
    expect((await world.subscriptions.read(customerId)).subscriptions).toHaveLength(1);
  });

  test("are not started beside an open payment page", async () => {
    const { tenantId } = await world.pharmacy();
    const now = world.clock.now();
    await world.db
      .insertInto("checkouts")
      .values({
        id: tenantId,
        tenantId,
        priceId,
        items: [],
        state: "reserved",
        startedBy: "test",
        expiresAt: new Date(now.getTime() + 60_000),
        createdAt: now,
        updatedAt: now,
      })
      .execute();
    await expect(start(tenantId)).rejects.toMatchObject({ code: "conflict", message: expect.stringContaining("page") });
  });

  test("are paid with a reference, once, there and here", async () => {
    const { tenantId, invoiceId } = await openInvoice();
    await Promise.all([paid(invoiceId, "SJ12AB34CD"), paid(invoiceId, " SJ12AB34CD ")]);
    await paid(invoiceId, "SJ12AB34CD");
    await world.converge(tenantId);
    expect(await world.invoicesOf(tenantId)).toMatchObject([
      { status: "paid", amountPaid: "299.00", paidReference: "SJ12AB34CD" },
    ]);
    expect(await world.auditOf(tenantId, "invoice.paid_out_of_band")).toMatchObject([
      { reason, after: { invoiceId, reference: "SJ12AB34CD", amount: "299.00" } },
    ]);
    await expect(paid(invoiceId, "OTHER1")).rejects.toMatchObject({ code: "conflict" });
  });

  test("are not paid by a payment that another invoice had", async () => {
    const [one, other] = [await openInvoice(), await openInvoice()];
    await paid(one.invoiceId, "QW98ER76TY");
    await expect(paid(other.invoiceId, "QW98ER76TY")).rejects.toMatchObject({ code: "conflict" });
    expect(await world.subscriptions.readInvoice(other.invoiceId)).toMatchObject({ amountPaid: "0.00" });
  });

  test("keep the reference when no answer came, and give it up when it was refused", async () => {
    const { tenantId, invoiceId } = await openInvoice();
    world.stripe.faults.add({ on: `POST /v1/invoices/${invoiceId}/pay`, action: "500", count: 9 });
    await expect(paid(invoiceId, "KEEPS-ME-1")).rejects.toMatchObject({ code: "unavailable" });
    world.stripe.faults.clear();
    expect((await world.invoicesOf(tenantId))[0]?.paidReference).toBe("KEEPS-ME-1");
    await paid(invoiceId, "KEEPS-ME-1");

    const refused = await openInvoice();
    await world.db.updateTable("invoices").set({ id: "in_nothing" }).where("id", "=", refused.invoiceId).execute();
    await expect(paid("in_nothing", "GIVES-UP-1")).rejects.toMatchObject({ code: "invalid_input" });
    expect((await world.invoicesOf(refused.tenantId))[0]?.paidReference).toBeNull();
    expect(await world.auditOf(refused.tenantId, "invoice.payment_refused")).toHaveLength(1);
  });

  test.each(["", "ab", "x".repeat(101), "=1+1;", "a\nb\u0000cd"])("%j is no reference", async (reference) => {
    await expect(paid("in_any", reference)).rejects.toMatchObject({
      code: "invalid_input",
      fields: { reference: expect.any(String) },
    });
  });
});
