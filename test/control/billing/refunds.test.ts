import { Refunds } from "@pharmasight/core/control/refunds/refunds";
import type { Subscriptions } from "@pharmasight/core/ports/subscriptions";
import Sdk from "stripe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PayingWorld, startPayingWorld } from "./paying.ts";

let world: PayingWorld;
let sdk: Sdk;
beforeAll(async () => {
  world = await startPayingWorld();
  const { hostname, port } = new URL(world.stripe.url);
  sdk = new Sdk(world.stripe.apiKey, { host: hostname, port, protocol: "http", telemetry: false });
}, 60_000);
afterAll(() => world?.stop());

const wanted = {
  memo: "Your week without the system.",
  reason: "the outage of last week",
  subscription: "keep",
} as const;
const give = (invoiceId: string, amount?: string, changes: Partial<Refunds.WantedRefund> = {}) =>
  Refunds.give(world.operator, world.subscriptions, { ...wanted, invoiceId, amount, ...changes });
const stripeRefunded = async (invoiceId: string) => (await world.subscriptions.readInvoice(invoiceId)).amountRefunded;

/** A pharmacy that has paid 99 USD by card. */
async function paidByCard() {
  const { tenantId, customerId } = await world.pharmacy();
  const method = await sdk.paymentMethods.attach("pm_card_visa", { customer: customerId });
  await sdk.customers.update(customerId, { invoice_settings: { default_payment_method: method.id } });
  const { stripePriceId } = await world.priceOf("starter");
  const { id } = await sdk.subscriptions.create({ customer: customerId, items: [{ price: stripePriceId ?? "" }] });
  await world.converge(tenantId);
  const [invoice] = await world.invoicesOf(tenantId);
  return { tenantId, subscriptionId: id, invoiceId: invoice?.id ?? "" };
}

describe("money back", () => {
  test("is given in parts, with credit note and refund in our books, and leaves the subscription", async () => {
    const { tenantId, invoiceId } = await paidByCard();
    const part = await give(invoiceId, "30");
    expect(part).toMatchObject({
      state: "done",
      amount: "30.00",
      currency: "USD",
      askedBy: "wanjiku",
      stripeCreditNoteId: expect.stringMatching(/^cn_/),
      stripeRefundId: expect.stringMatching(/^re_/),
    });
    const rest = await give(invoiceId);
    expect(rest.amount).toBe("69.00");
    await world.converge(tenantId);
    expect((await world.invoicesOf(tenantId))[0]).toMatchObject({ amountRefunded: "99.00", amountCredited: "99.00" });
    expect(await world.subscriptionOf(tenantId)).toMatchObject({ status: "active" });
    const audited = (await world.auditOf(tenantId, "refund.given")).map(({ after }) => after);
    expect(audited).toEqual(
      expect.arrayContaining(["30.00", "69.00"].map((amount) => expect.objectContaining({ invoiceId, amount }))),
    );
    await expect(give(invoiceId)).rejects.toMatchObject({ code: "conflict" });
  });

  test("ends the subscription when that is what is meant", async () => {
    const { tenantId, invoiceId } = await paidByCard();
    await give(invoiceId, undefined, { subscription: "end_now" });
    await world.converge(tenantId);
    expect(await world.subscriptionOf(tenantId)).toMatchObject({ status: "canceled" });
  });

  test("is given once by an operator who clicks ten times", async () => {
    const { invoiceId } = await paidByCard();
    // Nobody is answered before all have asked.
    const clicks = 10;
    const asked = Promise.withResolvers<void>();
    let count = 0;
    const provider: Subscriptions = {
      ...world.subscriptions,
      refund: async (...args) => {
        count += 1;
        if (count === clicks) asked.resolve();
        await asked.promise;
        return world.subscriptions.refund(...args);
      },
    };
    const click = () => Refunds.give(world.operator, provider, { ...wanted, invoiceId, amount: "20.00" });
    const all = await Promise.all(Array.from({ length: clicks }, click));
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    expect(await stripeRefunded(invoiceId)).toBe("20.00");
    expect(await Refunds.listOf(world.system, invoiceId)).toMatchObject([{ state: "done", amount: "20.00" }]);
  });

  test("is never more than was paid, whatever two ask for at once", async () => {
    const { invoiceId } = await paidByCard();
    await Promise.allSettled(["10.00", "50.00", "70.00", "99.00"].map((amount) => give(invoiceId, amount)));
    expect(Number(await stripeRefunded(invoiceId))).toBeLessThanOrEqual(99);
  });

  test("that broke off is finished by the same call, and gives nothing back twice", async () => {
    const { tenantId, invoiceId } = await paidByCard();
    world.stripe.faults.add({ on: "POST /v1/credit_notes", action: "lost-reply", count: 3 });
    await expect(give(invoiceId, "40.00")).rejects.toMatchObject({ code: "unavailable" });
    expect(await Refunds.listOf(world.system, invoiceId)).toMatchObject([{ state: "asked" }]);
    await expect(give(invoiceId, "20.00")).rejects.toMatchObject({ code: "conflict" });
    expect(await give(invoiceId, "40.00")).toMatchObject({ state: "done" });
    expect(await stripeRefunded(invoiceId)).toBe("40.00");
    expect(await world.auditOf(tenantId, "refund.asked")).toHaveLength(1);
  });

  test("that Stripe refuses is noted as refused, and blocks nothing", async () => {
    const { invoiceId } = await paidByCard();
    const charge = world.stripe.world.all("charges")[0];
    // Somebody gave it back at Stripe, and we have not heard of it yet.
    await sdk.creditNotes.create({ invoice: invoiceId, amount: 9000, refund_amount: 9000 });
    expect(charge).toBeDefined();
    await expect(give(invoiceId, "50.00")).rejects.toMatchObject({ code: "invalid_input" });
    expect(await Refunds.listOf(world.system, invoiceId)).toMatchObject([{ state: "refused" }]);
    expect(await give(invoiceId, "9.00")).toMatchObject({ state: "done" });
  });

  test("needs an operator, a reason, and words for the customer", async () => {
    const { invoiceId } = await paidByCard();
    await expect(
      Refunds.give(world.visitor("10.9.0.3"), world.subscriptions, { ...wanted, invoiceId, amount: "1" }),
    ).rejects.toMatchObject({ code: "forbidden" });
    await expect(give(invoiceId, "1", { reason: "x" })).rejects.toMatchObject({
      fields: { reason: expect.any(String) },
    });
    await expect(give(invoiceId, "1", { memo: " " })).rejects.toMatchObject({ fields: { memo: expect.any(String) } });
    await expect(give(invoiceId, "100")).rejects.toMatchObject({ fields: { amount: expect.any(String) } });
    await expect(give("in_nobody", "1")).rejects.toMatchObject({ code: "not_found" });
    expect(await stripeRefunded(invoiceId)).toBe("0.00");
  });
});
