import { boundary } from "./calendar.ts";
import { type Attempt, type Collected, collectNow } from "./collection.ts";
import { type DiscountAsked, redeem } from "./discounts.ts";
import { draftInvoice } from "./invoice-drafts.ts";
import { type Invoice, periodLines } from "./invoice-lines.ts";
import { wholeList } from "./replies.ts";
import { firstItem, fitting, type ItemChange, newItem, rhythmOf, type Subscription } from "./subscription-items.ts";
import type { World } from "./world.ts";

/** A subscription as a call or a checkout asks for it. */
export interface NewSubscription {
  readonly customer: string;
  readonly items: readonly {
    readonly price: string;
    readonly quantity?: number | undefined;
    readonly metadata?: ItemChange["metadata"];
  }[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly collectionMethod?: "charge_automatically" | "send_invoice" | undefined;
  readonly daysUntilDue?: number | undefined;
  readonly defaultPaymentMethod?: string | undefined;
  readonly discounts?: readonly DiscountAsked[];
  readonly trialEnd?: number | undefined;
  /** What happens when a trial ends and there is nothing to pay with. */
  readonly missingPaymentMethod?: "cancel" | "create_invoice" | "pause" | undefined;
  readonly checkoutSession?: string;
  readonly description?: string | undefined;
}

/** Makes it with its first invoice, still a draft. It is incomplete until that is paid, unless it is on trial or sent invoices. */
export function createSubscription(world: World, asked: NewSubscription): { id: string; invoice: Invoice } {
  const id = world.id("sub");
  const subscription = composeSubscription(world, id, asked);
  const discounts = redeem(world, asked.discounts ?? [], {
    customer: asked.customer,
    subscription: id,
    checkout_session: asked.checkoutSession ?? null,
  });
  const kept = world.put("subscriptions", { ...subscription, discounts: discounts.map((discount) => discount.id) });
  world.emit("customer.subscription.created", kept);
  const lines = periodLines(world, kept.items.data, kept.status === "trialing");
  const period = { start: world.now(), end: world.now() };
  const isSent = kept.collection_method === "send_invoice";
  return {
    id,
    invoice: draftInvoice(world, { subscription: kept, lines, reason: "subscription_create", period }, isSent),
  };
}

/** Makes it and, unless invoices are only sent to it, takes the first payment. */
export function startSubscription(
  world: World,
  asked: NewSubscription,
  attempt?: Attempt,
): { readonly subscription: Subscription; readonly outcome: Collected } {
  const { id, invoice } = createSubscription(world, asked);
  const outcome: Collected =
    invoice.collection_method === "send_invoice" ? { kind: "sent" } : collectNow(world, invoice.id, attempt);
  return { subscription: world.get("subscriptions", id), outcome };
}

/** The subscription without its discounts, not kept. */
export function composeSubscription(world: World, id: string, asked: NewSubscription): Subscription {
  const now = world.now();
  const { trialEnd = null, collectionMethod = "charge_automatically" } = asked;
  const draft = fitting(asked.items.map((item) => newItem(world, id, item, { start: now, end: now })));
  const end = trialEnd ?? boundary(now, rhythmOf(firstItem(draft)), 1);
  const items = draft.map((item) => ({ ...item, current_period_end: end }));
  return {
    id,
    object: "subscription",
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: trialEnd ?? now,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: "included" }, type: "flexible" },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: collectionMethod,
    created: now,
    currency: firstItem(items).price.currency,
    customer: world.get("customers", asked.customer, "customer").id,
    customer_account: null,
    days_until_due: collectionMethod === "send_invoice" ? (asked.daysUntilDue ?? 30) : null,
    default_payment_method: asked.defaultPaymentMethod ?? null,
    default_source: null,
    default_tax_rates: [],
    description: asked.description ?? null,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: "self" },
    },
    items: wholeList(`/v1/subscription_items?subscription=${id}`, items),
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: { ...asked.metadata },
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: "off",
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    status: trialEnd !== null ? "trialing" : collectionMethod === "send_invoice" ? "active" : "incomplete",
    test_clock: null,
    transfer_data: null,
    trial_end: trialEnd,
    trial_settings: {
      end_behavior: {
        billing_cycle_anchor: null,
        missing_payment_method: asked.missingPaymentMethod ?? "create_invoice",
      },
    },
    trial_start: trialEnd === null ? null : now,
  };
}
