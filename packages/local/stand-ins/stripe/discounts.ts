import * as z from "zod";
import { boundary } from "./calendar.ts";
import { couponNow, promotionCodeNow } from "./coupons.ts";
import { invalid } from "./replies.ts";
import type { Stored, World } from "./world.ts";

export type Discount = Stored["discounts"];
type Coupon = Stored["coupons"];
type Line = Stored["invoices"]["lines"]["data"][number];

/** `discounts` of a subscription or a session: each is a coupon, the code of one, or a discount that is kept. */
export const discountsParameter = z
  .array(
    z.strictObject({
      coupon: z.string().optional(),
      promotion_code: z.string().optional(),
      discount: z.string().optional(),
    }),
  )
  .max(20);
export type DiscountAsked = z.output<typeof discountsParameter>[number];

interface Holder {
  readonly customer: string;
  readonly subscription: string | null;
  readonly checkout_session: string | null;
}

/** Counts the redemptions and makes the discounts, from now on. @throws Refusal when one may not be redeemed */
export function redeem(world: World, asked: readonly DiscountAsked[], holder: Holder): Discount[] {
  return asked.map((one) => {
    if (one.discount !== undefined) return world.get("discounts", one.discount, "discounts");
    const { coupon, promotionCode } = redeemable(world, one, holder.customer);
    world.put("coupons", { ...coupon, times_redeemed: coupon.times_redeemed + 1 });
    if (promotionCode !== undefined) {
      world.put("promotionCodes", { ...promotionCode, times_redeemed: promotionCode.times_redeemed + 1 });
    }
    const discount = world.put("discounts", newDiscount(world, coupon, promotionCode?.id ?? null, holder));
    world.keepSecret(discount.id, { terms: JSON.stringify(termsIn(coupon)) });
    return discount;
  });
}

/** As if redeemed, but nothing is counted or kept. @throws Refusal when one may not be redeemed */
export function previewDiscounts(world: World, asked: readonly DiscountAsked[], holder: Holder): Discount[] {
  for (const one of asked.filter(({ discount }) => discount === undefined)) redeemable(world, one, holder.customer);
  return sketchDiscounts(world, asked, holder);
}

/** As if redeemed before, whether or not that would be possible now. */
export const sketchDiscounts = (world: World, asked: readonly DiscountAsked[], holder: Holder): Discount[] =>
  asked.map((one) => {
    if (one.discount !== undefined) return world.get("discounts", one.discount, "discounts");
    const { coupon, promotionCode } = named(world, one);
    return newDiscount(world, coupon, promotionCode?.id ?? null, holder);
  });

/** The discounts with these ids that are in force at the moment. */
export const discountsInForce = (world: World, ids: readonly string[], at: number): Discount[] =>
  ids.map((id) => world.get("discounts", id)).filter(({ end }) => end === null || at < end);

/** The discounts that are left for later invoices: a coupon that holds once is spent by the first that it lowers. */
export function unspent(world: World, ids: readonly string[], lines: readonly Line[], at: number): string[] {
  const used = new Set(lines.flatMap((line) => line.discount_amounts ?? []).map(({ discount }) => discount));
  return discountsInForce(world, ids, at)
    .filter((discount) => !(used.has(discount.id) && termsOf(world, discount).duration === "once"))
    .map(({ id }) => id);
}

/**
 * The lines with what the discounts take off each, one discount after the other. A fixed amount is spread over the lines
 * by their share, and the last line takes what rounding left.
 */
export function discounted(world: World, lines: readonly Line[], discounts: readonly Discount[]): Line[] {
  let result = [...lines];
  for (const discount of discounts) {
    const terms = termsOf(world, discount);
    const open = result.map((line) => (appliesTo(terms, line) ? netOf(line) : 0));
    const total = open.reduce((sum, amount) => sum + amount, 0);
    const off = Math.min(terms.amountOff, total);
    const last = open.findLastIndex((amount) => amount > 0);
    let left = off;
    result = result.map((line, index) => {
      const base = open[index] ?? 0;
      if (base === 0) return line;
      const share = index === last ? left : Math.round((off * base) / total);
      left -= share;
      const amount = terms.percentOff === null ? share : Math.round((base * terms.percentOff) / 100);
      return { ...line, discount_amounts: [...(line.discount_amounts ?? []), { amount, discount: discount.id }] };
    });
  }
  return result;
}

/** What is left of the line after its discounts, in minor units. */
export const netOf = (line: Line): number =>
  (line.discount_amounts ?? []).reduce((left, { amount }) => left - amount, line.amount);

/** What a coupon gives. */
interface Terms {
  readonly percentOff: number | null;
  readonly amountOff: number;
  readonly duration: string;
  /** Products that it is limited to; none for all. */
  readonly products: readonly string[];
}

/** A coupon that was deleted since still holds for those who have it. */
function termsOf(world: World, { id, source }: Discount): Terms {
  const coupon = world.find("coupons", source.coupon ?? "");
  if (coupon !== undefined) return termsIn(coupon);
  const { terms = "" } = world.secretOf(id);
  return termsSchema.parse(JSON.parse(terms));
}

const termsSchema = z.object({
  percentOff: z.number().nullable(),
  amountOff: z.number(),
  duration: z.string(),
  products: z.array(z.string()),
});

const termsIn = ({ percent_off, amount_off, duration, applies_to }: Coupon): Terms => ({
  percentOff: percent_off,
  amountOff: amount_off ?? 0,
  duration,
  products: applies_to?.products ?? [],
});

function appliesTo({ products }: Terms, line: Line): boolean {
  if (!line.discountable || line.amount <= 0) return false;
  return products.length === 0 || products.includes(line.pricing?.price_details?.product ?? "");
}

function redeemable(world: World, asked: DiscountAsked, customer: string) {
  const { coupon, promotionCode } = named(world, asked);
  if (promotionCode !== undefined) requireUsable(world, promotionCode, customer);
  if (!couponNow(world, coupon).valid) {
    throw invalid(`Coupon ${coupon.id} is used up or expired and cannot be applied.`, {
      code: "coupon_expired",
      param: "discounts",
    });
  }
  return { coupon, promotionCode };
}

function named(world: World, { coupon: couponId, promotion_code: codeId }: DiscountAsked) {
  const promotionCode = codeId === undefined ? undefined : world.get("promotionCodes", codeId, "discounts");
  const coupon = world.get("coupons", couponId ?? promotionCode?.promotion.coupon ?? "", "discounts");
  return { coupon, promotionCode };
}

function requireUsable(world: World, code: Stored["promotionCodes"], customer: string): void {
  const isForOther = code.customer !== null && code.customer !== customer;
  const hasPaid = world.all("invoices").some((one) => one.customer === customer && one.amount_paid > 0);
  if (promotionCodeNow(world, code).active && !isForOther && !(code.restrictions.first_time_transaction && hasPaid))
    return;
  throw invalid("This promotion code cannot be redeemed because it is expired, inactive or not for this customer.", {
    param: "discounts",
  });
}

function newDiscount(world: World, coupon: Coupon, promotionCode: string | null, holder: Holder): Discount {
  const start = world.now();
  const months = coupon.duration === "repeating" ? coupon.duration_in_months : null;
  return {
    id: world.id("di"),
    object: "discount",
    ...holder,
    customer_account: null,
    end: months === null ? null : boundary(start, { interval: "month", interval_count: 1 }, months),
    invoice: null,
    invoice_item: null,
    promotion_code: promotionCode,
    source: { coupon: coupon.id, type: "coupon" },
    start,
    subscription_item: null,
  };
}
