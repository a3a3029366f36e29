import { randomInt } from "node:crypto";
import * as z from "zod";
import { amount, flag, integer, mergeMetadata, metadataChanges } from "./form.ts";
import { deletion, invalid, listOf, listParameters } from "./replies.ts";
import { route } from "./routes.ts";
import type { Stored, World } from "./world.ts";

/** Coupons, and the promotion codes that customers type to get them. */

const newCoupon = z.strictObject({
  id: z.string().min(1).max(500).optional(),
  name: z.string().max(40).optional(),
  percent_off: z
    .string()
    .regex(/^\d{1,3}(\.\d+)?$/, "Invalid decimal")
    .transform(Number)
    .refine((percent) => percent > 0 && percent <= 100, "This value must be between 0 and 100.")
    .optional(),
  amount_off: amount.optional(),
  currency: z.string().optional(),
  duration: z.enum(["forever", "once", "repeating"]).default("once"),
  duration_in_months: integer.optional(),
  max_redemptions: integer.optional(),
  redeem_by: integer.optional(),
  applies_to: z.strictObject({ products: z.array(z.string()) }).exactOptional(),
  metadata: metadataChanges.optional(),
});
const newPromotionCode = z.strictObject({
  promotion: z.strictObject({ type: z.literal("coupon"), coupon: z.string() }),
  active: flag.optional(),
  code: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,500}$/, "Promotion codes may contain letters, digits, dashes and underscores.")
    .optional(),
  customer: z.string().optional(),
  expires_at: integer.optional(),
  max_redemptions: integer.optional(),
  metadata: metadataChanges.optional(),
  restrictions: z
    .strictObject({
      first_time_transaction: flag.optional(),
      minimum_amount: amount.optional(),
      minimum_amount_currency: z.string().optional(),
    })
    .optional(),
});
const changedPromotionCode = z.strictObject({ active: flag.optional(), metadata: metadataChanges.optional() });
const promotionCodeFilter = z.strictObject({
  ...listParameters,
  active: flag.optional(),
  code: z.string().optional(),
  coupon: z.string().optional(),
  customer: z.string().optional(),
});
const none = z.strictObject({});

export const couponRoutes = [
  route("POST", "/v1/coupons", newCoupon, ({ world, params }) => createCoupon(world, params)),
  route("GET", "/v1/coupons/:id", none, ({ world, id }) => couponNow(world, world.get("coupons", id))),
  route("DELETE", "/v1/coupons/:id", none, ({ world, id }) => {
    const coupon = world.get("coupons", id);
    world.remove("coupons", id);
    world.emit("coupon.deleted", coupon);
    return deletion("coupon", id);
  }),
  route("GET", "/v1/coupons", z.strictObject(listParameters), ({ world, params }) =>
    listOf(
      "/v1/coupons",
      world.all("coupons").map((coupon) => couponNow(world, coupon)),
      params,
    ),
  ),
  route("POST", "/v1/promotion_codes", newPromotionCode, ({ world, params }) => createPromotionCode(world, params)),
  route("GET", "/v1/promotion_codes/:id", none, ({ world, id }) =>
    promotionCodeNow(world, world.get("promotionCodes", id)),
  ),
  route("POST", "/v1/promotion_codes/:id", changedPromotionCode, ({ world, id, params }) => {
    const before = world.get("promotionCodes", id);
    const metadata = mergeMetadata(before.metadata ?? {}, params.metadata);
    const after = { ...before, active: params.active ?? before.active, metadata };
    return promotionCodeNow(world, world.change("promotionCodes", after, "promotion_code.updated"));
  }),
  route("GET", "/v1/promotion_codes", promotionCodeFilter, ({ world, params }) => {
    const found = world
      .all("promotionCodes")
      .map((code) => promotionCodeNow(world, code))
      .filter(
        ({ active, code, promotion, customer }) =>
          (params.active ?? active) === active &&
          (params.code ?? code).toLowerCase() === code.toLowerCase() &&
          (params.coupon ?? promotion.coupon) === promotion.coupon &&
          (params.customer ?? customer) === customer,
      );
    return listOf("/v1/promotion_codes", found, params);
  }),
];

