import { type Stripe as StripeStandIn, startStripe } from "@pharmasight/local/stand-ins/stripe/stripe";
import Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ManualClock, manualClock, type Scratch, scratchFolder } from "../world.ts";

let scratch: Scratch;
let clock: ManualClock;
let server: StripeStandIn;

const start = () => startStripe({ file: scratch.path("stripe.json"), port: 0, clock });

beforeEach(async () => {
  scratch = await scratchFolder();
  clock = manualClock();
  server = await start();
});

afterEach(async () => {
  await server.stop();
  await scratch.remove();
});

async function call(method: string, path: string, form = "", headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${server.apiKey}`,
      "content-type": "application/x-www-form-urlencoded",
      ...headers,
    },
    body: method === "POST" ? form : null,
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as unknown };
}

const FORM = "name=Duka&email=o%40example.com&metadata[tenant_id]=t-1";

test("the same idempotency key repeats the reply, and refuses other parameters, for 24 hours", async () => {
  const key = { "idempotency-key": "customer-t-1" };
  const first = await call("POST", "/v1/customers", FORM, key);
  expect(first.headers.get("idempotent-replayed")).toBeNull();
  const again = await call("POST", "/v1/customers", FORM, key);
  expect(again.body).toEqual(first.body);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect(await call("POST", "/v1/customers", "name=Other", key)).toMatchObject({
    status: 400,
    body: { error: { type: "idempotency_error" } },
  });
  clock.advance(86_400);
  await call("POST", "/v1/customers", FORM, key);
  expect(server.customers()).toHaveLength(2);
});

test("a restart keeps the key of the API, the customers and the idempotency keys", async () => {
  const { apiKey } = server;
  await call("POST", "/v1/customers", FORM, { "idempotency-key": "k" });
  await server.stop();
  server = await start();
  expect(server.apiKey).toBe(apiKey);
  await call("POST", "/v1/customers", FORM, { "idempotency-key": "k" });
  expect(server.customers()).toHaveLength(1);
});

test("every reply names its request and the version asked for", async () => {
  const reply = await call("GET", "/v1/nothing", "", { "stripe-version": "2026-10-28.endive" });
  expect(reply.headers.get("request-id")).toMatch(/^req_/);
  expect(reply.headers.get("stripe-version")).toBe("2026-10-28.endive");
});

test("a wrong key, an unknown path, an unknown parameter and bad values are refused in Stripe's shape", async () => {
  expect(await call("POST", "/v1/customers", FORM, { authorization: "Bearer sk_test_wrong" })).toMatchObject({
    status: 401,
    body: { error: { type: "invalid_request_error" } },
  });
  for (const [method, path] of [
    ["GET", "/v1/customers"],
    ["GET", "/v1/balance"],
    ["DELETE", "/v1/customers/cus_1"],
  ] as const) {
    expect(await call(method, path)).toMatchObject({ status: 404, body: { error: { type: "invalid_request_error" } } });
  }
  expect(await call("POST", "/v1/customers", "nickname=x")).toMatchObject({
    status: 400,
    body: { error: { code: "parameter_unknown", param: "nickname" } },
  });
  expect(await call("POST", "/v1/customers", "email=nobody")).toMatchObject({
    status: 400,
    body: { error: { code: "email_invalid", param: "email" } },
  });
  expect(await call("POST", "/v1/customers", `metadata[k]=${"x".repeat(501)}`)).toMatchObject({
    status: 400,
    body: { error: { param: "metadata[k]" } },
  });
  expect(await call("GET", "/v1/customers/search?query=email:'a'")).toMatchObject({
    status: 400,
    body: { error: { param: "query" } },
  });
  expect(server.customers()).toHaveLength(0);
});

test("the official SDK reads refusals as its own error classes", async () => {
  const url = new URL(server.url);
  const stripe = new Stripe(server.apiKey, {
    host: url.hostname,
    port: url.port,
    protocol: "http",
    maxNetworkRetries: 0,
  });
  server.faults.add({ on: "POST /v1/customers", action: "429" }, { on: "POST /v1/customers", action: "500" });
  await expect(stripe.customers.create({})).rejects.toBeInstanceOf(Stripe.errors.StripeRateLimitError);
  await expect(stripe.customers.create({})).rejects.toBeInstanceOf(Stripe.errors.StripeAPIError);
  await expect(stripe.customers.create({ email: "x" })).rejects.toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
  await expect(stripe.customers.retrieve("cus_1")).rejects.toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
});
