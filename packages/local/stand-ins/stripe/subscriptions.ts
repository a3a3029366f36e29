import * as z from "zod";
import { cancelNow, planCancellation } from "./cancellation.ts";
import { discountsParameter, redeem } from "./discounts.ts";
import { emptyable, flag, integer, mergeMetadata, metadataChanges, moments, within } from "./form.ts";
import { requireSupported } from "./pending-updates.ts";
import { invalid, listOf, listParameters, missing } from "./replies.ts";
import { route } from "./routes.ts";
import { changeItems, planChange } from "./subscription-changes.ts";
import { itemChangesParameter, newItemsParameter, periodOf, type Subscription } from "./subscription-items.ts";
import { createSubscription, startSubscription } from "./subscription-start.ts";
import { hasEnded, keepSubscription } from "./subscription-status.ts";
import type { World } from "./world.ts";

/** Billing mode is always flexible here, which is also Stripe's default. */
const billingMode = z.strictObject({
  type: z.literal("flexible"),
  flexible: z.strictObject({ proration_discounts: z.literal("included") }).optional(),
});
const collectionMethod = z.enum(["charge_automatically", "send_invoice"]);
const trialSettings = z.strictObject({
  end_behavior: z.strictObject({ missing_payment_method: z.enum(["cancel", "create_invoice", "pause"]) }),
});
const words = z.strictObject({
  comment: emptyable(z.string().max(5000)).optional(),
  feedback: emptyable(z.string()).optional(),
});

const created = z.strictObject({
  customer: z.string(),
  items: newItemsParameter,
  billing_mode: billingMode.optional(),
  collection_method: collectionMethod.optional(),
  days_until_due: integer.optional(),
  default_payment_method: z.string().optional(),
  description: z.string().max(500).optional(),
  discounts: discountsParameter.optional(),
  metadata: metadataChanges.optional(),
  off_session: flag.optional(),
  payment_behavior: z.enum(["allow_incomplete", "default_incomplete"]).optional(),
  trial_end: integer.optional(),
  trial_settings: trialSettings.optional(),
});
const updated = z.strictObject({
  items: itemChangesParameter.optional(),
  cancel_at: emptyable(z.union([z.enum(["min_period_end", "max_period_end"]), integer])).optional(),
  cancel_at_period_end: flag.optional(),
  cancellation_details: words.optional(),
  collection_method: collectionMethod.optional(),
  days_until_due: integer.optional(),
  default_payment_method: emptyable(z.string()).optional(),
  description: emptyable(z.string().max(500)).optional(),
  discounts: emptyable(discountsParameter).optional(),
  metadata: metadataChanges.optional(),
  payment_behavior: z.enum(["allow_incomplete", "pending_if_incomplete"]).optional(),
  proration_behavior: z.enum(["always_invoice", "create_prorations", "none"]).optional(),
  proration_date: integer.optional(),
});
type Update = z.output<typeof updated>;
const canceled = z.strictObject({
  invoice_now: flag.optional(),
  prorate: flag.optional(),
  cancellation_details: words.optional(),
});
const filter = z.strictObject({
  ...listParameters,
  customer: z.string().optional(),
  price: z.string().optional(),
  created: moments.optional(),
  status: z
    .enum(["active", "all", "canceled", "ended", "incomplete", "incomplete_expired", "past_due", "trialing", "unpaid"])
    .optional(),
});

export const subscriptionRoutes = [
  route("POST", "/v1/subscriptions", created, ({ world, params }) => create(world, params)),
  route("GET", "/v1/subscriptions", filter, ({ world, params }) => list(world, params)),
  route("GET", "/v1/subscriptions/:id", z.strictObject({}), ({ world, id }) => world.get("subscriptions", id)),
  route("POST", "/v1/subscriptions/:id", updated, ({ world, id, params }) => update(world, id, params)),
  route("DELETE", "/v1/subscriptions/:id", canceled, ({ world, id, params }) => cancel(world, id, params)),
];

function create(world: World, params: z.output<typeof created>): Subscription {
  const asked = {
    customer: params.customer,
    items: params.items,
    metadata: mergeMetadata({}, params.metadata),
    collectionMethod: params.collection_method,
    daysUntilDue: params.days_until_due,
    defaultPaymentMethod: params.default_payment_method,
    description: params.description,
    discounts: params.discounts ?? [],
    trialEnd: params.trial_end,
    missingPaymentMethod: params.trial_settings?.end_behavior.missing_payment_method,
  };
  const customer = world.get("customers", params.customer, "customer");
  const method = params.default_payment_method ?? customer.invoice_settings.default_payment_method;
  const isSent = params.collection_method === "send_invoice";
  if (isSent !== (params.days_until_due !== undefined)) {
    throw invalid("`days_until_due` goes together with `collection_method=send_invoice`.", { param: "days_until_due" });
  }
  if (params.default_payment_method !== undefined) requireOwnMethod(world, customer.id, params.default_payment_method);
  if (params.trial_end !== undefined && params.trial_end <= world.now()) {
    throw invalid("Invalid timestamp: can be no earlier than the current time.", { param: "trial_end" });
  }
  if (params.payment_behavior === "default_incomplete") {
    return world.get("subscriptions", createSubscription(world, asked).id);
  }
  if (!isSent && method === null && params.trial_end === undefined) {
    throw invalid(
      "This customer has no attached payment source or default payment method. Please consider adding a default payment method.",
      { code: "resource_missing" },
    );
  }
  return startSubscription(world, asked).subscription;
}

