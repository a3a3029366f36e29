import { stripeCatalogue } from "@pharmasight/adapters/stripe/prices";
import { stripeSubscriptions } from "@pharmasight/adapters/stripe/subscriptions";
import type { Subscriptions } from "@pharmasight/core/ports/subscriptions";
import { startStripe } from "@pharmasight/local/stand-ins/stripe/stripe";
import Sdk from "stripe";
import { manualClock, scratchFolder } from "../../local/stand-ins/world.ts";

/** Key of a test account: then the tests talk to Stripe itself, each in the time of a test clock there. */
const realKey = process.env.STRIPE_SECRET_KEY;
/** What only the stand-in can do, such as failing on demand, is left out at Stripe. */
export const isStandIn = realKey === undefined;
/** Moving a test clock takes Stripe some seconds. */
export const TIMEOUT_MS = isStandIn ? 20_000 : 300_000;

const START = new Date("2026-11-01T08:00:00Z");

/** Where the adapters talk to, and its time. */
interface Provider {
  readonly apiKey: string;
  readonly apiUrl: string;
  readonly sdk: Sdk;
  readonly now: () => Date;
  readonly advance: (seconds: number) => Promise<void>;
  /** Puts a new customer into that time. */
  readonly inTime: { readonly test_clock?: string };
  readonly stop: () => Promise<void>;
}

export type StripeWorld = Awaited<ReturnType<typeof startStripeWorld>>;

/** The stand-in with our adapters on it, or Stripe itself; and some prices that are published. */
export async function startStripeWorld() {
  if (realKey !== undefined) return { ...(await worldOf(await startAtStripe(realKey))), stripe: undefined };
  const { stripe, ...provider } = await startAtStandIn();
  return { ...(await worldOf(provider)), stripe };
}

async function startAtStandIn() {
  const scratch = await scratchFolder();
  const clock = manualClock(START);
  const stripe = await startStripe({ file: scratch.path("stripe.json"), port: 0, clock });
  const { hostname: host, port } = new URL(stripe.url);
  return {
    apiKey: stripe.apiKey,
    apiUrl: stripe.url,
    sdk: new Sdk(stripe.apiKey, { host, port, protocol: "http", maxNetworkRetries: 0, telemetry: false }),
    now: () => clock.now(),
    advance: async (seconds: number) => clock.advance(seconds),
    inTime: {},
    stripe,
    stop: async () => {
      await stripe.stop();
      await scratch.remove();
    },
  };
}

async function startAtStripe(apiKey: string): Promise<Provider> {
  const sdk = new Sdk(apiKey);
  const clock = await sdk.testHelpers.testClocks.create({ frozen_time: START.getTime() / 1000 });
  let now = START;
  return {
    apiKey,
    apiUrl: "https://api.stripe.com",
    sdk,
    now: () => now,
    advance: async (seconds) => {
      now = new Date(now.getTime() + seconds * 1000);
      await sdk.testHelpers.testClocks.advance(clock.id, { frozen_time: now.getTime() / 1000 });
      while ((await sdk.testHelpers.testClocks.retrieve(clock.id)).status !== "ready") {
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    },
    inTime: { test_clock: clock.id },
    // Its customers go with it.
    stop: async () => void (await sdk.testHelpers.testClocks.del(clock.id)),
  };
}

async function worldOf({ apiKey, apiUrl, sdk, inTime, ...provider }: Provider) {
  const options = { apiKey: async () => apiKey, apiUrl };
  const catalogue = stripeCatalogue(options);
  const publish = async (product: string, interval: "month" | "year", amount: string) => {
    const key = `test_${product}_${interval}_usd`;
    const wanted = { product, name: product, description: "What it gives.", key, amount, currency: "USD", interval };
    return (await catalogue.publish(wanted)).priceId;
  };
  const prices = {
    starter: await publish("plan:starter", "month", "99.00"),
    starterYear: await publish("plan:starter", "year", "990.00"),
    professional: await publish("plan:professional", "month", "299.00"),
    reports: await publish("add_on:reports", "month", "19.00"),
    branch: await publish("add_on:extra_branch", "month", "25.00"),
  };
  const useCard = async (customerId: string, card: string): Promise<void> => {
    const method = await sdk.paymentMethods.attach(card, { customer: customerId });
    await sdk.customers.update(customerId, { invoice_settings: { default_payment_method: method.id } });
  };
  let customers = 0;
  return {
    ...provider,
    sdk,
    catalogue,
    subscriptions: withKeysOfOwn(stripeSubscriptions(options)),
    prices,
    useCard,
    /** A customer who pays with a card by itself. @param card one of Stripe's names of test cards */
    customer: async (card: string | null = "pm_card_visa"): Promise<string> => {
      customers += 1;
      const { id } = await sdk.customers.create({
        name: "Green Cross",
        email: `owner${customers}@example.com`,
        ...inTime,
      });
      if (card !== null) await useCard(id, card);
      return id;
    },
    /** A subscription that the customer's card has paid. */
    subscribe: async (customerId: string, ...priceIds: readonly string[]): Promise<string> => {
      const { id } = await sdk.subscriptions.create({
        customer: customerId,
        items: priceIds.map((price) => ({ price })),
        metadata: { tenant_id: "0193-a" },
        billing_mode: { type: "flexible" },
      });
      return id;
    },
  };
}

/** Stripe remembers keys for a day, and another run of a test has the same. */
function withKeysOfOwn(subscriptions: Subscriptions): Subscriptions {
  const run = crypto.randomUUID();
  const own = (key: string) => `${run}-${key}`;
  return {
    ...subscriptions,
    changeNow: (change, key) => subscriptions.changeNow(change, own(key)),
    changeAtPeriodEnd: (change, key) => subscriptions.changeAtPeriodEnd(change, own(key)),
    forgetScheduledChange: (id, key) => subscriptions.forgetScheduledChange(id, own(key)),
    cancelAtPeriodEnd: (id, key) => subscriptions.cancelAtPeriodEnd(id, own(key)),
    undoCancel: (id, key) => subscriptions.undoCancel(id, own(key)),
    cancelNow: (id, key) => subscriptions.cancelNow(id, own(key)),
    startInvoiced: (wanted, key) => subscriptions.startInvoiced(wanted, own(key)),
    markPaid: (invoiceId, key) => subscriptions.markPaid(invoiceId, own(key)),
    refund: (wanted, key) => subscriptions.refund(wanted, own(key)),
  };
}
