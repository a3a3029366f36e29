import Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connect, startTestStripe, type TestStripe } from "./harness.ts";

let world: TestStripe;
let stripe: Stripe;

beforeEach(async () => {
  world = await startTestStripe();
  stripe = world.stripe;
});
afterEach(() => world.stop());

test("twenty calls with one key do the work once", async () => {
  const idempotencyKey = "one";
  const all = await Promise.all(
    Array.from({ length: 20 }, () => stripe.customers.create({ name: "Duka" }, { idempotencyKey })),
  );
  expect(new Set(all.map(({ id }) => id)).size).toBe(1);
  expect(world.standIn.customers()).toHaveLength(1);
  expect((await stripe.events.list()).data).toHaveLength(1);
  await expect(stripe.products.create({ name: "Duka" }, { idempotencyKey })).rejects.toBeInstanceOf(
    Stripe.errors.StripeIdempotencyError,
  );
});

test("a key keeps what was carried out, not what was refused", async () => {
  const idempotencyKey = "one";
  await expect(stripe.customers.create({ email: "nobody" }, { idempotencyKey })).rejects.toMatchObject({
    code: "email_invalid",
  });
  expect(await stripe.customers.create({ email: "a@b" }, { idempotencyKey })).toMatchObject({ email: "a@b" });
});

test("a declined payment is asked for once by a key, and leaves its attempt behind", async () => {
  const customer = await stripe.customers.create({});
  const card = await stripe.paymentMethods.attach("pm_card_chargeCustomerFail", { customer: customer.id });
  const product = await stripe.products.create({ name: "Growth" });
  const price = await stripe.prices.create({
    product: product.id,
    currency: "usd",
    unit_amount: 4900,
    recurring: { interval: "month" },
  });
  const { latest_invoice: invoice } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    default_payment_method: card.id,
  });
  const pay = (idempotencyKey: string) => stripe.invoices.pay(String(invoice), {}, { idempotencyKey });
  const failures = async () => (await stripe.events.list({ type: "charge.failed" })).data.length;
  expect(await failures()).toBe(1);
  for (let time = 0; time < 3; time += 1) await expect(pay("one")).rejects.toMatchObject({ code: "card_declined" });
  expect(await failures()).toBe(2);
  await expect(pay("two")).rejects.toMatchObject({ code: "card_declined" });
  expect(await failures()).toBe(3);
});

test("a slow stale read is answered with what was right when it was asked", async () => {
  const { id } = await stripe.customers.create({ name: "old" });
  world.standIn.faults.add({ on: `GET /v1/customers/${id}`, action: "delay", seconds: 0.2, stale: true });
  const slow = stripe.customers.retrieve(id);
  await stripe.customers.update(id, { name: "new" });
  const order: string[] = [];
  const named = (customer: Stripe.Customer | Stripe.DeletedCustomer) =>
    order.push("name" in customer ? String(customer.name) : "deleted");
  await Promise.all([slow.then(named), stripe.customers.retrieve(id).then(named)]);
  expect(order).toEqual(["new", "old"]);
});

test("a client of another version of the API is told so", async () => {
  const { hostname: host, port } = new URL(world.standIn.url);
  const older = new Stripe(world.standIn.apiKey, {
    host,
    port,
    protocol: "http",
    apiVersion: "2020-08-27" as never,
  });
  await expect(older.customers.create({})).rejects.toThrow("Invalid Stripe API version");
  await expect(connect("sk_test_wrong", world.standIn.url).customers.create({})).rejects.toBeInstanceOf(
    Stripe.errors.StripeAuthenticationError,
  );
});

test("the clock stands where it was moved to, after a restart too", async () => {
  const before = (await stripe.customers.create({})).created;
  world.standIn.advance(86_400);
  world = await world.restart();
  expect((await world.stripe.customers.create({})).created).toBe(before + 86_400);
});

test("pages are for browsers: no key, HTML, and plain words for what is not there", async () => {
  const product = await stripe.products.create({ name: "Growth <b>" });
  const recurring = { interval: "month" } as const;
  const price = await stripe.prices.create({ product: product.id, currency: "usd", unit_amount: 4900, recurring });
  const customer = await stripe.customers.create({ name: "Duka" });
  const session = await stripe.checkout.sessions.create({
    mode: "subscription",
    customer: customer.id,
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: "http://duka.localhost/done",
    cancel_url: "http://duka.localhost/back",
  });
  const page = await fetch(String(session.url));
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  const html = await page.text();
  expect(html).toContain("Growth &lt;b&gt;");
  expect(html).not.toContain("Growth <b>");
  for (const path of ["/checkout/cs_unknown", "/nothing", "/checkout/%E0%A4%A"]) {
    const reply = await fetch(`${world.standIn.url}${path}`);
    expect(reply.status).toBe(404);
    expect(reply.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  }
});
