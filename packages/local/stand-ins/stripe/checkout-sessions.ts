import { DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS } from "@pharmasight/core/kernel/clock";
import * as z from "zod";
import { type Hidden, lineItemsOf, quoteOf, requireRedeemable, type Session, withAmounts } from "./checkout-quote.ts";
import { discountsParameter } from "./discounts.ts";
import type { Includables } from "./expand.ts";
import { flag, integer, mergeMetadata, metadataChanges, moments, within } from "./form.ts";
import { invalid, listOf, listParameters, wholeList } from "./replies.ts";
import { route } from "./routes.ts";
import type { World } from "./world.ts";

const lineItems = z
  .array(z.strictObject({ price: z.string(), quantity: integer.optional() }))
  .min(1)
  .max(20);
const subscriptionData = z.strictObject({
  billing_mode: z.strictObject({ type: z.literal("flexible") }).optional(),
  description: z.string().optional(),
  metadata: metadataChanges.optional(),
  trial_end: integer.optional(),
  trial_settings: z
    .strictObject({
      end_behavior: z.strictObject({ missing_payment_method: z.enum(["cancel", "create_invoice", "pause"]) }),
    })
    .optional(),
});
const created = z.strictObject({
  mode: z.literal("subscription"),
  customer: z.string(),
  line_items: lineItems,
  success_url: z.url(),
  cancel_url: z.url().optional(),
  allow_promotion_codes: flag.optional(),
  billing_address_collection: z.enum(["auto", "required"]).optional(),
  client_reference_id: z.string().max(200).optional(),
  currency: z.string().optional(),
  customer_update: z
    .strictObject({ address: z.enum(["auto", "never"]).optional(), name: z.enum(["auto", "never"]).optional() })
    .optional(),
  discounts: discountsParameter.max(1).optional(),
  expires_at: integer.optional(),
  locale: z.string().optional(),
  metadata: metadataChanges.optional(),
  payment_method_collection: z.literal("always").optional(),
  subscription_data: subscriptionData.optional(),
  tax_id_collection: z.strictObject({ enabled: flag }).optional(),
});
type Asked = z.output<typeof created>;
const filter = z.strictObject({
  ...listParameters,
  created: moments.optional(),
  customer: z.string().optional(),
  status: z.enum(["complete", "expired", "open"]).optional(),
  subscription: z.string().optional(),
});
const none = z.strictObject({});
const PATH = "/v1/checkout/sessions";

