import * as z from "zod";
import { listOf, listParameters } from "./replies.ts";
import { route } from "./routes.ts";
import type { Stored, World } from "./world.ts";

export const chargeRoutes = [
  route("GET", "/v1/charges/:id", z.strictObject({}), ({ world, id }) => world.get("charges", id)),
  route(
    "GET",
    "/v1/charges",
    z.strictObject({ ...listParameters, customer: z.string().optional(), payment_intent: z.string().optional() }),
    ({ world, params: { customer, payment_intent: intent, ...page } }) => {
      const found = world
        .all("charges")
        .filter(
          (one) => (customer ?? one.customer) === one.customer && (intent ?? one.payment_intent) === one.payment_intent,
        );
      return listOf("/v1/charges", found, page);
    },
  ),
];

/** Stripe's code for a decline. */
export const codeOf = (declineCode: string): string =>
  declineCode === "expired_card" ? "expired_card" : "card_declined";

/** What the page and the API say to a customer whose bank refused. */
export function messageOf(declineCode: string): string {
  if (declineCode === "insufficient_funds") return "Your card has insufficient funds.";
  return declineCode === "expired_card" ? "Your card has expired." : "Your card was declined.";
}

/** What a bank was asked, and said. */
export function newCharge(
  world: World,
  intent: Stored["paymentIntents"],
  paymentMethodId: string,
  declineCode: string | null,
): Stored["charges"] {
  const method = world.get("paymentMethods", paymentMethodId);
  const isPaid = declineCode === null;
  const { card } = method;
  return {
    id: world.id("ch"),
    object: "charge",
    amount: intent.amount,
    amount_captured: isPaid ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: isPaid ? world.id("txn") : null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: "PHARMASIGHT",
    captured: isPaid,
    created: world.now(),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: declineCode === null ? null : codeOf(declineCode),
    failure_message: declineCode === null ? null : messageOf(declineCode),
    fraud_details: {},
    livemode: false,
    metadata: {},
    on_behalf_of: null,
    outcome: {
      advice_code: null,
      network_advice_code: null,
      network_decline_code: null,
      network_status: isPaid ? "approved_by_network" : "declined_by_network",
      reason: declineCode,
      risk_level: "normal",
      seller_message: isPaid ? "Payment complete." : "The bank declined the payment.",
      type: isPaid ? "authorized" : "issuer_declined",
    },
    paid: isPaid,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: {
      type: "card",
      card: {
        amount_authorized: isPaid ? intent.amount : null,
        authorization_code: null,
        brand: card?.brand ?? null,
        checks: card?.checks ?? null,
        country: card?.country ?? null,
        electronic_commerce_indicator: null,
        exp_month: card?.exp_month ?? 0,
        exp_year: card?.exp_year ?? 0,
        funding: card?.funding ?? null,
        installments: null,
        last4: card?.last4 ?? null,
        mandate: null,
        network: card?.brand ?? null,
        network_transaction_id: null,
        regulated_status: null,
        three_d_secure: null,
        transaction_link_id: null,
        wallet: null,
      },
    },
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: isPaid ? "succeeded" : "failed",
    transfer_data: null,
    transfer_group: null,
  };
}
