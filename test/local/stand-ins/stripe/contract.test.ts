import type Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Contract, contractsArePresent, openContract, type Recorder, record } from "../contracts.ts";
import { startTestStripe, type TestStripe } from "./harness.ts";

/** What the description calls the object of an event. */
const schemas: Readonly<Record<string, string>> = {
  "billing_portal.configuration": "BillingPortal.Configuration",
  charge: "Charge",
  "checkout.session": "Checkout.Session",
  coupon: "Coupon",
  credit_note: "CreditNote",
  customer: "Customer",
  dispute: "Dispute",
  invoice: "Invoice",
  payment_intent: "PaymentIntent",
  payment_method: "PaymentMethod",
  price: "Price",
  product: "Product",
  promotion_code: "PromotionCode",
  refund: "Refund",
  subscription: "Subscription",
  subscription_schedule: "SubscriptionSchedule",
  tax_id: "TaxId",
};

describe.skipIf(!contractsArePresent)("Stripe (needs ../shared/contracts/stripe.trimmed.openapi.json)", () => {
  let contract: Contract;
  let world: TestStripe;
  let stripe: Stripe;
  let recorder: Recorder;

  beforeAll(async () => {
    contract = openContract("stripe.trimmed.openapi.json");
    world = await startTestStripe({
      before: async (standIn) => {
        recorder = await record(standIn.url);
        return recorder.url;
      },
    });
    stripe = world.stripe;
  });
  afterAll(async () => {
    await recorder.stop();
    await world.stop();
  });

  const violations = () =>
    recorder.exchanges
      .splice(0)
      .flatMap((exchange) =>
        contract.violations(exchange).map((each) => `${exchange.method} ${exchange.path}: ${each}`),
      );

  const act = (body: object) =>
    fetch(`${world.standIn.url}/_acts`, { method: "POST", body: JSON.stringify(body) }).then(({ status }) => status);

  const customerAndPrices = async (card: string) => {
    const customer = await stripe.customers.create({ name: "Duka", email: "a@b.ke" });
    const method = await stripe.paymentMethods.attach(card, { customer: customer.id });
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } });
    const product = await stripe.products.create({ name: "Growth" });
    await stripe.coupons.create({ id: "tenth", percent_off: 10, duration: "once" }).catch(() => undefined);
    const price = async (unit_amount: number, interval: "month" | "year") =>
      (await stripe.prices.create({ product: product.id, currency: "usd", unit_amount, recurring: { interval } })).id;
    return {
      customer: customer.id,
      month: await price(4900, "month"),
      year: await price(49_000, "year"),
      module: await price(12_000, "year"),
    };
  };

  test("the catalogue", async () => {
    await stripe.products.create({ id: "growth", name: "Growth", metadata: { plan: "growth" } });
    await stripe.products.update("growth", { description: "For one shop", marketing_features: [{ name: "Stock" }] });
    await stripe.products.retrieve("growth");
    await stripe.products.list({ active: true });
    const recurring = { interval: "month" } as const;
    const price = await stripe.prices.create({
      product: "growth",
      currency: "usd",
      unit_amount: 4900,
      recurring,
      lookup_key: "k",
    });
    await stripe.prices.list({ lookup_keys: ["k"], active: true, expand: ["data.product"] });
    await stripe.prices.update(price.id, { active: false, metadata: { a: "1" } });
    await stripe.coupons.create({ id: "half", percent_off: 50, duration: "forever" });
    await stripe.coupons.create({ amount_off: 500, currency: "usd", duration: "repeating", duration_in_months: 3 });
    const { id } = await stripe.promotionCodes.create({ promotion: { type: "coupon", coupon: "half" }, code: "HALF" });
    await stripe.promotionCodes.update(id, { active: false });
    await stripe.promotionCodes.list({ code: "half", active: false, expand: ["data.promotion.coupon"] });
    await stripe.coupons.retrieve("half");
    await stripe.coupons.list({ limit: 1 });
    await stripe.coupons.del("half");
    expect(violations()).toEqual([]);
  });

  test("customers, their tax ids and their cards", async () => {
    const { id } = await stripe.customers.create({
      name: "Duka",
      email: "a@b.ke",
      address: { country: "KE", line1: "Moi Avenue" },
      metadata: { tenant_id: "t" },
    });
    await stripe.customers.createTaxId(id, { type: "ke_pin", value: "P051234567X" });
    const card = await stripe.paymentMethods.attach("pm_card_visa", { customer: id });
    await stripe.customers.update(id, { invoice_settings: { default_payment_method: card.id } });
    await stripe.customers.retrieve(id, { expand: ["invoice_settings.default_payment_method", "tax_ids"] });
    await stripe.customers.listTaxIds(id);
    await stripe.customers.listPaymentMethods(id);
    await stripe.paymentMethods.retrieve(card.id);
    await stripe.customers.search({ query: "metadata['tenant_id']:'t'", limit: 1 });
    await expect(stripe.paymentMethods.attach("pm_card_visa_chargeDeclined", { customer: id })).rejects.toThrow();
    await expect(stripe.customers.retrieve("cus_x")).rejects.toThrow();
    await stripe.customers.del(id);
    await stripe.customers.retrieve(id);
    expect(violations()).toEqual([]);
  });

  test("endpoints and the portal's configuration", async () => {
    const { id } = await stripe.webhookEndpoints.create({
      url: "http://pharmasight.localhost:1/hooks",
      enabled_events: ["customer.created"],
      api_version: "2026-10-28.endive",
      metadata: { stage: "local" },
    });
    await stripe.webhookEndpoints.list();
    await stripe.webhookEndpoints.update(id, { enabled_events: ["*"], disabled: true });
    await stripe.webhookEndpoints.del(id);
    const portal = await stripe.billingPortal.configurations.create({
      features: { invoice_history: { enabled: true }, subscription_cancel: { enabled: true, mode: "at_period_end" } },
    });
    await stripe.billingPortal.configurations.update(portal.id, { name: "PharmaSight" });
    await stripe.billingPortal.configurations.list({ active: true });
    const { id: customer } = await stripe.customers.create({ name: "Duka" });
    await stripe.billingPortal.sessions.create({
      customer,
      configuration: portal.id,
      return_url: "http://duka.pharmasight.localhost/billing",
    });
    expect(violations()).toEqual([]);
  });

  test("a subscription from its start over changes, a decline and a refund to its end", async () => {
    const { customer, month, year, module } = await customerAndPrices("pm_card_visa");
    const subscription = await stripe.subscriptions.create({
      customer,
      items: [{ price: month }],
      billing_mode: { type: "flexible" },
      metadata: { tenant_id: "t" },
      expand: ["latest_invoice.payments", "latest_invoice.confirmation_secret", "default_payment_method"],
    });
    const { id } = subscription;
    const item = subscription.items.data[0]?.id ?? "";
    const now = subscription.items.data[0]?.current_period_start ?? 0;
    world.standIn.advance(10 * 86_400);
    const change = {
      items: [{ id: item, price: year }, { price: module }],
      proration_behavior: "always_invoice" as const,
      proration_date: now + 10 * 86_400,
    };
    await stripe.invoices.createPreview({ customer, subscription: id, subscription_details: change });
    await stripe.subscriptions.update(id, { ...change, payment_behavior: "pending_if_incomplete" });
    await stripe.subscriptions.update(id, { metadata: { plan: "growth" }, discounts: [{ coupon: "tenth" }] });
    await stripe.subscriptions.update(id, { cancel_at_period_end: true });
    await stripe.subscriptions.update(id, { cancel_at_period_end: false });
    await stripe.subscriptions.list({
      customer,
      status: "all",
      limit: 1,
      expand: ["data.latest_invoice", "data.customer"],
    });
    await stripe.subscriptions.retrieve(id, { expand: ["discounts", "schedule", "pending_setup_intent"] });

    const schedule = await stripe.subscriptionSchedules.create({ from_subscription: id });
    const [phase] = schedule.phases;
    await stripe.subscriptionSchedules.update(schedule.id, {
      end_behavior: "release",
      phases: [
        {
          items: [{ price: year }, { price: module }],
          start_date: phase?.start_date ?? 0,
          end_date: phase?.end_date ?? 0,
        },
        { items: [{ price: month }], duration: { interval: "month" } },
      ],
    });
    await stripe.subscriptionSchedules.retrieve(schedule.id);
    await stripe.invoices.createPreview({ schedule: schedule.id });
    await stripe.subscriptionSchedules.release(schedule.id);

    const [invoice] = (await stripe.invoices.list({ customer, subscription: id, status: "paid", limit: 1 })).data;
    await stripe.invoices.retrieve(invoice?.id ?? "", { expand: ["payments.data.payment.payment_intent"] });
    const [paid] = (await stripe.invoicePayments.list({ invoice: invoice?.id ?? "" })).data;
    const intent = await stripe.paymentIntents.retrieve(String(paid?.payment.payment_intent));
    await stripe.charges.retrieve(String(intent.latest_charge));
    await stripe.charges.list({ customer, limit: 1 });
    const credited = { invoice: invoice?.id ?? "", amount: 100, refund_amount: 100, memo: "Sorry" };
    await stripe.creditNotes.preview(credited);
    await stripe.creditNotes.create({ ...credited, reason: "product_unsatisfactory" });
    await stripe.creditNotes.list({ invoice: invoice?.id ?? "", expand: ["data.refunds.refund"] });
    await stripe.refunds.list({ payment_intent: intent.id });
    expect(await act({ kind: "dispute", charge: String(intent.latest_charge) })).toBe(200);
    await stripe.subscriptions.cancel(id, { prorate: true, invoice_now: true });
    expect(violations()).toEqual([]);
  });

  test("invoices that are sent, voided and paid by transfer, and one that no card pays", async () => {
    const { customer, month } = await customerAndPrices("pm_card_chargeCustomerFail");
    const sent = await stripe.subscriptions.create({
      customer,
      items: [{ price: month }],
      collection_method: "send_invoice",
      days_until_due: 14,
    });
    await stripe.invoices.finalizeInvoice(String(sent.latest_invoice));
    await stripe.invoices.sendInvoice(String(sent.latest_invoice));
    await stripe.invoices.pay(String(sent.latest_invoice), { paid_out_of_band: true });
    world.standIn.advance(32 * 86_400);
    const [open] = (await stripe.invoices.list({ customer, status: "open" })).data;
    await stripe.invoices.voidInvoice(open?.id ?? "");
    await stripe.subscriptions.update(sent.id, { collection_method: "charge_automatically" });
    world.standIn.advance(31 * 86_400);
    const [failed] = (await stripe.invoices.list({ customer, limit: 1, expand: ["data.payments"] })).data;
    expect(failed).toMatchObject({ status: "open", billing_reason: "subscription_cycle" });
    await expect(stripe.invoices.pay(failed?.id ?? "")).rejects.toMatchObject({ code: "card_declined" });
    world.standIn.advance(20 * 86_400);
    await stripe.subscriptions.retrieve(sent.id);
    expect(violations()).toEqual([]);
  });

  test("checkout", async () => {
    const { customer, month, year, module } = await customerAndPrices("pm_card_visa");
    const open = (more: Partial<Stripe.Checkout.SessionCreateParams>) =>
      stripe.checkout.sessions.create({
        mode: "subscription",
        customer,
        line_items: [{ price: month, quantity: 1 }],
        success_url: "http://duka.pharmasight.localhost/billing?session={CHECKOUT_SESSION_ID}",
        cancel_url: "http://duka.pharmasight.localhost/billing",
        client_reference_id: "t",
        metadata: { tenant_id: "t" },
        subscription_data: { metadata: { tenant_id: "t" }, billing_mode: { type: "flexible" } },
        billing_address_collection: "auto",
        tax_id_collection: { enabled: true },
        customer_update: { name: "auto", address: "auto" },
        ...more,
      });
    const first = await open({ allow_promotion_codes: true });
    await stripe.checkout.sessions.retrieve(first.id, { expand: ["line_items", "customer"] });
    await stripe.checkout.sessions.expire(first.id);
    await open({
      discounts: [{ coupon: "tenth" }],
      line_items: [year, module].map((price) => ({ price, quantity: 1 })),
    });
    await stripe.checkout.sessions.list({ customer, status: "open" });
    expect(violations()).toEqual([]);
  });

  test("every event, and the object in it", async () => {
    const seen = new Set<string>();
    const wrong: string[] = [];
    for (const { type, data } of world.standIn.world.all("events")) {
      const { object } = data.object as { object: string };
      const schema = schemas[object];
      seen.add(object);
      if (schema === undefined) wrong.push(`An event is about ${object}, which has no description here.`);
      else wrong.push(...contract.objectViolations(schema, data.object).map((each) => `${type}: ${each}`));
    }
    await stripe.events.list({ created: { gte: 0 }, types: ["invoice.paid"], limit: 2 });
    expect(wrong).toEqual([]);
    expect(violations()).toEqual([]);
    expect([...seen].sort()).toEqual(Object.keys(schemas).sort());
  });
});
