import * as z from "zod";
import { discountsInForce, discountsParameter, previewDiscounts } from "./discounts.ts";
import { emptyable, flag, integer } from "./form.ts";
import { composeInvoice, type InvoiceContent } from "./invoice-drafts.ts";
import { type Invoice, periodLines } from "./invoice-lines.ts";
import { nextPeriod } from "./renewals.ts";
import { invalid, refusal } from "./replies.ts";
import { route } from "./routes.ts";
import { carriedDiscounts, changesRhythm, phaseAt, phaseItems } from "./schedules.ts";
import { planChange } from "./subscription-changes.ts";
import { type Item, itemChangesParameter, periodOf, type Subscription } from "./subscription-items.ts";
import { composeSubscription } from "./subscription-start.ts";
import { hasEnded } from "./subscription-status.ts";
import type { World } from "./world.ts";

const parameters = z.strictObject({
  customer: z.string().optional(),
  subscription: z.string().optional(),
  schedule: z.string().optional(),
  discounts: emptyable(discountsParameter).optional(),
  preview_mode: z.literal("next").optional(),
  subscription_details: z
    .strictObject({
      items: itemChangesParameter.optional(),
      proration_behavior: z.enum(["always_invoice", "create_prorations", "none"]).optional(),
      proration_date: integer.optional(),
      cancel_at: emptyable(integer).optional(),
      cancel_at_period_end: flag.optional(),
      trial_end: integer.optional(),
    })
    .optional(),
});
type Asked = z.output<typeof parameters>;

export const previewRoutes = [
  route("POST", "/v1/invoices/create_preview", parameters, ({ world, params }) => preview(world, params)),
];

/** The invoice that a change would make now, or that comes next. Nothing is kept or counted. */
function preview(world: World, asked: Asked): Invoice {
  const content = contentOf(world, asked);
  const { customer, id: subscription } = content.subscription;
  const discounts =
    asked.discounts === undefined
      ? content.discounts
      : previewDiscounts(world, asked.discounts ?? [], { customer, subscription, checkout_session: null });
  return composeInvoice(world, world.id("upcoming_in"), { ...content, discounts });
}

function contentOf(world: World, asked: Asked): InvoiceContent {
  const { subscription_details: details = {} } = asked;
  const subscriptionId = asked.subscription ?? scheduled(world, asked.schedule);
  if (subscriptionId === undefined) return firstOf(world, asked);
  const subscription = world.get("subscriptions", subscriptionId, "subscription");
  if (asked.customer !== undefined && asked.customer !== subscription.customer) {
    throw invalid("The customer is not the one of the subscription.", { param: "customer" });
  }
  if (hasEnded(subscription)) throw noneUpcoming(subscription);
  if (details.items === undefined) return next(world, subscription, details);
  const { items, proration_behavior: behavior, proration_date } = details;
  const {
    lines,
    prorationDate,
    items: after,
  } = planChange(world, subscription, {
    items,
    behavior,
    prorationDate: proration_date,
  });
  if (behavior === "none" && lines.length === 0) return next(world, subscription, details, after);
  return {
    subscription,
    lines,
    discounts: discountsInForce(world, subscription.discounts, world.now()),
    reason: "upcoming",
    period: { start: world.now(), end: world.now() },
    prorationDate,
  };
}

/** The next renewal, with the changed items, or those that a schedule has planned for then. */
function next(
  world: World,
  subscription: Subscription,
  details: NonNullable<Asked["subscription_details"]>,
  changed?: readonly Item[],
): InvoiceContent {
  const { end } = periodOf(subscription);
  const cancelAt = details.cancel_at === undefined ? subscription.cancel_at : details.cancel_at;
  const isLast = details.cancel_at_period_end === true || (cancelAt !== null && cancelAt <= end);
  if (isLast) throw noneUpcoming(subscription);
  const { schedule } = subscription;
  const phase = schedule === null ? undefined : phaseAt(world.get("schedules", schedule), end);
  if (changed !== undefined || phase === undefined) {
    return nextPeriod(world, subscription, changed ?? subscription.items.data).content;
  }
  const items = phaseItems(world, subscription, phase);
  const anchor = changesRhythm(subscription, items) ? end : subscription.billing_cycle_anchor;
  const then = { ...subscription, billing_cycle_anchor: anchor, discounts: carriedDiscounts(subscription, phase) };
  return nextPeriod(world, then, items).content;
}

/** The first invoice of a subscription that is not there yet. */
function firstOf(world: World, { customer, discounts, subscription_details: details = {} }: Asked): InvoiceContent {
  if (customer === undefined) throw invalid("You must provide a customer or a subscription.", { param: "customer" });
  const items = (details.items ?? []).flatMap(({ price, quantity }) =>
    price === undefined ? [] : [{ price, quantity }],
  );
  const asked = { customer, items, metadata: {}, trialEnd: details.trial_end };
  const subscription = composeSubscription(world, world.id("sub"), asked);
  const holder = { customer, subscription: null, checkout_session: null };
  return {
    subscription,
    lines: periodLines(world, subscription.items.data, subscription.status === "trialing"),
    discounts: previewDiscounts(world, discounts ?? [], holder),
    reason: "upcoming",
    period: { start: world.now(), end: world.now() },
  };
}

const scheduled = (world: World, id: string | undefined): string | undefined =>
  id === undefined ? undefined : (world.get("schedules", id, "schedule").subscription ?? undefined);

const noneUpcoming = ({ customer }: Subscription) =>
  refusal(404, "invalid_request_error", `No upcoming invoices for customer: ${customer}`, {
    code: "invoice_upcoming_none",
  });