export const checkoutRoutes = [
  route("POST", PATH, created, ({ world, params }) => create(world, params)),
  route("GET", PATH, filter, ({ world, params: { created: range, customer, status, subscription, ...page } }) => {
    const found = world
      .all("checkoutSessions")
      .filter((one) => (customer ?? one.customer) === one.customer && (status ?? one.status) === one.status)
      .filter((one) => (subscription ?? one.subscription) === one.subscription && within(one.created, range));
    return listOf(PATH, found, page);
  }),
  route("GET", `${PATH}/:id`, none, ({ world, id }) => world.get("checkoutSessions", id)),
  route("POST", `${PATH}/:id/expire`, none, ({ world, id }) => {
    const { status } = world.get("checkoutSessions", id);
    if (status !== "open") {
      throw invalid(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${status}.`,
      );
    }
    return expireSession(world, id);
  }),
  route("GET", `${PATH}/:id/line_items`, z.strictObject(listParameters), ({ world, id, params }) =>
    listOf(`${PATH}/${id}/line_items`, lineItemsOf(world, id), params),
  ),
];

export const checkoutIncludables: Includables = {
  "checkout.session.line_items": (world, id) => wholeList(`${PATH}/${id}/line_items`, lineItemsOf(world, id)),
};

/** Nobody paid in time, or a call ended it. */
export function expireSession(world: World, id: string): Session {
  const expired = world.put("checkoutSessions", { ...world.get("checkoutSessions", id), status: "expired", url: null });
  world.emit("checkout.session.expired", expired);
  return expired;
}

function create(world: World, asked: Asked): Session {
  const customer = world.get("customers", asked.customer, "customer");
  const { subscription_data: data = {} } = asked;
  requireSense(world, asked);
  const id = world.id("cs_test");
  const hidden: Hidden = {
    items: asked.line_items.map(({ price, quantity = 1 }) => ({ price, quantity })),
    metadata: mergeMetadata({}, data.metadata),
    description: data.description ?? null,
    trialEnd: data.trial_end ?? null,
    missingPaymentMethod: data.trial_settings?.end_behavior.missing_payment_method ?? "create_invoice",
    updates: { address: asked.customer_update?.address === "auto", name: asked.customer_update?.name === "auto" },
  };
  world.keepSecret(id, { asked: JSON.stringify(hidden) });
  const { currency } = quoteOf(world, customer.id, hidden, []).subscription;
  if ((asked.currency ?? currency) !== currency)
    throw invalid("The prices are in another currency.", { param: "currency" });
  const session: Session = {
    id,
    object: "checkout.session",
    adaptive_pricing: null,
    after_expiration: null,
    allow_promotion_codes: asked.allow_promotion_codes ?? null,
    allowed_payment_method_types: null,
    amount_subtotal: null,
    amount_total: null,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: asked.billing_address_collection ?? null,
    cancel_url: asked.cancel_url ?? null,
    client_reference_id: asked.client_reference_id ?? null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: world.now(),
    currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer: customer.id,
    customer_account: null,
    customer_creation: null,
    customer_details: {
      address: null,
      business_name: null,
      email: customer.email,
      individual_name: null,
      name: null,
      phone: null,
      tax_exempt: "none",
      tax_ids: null,
    },
    customer_email: null,
    discounts: [],
    expires_at: asked.expires_at ?? world.now() + DAY_SECONDS,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    locale: asked.locale ?? null,
    managed_payments: null,
    metadata: mergeMetadata({}, asked.metadata),
    mode: "subscription",
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: "always",
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: ["card"],
    payment_status: "unpaid",
    permissions: null,
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: "open",
    submit_type: null,
    subscription: null,
    success_url: asked.success_url,
    total_details: null,
    ui_mode: "hosted_page",
    url: `${world.url}/checkout/${id}`,
    wallet_options: null,
    ...(asked.tax_id_collection === undefined
      ? {}
      : { tax_id_collection: { enabled: asked.tax_id_collection.enabled, required: "never" } }),
  };
  const discounts = (asked.discounts ?? []).map(({ coupon, promotion_code: code }) => ({
    coupon: coupon ?? (code === undefined ? null : world.get("promotionCodes", code, "discounts").promotion.coupon),
    promotion_code: code ?? null,
  }));
  requireRedeemable(world, customer.id, discounts);
  return world.put("checkoutSessions", withAmounts(world, session, discounts));
}

const MIN_TRIAL_DAYS = 2;
const MIN_LIFE_MINUTES = 30;
const MAX_LIFE_HOURS = 24;

/** What Stripe checks across parameters. */
function requireSense(world: World, asked: Asked): void {
  const { allow_promotion_codes: allow, discounts, expires_at: expires, subscription_data: data } = asked;
  const now = world.now();
  if (allow !== undefined && discounts !== undefined) {
    throw invalid("You may only specify one of these parameters: allow_promotion_codes, discounts.");
  }
  if (
    expires !== undefined &&
    (expires < now + MIN_LIFE_MINUTES * MINUTE_SECONDS || expires > now + MAX_LIFE_HOURS * HOUR_SECONDS)
  ) {
    throw invalid(
      "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from Checkout Session creation.",
      {
        param: "expires_at",
      },
    );
  }
  if (asked.tax_id_collection?.enabled === true && asked.customer_update?.name !== "auto") {
    throw invalid(
      "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an existing customer, please set `customer_update[name]` to `auto`.",
    );
  }
  if (data?.trial_end !== undefined && data.trial_end < now + MIN_TRIAL_DAYS * DAY_SECONDS) {
    throw invalid("The `trial_end` date has to be at least 2 days in the future.", {
      param: "subscription_data[trial_end]",
    });
  }
}
