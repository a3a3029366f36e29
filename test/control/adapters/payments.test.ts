import { createServer } from "node:http";
import { stripePayments } from "@pharmasight/adapters/stripe/payments";
import { type Stripe, startStripe } from "@pharmasight/local/stand-ins/stripe/stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ManualClock, manualClock, type Scratch, scratchFolder } from "../../local/stand-ins/world.ts";

let scratch: Scratch;
let clock: ManualClock;
let server: Stripe;

beforeEach(async () => {
  scratch = await scratchFolder();
  clock = manualClock();
  server = await startStripe({ file: scratch.path("stripe.json"), port: 0, clock, searchLagSeconds: 60 });
});

afterEach(async () => {
  await server.stop();
  await scratch.remove();
});

const payments = () => stripePayments({ apiKey: async () => server.apiKey, apiUrl: server.url, timeoutMs: 500 });
const customer = { tenantId: "0193-a", companyName: "Duka la Dawa", ownerEmail: "owner@example.com" };

test("a tenant gets one customer, found again at once, after a minute and after days", async () => {
  const first = await payments().ensureCustomer(customer);
  expect(first.customerId).toMatch(/^cus_/);
  expect(await payments().ensureCustomer(customer)).toEqual(first);
  clock.advance(61);
  expect(await payments().ensureCustomer(customer)).toEqual(first);
  clock.advance(3 * 86_400);
  expect(await payments().ensureCustomer({ ...customer, companyName: "Renamed" })).toEqual(first);
  expect(server.customers()).toMatchObject([
    { name: "Duka la Dawa", email: "owner@example.com", metadata: { tenant_id: "0193-a" } },
  ]);
});

test("two tenants with the same name and address get two customers", async () => {
  const first = await payments().ensureCustomer(customer);
  const second = await payments().ensureCustomer({ ...customer, tenantId: "0193-b" });
  expect(second).not.toEqual(first);
});

test("many at once, and a lost reply, still make one customer", async () => {
  server.faults.add({ on: "POST /v1/customers", action: "lost-reply" });
  const all = await Promise.all(Array.from({ length: 10 }, () => payments().ensureCustomer(customer)));
  expect(new Set(all.map(({ customerId }) => customerId)).size).toBe(1);
  expect(server.customers()).toHaveLength(1);
});

test("a customer is deleted, recorded or not, also while search does not know it yet, and twice", async () => {
  server.faults.add({ on: "POST /v1/customers", action: "lost-reply", count: 3 });
  await expect(payments().ensureCustomer(customer)).rejects.toMatchObject({ code: "unavailable" });
  expect(server.customers()).toHaveLength(1);
  await payments().deleteCustomer(customer);
  expect(server.customers()).toEqual([]);
  await payments().deleteCustomer(customer);
  clock.advance(3 * 86_400);
  await payments().deleteCustomer(customer);
  expect(server.customers()).toEqual([]);
  server.faults.add({ on: "^DELETE", action: "500", count: 3 });
  await expect(payments().deleteCustomer(customer)).rejects.toMatchObject({ code: "unavailable" });
});

test("a customer that was deleted at Stripe is followed by another one, also at once, and by one only", async () => {
  const first = await payments().ensureCustomer(customer);
  await payments().deleteCustomer(customer);
  const all = await Promise.all(Array.from({ length: 5 }, () => payments().ensureCustomer(customer)));
  expect(new Set(all.map(({ customerId }) => customerId)).size).toBe(1);
  expect(all[0]).not.toEqual(first);
  clock.advance(61);
  expect(await payments().ensureCustomer(customer)).toEqual(all[0]);
  await payments().deleteCustomer(customer);
  expect(server.customers()).toEqual([]);
});

test("429 is unavailable for as long as Stripe asks; silence and failures are unavailable", async () => {
  server.faults.add({ on: "search", action: "429", seconds: 7, count: 3 });
  await expect(payments().ensureCustomer(customer)).rejects.toMatchObject({
    code: "unavailable",
    retryAfterSeconds: 7,
  });
  server.faults.clear();
  server.faults.add({ on: "search", action: "timeout", count: 3 });
  await expect(payments().ensureCustomer(customer)).rejects.toMatchObject({ code: "unavailable" });
  server.faults.clear();
  server.faults.add({ on: "POST /v1/customers", action: "500", count: 3 });
  await expect(payments().ensureCustomer(customer)).rejects.toMatchObject({ code: "unavailable" });
  expect(server.customers()).toHaveLength(0);
});

test("what Stripe refuses for good is invalid_input in Stripe's words", async () => {
  await expect(payments().ensureCustomer({ ...customer, ownerEmail: "nobody" })).rejects.toMatchObject({
    code: "invalid_input",
    message: expect.stringContaining("Invalid email address"),
  });
  await expect(payments().ensureCustomer({ ...customer, tenantId: "x' OR '1" })).rejects.toMatchObject({
    code: "invalid_input",
  });
});

test("a refused key is read again for the next call", async () => {
  const keys = ["sk_test_old", server.apiKey];
  const adapter = stripePayments({ apiKey: async () => keys.shift() ?? "", apiUrl: server.url });
  await expect(adapter.ensureCustomer(customer)).rejects.toMatchObject({ code: "unavailable" });
  await adapter.ensureCustomer(customer);
});

test("an error reply without an error in it is not taken for a customer", async () => {
  const odd = createServer((request, response) => {
    const search = request.url?.includes("search");
    response.writeHead(search ? 200 : 400, { "content-type": "application/json" });
    response.end(search ? '{"object":"search_result","data":[],"has_more":false}' : '{"message":"who are you"}');
  });
  await new Promise<void>((resolve) => odd.listen(0, "127.0.0.1", resolve));
  const address = odd.address();
  const port = typeof address === "object" ? address?.port : 0;
  const adapter = stripePayments({ apiKey: async () => "sk_test_x", apiUrl: `http://127.0.0.1:${port}` });
  await expect(adapter.ensureCustomer(customer)).rejects.toMatchObject({ code: "unavailable" });
  await new Promise((resolve) => {
    odd.close(resolve);
    odd.closeAllConnections();
  });
});
