import { DomainError } from "@pharmasight/core/kernel/errors";
import { Money } from "@pharmasight/core/kernel/money";
import type { NewCoupon } from "@pharmasight/core/ports/price-catalogue";
import type Stripe from "stripe";
import { received, secondsOf, unlessMissing } from "./client.ts";

/**
 * The coupon says what is taken off, its promotion code what people type; they have the same name.
 * @throws DomainError `conflict` when the code exists and takes something else off
 */
export async function ensureCoupon(stripe: Stripe, wanted: NewCoupon): Promise<{ outcome: "made" | "found" }> {
  const terms = termsOf(wanted);
  const found = await unlessMissing(stripe.coupons.retrieve(wanted.code));
  const coupon = received(
    "coupon",
    found ?? (await stripe.coupons.create({ id: wanted.code, ...terms }, { idempotencyKey: `coupon-${wanted.code}` })),
  );
  if (!isSame(coupon, terms)) {
    throw new DomainError("conflict", `There is a code ${wanted.code} already, with other terms. Choose another one.`);
  }
  const codes = await stripe.promotionCodes.list({ code: wanted.code, limit: 1 });
  if (codes.data.length > 0) return { outcome: "found" };
  await stripe.promotionCodes.create(
    {
      promotion: { type: "coupon", coupon: coupon.id },
      code: wanted.code,
      ...(wanted.expiresAt === null ? {} : { expires_at: secondsOf(wanted.expiresAt) }),
      ...(wanted.redemptionsMax === null ? {} : { max_redemptions: wanted.redemptionsMax }),
    },
    { idempotencyKey: `promotion-code-${wanted.code}` },
  );
  return { outcome: "made" };
}

type Terms = Stripe.CouponCreateParams;

function termsOf({ code, percentOff, amountOff, months }: NewCoupon): Terms {
  return {
    name: code,
    ...(percentOff === null ? {} : { percent_off: Number(percentOff) }),
    ...(amountOff === null
      ? {}
      : {
          amount_off: Money.toMinor(amountOff.amount, amountOff.currency),
          currency: amountOff.currency.toLowerCase(),
        }),
    ...(months === null ? { duration: "forever" } : { duration: "repeating", duration_in_months: months }),
  };
}

const isSame = (coupon: Stripe.Coupon, terms: Terms): boolean =>
  coupon.percent_off === (terms.percent_off ?? null) &&
  coupon.amount_off === (terms.amount_off ?? null) &&
  coupon.currency === (terms.currency ?? null) &&
  coupon.duration === terms.duration &&
  coupon.duration_in_months === (terms.duration_in_months ?? null);