/** The coupon as it is at this moment: whether it can still be redeemed depends on the time and on how often it was. */
export function couponNow(world: World, coupon: Stored["coupons"]): Stored["coupons"] {
  const { redeem_by: until, max_redemptions: most, times_redeemed: times } = coupon;
  return { ...coupon, valid: (until === null || until > world.now()) && (most === null || times < most) };
}

/** The promotion code as it is at this moment. */
export function promotionCodeNow(world: World, code: Stored["promotionCodes"]): Stored["promotionCodes"] {
  const { expires_at: until, max_redemptions: most, times_redeemed: times, promotion } = code;
  const coupon = promotion.coupon === null ? undefined : world.find("coupons", promotion.coupon);
  const isGood = (until === null || until > world.now()) && (most === null || times < most);
  return { ...code, active: code.active && isGood && coupon !== undefined && couponNow(world, coupon).valid };
}

function createCoupon(world: World, params: z.output<typeof newCoupon>): Stored["coupons"] {
  const { id = world.id("co"), percent_off: percent, amount_off: off, currency, duration } = params;
  if ((percent === undefined) === (off === undefined)) {
    throw invalid("Must provide percent_off or amount_off, and not both.", { param: "percent_off" });
  }
  if ((off === undefined) !== (currency === undefined)) {
    throw invalid("You must pass currency with amount_off, and only then.", { param: "currency" });
  }
  if ((duration === "repeating") !== (params.duration_in_months !== undefined)) {
    throw invalid("You must pass duration_in_months for the duration `repeating`, and only then.", {
      param: "duration_in_months",
    });
  }
  if (world.find("coupons", id) !== undefined) {
    throw invalid("Coupon already exists.", { code: "resource_already_exists", param: "id" });
  }
  const coupon = world.put("coupons", {
    id,
    object: "coupon",
    amount_off: off ?? null,
    created: world.now(),
    currency: currency ?? null,
    duration,
    duration_in_months: params.duration_in_months ?? null,
    livemode: false,
    max_redemptions: params.max_redemptions ?? null,
    metadata: mergeMetadata({}, params.metadata),
    name: params.name ?? null,
    percent_off: percent ?? null,
    redeem_by: params.redeem_by ?? null,
    times_redeemed: 0,
    valid: true,
    ...(params.applies_to === undefined ? {} : { applies_to: params.applies_to }),
  });
  world.emit("coupon.created", coupon);
  return coupon;
}

function createPromotionCode(world: World, params: z.output<typeof newPromotionCode>): Stored["promotionCodes"] {
  const { promotion, customer, code = randomCode(), restrictions } = params;
  world.get("coupons", promotion.coupon, "promotion[coupon]");
  if (customer !== undefined) world.get("customers", customer, "customer");
  const isTaken = world
    .all("promotionCodes")
    .some((other) => other.code.toLowerCase() === code.toLowerCase() && promotionCodeNow(world, other).active);
  if (isTaken) throw invalid(`An active promotion code with \`code: ${code}\` already exists.`, { param: "code" });
  const made = world.put("promotionCodes", {
    id: world.id("promo"),
    object: "promotion_code",
    active: params.active ?? true,
    code,
    created: world.now(),
    customer: customer ?? null,
    customer_account: null,
    expires_at: params.expires_at ?? null,
    livemode: false,
    max_redemptions: params.max_redemptions ?? null,
    metadata: mergeMetadata({}, params.metadata),
    promotion,
    restrictions: {
      first_time_transaction: restrictions?.first_time_transaction ?? false,
      minimum_amount: restrictions?.minimum_amount ?? null,
      minimum_amount_currency: restrictions?.minimum_amount_currency ?? null,
    },
    times_redeemed: 0,
  });
  world.emit("promotion_code.created", made);
  return made;
}

function randomCode(): string {
  const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  return Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join("");
}
