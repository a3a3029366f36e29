import type { Stripe as Sdk } from "stripe";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Receiver, startReceiver, startTestStripe, type TestStripe } from "./harness.ts";

let world: TestStripe;
let receiver: Receiver;
let endpoint: Sdk.WebhookEndpoint;

beforeEach(async () => {
  world = await startTestStripe();
  receiver = await startReceiver();
  endpoint = await world.stripe.webhookEndpoints.create({
    url: receiver.url,
    enabled_events: ["customer.created", "customer.updated", "customer.deleted"],
  });
});

afterEach(async () => {
  await world.stop();
  await receiver.stop();
});

const seen = () =>
  receiver.delivered.map(({ event }) => `${event.type} ${(event.data.object as { name?: string }).name}`);
const create = (name: string) => world.stripe.customers.create({ name });
const deliverAll = () => world.standIn.events.deliverAll();

test("an event arrives by itself, at the host of its address, signed so that the SDK accepts its raw bytes", async () => {
  await create("Duka");
  await vi.waitFor(() => expect(receiver.delivered).toHaveLength(1));
  const [delivery] = receiver.delivered;
  expect(delivery?.headers.host).toBe(new URL(receiver.url).host);
  const { body = "", headers } = delivery ?? {};
  const signature = String(headers?.["stripe-signature"]);
  const receivedAt = Math.floor(world.clock.now().getTime() / 1000);
  const verify = (text: string, at: number) =>
    world.stripe.webhooks.constructEvent(text, signature, endpoint.secret ?? "", undefined, undefined, at * 1000);
  expect(verify(body, receivedAt)).toMatchObject({ type: "customer.created", api_version: "2026-10-28.endive" });
  expect(() => verify(body.replace("Duka", "Doku"), receivedAt)).toThrow("signature");
});

test("an endpoint hears of what it asked for and only while it is enabled; its secret is shown once", async () => {
  expect(endpoint.secret).toMatch(/^whsec_/);
  const [listed] = (await world.stripe.webhookEndpoints.list()).data;
  expect(listed).toMatchObject({ id: endpoint.id, url: receiver.url });
  expect(listed).not.toHaveProperty("secret");
  await world.stripe.products.create({ name: "Growth" });
  await world.stripe.webhookEndpoints.update(endpoint.id, { disabled: true });
  await create("unheard");
  await world.stripe.webhookEndpoints.update(endpoint.id, { disabled: false });
  await create("heard");
  await deliverAll();
  expect(seen()).toEqual(["customer.created heard"]);
  await world.stripe.webhookEndpoints.del(endpoint.id);
  await create("unheard");
  await deliverAll();
  expect(receiver.delivered).toHaveLength(1);
});

test("a refused event is sent again later and later, given up after three days, and listed as not delivered", async () => {
  receiver.answers.push(...Array.from({ length: 50 }, () => 500));
  await create("Duka");
  await deliverAll();
  expect(receiver.delivered).toHaveLength(1);
  world.standIn.advance(59);
  await deliverAll();
  expect(receiver.delivered).toHaveLength(1);
  const at: number[] = [];
  for (let minute = 0; minute < 5 * 24 * 60; minute += 10) {
    const before = receiver.delivered.length;
    world.standIn.advance(600);
    await deliverAll();
    if (receiver.delivered.length > before) at.push(minute / 60);
  }
  expect(receiver.delivered).toHaveLength(10);
  expect(at.at(-1)).toBeGreaterThan(60);
  expect(at.at(-1)).toBeLessThan(73);
  expect(new Set(receiver.delivered.map(({ event }) => event.id)).size).toBe(1);
  const failed = await world.stripe.events.list({ delivery_success: false });
  expect(failed.data).toMatchObject([{ type: "customer.created", pending_webhooks: 1 }]);
});

test("an event that waits for its next try survives a restart; a redirect is a failure", async () => {
  receiver.answers.push(302);
  await create("Duka");
  await deliverAll();
  world = await world.restart();
  await deliverAll();
  expect(receiver.delivered).toHaveLength(1);
  world.standIn.advance(60);
  await deliverAll();
  expect(receiver.delivered).toHaveLength(2);
  expect((await world.stripe.events.list({ delivery_success: false })).data).toEqual([]);
});

test("an update says what changed, and an update that changes nothing is no event", async () => {
  const { id } = await world.stripe.customers.create({ name: "Duka", metadata: { a: "1", b: "2" } });
  await world.stripe.customers.update(id, { name: "Dawa", metadata: { a: "3" } });
  await world.stripe.customers.update(id, { name: "Dawa" });
  const { data } = await world.stripe.events.list({ type: "customer.updated" });
  expect(data.map((event) => event.data.previous_attributes)).toEqual([{ name: "Duka", metadata: { a: "1" } }]);
  expect(data[0]?.data.object).toMatchObject({ name: "Dawa", metadata: { a: "3", b: "2" } });
});

test("events are listed by type and by time, and forgotten after thirty days", async () => {
  await create("first");
  world.clock.advance(100);
  const second = await create("second");
  await world.stripe.customers.update(second.id, { name: "renamed" });
  const now = world.clock.now().getTime() / 1000;
  const names = async (params: Sdk.EventListParams) =>
    (await world.stripe.events.list(params)).data.map(
      ({ type, data }) => `${type} ${(data.object as Sdk.Customer).name}`,
    );
  expect(await names({ types: ["customer.created"] })).toEqual(["customer.created second", "customer.created first"]);
  expect(await names({ created: { gte: now } })).toEqual(["customer.updated renamed", "customer.created second"]);
  expect(await names({ created: { lt: now } })).toEqual(["customer.created first"]);
  world.clock.advance(30 * 86_400 - 50);
  expect(await names({ type: "customer.*" })).toEqual(["customer.updated renamed", "customer.created second"]);
});

