import type {
  CustomerSnapshot,
  InvoicedSubscription,
  InvoiceSnapshot,
  SubscriptionSnapshot,
  Subscriptions,
} from "@pharmasight/core/ports/subscriptions";
import type Stripe from "stripe";
import { askOnlyFor } from "./asked-invoice.ts";
import { chargeCustomersCard } from "./cards.ts";
import * as checkouts from "./checkouts.ts";
import { everyOne, received, receivedList, type StripeOptions, stripeClient, unlessMissing } from "./client.ts";
import { invoiceOfCharge, invoicesOf, readInvoice } from "./invoice-snapshots.ts";
import { refund } from "./money-back.ts";
import { ensurePortalConfiguration } from "./portal-configuration.ts";
import * as changes from "./subscription-changes.ts";
import { SUBSCRIPTION_EXPANSIONS, subscriptionSnapshot } from "./subscription-snapshots.ts";

const expand = [...SUBSCRIPTION_EXPANSIONS];
const expandEach = expand.map((path) => `data.${path}`);
const PAGE_SIZE = 100;

/** Subscriptions at Stripe, through its SDK. */
export function stripeSubscriptions(options: StripeOptions): Subscriptions {
  const withStripe = stripeClient(options);
  let portalId: string | undefined;
  return {
    read: (customerId) => withStripe((stripe) => readCustomer(stripe, customerId)),
    list: (cursor) => withStripe((stripe) => list(stripe, cursor)),

    startCheckout: (wanted) => withStripe((stripe) => checkouts.startCheckout(stripe, wanted)),
    readCheckout: (sessionId) => withStripe((stripe) => checkouts.readCheckout(stripe, sessionId)),
    shutCheckout: (sessionId) => withStripe((stripe) => checkouts.shutCheckout(stripe, sessionId)),
    openPortal: async (visit) => {
      const configurationId = portalId ?? (await withStripe(ensurePortalConfiguration));
      portalId = configurationId;
      return withStripe(async (stripe) => {
        await chargeCustomersCard(stripe, visit.customerId);
        return checkouts.openPortal(stripe, visit, configurationId);
      });
    },

    previewChange: (change) => withStripe((stripe) => changes.previewChange(stripe, change)),
    changeNow: (change, key) => withStripe((stripe) => changes.changeNow(stripe, change, key)),
    changeAtPeriodEnd: (change, key) => withStripe((stripe) => changes.changeAtPeriodEnd(stripe, change, key)),
    forgetScheduledChange: (id, key) => withStripe((stripe) => changes.forgetScheduledChange(stripe, id, key)),
    cancelAtPeriodEnd: (id, key) => withStripe((stripe) => cancelAtPeriodEnd(stripe, id, key)),
    undoCancel: (id, key) => withStripe((stripe) => undoCancel(stripe, id, key)),
    cancelNow: (id, key) => withStripe((stripe) => cancelNow(stripe, id, key)),
    startInvoiced: (wanted, key) => withStripe((stripe) => startInvoiced(stripe, wanted, key)),

    invoicesOf: (customerId) => withStripe((stripe) => invoicesOf(stripe, customerId)),
    readInvoice: (invoiceId) => withStripe((stripe) => readInvoice(stripe, invoiceId)),
    askOnlyFor: (invoiceId) => withStripe((stripe) => askOnlyFor(stripe, invoiceId)),
    markPaid: (invoiceId, key) => withStripe((stripe) => markPaid(stripe, invoiceId, key)),
    refund: (wanted, key) => withStripe((stripe) => refund(stripe, wanted, key)),
    invoiceOfCharge: (chargeId) => withStripe((stripe) => invoiceOfCharge(stripe, chargeId)),
  };
}

/** A customer whom Stripe does not know is taken for a deleted one: its subscriptions are gone with it. */
async function readCustomer(stripe: Stripe, customerId: string): Promise<CustomerSnapshot> {
  const [customer, found] = await Promise.all([
    unlessMissing<Stripe.Customer | Stripe.DeletedCustomer>(stripe.customers.retrieve(customerId)),
    unlessMissing(
      everyOne((page) =>
        stripe.subscriptions.list({ ...page, customer: customerId, status: "all", expand: expandEach }),
      ),
    ),
  ]);
  if (customer === undefined) return { customerId, isDeleted: true, subscriptions: [] };
  const isDeleted = received("customer", customer).deleted === true;
  const newestFirst = (found ?? []).toSorted((one, other) => other.created - one.created);
  return {
    customerId,
    isDeleted,
    subscriptions: await Promise.all(newestFirst.map((one) => subscriptionSnapshot(stripe, one))),
  };
}

