import type Stripe from "stripe";
import { expect } from "vitest";
import { startTestStripe, type TestStripe } from "./harness.ts";

export const HOUR = 3600;
export const DAY = 86_400;

/** Stripe's test cards as people type them. */
export const CARD = {
  pays: "4242 4242 4242 4242",
  declines: "4000 0000 0000 0002",
  asksOnce: "4000 0025 0000 3155",
  asksAlways: "4000 0027 6000 3184",
  failsLater: "4000 0000 0000 0341",
} as const;

/** The same cards as payment methods, for calls without a page. */
const TOKEN = {
  pays: "pm_card_visa",
  asksAlways: "pm_card_authenticationRequired",
  failsLater: "pm_card_chargeCustomerFail",
} as const;

/** A stand-in with plans and a module to sell, and what tests ask of it again and again. */
export interface Shop extends TestStripe {
  readonly price: Readonly<Record<"basic" | "growth" | "basicYear" | "growthYear" | "module" | "moduleYear", string>>;
  /** Seconds since 1970. */
  now(): number;
  advance(seconds: number): void;
  /** Moves to a moment, in UTC. */
  advanceTo(moment: string): void;
  customer(card?: keyof typeof TOKEN): Promise<string>;
  /** Replaces what the customer pays with. */
  useCard(customer: string, card: keyof typeof TOKEN): Promise<string>;
  subscribe(
    customer: string,
    prices: string[],
    more?: Partial<Stripe.SubscriptionCreateParams>,
  ): Promise<Stripe.Subscription>;
  subscription(id: string): Promise<Stripe.Subscription>;
  /** Newest first. */
  invoices(subscription: string): Promise<Stripe.Invoice[]>;
  /** Types of all events since the last call of this, oldest first. */
  newEvents(): string[];
}

export async function startShop(): Promise<Shop> {
  const world = await startTestStripe();
  const { stripe, standIn } = world;
  const price = async (name: string, unit_amount: number, interval: "month" | "year") => {
    const product = await stripe.products.create({ name });
    return (await stripe.prices.create({ product: product.id, currency: "usd", unit_amount, recurring: { interval } }))
      .id;
  };
  const prices = {
    basic: await price("Basic", 2900, "month"),
    growth: await price("Growth", 9900, "month"),
    basicYear: await price("Basic", 29_000, "year"),
    growthYear: await price("Growth", 99_000, "year"),
    module: await price("Insurance claims", 1500, "month"),
    moduleYear: await price("Insurance claims", 15_000, "year"),
  };
  const now = () => standIn.world.now();
  const useCard = async (customer: string, card: keyof typeof TOKEN) => {
    const { id } = await stripe.paymentMethods.attach(TOKEN[card], { customer });
    await stripe.customers.update(customer, { invoice_settings: { default_payment_method: id } });
    return id;
  };
  let seen = 0;
  return {
    ...world,
    price: prices,
    now,
    advance: (seconds) => standIn.advance(seconds),
    advanceTo: (moment) => standIn.advance(Date.parse(moment) / 1000 - now()),
    useCard,
    customer: async (card = "pays") => {
      const { id } = await stripe.customers.create({ name: "Duka la Dawa", email: "owner@example.com" });
      await useCard(id, card);
      return id;
    },
    subscribe: (customer, items, more = {}) =>
      stripe.subscriptions.create({ customer, items: items.map((one) => ({ price: one })), ...more }),
    subscription: (id) => stripe.subscriptions.retrieve(id),
    invoices: async (subscription) => (await stripe.invoices.list({ subscription, limit: 100 })).data,
    newEvents: () => {
      // The API forgets events after 30 days; tests look further.
      const types = standIn.world
        .all("events")
        .map(({ type }) => type as string)
        .toReversed();
      const fresh = types.slice(seen);
      seen = types.length;
      return fresh;
    },
  };
}

/** The period of a subscription, which is that of each of its items. */
export function periodOf({ items }: Stripe.Subscription): { start: number; end: number } {
  const [first] = items.data;
  if (first === undefined) throw new Error("A subscription has items.");
  for (const item of items.data) {
    expect([item.current_period_start, item.current_period_end]).toEqual([
      first.current_period_start,
      first.current_period_end,
    ]);
  }
  return { start: first.current_period_start, end: first.current_period_end };
}

export const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** The id of the item that has this price. */
export function itemWith({ items }: Stripe.Subscription, price: string): string {
  const item = items.data.find((one) => one.price.id === price);
  if (item === undefined) throw new Error(`No item has the price ${price}.`);
  return item.id;
}

/** Amounts of an invoice's lines. */
export const amounts = ({ lines }: Stripe.Invoice): number[] => lines.data.map(({ amount }) => amount);

export interface Seen {
  readonly status: number;
  readonly text: string;
  /** Where it leads, for a redirect. */
  readonly location: string | null;
}

/** A page in a browser without scripts. */
export async function openPage(url: string): Promise<Seen> {
  return seen(await fetch(url, { redirect: "manual" }));
}

/** The page's form, filled in and sent with one of its buttons. */
export async function submit(url: string, act: string, fields: Readonly<Record<string, string>> = {}): Promise<Seen> {
  return seen(await fetch(url, { method: "POST", redirect: "manual", body: new URLSearchParams({ ...fields, act }) }));
}

async function seen(response: Response): Promise<Seen> {
  return { status: response.status, text: await response.text(), location: response.headers.get("location") };
}

/** The value of a hidden field. */
export const hidden = (page: Seen, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(page.text)?.[1] ?? "";