test.each([
  ["duplicate", ["customer.created a", "customer.created a", "customer.created b"]],
  ["reorder", ["customer.created b", "customer.created a"]],
  ["drop", ["customer.created b"]],
] as const)("%s", async (action, expected) => {
  world.standIn.events.add({ on: "customer.created", action });
  await create("a");
  await create("b");
  await vi.waitFor(() => expect(seen()).toEqual(expected));
  await deliverAll();
  expect(seen()).toEqual(expected);
});

test("a dropped event is found among those that were not delivered, a doubled one is not", async () => {
  world.standIn.events.add({ on: "created", action: "drop" }, { on: "created", action: "duplicate" });
  await create("dropped");
  await create("doubled");
  await deliverAll();
  const { data } = await world.stripe.events.list({ delivery_success: false });
  expect(data.map((event) => (event.data.object as Sdk.Customer).name)).toEqual(["dropped"]);
});

test("a held event does not wait for another for ever", async () => {
  world.standIn.events.add({ on: "created", action: "reorder" });
  await create("alone");
  world.standIn.advance(60);
  await vi.waitFor(() => expect(seen()).toEqual(["customer.created alone"]));
});

test("a delayed event comes when its time has come", async () => {
  world.standIn.events.add({ on: "created", action: "delay", seconds: 3600 });
  await create("late");
  await deliverAll();
  world.standIn.advance(3599);
  await deliverAll();
  expect(receiver.delivered).toEqual([]);
  world.standIn.advance(1);
  await deliverAll();
  expect(receiver.delivered).toHaveLength(1);
});

test("a stale event shows its object as it was before", async () => {
  const { id } = await create("first");
  world.standIn.events.add({ on: "updated", action: "stale" });
  await world.stripe.customers.update(id, { name: "second" });
  await deliverAll();
  expect(seen()).toEqual(["customer.created first", "customer.updated first"]);
  const [event] = (await world.stripe.events.list({ limit: 1 })).data;
  expect(event?.data.object).toMatchObject({ name: "second" });
});

test("a stale event that says nothing of changes shows what the last event before it showed", async () => {
  await world.stripe.webhookEndpoints.update(endpoint.id, { enabled_events: ["invoice.paid"] });
  const customer = await create("Duka");
  const card = await world.stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
  const product = await world.stripe.products.create({ name: "Growth" });
  const recurring = { interval: "month" } as const;
  const price = await world.stripe.prices.create({ product: product.id, currency: "usd", unit_amount: 1, recurring });
  world.standIn.events.add({ on: "invoice.paid", action: "stale" });
  for (let time = 0; time < 2; time += 1) {
    await world.stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      default_payment_method: card.id,
    });
  }
  await deliverAll();
  const statuses = receiver.delivered.map(({ event }) => (event.data.object as Sdk.Invoice).status);
  expect(statuses).toEqual(["open", "paid"]);
});

test("an event of a wrong version has its fields where they were then; another endpoint may ask for its own", async () => {
  const enabled_events = ["customer.subscription.created"] as const;
  await world.stripe.webhookEndpoints.update(endpoint.id, { enabled_events: [...enabled_events] });
  await world.stripe.webhookEndpoints.create({
    url: receiver.url,
    enabled_events: [...enabled_events],
    api_version: "2024-06-20",
  });
  const customer = await create("Duka");
  const product = await world.stripe.products.create({ name: "Growth" });
  const recurring = { interval: "month" } as const;
  const price = await world.stripe.prices.create({ product: product.id, currency: "usd", unit_amount: 1, recurring });
  world.standIn.events.add({ on: "subscription.created", action: "wrong_version" });
  for (let time = 0; time < 2; time += 1) {
    await world.stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      collection_method: "send_invoice",
      days_until_due: 7,
    });
  }
  await deliverAll();
  const shapes = receiver.delivered.map(({ event }) => {
    const object = event.data.object as { current_period_end?: number; items: { data: object[] } };
    return [event.api_version, "current_period_end" in object, "current_period_end" in (object.items.data[0] ?? {})];
  });
  expect(shapes.toSorted()).toEqual([
    ["2020-08-27", true, false],
    ["2024-06-20", true, false],
    ["2024-06-20", true, false],
    ["2026-10-28.endive", false, true],
  ]);
});

test("another process moves the clock, breaks deliveries and mends them by acts", async () => {
  const act = (body: object) =>
    fetch(`${world.standIn.url}/_acts`, { method: "POST", body: JSON.stringify(body) }).then(({ status }) => status);
  expect(await act({ kind: "add_event_faults", faults: [{ on: ".", action: "drop", count: 9 }] })).toBe(200);
  const { id } = await create("a");
  expect(await act({ kind: "clear_event_faults" })).toBe(200);
  expect(await act({ kind: "advance", seconds: 100 })).toBe(200);
  expect(await act({ kind: "delete_customer", customer: id })).toBe(200);
  expect(await act({ kind: "deliver_all" })).toBe(200);
  expect(receiver.delivered.map(({ event }) => event.type)).toEqual(["customer.deleted"]);
  expect(receiver.delivered[0]?.event.created).toBe(world.clock.now().getTime() / 1000 + 100);
  expect(await act({ kind: "delete_customer", customer: id })).toBe(404);
  expect(await act({ kind: "dance" })).toBe(400);
});