async function list(stripe: Stripe, cursor: string | undefined) {
  const page = receivedList(
    await stripe.subscriptions.list({
      status: "all",
      limit: PAGE_SIZE,
      expand: expandEach,
      ...(cursor === undefined ? {} : { starting_after: cursor }),
    }),
  );
  const last = page.data.at(-1);
  const found = await Promise.all(page.data.map((one) => subscriptionSnapshot(stripe, one)));
  return page.has_more && last !== undefined ? { found, next: last.id } : { found };
}

async function cancelAtPeriodEnd(stripe: Stripe, id: string, key: string): Promise<SubscriptionSnapshot> {
  const found = await changes.retrieve(stripe, id);
  if (hasEnded(found) || isEnding(found)) return subscriptionSnapshot(stripe, found);
  await changes.release(stripe, found, key);
  const params = { cancel_at_period_end: true, expand };
  return subscriptionSnapshot(stripe, await stripe.subscriptions.update(id, params, { idempotencyKey: key }));
}

/** The portal's way of ending it and ours are undone differently, and Stripe takes only one of the two at a time. */
async function undoCancel(stripe: Stripe, id: string, key: string): Promise<SubscriptionSnapshot> {
  const found = await changes.retrieve(stripe, id);
  if (hasEnded(found) || !isEnding(found)) return subscriptionSnapshot(stripe, found);
  const undone = found.cancel_at_period_end ? { cancel_at_period_end: false } : { cancel_at: "" as const };
  return subscriptionSnapshot(
    stripe,
    await stripe.subscriptions.update(id, { ...undone, expand }, { idempotencyKey: key }),
  );
}

async function cancelNow(stripe: Stripe, id: string, key: string): Promise<SubscriptionSnapshot> {
  const found = await changes.retrieve(stripe, id);
  if (hasEnded(found)) return subscriptionSnapshot(stripe, found);
  const params = { invoice_now: false, prorate: false, expand };
  const cancelled = await unlessMissing(stripe.subscriptions.cancel(id, params, { idempotencyKey: key }));
  return subscriptionSnapshot(stripe, cancelled ?? (await changes.retrieve(stripe, id)));
}

async function startInvoiced(stripe: Stripe, wanted: InvoicedSubscription, key: string): Promise<SubscriptionSnapshot> {
  const started = await stripe.subscriptions.create(
    {
      customer: wanted.customerId,
      items: wanted.items.map(({ priceId, quantity }) => ({ price: priceId, quantity })),
      collection_method: "send_invoice",
      days_until_due: wanted.daysUntilDue,
      metadata: { tenant_id: wanted.tenantId },
      billing_mode: { type: "flexible" },
      expand,
    },
    { idempotencyKey: key },
  );
  return subscriptionSnapshot(stripe, started);
}

/** A draft is finished first: a sent invoice stays one for an hour, and its payment may arrive earlier. */
async function markPaid(stripe: Stripe, invoiceId: string, key: string): Promise<InvoiceSnapshot> {
  const found = await readInvoice(stripe, invoiceId);
  if (found.status === "paid") return found;
  if (found.status === "draft") {
    await stripe.invoices.finalizeInvoice(invoiceId, {}, { idempotencyKey: `${key}-finalize` });
  }
  const params = { paid_out_of_band: true };
  received("invoice", await stripe.invoices.pay(invoiceId, params, { idempotencyKey: key }));
  return readInvoice(stripe, invoiceId);
}

const hasEnded = ({ status }: Stripe.Subscription): boolean => status === "canceled" || status === "incomplete_expired";

const isEnding = ({ cancel_at, cancel_at_period_end }: Stripe.Subscription): boolean =>
  cancel_at !== null || cancel_at_period_end;
