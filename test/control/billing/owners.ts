import { stripePayments } from "@pharmasight/adapters/stripe/payments";
import { stripeCatalogue } from "@pharmasight/adapters/stripe/prices";
import { stripeSubscriptions } from "@pharmasight/adapters/stripe/subscriptions";
import { Catalogue } from "@pharmasight/core/control/catalogue/catalogue";
import { Checkouts } from "@pharmasight/core/control/checkouts/checkouts";
import { Prices } from "@pharmasight/core/control/prices/prices";
import type { ControlScope } from "@pharmasight/core/control/scope";
import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import { DAY_SECONDS, secondsAfter } from "@pharmasight/core/kernel/clock";
import { type ControlWorld, openTenant, startControlWorld } from "../world.ts";

/** Test cards: https://docs.stripe.com/testing */
export const cards = {
  pays: "4242424242424242",
  declines: "4000000000000002",
  asksAlways: "4000002760003184",
  failsLater: "4000000000000341",
} as const;

export type BillingWorld = Awaited<ReturnType<typeof startBillingWorld>>;

/** A control plane whose prices are published at the stand-in for Stripe, and owners who come to pay. */
export async function startBillingWorld() {
  const world = await startControlWorld();
  const options = { apiKey: async () => world.stripe.apiKey, apiUrl: world.stripe.url };
  const providers = { subscriptions: stripeSubscriptions(options), payments: stripePayments(options) };
  await Catalogue.publish(world.operator, stripeCatalogue(options));
  return { ...world, ...providers, providers };
}

export interface Owner {
  readonly tenantId: string;
  readonly control: ControlScope;
}

/** What a small pharmacy uses. */
export const little = { branches: 1, users: 2, items: 100 } as const;

/** An owner whose pharmacy is on its trial. */
export async function ownerOnTrial(world: BillingWorld, subdomain: string): Promise<Owner> {
  const { tenantId, email } = await openTenant(world, subdomain);
  const { customerId } = await world.payments.ensureCustomer({
    tenantId,
    companyName: "Green Cross",
    ownerEmail: email,
  });
  const now = world.clock.now();
  const { db } = world.system;
  await db
    .updateTable("tenantSubscriptions")
    .set({ stripeCustomerId: customerId })
    .where("tenantId", "=", tenantId)
    .execute();
  await db
    .updateTable("tenants")
    .set({ state: "trial", trialEndsAt: secondsAfter(now, 14 * DAY_SECONDS), schemaVersion: 1 })
    .where("id", "=", tenantId)
    .execute();
  return { tenantId, control: asOwner(world, tenantId) };
}

/** The scope that the pages have for somebody of this pharmacy. */
const asOwner = (world: ControlWorld, tenantId: string): ControlScope =>
  world.actingAs({
    kind: "member",
    tenantId,
    userId: "019ab000-0000-7000-8000-0000000000aa",
    name: "Amina",
    sourceIp: "192.0.2.7",
    requestId: "test",
  });

/** Our id of a price that is sold to everybody. */
export async function priceOf(
  world: ControlWorld,
  code: string,
  interval: "month" | "year" = "month",
  tenantId = "019ab000-0000-7000-8000-000000000000",
): Promise<string> {
  const sold = await Prices.offered(world.system, tenantId);
  const found = sold.find((one) => one.code === code && one.interval === interval && one.currency === "USD");
  if (found === undefined) throw new Error(`${code} is not sold by the ${interval}.`);
  return found.priceId;
}

export const urls = { successUrl: "http://green.test/billing/return", cancelUrl: "http://green.test/billing" };

/** Opens the page for paying. @returns its address */
export async function openCheckout(
  world: BillingWorld,
  { control, tenantId }: Owner,
  priceId: string,
): Promise<string> {
  const wanted = { tenantId, priceId, addOns: [], used: little, ...urls };
  const started = await Checkouts.start(control, world.providers, wanted);
  if (started.kind !== "started") throw new Error("The plan has no room for what is used.");
  return started.url;
}

/** Fills the page for paying in, as a person would. @returns the answer: a redirect when it was paid */
export const payOn = (url: string, card: string = cards.pays): Promise<Response> =>
  post(url, { ...cardForm(card), act: "pay", country: "KE", line1: "Moi Avenue 1", name: "Amina" });

export const cardForm = (card: string) => ({ card_number: card, card_expiry: "12/34", card_cvc: "123" });

export const post = (url: string, form: Readonly<Record<string, string>>): Promise<Response> =>
  fetch(url, { method: "POST", body: new URLSearchParams(form), redirect: "manual" });

/** An owner who has bought a plan. */
export async function subscriber(
  world: BillingWorld,
  subdomain: string,
  code = "starter",
  interval: "month" | "year" = "month",
): Promise<Owner> {
  const owner = await ownerOnTrial(world, subdomain);
  const paid = await payOn(await openCheckout(world, owner, await priceOf(world, code, interval)));
  if (paid.status !== 303 && paid.status !== 302) throw new Error(`${paid.status}: ${await paid.text()}`);
  await TenantSubscriptions.converge(owner.control, world.subscriptions, owner.tenantId);
  return owner;
}
