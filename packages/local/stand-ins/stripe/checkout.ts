import * as z from "zod";
import { messageOf } from "./charges.ts";
import { checkoutPage, endedPage } from "./checkout-page.tsx";
import { asDiscounts, hiddenOf, quoteOf, requireRedeemable, type Session, withAmounts } from "./checkout-quote.ts";
import { promotionCodeNow } from "./coupons.ts";
import { challenge, typedCard, wordsOf } from "./page.tsx";
import { attach, behaviourOf, createCard, markSetUp } from "./payment-methods.ts";
import { NOT_CONFIRMED } from "./payments.ts";
import type { Page, PageRoute } from "./routes.ts";
import { startSubscription } from "./subscription-start.ts";
import { createTaxId } from "./tax-ids.ts";
import type { Stored, World } from "./world.ts";

/** Checkout as the customer sees it. The page is posted to itself, with what is done as `act`. */
export const checkoutPages: readonly PageRoute[] = [
  { method: "GET", path: "/checkout/:id", answer: ({ world, id }) => show(world, world.get("checkoutSessions", id)) },
  {
    method: "POST",
    path: "/checkout/:id",
    answer: ({ world, id, form }) => {
      const session = world.get("checkoutSessions", id);
      return session.status === "open" ? act(world, session, form) : show(world, session);
    },
  },
];

/** What a person types on the page beside the card. */
const typedSchema = z.object({
  name: z.string(),
  country: z.string(),
  line1: z.string(),
  city: z.string(),
  postal_code: z.string(),
  business_name: z.string(),
  tax_id_type: z.string(),
  tax_id: z.string(),
});
type Typed = z.output<typeof typedSchema>;

function show(world: World, session: Session, problem?: string): Page {
  if (session.status !== "open") return endedPage(session);
  const quote = quoteOf(world, session.customer ?? "", hiddenOf(world, session.id), session.discounts);
  const typed = typedSchema.partial().parse(JSON.parse(world.secretOf(session.id).typed ?? "{}"));
  return checkoutPage({ world, session, quote, typed, problem });
}

function act(world: World, session: Session, form: URLSearchParams): Page {
  switch (form.get("act")) {
    case "code":
      return useCode(world, session, form.get("promotion_code") ?? "");
    case "confirm":
      return complete(world, session, form.get("payment_method") ?? "", true);
    case "refuse":
      return show(world, session, NOT_CONFIRMED);
    default:
      return pay(world, session, form);
  }
}

function useCode(world: World, session: Session, typed: string): Page {
  const code = world
    .all("promotionCodes")
    .find((one) => one.code.toLowerCase() === typed.trim().toLowerCase() && promotionCodeNow(world, one).active);
  if (session.allow_promotion_codes !== true || code === undefined) {
    return show(world, session, "This code is invalid.");
  }
  const discounts = [{ coupon: code.promotion.coupon, promotion_code: code.id }];
  try {
    requireRedeemable(world, session.customer ?? "", discounts);
  } catch (error) {
    return show(world, session, wordsOf(error));
  }
  return show(world, world.put("checkoutSessions", withAmounts(world, session, discounts)));
}

/** A card that is declined leaves the session open and nothing behind. */
function pay(world: World, session: Session, form: URLSearchParams): Page {
  const typed = typedSchema.parse(
    Object.fromEntries(Object.keys(typedSchema.shape).map((name) => [name, (form.get(name) ?? "").trim()])),
  );
  world.keepSecret(session.id, { typed: JSON.stringify(typed) });
  if (session.billing_address_collection === "required" && (typed.country === "" || typed.line1 === "")) {
    return show(world, session, "Your billing address is incomplete.");
  }
  let card: Stored["paymentMethods"];
  try {
    card = createCard(world, typedCard(form));
  } catch (error) {
    return show(world, session, wordsOf(error));
  }
  world.keepSecret(session.id, { paymentMethod: card.id });
  const { asks, attaches, declineCode } = behaviourOf(world, card.id);
  const isFree = (session.amount_total ?? 0) === 0;
  const isRefused = !attaches || declineCode === "expired_card" || (declineCode !== null && !isFree);
  if (isRefused) return show(world, session, messageOf(declineCode ?? "generic_decline"));
  return asks ? challenge(card.id) : complete(world, session, card.id, false);
}

/** Makes and pays the subscription, and leads back to the product. */
function complete(world: World, session: Session, paymentMethod: string, confirmed: boolean): Page {
  const facts = world.secretOf(session.id);
  if (facts.paymentMethod !== paymentMethod) return show(world, session, NOT_CONFIRMED);
  const typed = typedSchema.parse(JSON.parse(facts.typed ?? "{}"));
  const hidden = hiddenOf(world, session.id);
  const customer = world.get("customers", session.customer ?? "");
  const address = addressOf(typed);
  try {
    requireRedeemable(world, customer.id, session.discounts);
    if (session.tax_id_collection?.enabled === true && typed.tax_id !== "") {
      createTaxId(world, customer.id, { type: typed.tax_id_type, value: typed.tax_id });
    }
  } catch (error) {
    return show(world, session, wordsOf(error));
  }
  const method = world.get("paymentMethods", paymentMethod);
  const billing = { ...method.billing_details, address, email: customer.email, name: typed.name || null };
  world.put("paymentMethods", { ...method, billing_details: billing });
  attach(world, paymentMethod, customer.id);
  if (confirmed) markSetUp(world, paymentMethod);
  const name = typed.business_name || typed.name;
  world.change(
    "customers",
    {
      ...customer,
      address: hidden.updates.address && address !== null ? address : (customer.address ?? null),
      name: hidden.updates.name && name !== "" ? name : (customer.name ?? null),
    },
    "customer.updated",
  );
  const { subscription, outcome } = startSubscription(
    world,
    {
      customer: customer.id,
      items: hidden.items,
      metadata: hidden.metadata,
      defaultPaymentMethod: paymentMethod,
      description: hidden.description ?? undefined,
      discounts: asDiscounts(session.discounts),
      trialEnd: hidden.trialEnd ?? undefined,
      missingPaymentMethod: hidden.missingPaymentMethod,
      checkoutSession: session.id,
    },
    { paymentMethod, confirmed, automatic: true },
  );
  if (outcome.kind !== "paid") throw new Error(`The card was to pay, but the payment is ${outcome.kind}.`);
  const done = world.put("checkoutSessions", {
    ...session,
    collected_information: {
      business_name: typed.business_name || null,
      individual_name: null,
      shipping_details: null,
    },
    customer_details: {
      address,
      business_name: typed.business_name || null,
      email: customer.email,
      individual_name: null,
      name: name || null,
      phone: null,
      tax_exempt: "none",
      tax_ids: typed.tax_id === "" ? [] : [{ type: typed.tax_id_type, value: typed.tax_id }],
    },
    invoice: subscription.latest_invoice,
    payment_status: subscription.status === "trialing" ? "no_payment_required" : "paid",
    status: "complete",
    subscription: subscription.id,
    url: null,
  });
  world.emit("checkout.session.completed", done);
  return { redirect: (session.success_url ?? world.url).replaceAll("{CHECKOUT_SESSION_ID}", session.id) };
}

function addressOf({ country, line1, city, postal_code }: Typed) {
  if (country === "") return null;
  return {
    city: city || null,
    country,
    line1: line1 || null,
    line2: null,
    postal_code: postal_code || null,
    state: null,
  };
}