function update(world: World, id: string, params: Update): Subscription {
  const subscription = world.get("subscriptions", id);
  const { metadata: _, ...others } = params;
  if (hasEnded(subscription) && Object.values(others).some((value) => value !== undefined)) {
    throw invalid("A canceled subscription can only update its cancellation_details and metadata.", {
      code: "invalid_canceled_subscription_fields",
    });
  }
  if (params.payment_behavior === "pending_if_incomplete") {
    requireSupported(params);
    if (subscription.collection_method === "send_invoice") {
      throw invalid("`payment_behavior=pending_if_incomplete` needs `collection_method=charge_automatically`.");
    }
  }
  changeCancellation(world, subscription, params);
  changeSettings(world, id, params);
  if (params.items !== undefined) {
    const current = world.get("subscriptions", id);
    const { items, proration_behavior: behavior, proration_date: prorationDate } = params;
    const change = planChange(world, current, { items, behavior, prorationDate });
    changeItems(world, current, change, params.payment_behavior);
  }
  return world.get("subscriptions", id);
}

function changeCancellation(world: World, subscription: Subscription, params: Update): void {
  const { cancel_at: at, cancel_at_period_end: atPeriodEnd, cancellation_details: said } = params;
  if (at === undefined && atPeriodEnd === undefined) {
    if (said === undefined) return;
    const { comment = null, feedback = null } = said;
    const details = { feedback_option: null, reason: null, ...subscription.cancellation_details, comment, feedback };
    keepSubscription(world, { ...subscription, cancellation_details: details });
    return;
  }
  if (at !== undefined && atPeriodEnd !== undefined) {
    throw invalid("Received both cancel_at and cancel_at_period_end parameters. Please pass in only one.");
  }
  if (subscription.schedule !== null) {
    throw invalid(
      `The subscription is managed by the subscription schedule \`${subscription.schedule}\`, and updating any cancelation behavior directly is not allowed. Please update the schedule instead.`,
    );
  }
  if (at === undefined) {
    // A moment that was set by itself is not taken back by the flag, only by an empty `cancel_at`.
    const isFlagged = subscription.cancel_at_period_end;
    if (atPeriodEnd === true || isFlagged) {
      planCancellation(world, subscription, atPeriodEnd === true ? "period-end" : null, said);
    }
    return;
  }
  const moment = typeof at === "string" ? periodOf(subscription).end : at;
  if (moment !== null && moment <= world.now()) {
    throw invalid("`cancel_at` must be a moment in the future.", { param: "cancel_at" });
  }
  planCancellation(world, subscription, moment, said);
}

function changeSettings(world: World, id: string, params: Update): void {
  const subscription = world.get("subscriptions", id);
  const { default_payment_method: method, discounts, metadata, description } = params;
  if (typeof method === "string") requireOwnMethod(world, subscription.customer, method);
  const collection = params.collection_method ?? subscription.collection_method;
  const daysUntilDue = params.days_until_due ?? subscription.days_until_due;
  if (collection === "send_invoice" && daysUntilDue === null) {
    throw invalid("You must pass `days_until_due` with `collection_method=send_invoice`.", { param: "days_until_due" });
  }
  const holder = { customer: subscription.customer, subscription: id, checkout_session: null };
  keepSubscription(world, {
    ...subscription,
    collection_method: collection,
    days_until_due: collection === "send_invoice" ? daysUntilDue : null,
    default_payment_method: method === undefined ? subscription.default_payment_method : method,
    description: description === undefined ? subscription.description : description,
    discounts:
      discounts === undefined ? subscription.discounts : redeem(world, discounts ?? [], holder).map((one) => one.id),
    metadata: mergeMetadata(subscription.metadata, metadata),
  });
}

function cancel(world: World, id: string, params: z.output<typeof canceled>): Subscription {
  const subscription = world.get("subscriptions", id);
  if (hasEnded(subscription)) throw missing("subscription", id, "id");
  const { prorate = false, invoice_now: invoiceNow = false, cancellation_details: said } = params;
  if (prorate && !invoiceNow) {
    throw invalid("The stand-in gives credit for unused time only with `invoice_now`.", { param: "prorate" });
  }
  const how = { refundUnused: prorate, reason: "cancellation_requested" } as const;
  return cancelNow(world, id, said === undefined ? how : { ...how, words: said });
}

function list(world: World, { customer, price, status, created: range, ...page }: z.output<typeof filter>) {
  const found = world
    .all("subscriptions")
    .filter((one) => (customer ?? one.customer) === one.customer && within(one.created, range))
    .filter((one) => price === undefined || one.items.data.some((item) => item.price.id === price))
    .filter((one) => matches(one, status));
  return listOf("/v1/subscriptions", found, page);
}

function matches(subscription: Subscription, status: z.output<typeof filter>["status"]): boolean {
  if (status === undefined) return subscription.status !== "canceled";
  if (status === "all") return true;
  return status === "ended" ? hasEnded(subscription) : subscription.status === status;
}

function requireOwnMethod(world: World, customer: string, id: string): void {
  if (world.get("paymentMethods", id, "default_payment_method").customer !== customer) {
    throw invalid(`The customer does not have a payment method with the ID ${id}.`, {
      code: "resource_missing",
      param: "default_payment_method",
    });
  }
}
