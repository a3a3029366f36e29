import { stripeCatalogue } from "@pharmasight/adapters/stripe/prices";
import { stripeSubscriptions } from "@pharmasight/adapters/stripe/subscriptions";
import { Catalogue } from "@pharmasight/core/control/catalogue/catalogue";
import { PaymentEvents } from "@pharmasight/core/control/payment-events/payment-events";
import { Reconciliation } from "@pharmasight/core/control/reconciliation/reconciliation";
import type { ControlScope } from "@pharmasight/core/control/scope";
import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import { DAY_SECONDS, secondsAfter } from "@pharmasight/core/kernel/clock";
import { newId } from "@pharmasight/core/kernel/ids";
import type { PaymentNotice } from "@pharmasight/core/ports/payment-notices";
import type { Subscriptions } from "@pharmasight/core/ports/subscriptions";
import Sdk from "stripe";
import { type ControlWorld, startControlWorld } from "../world.ts";

export type BillingWorld = Awaited<ReturnType<typeof startBillingWorld>>;

type StoredEvent = ReturnType<typeof eventsOf>[number];
const eventsOf = (world: ControlWorld) => world.stripe.world.all("events");

export interface Payer {
  readonly tenantId: string;
  readonly customerId: string;
}

const STARTER = "019ab000-0000-7000-8000-000000000001";
const TRIAL_DAYS = 14;

/** A control database, the stand-in for Stripe with everything that is sold, and pharmacies on trial. */
export async function startBillingWorld() {
  const world = await startControlWorld();
  const options = { apiKey: async () => world.stripe.apiKey, apiUrl: world.stripe.url };
  const provider = stripeSubscriptions(options);
  await Catalogue.publish(world.operator, stripeCatalogue(options));
  const address = new URL(world.stripe.url);
  const sdk = new Sdk(world.stripe.apiKey, {
    host: address.hostname,
    port: address.port,
    protocol: "http",
    maxNetworkRetries: 0,
    telemetry: false,
  });
  const priceIds = await published(world);
  const price = (key: string): string => {
    const found = priceIds.get(key);
    if (found === undefined) throw new Error(`nothing is sold as ${key}`);
    return found;
  };
  let pharmacies = 0;

  /** A pharmacy on the first day of its trial, with a customer at the provider. */
  async function openPharmacy({ timeZone = "Africa/Nairobi", card = "pm_card_visa" } = {}): Promise<Payer> {
    pharmacies += 1;
    const name = `payer-${pharmacies}`;
    const tenantId = newId(world.clock);
    const { id: customerId } = await sdk.customers.create({ name, metadata: { tenant_id: tenantId } });
    await useCard(customerId, card);
    await insertPharmacy(world, { tenantId, customerId, name, timeZone });
    return { tenantId, customerId };
  }

  async function useCard(customerId: string, card: string): Promise<void> {
    const method = await sdk.paymentMethods.attach(card, { customer: customerId });
    await sdk.customers.update(customerId, { invoice_settings: { default_payment_method: method.id } });
  }

  /** What the owner does on the page for paying. @param keys as prices are published: `starter_month` */
  async function subscribe({ customerId, tenantId }: Payer, ...keys: readonly string[]): Promise<string> {
    const { id } = await sdk.subscriptions.create({
      customer: customerId,
      items: keys.map((key) => ({ price: price(key) })),
      metadata: { tenant_id: tenantId },
      billing_mode: { type: "flexible" },
    });
    return id;
  }

  /** Notices of everything that happened to a customer so far, oldest first, as the door has verified them. */
  function noticesOf(customerId: string): readonly PaymentNotice[] {
    const all = eventsOf(world).toReversed();
    return all.map(noticeOf).filter((notice) => notice.customerId === customerId);
  }

  /** Takes in what the provider has just told. */
  async function record(event: StoredEvent | undefined): Promise<void> {
    if (event === undefined) throw new Error("nothing was told");
    await PaymentEvents.record(world.system, noticeOf(event));
  }

  /** What the worker does with the messages that were sent since it last did. */
  async function work(control: ControlScope = world.system): Promise<void> {
    for (let next = world.sent.shift(); next !== undefined; next = world.sent.shift()) {
      if (next.queue === "billing") await run(control, provider, next.message);
      else mails.push(await sent(control, next.message));
    }
  }
  const mails: Readonly<Record<string, string>>[] = [];

  /** Both clocks, the provider's first. */
  function advance(seconds: number): void {
    world.clock.advance(seconds);
  }

  return { ...world, provider, sdk, price, openPharmacy, useCard, subscribe, noticesOf, record, work, mails, advance };
}

