import * as z from "zod";
import { discounted, netOf, previewDiscounts, sketchDiscounts } from "./discounts.ts";
import { type Line, periodLines } from "./invoice-lines.ts";
import type { Subscription } from "./subscription-items.ts";
import { composeSubscription } from "./subscription-start.ts";
import type { Stored, World } from "./world.ts";

/** What a checkout session sells, and what that costs now and later. */
export type Session = Stored["checkoutSessions"];

/** What the session asked for and the API does not show. */
const hiddenSchema = z.object({
  items: z.array(z.object({ price: z.string(), quantity: z.number() })),
  metadata: z.record(z.string(), z.string()),
  description: z.string().nullable(),
  trialEnd: z.number().nullable(),
  missingPaymentMethod: z.enum(["cancel", "create_invoice", "pause"]),
  updates: z.object({ address: z.boolean(), name: z.boolean() }),
});
export type Hidden = z.output<typeof hiddenSchema>;

export const hiddenOf = (world: World, sessionId: string): Hidden =>
  hiddenSchema.parse(JSON.parse(world.secretOf(sessionId).asked ?? ""));

/** What is due when the session is paid now, and each period from then on. */
export interface Quote {
  readonly subscription: Subscription;
  /** Of today's invoice, with its discounts. */
  readonly lines: readonly Line[];
  readonly subtotal: number;
  readonly total: number;
  /** A whole period, before discounts. */
  readonly perPeriod: number;
}

export function quoteOf(
  world: World,
  customer: string,
  { items, trialEnd }: Hidden,
  discounts: Session["discounts"],
): Quote {
  const asked = { customer, items, metadata: {}, trialEnd: trialEnd ?? undefined };
  const subscription = composeSubscription(world, "sub_preview", asked);
  const holder = { customer, subscription: null, checkout_session: null };
  const given = sketchDiscounts(world, asDiscounts(discounts), holder);
  const lines = discounted(world, periodLines(world, subscription.items.data, trialEnd !== null), given);
  return {
    subscription,
    lines,
    subtotal: lines.reduce((sum, { amount }) => sum + amount, 0),
    total: lines.reduce((sum, line) => sum + netOf(line), 0),
    perPeriod: periodLines(world, subscription.items.data).reduce((sum, { amount }) => sum + amount, 0),
  };
}

/** @throws Refusal when a discount of the session may not be redeemed any more */
export const requireRedeemable = (world: World, customer: string, discounts: Session["discounts"]): void =>
  void previewDiscounts(world, asDiscounts(discounts), { customer, subscription: null, checkout_session: null });

/** A session's discounts in the words of a parameter: a code stands for its coupon. */
export const asDiscounts = (discounts: Session["discounts"]) =>
  (discounts ?? []).map(({ coupon, promotion_code }) =>
    promotion_code === null ? { coupon: coupon ?? "" } : { promotion_code },
  );

/** The session with its amounts, as they are with these discounts. */
export function withAmounts(world: World, session: Session, discounts: Session["discounts"]): Session {
  const quote = quoteOf(world, session.customer ?? "", hiddenOf(world, session.id), discounts);
  return {
    ...session,
    amount_subtotal: quote.subtotal,
    amount_total: quote.total,
    discounts,
    total_details: { amount_discount: quote.subtotal - quote.total, amount_shipping: 0, amount_tax: 0 },
  };
}

/** What is bought, with today's amounts. */
export function lineItemsOf(world: World, sessionId: string) {
  const session = world.get("checkoutSessions", sessionId);
  const { subscription, lines } = quoteOf(world, session.customer ?? "", hiddenOf(world, sessionId), session.discounts);
  return subscription.items.data.map(({ price, quantity }, index) => {
    const line = lines[index];
    const [subtotal, total] = line === undefined ? [0, 0] : [line.amount, netOf(line)];
    return {
      id: `li_${sessionId.slice(-20)}${index}`,
      object: "item" as const,
      adjustable_quantity: null,
      amount_discount: subtotal - total,
      amount_subtotal: subtotal,
      amount_tax: 0,
      amount_total: total,
      currency: price.currency,
      description: world.find("products", price.product)?.name ?? null,
      metadata: {},
      price,
      quantity: quantity ?? 1,
    };
  });
}
