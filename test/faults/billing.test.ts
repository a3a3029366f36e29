import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { awsSecrets } from "@pharmasight/adapters/aws/secrets";
import postgres from "postgres";
import Sdk from "stripe";
import { afterEach, expect, test, vi } from "vitest";
import { eventually, signUp } from "../harness/stack.ts";
import type { PlatformReady } from "./platform.ts";
import { type Restartable, restartable } from "./restartable.ts";

let platform: Restartable | undefined;
let sql: postgres.Sql | undefined;

afterEach(async () => {
  await sql?.end({ timeout: 0 });
  await platform?.remove();
  vi.unstubAllEnvs();
});

async function start(running: Restartable): Promise<{ ready: PlatformReady; db: postgres.Sql }> {
  const ready = await running.start();
  await sql?.end({ timeout: 0 });
  sql = postgres({ ...ready.control, max: 1, onnotice: () => {} });
  return { ready, db: sql };
}

/** The stand-in of the running platform, as a person with its key uses it. */
async function stripeOf({ folder }: Restartable) {
  const env = parseEnv(await readFile(join(folder, "state", "operator.env"), "utf8"));
  for (const [name, value] of Object.entries(env)) if (name.startsWith("AWS_")) vi.stubEnv(name, value);
  const url = new URL(env.STRIPE_API_URL ?? "");
  const key = await awsSecrets({}).read(env.STRIPE_KEY_SECRET ?? "");
  const sdk = new Sdk(key, { host: url.hostname, port: url.port, protocol: "http", telemetry: false });
  const fault = (body: object) => fetch(new URL("/_faults", url), { method: "POST", body: JSON.stringify(body) });
  return { sdk, fault };
}

/** Waits until a worker is where a query of the server's own view finds it. */
const caught = (what: string, look: () => Promise<readonly unknown[]>) =>
  eventually(what, async () => ((await look()).length > 0 ? true : undefined));

test("a platform killed after a worker has taken a notice, and again while it commits, applies it once it runs", async () => {
  platform = await restartable();
  let { ready, db } = await start(platform);
  await signUp(ready, "phoenix");
  const [row] = await db`select tenant_id, stripe_customer_id from control.tenant_subscriptions`;
  const customer = String(row?.stripe_customer_id);
  const [price] = await db`
    select p.stripe_price_id from control.prices p join control.subscription_plans s on s.id = p.plan_id
    where s.code = 'starter' and p.billing_interval = 'month'`;
  const { sdk, fault } = await stripeOf(platform);
  const method = await sdk.paymentMethods.attach("pm_card_visa", { customer });
  await sdk.customers.update(customer, { invoice_settings: { default_payment_method: method.id } });
  await db.unsafe(`
    create function control.slowly() returns trigger language plpgsql as
      $$ begin perform pg_sleep(3); return new; end $$;
    create trigger slowly before update on control.payment_events for each row
      when (new.state = 'applied') execute function control.slowly();`);
  await fault({ on: "^GET /v1/subscriptions", action: "delay", count: 100, seconds: 8 });
  const made = await sdk.subscriptions.create({
    customer,
    items: [{ price: String(price?.stripe_price_id) }],
    metadata: { tenant_id: String(row?.tenant_id) },
    billing_mode: { type: "flexible" },
  });

  await caught("a worker that asks the provider with the row in its hand", () => {
    return db`select 1 from pg_stat_activity
      where state like 'idle in transaction%' and query like '%tenant%' and application_name like 'pharmasight-control%'`;
  });
  await platform.kill();
  ({ ready, db } = await start(platform));
  expect(await db`select state from control.tenants`).toMatchObject([{ state: "trial" }]);
  expect(await db`select 1 from control.payment_events where state = 'applied'`).toEqual([]);

  await caught("a worker that writes what it found", () => {
    return db`select 1 from pg_stat_activity where wait_event = 'PgSleep' and query like '%payment_events%'`;
  });
  await platform.kill();
  ({ ready, db } = await start(platform));
  expect(await db`select state from control.tenants`).toMatchObject([{ state: "trial" }]);
  await db`drop trigger slowly on control.payment_events`;

  await eventually("every notice to be applied", async () => {
    const open = await db`select id from control.payment_events where state in ('received', 'failed')`;
    const [tenant] = await db`select state from control.tenants`;
    return open.length === 0 && tenant?.state === "active" ? true : undefined;
  });
  expect(await db`select stripe_subscription_id, status from control.tenant_subscriptions`).toMatchObject([
    { stripe_subscription_id: made.id, status: "active" },
  ]);
  expect(await db`select status, total from control.invoices`).toMatchObject([{ status: "paid", total: "99.00" }]);
  const became = await db`select count(*)::int from control.audit_log where action = 'tenant.became_active'`;
  expect(became).toMatchObject([{ count: 1 }]);

  // The third life still knows what the first one was told to check signatures with.
  await sdk.subscriptions.update(made.id, { cancel_at_period_end: true });
  await eventually("the cancellation", async () => {
    const [tenant] = await db`select state from control.tenants`;
    return tenant?.state === "cancelled" ? true : undefined;
  });
}, 240_000);