/** A mail that the mail worker has sent. */
async function sent(control: ControlScope, message: Readonly<Record<string, string>>) {
  await control.settle(message.outboxId ?? "");
  return message;
}

async function run(
  control: ControlScope,
  provider: Subscriptions,
  message: Readonly<Record<string, string>>,
): Promise<void> {
  const { outboxId = "", work, eventId = "", tenantId = "", subscriptionId = "" } = message;
  if (await control.isSettled(outboxId)) return;
  if (work === "event") await PaymentEvents.apply(control, provider, eventId);
  if (work === "converge") await TenantSubscriptions.converge(control, provider, tenantId);
  if (work === "cancel_second") {
    await TenantSubscriptions.cancelSecond(control, provider, tenantId, subscriptionId);
  }
  if (work === "reconcile") {
    await Reconciliation.step(control, provider, Reconciliation.partSchema.parse(message));
  }
  await control.settle(outboxId);
}

/** The provider's ids by what is sold: `starter_month`, `reports_year`. */
async function published(world: ControlWorld): Promise<ReadonlyMap<string, string>> {
  const rows = await world.system.db
    .selectFrom("prices")
    .leftJoin("subscriptionPlans", "subscriptionPlans.id", "prices.planId")
    .select(["subscriptionPlans.code", "prices.addOnCode", "prices.billingInterval", "prices.stripePriceId"])
    .execute();
  return new Map(
    rows.map((row) => [`${row.code ?? row.addOnCode}_${row.billingInterval}`, row.stripePriceId ?? "unpublished"]),
  );
}

async function insertPharmacy(
  world: ControlWorld,
  { tenantId, customerId, name, timeZone }: Payer & { readonly name: string; readonly timeZone: string },
): Promise<void> {
  const now = world.clock.now();
  const trialEndsAt = secondsAfter(now, TRIAL_DAYS * DAY_SECONDS);
  const ownerEmail = `${name}@example.com`;
  await world.system.db
    .insertInto("tenants")
    .values({
      id: tenantId,
      name,
      state: "trial",
      currency: "KES",
      timeZone,
      ownerName: "Amina Otieno",
      ownerEmail,
      ownerMailbox: ownerEmail,
      trialMailbox: ownerEmail,
      termsVersion: "1",
      termsAcceptedAt: now,
      trialEndsAt,
      schemaVersion: 1,
      createdAt: now,
      updatedAt: now,
    })
    .execute();
  await world.system.db
    .insertInto("tenantHosts")
    .values({ host: name, tenantId, kind: "primary", createdAt: now })
    .execute();
  await world.system.db
    .insertInto("tenantSubscriptions")
    .values({
      id: newId(world.clock),
      tenantId,
      planId: STARTER,
      status: "trialing",
      currentPeriodStart: now,
      currentPeriodEnd: trialEndsAt,
      stripeCustomerId: customerId,
      createdAt: now,
      updatedAt: now,
    })
    .execute();
}

/** Only the ids of an event are ever used. */
function noticeOf(event: StoredEvent): PaymentNotice {
  const object = event.data.object as { readonly id: string; readonly object: string; readonly customer?: unknown };
  const customer = object.object === "customer" ? object.id : object.customer;
  return {
    id: event.id,
    type: event.type,
    apiVersion: event.api_version,
    isOurVersion: true,
    customerId: typeof customer === "string" ? customer : null,
    objectId: object.id,
    createdAt: new Date(event.created * 1000),
    payload: { data: { object } },
  };
}

/** Everything that our rows say of a tenant, without what says only when they were written. */
export async function rowsOf({ system: { db } }: BillingWorld, tenantId: string) {
  const tenant = await db
    .selectFrom("tenants")
    .select([
      "state",
      "trialEndsAt",
      "pastDueSince",
      "graceEndsAt",
      "accessEndsAt",
      "suspension",
      "nextChangeAt",
      "billingCurrency",
    ])
    .where("id", "=", tenantId)
    .executeTakeFirstOrThrow();
  const { id, createdAt, updatedAt, fetchedAt, ...subscription } = await db
    .selectFrom("tenantSubscriptions")
    .selectAll()
    .where("tenantId", "=", tenantId)
    .executeTakeFirstOrThrow();
  const addOns = await db
    .selectFrom("tenantAddOns")
    .select(["addOnCode", "quantity", "priceId", "stripeItemId"])
    .where("tenantId", "=", tenantId)
    .orderBy("addOnCode")
    .execute();
  const invoices = await db
    .selectFrom("invoices")
    .select(["id", "status", "total", "amountPaid", "amountDue", "attempts", "paidAt"])
    .where("tenantId", "=", tenantId)
    .orderBy("id")
    .execute();
  return { tenant, subscription, addOns, invoices };
}
