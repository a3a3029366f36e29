import Stripe from "stripe";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTestStripe, type TestStripe } from "./harness.ts";

let world: TestStripe;
let stripe: Stripe;

beforeEach(async () => {
  world = await startTestStripe();
  stripe = world.stripe;
});
afterEach(() => world.stop());

describe("customers", () => {
  test("fields are set, emptied and left alone", async () => {
    const { id } = await stripe.customers.create({
      name: "Duka la Dawa",
      email: "owner@example.com",
      address: { line1: "Moi Avenue", country: "KE" },
      metadata: { tenant_id: "t-1", plan: "growth" },
    });
    await stripe.customers.update(id, { email: "", metadata: { plan: "", ring: "pilot" }, address: "" });
    const [kept] = world.standIn.customers();
    expect(kept).toMatchObject({ name: "Duka la Dawa", email: null, address: null });
    expect(kept?.metadata).toEqual({ tenant_id: "t-1", ring: "pilot" });
    await stripe.customers.update(id, { metadata: "" });
    expect(world.standIn.customers()[0]).toMatchObject({ name: "Duka la Dawa" });
    expect(world.standIn.customers()[0]?.metadata).toEqual({});
  });

  test("tax ids are checked, listed, shown only when asked for, and deleted", async () => {
    const { id } = await stripe.customers.create({ name: "Duka" });
    await expect(stripe.customers.createTaxId(id, { type: "ke_pin", value: "123" })).rejects.toMatchObject({
      code: "tax_id_invalid",
    });
    const taxId = await stripe.customers.createTaxId(id, { type: "ke_pin", value: "P051234567X" });
    expect(taxId).toMatchObject({ country: "KE", customer: id });
    expect(await stripe.customers.retrieve(id)).not.toHaveProperty("tax_ids");
    expect(await stripe.customers.retrieve(id, { expand: ["tax_ids"] })).toMatchObject({
      tax_ids: { data: [{ id: taxId.id, value: "P051234567X" }] },
    });
    await stripe.customers.deleteTaxId(id, taxId.id);
    expect((await stripe.customers.listTaxIds(id)).data).toEqual([]);
    await expect(stripe.customers.deleteTaxId(id, taxId.id)).rejects.toMatchObject({ code: "resource_missing" });
  });

  test("a deleted one is shown as deleted, also where it is referred to, and found no more", async () => {
    const { id } = await stripe.customers.create({ name: "Duka", metadata: { tenant_id: "t-1" } });
    await stripe.paymentMethods.attach("pm_card_visa", { customer: id });
    await stripe.customers.del(id);
    expect(await stripe.customers.retrieve(id)).toMatchObject({ id, deleted: true });
    expect((await stripe.customers.search({ query: "metadata['tenant_id']:'t-1'" })).data).toEqual([]);
    await expect(stripe.customers.update(id, { name: "x" })).rejects.toMatchObject({ code: "resource_missing" });
    const types = (await stripe.events.list()).data.map(({ type }) => type);
    expect(types).toEqual([
      "customer.deleted",
      "payment_method.detached",
      "payment_method.attached",
      "customer.created",
    ]);
  });
});

describe("cards", () => {
  const attach = async (token: string) => {
    const customer = await stripe.customers.create({ name: "Duka" });
    return stripe.paymentMethods.attach(token, { customer: customer.id });
  };

  test("a good card becomes what the customer pays with, until it is detached", async () => {
    const card = await attach("pm_card_visa");
    const customer = String(card.customer);
    await stripe.customers.update(customer, { invoice_settings: { default_payment_method: card.id } });
    const expanded = await stripe.customers.retrieve(customer, { expand: ["invoice_settings.default_payment_method"] });
    expect(expanded).toMatchObject({
      invoice_settings: { default_payment_method: { id: card.id, card: { last4: "4242" } } },
    });
    await stripe.paymentMethods.detach(card.id);
    expect(await stripe.customers.retrieve(customer)).toMatchObject({
      invoice_settings: { default_payment_method: null },
    });
    await expect(stripe.paymentMethods.detach(card.id)).rejects.toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
  });

  test("nobody pays with another's card", async () => {
    const card = await attach("pm_card_visa");
    const other = await stripe.customers.create({ name: "Other" });
    await expect(
      stripe.customers.update(other.id, { invoice_settings: { default_payment_method: card.id } }),
    ).rejects.toMatchObject({ code: "resource_missing" });
    await expect(stripe.paymentMethods.attach(card.id, { customer: other.id })).rejects.toThrow(
      "already been attached",
    );
  });

  test.each([
    ["pm_card_visa_chargeDeclined", "generic_decline"],
    ["pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"],
  ])("%s cannot be saved", async (token, declineCode) => {
    await expect(attach(token)).rejects.toMatchObject({
      type: "StripeCardError",
      code: "card_declined",
      decline_code: declineCode,
    });
  });

  test.each(["pm_card_chargeCustomerFail", "pm_card_authenticationRequired", "pm_card_authenticationRequiredOnSetup"])(
    "%s is saved; what it does shows when it is to pay",
    async (token) => {
      expect((await attach(token)).id).toMatch(/^pm_/);
    },
  );

  test("a card that expires says so", async () => {
    const card = await attach("pm_card_visa");
    await fetch(`${world.standIn.url}/_acts`, {
      method: "POST",
      body: JSON.stringify({ kind: "expire_card", paymentMethod: card.id }),
    });
    const [event] = (await stripe.events.list({ type: "payment_method.updated" })).data;
    expect(event?.data.object).toMatchObject({ id: card.id, card: { exp_month: 10, exp_year: 2026 } });
  });
});
