import * as z from "zod";
import { declined, invalid, listOf, listParameters } from "./replies.ts";
import { route } from "./routes.ts";
import type { Stored, World } from "./world.ts";

/** What a bank says to a card. */
export interface CardBehaviour {
  /** Why a payment is refused; null when it is not. */
  readonly declineCode: string | null;
  /** Whether the next payment waits for its holder (3-D Secure). */
  readonly asks: boolean;
  /** Whether it may be saved for a customer at all. */
  readonly attaches: boolean;
}

interface TestCard {
  /** Its name as a payment method, for calls without a page. */
  readonly token: string;
  readonly declineCode?: string;
  readonly asks?: "until_set_up" | "always";
  readonly attaches?: false;
}

/** Stripe's own test cards, https://docs.stripe.com/testing. */
const testCards: Readonly<Record<string, TestCard>> = {
  "4242424242424242": { token: "pm_card_visa" },
  "4000000000000002": { token: "pm_card_visa_chargeDeclined", declineCode: "generic_decline", attaches: false },
  "4000000000009995": {
    token: "pm_card_visa_chargeDeclinedInsufficientFunds",
    declineCode: "insufficient_funds",
    attaches: false,
  },
  "4000000000000341": { token: "pm_card_chargeCustomerFail", declineCode: "generic_decline" },
  "4000002500003155": { token: "pm_card_authenticationRequiredOnSetup", asks: "until_set_up" },
  "4000002760003184": { token: "pm_card_authenticationRequired", asks: "always" },
};

const LIFE_YEARS = 4;

/**
 * A new payment method for a card number that somebody typed or a test named.
 * @param card.number digits, spaces allowed
 * @param card.expiry the last month in which it is good; four years from now when absent
 * @throws Refusal 402 for a number that is no test card
 */
export function createCard(
  world: World,
  card: { readonly number: string; readonly expiry?: { readonly month: number; readonly year: number } },
): Stored["paymentMethods"] {
  const number = card.number.replaceAll(/\s/g, "");
  if (testCards[number] === undefined) {
    throw declined("incorrect_number", "Your card number is incorrect.", { param: "number" });
  }
  const year = new Date(world.now() * 1000).getUTCFullYear() + LIFE_YEARS;
  const { expiry = { month: 12, year } } = card;
  const id = world.id("pm");
  world.keepSecret(id, { number });
  return world.put("paymentMethods", {
    id,
    object: "payment_method",
    allow_redisplay: "unspecified",
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    card: {
      brand: "visa",
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
      country: "US",
      display_brand: "visa",
      exp_month: expiry.month,
      exp_year: expiry.year,
      fingerprint: `fp${number}`,
      funding: "credit",
      generated_from: null,
      last4: number.slice(-4),
      networks: { available: ["visa"], preferred: null },
      regulated_status: "unregulated",
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: world.now(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
    type: "card",
  });
}

/**
 * Saves it for a customer. It is not yet what the customer pays with by default.
 * @throws Refusal 402 for a card that cannot be saved, 404 for an unknown customer
 */
export function attach(world: World, paymentMethodId: string, customerId: string): Stored["paymentMethods"] {
  const method = world.get("paymentMethods", paymentMethodId);
  world.get("customers", customerId, "customer");
  if (method.customer === customerId) return method;
  if (method.customer !== null) {
    throw invalid("The payment method you provided has already been attached to a customer.");
  }
  const { attaches, declineCode } = behaviourOf(world, paymentMethodId);
  if (!attaches) {
    throw declined("card_declined", "Your card was declined.", { decline_code: declineCode ?? "generic_decline" });
  }
  const attached = world.put("paymentMethods", { ...method, customer: customerId });
  world.emit("payment_method.attached", attached);
  return attached;
}

/** What the bank says to its next payment. */
export function behaviourOf(world: World, paymentMethodId: string): CardBehaviour {
  const { number = "", setUp } = world.secretOf(paymentMethodId);
  const { declineCode = null, asks, attaches = true } = testCards[number] ?? {};
  return {
    declineCode: hasExpired(world, paymentMethodId) ? "expired_card" : declineCode,
    asks: asks === "always" || (asks === "until_set_up" && setUp === undefined),
    attaches,
  };
}

/** Its holder has answered the bank once: a card that asks only until then pays by itself from now on. */
export const markSetUp = (world: World, paymentMethodId: string): void =>
  world.keepSecret(paymentMethodId, { setUp: "true" });

/** Makes a card's last good month the one before this. */
export function expireCard(world: World, paymentMethodId: string): void {
  const method = world.get("paymentMethods", paymentMethodId, "payment_method");
  if (method.card === undefined) return;
  const now = new Date(world.now() * 1000);
  const last = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1));
  const card = { ...method.card, exp_month: last.getUTCMonth() + 1, exp_year: last.getUTCFullYear() };
  world.change("paymentMethods", { ...method, card }, "payment_method.updated");
}

/** Takes it from its customer for good. */
export function detach(world: World, id: string): Stored["paymentMethods"] {
  const method = world.get("paymentMethods", id);
  if (method.customer === null) throw invalid("The payment method you provided is not attached to a customer.");
  const customer = world.find("customers", method.customer);
  if (customer?.invoice_settings.default_payment_method === id) {
    const settings = { ...customer.invoice_settings, default_payment_method: null };
    world.change("customers", { ...customer, invoice_settings: settings }, "customer.updated");
  }
  const detached = world.put("paymentMethods", { ...method, customer: null });
  world.emit("payment_method.detached", detached, { customer: method.customer });
  return detached;
}

export const paymentMethodRoutes = [
  route("GET", "/v1/payment_methods/:id", z.strictObject({}), ({ world, id }) => world.get("paymentMethods", id)),
  route("POST", "/v1/payment_methods/:id/attach", z.strictObject({ customer: z.string() }), ({ world, id, params }) =>
    attach(world, named(world, id).id, params.customer),
  ),
  route("POST", "/v1/payment_methods/:id/detach", z.strictObject({}), ({ world, id }) => detach(world, id)),
  route(
    "GET",
    "/v1/customers/:id/payment_methods",
    z.strictObject({ ...listParameters, type: z.literal("card").optional() }),
    ({ world, id, params }) => {
      world.get("customers", id);
      const own = world.all("paymentMethods").filter(({ customer }) => customer === id);
      return listOf(`/v1/customers/${id}/payment_methods`, own, params);
    },
  ),
];

function hasExpired(world: World, paymentMethodId: string): boolean {
  const card = world.find("paymentMethods", paymentMethodId)?.card;
  return card !== undefined && Date.UTC(card.exp_year, card.exp_month) / 1000 <= world.now();
}

/** The payment method of that id; one of Stripe's test tokens makes a new one. */
function named(world: World, id: string): Stored["paymentMethods"] {
  const number = Object.keys(testCards).find((candidate) => testCards[candidate]?.token === id);
  return number === undefined ? world.get("paymentMethods", id) : createCard(world, { number });
}
