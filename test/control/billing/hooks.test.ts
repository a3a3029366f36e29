import { createHmac } from "node:crypto";
import { request } from "node:http";
import { awsSecrets } from "@pharmasight/adapters/aws/secrets";
import postgres from "postgres";
import Sdk from "stripe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, mailsTo, type Pharmacy, ROOT, signUp, testStack } from "../../harness/stack.ts";

const HOST = `hooks.${ROOT}`;
const SECRET = "pharmasight/local/stripe-webhook";
const ROTATED = "whsec_the-next-one";
const VERSION = "2026-10-28.endive";

let running: Awaited<ReturnType<typeof testStack>>;
let sql: postgres.Sql;
let secret: string;

beforeAll(async () => {
  running = await testStack();
  const { host, port, superuser } = running.stack.cluster;
  sql = postgres({ host, port, database: running.stack.controlDatabase.owner.database, ...superuser, max: 1 });
  const secrets = awsSecrets({});
  secret = (JSON.parse(await secrets.read(SECRET)) as { current: string }).current;
  // An operator has begun to replace it, and copied the new one with the end of its line.
  await secrets.replace(SECRET, JSON.stringify({ current: `${ROTATED} \n`, previous: secret }));
});
afterAll(async () => {
  await sql?.end();
  await running?.stop();
});

let notices = 0;
const noticeOf = (changes: object = {}) => {
  notices += 1;
  return {
    id: `evt_hook_${notices}`,
    object: "event",
    api_version: VERSION,
    created: Math.floor(Date.now() / 1000),
    type: "invoice.paid",
    data: { object: { id: "in_1", object: "invoice", customer: "cus_nobody" } },
    ...changes,
  };
};
const signatureOf = (body: string | Buffer, key: string, secondsAgo = 0): string => {
  const at = Math.floor(Date.now() / 1000) - secondsAgo;
  const signature = createHmac("sha256", key).update(`${at}.`).update(body).digest("hex");
  return `t=${at},v1=${signature}`;
};

interface Sent {
  readonly host?: string;
  readonly path?: string;
  readonly signature?: string | undefined;
  readonly type?: string;
}

function post(body: string | Buffer, { host = HOST, path = "/stripe", signature, type }: Sent = {}) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const headers = {
      host,
      "content-type": type ?? "application/json; charset=utf-8",
      ...(signature === undefined ? {} : { "stripe-signature": signature }),
    };
    const sent = request({ host: "127.0.0.1", port: running.stack.port, method: "POST", path, headers }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      reply.on("end", () => resolve({ status: reply.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const kept = async (id: string) =>
  (await sql`select state from control.payment_events where id = ${id}`).map((row) => row.state);

describe("a notice that is signed", () => {
  test.each([
    ["as text", "application/json; charset=utf-8"],
    ["as bytes, which arrive in base64", "application/octet-stream"],
  ])("%s is kept once, however often it comes", async (_what, type) => {
    const notice = noticeOf({ note: "Ünïcode ✓" });
    const body = JSON.stringify(notice);
    const send = () => post(body, { type, signature: signatureOf(body, secret) });
    expect(await send()).toEqual({ status: 200, body: '{"outcome":"new"}' });
    const again = await Promise.all([send(), send(), send()]);
    expect(again.map(({ body: said }) => said)).toEqual(Array(3).fill('{"outcome":"known"}'));
    expect(await kept(notice.id)).toHaveLength(1);
  });

  test("with the next secret counts like one with the last, while both are there", async () => {
    for (const key of [ROTATED, secret]) {
      const body = JSON.stringify(noticeOf());
      expect((await post(body, { signature: signatureOf(body, key) })).status).toBe(200);
    }
  });

  test("of an unknown type, or of somebody else's account, is kept and ignored", async () => {
    for (const changes of [{ type: "radar.early_fraud_warning.created" }, { account: "acct_somebody" }]) {
      const notice = noticeOf(changes);
      const body = JSON.stringify(notice);
      expect((await post(body, { signature: signatureOf(body, secret) })).status).toBe(200);
      expect(await kept(notice.id)).toEqual(["ignored"]);
    }
  });

  test("is not acknowledged before it is kept; sent again, it is", async () => {
    const notice = noticeOf();
    const body = JSON.stringify(notice);
    await sql`alter table control.payment_events rename to payment_events_away`;
    const refused = await post(body, { signature: signatureOf(body, secret) });
    await sql`alter table control.payment_events_away rename to payment_events`;
    expect(refused.status).toBe(500);
    expect(refused.body).not.toContain("payment_events");
    expect(await kept(notice.id)).toEqual([]);
    expect((await post(body, { signature: signatureOf(body, secret) })).status).toBe(200);
  });
});

describe("anything else leaves nothing", () => {
  const cases: readonly (readonly [string, (body: string) => [string, string | undefined], number])[] = [
    ["forged", (body) => [body, signatureOf(body, "whsec_a-guess")], 401],
    ["of another account's endpoint", (body) => [body, signatureOf(body, "whsec_of-somebody-else")], 401],
    [
      "changed on the way",
      (body) => [body.replace("invoice.paid", "customer.deleted"), signatureOf(body, secret)],
      401,
    ],
    ["truncated", (body) => [body.slice(0, -20), signatureOf(body, secret)], 401],
    ["without a signature", (body) => [body, undefined], 401],
    ["with an empty signature", (body) => [body, ""], 401],
    ["replayed after five minutes", (body) => [body, signatureOf(body, secret, 301)], 401],
    ["from the future", (body) => [body, signatureOf(body, secret, -3600)], 401],
    [
      "with the moment of signing changed",
      (body) => [body, signatureOf(body, secret, 900).replace(/t=\d+/, `t=${Math.floor(Date.now() / 1000)}`)],
      401,
    ],
    ["huge", (body) => [body.padEnd(1_100_000), signatureOf(body.padEnd(1_100_000), secret)], 413],
  ];
  test.each(cases)("%s", async (_what, sentOf, status) => {
    const notice = noticeOf();
    const [body, signature] = sentOf(JSON.stringify(notice));
    const reply = await post(body, { signature });
    expect(reply.status).toBe(status);
    expect(reply.body).toMatch(/^\{.*\}$/);
    expect(await kept(notice.id)).toEqual([]);
  });

  test("signed, but no notice", async () => {
    for (const body of ["", "[]", "{", '{"object":"v2.core.event"}', "null"]) {
      expect((await post(body, { signature: signatureOf(body, secret) })).status).toBe(422);
    }
  });

  test("at another address or path", async () => {
    const body = JSON.stringify(noticeOf());
    const signature = signatureOf(body, secret);
    for (const where of [{ path: "/" }, { path: "/stripe/more" }, { host: ROOT }, { host: `nobody.${ROOT}` }]) {
      const reply = await post(body, { signature, ...where });
      expect([where, reply.status]).toEqual([where, expect.toBeOneOf([403, 404])]);
    }
  });
});

describe("access follows the payment", () => {
  let pharmacy: Pharmacy;
  let tenantId: string;
  let customerId: string;
  let stripe: Sdk;

  const state = async () => (await sql`select state from control.tenants where id = ${tenantId}`)[0]?.state;
  const reaches = (wanted: string) =>
    eventually(`the state ${wanted}`, async () => ((await state()) === wanted ? wanted : undefined));

  beforeAll(async () => {
    pharmacy = await signUp(running.stack, "acacia");
    const [row] = await sql`select tenant_id, stripe_customer_id from control.tenant_subscriptions`;
    tenantId = String(row?.tenant_id);
    customerId = String(row?.stripe_customer_id);
    const address = new URL(running.stack.stripe.url);
    stripe = new Sdk(running.stack.stripe.apiKey, {
      host: address.hostname,
      port: address.port,
      protocol: "http",
      telemetry: false,
    });
    const method = await stripe.paymentMethods.attach("pm_card_visa", { customer: customerId });
    await stripe.customers.update(customerId, { invoice_settings: { default_payment_method: method.id } });
  }, 120_000);

  test("within seconds, by the provider's own notices alone, which are doubled, out of order, stale and in another version", async () => {
    const { events } = running.stack.stripe;
    events.add(
      { on: "customer.subscription.created", action: "reorder" },
      { on: "invoice.paid", action: "duplicate" },
      { on: "invoice.payment_succeeded", action: "wrong_version" },
      { on: "customer.subscription.updated", action: "stale", count: 5 },
    );
    const [price] = await sql`
      select p.stripe_price_id from control.prices p join control.subscription_plans s on s.id = p.plan_id
      where s.code = 'starter' and p.billing_interval = 'month' and p.is_current`;
    const made = await stripe.subscriptions.create({
      customer: customerId,
      items: [{ price: String(price?.stripe_price_id) }],
      metadata: { tenant_id: tenantId },
      billing_mode: { type: "flexible" },
    });
    await reaches("active");
    await stripe.subscriptions.update(made.id, { cancel_at_period_end: true });
    await reaches("cancelled");
    const mails = await eventually("the mail", async () => {
      const found = (await mailsTo(running.stack, pharmacy.email)).filter(({ subject }) => subject.includes("ends on"));
      return found.length > 0 ? found : undefined;
    });
    expect(mails[0]?.body.text).toContain(`http://acacia.${ROOT}:${running.stack.port}/billing`);
    await stripe.subscriptions.update(made.id, { cancel_at_period_end: false });
    await reaches("active");
    events.clear();
    expect(await sql`select count(*)::int from control.tenant_subscriptions`).toMatchObject([{ count: 1 }]);
  });
});
