import * as z from "zod";
import { chargeRoutes, codeOf, messageOf, newCharge } from "./charges.ts";
import type { Includables } from "./expand.ts";
import type { Invoice } from "./invoice-lines.ts";
import { behaviourOf, markSetUp } from "./payment-methods.ts";
import { listOf, listParameters, wholeList } from "./replies.ts";
import { route } from "./routes.ts";
import type { Stored, World } from "./world.ts";

type Intent = Stored["paymentIntents"];
type InvoicePayment = Stored["invoicePayments"];

/** What a bank answered. */
export type Outcome =
  | { readonly kind: "paid" }
  /** The holder has to confirm it with the bank (3-D Secure). */
  | { readonly kind: "asks" }
  | { readonly kind: "declined"; readonly declineCode: string; readonly message: string };

const none = z.strictObject({});

export const paymentRoutes = [
  ...chargeRoutes,
  route("GET", "/v1/payment_intents/:id", none, ({ world, id }) => world.get("paymentIntents", id)),
  route("GET", "/v1/invoice_payments/:id", none, ({ world, id }) => world.get("invoicePayments", id)),
  route(
    "GET",
    "/v1/invoice_payments",
    z.strictObject({
      ...listParameters,
      invoice: z.string().optional(),
      payment: z.strictObject({ type: z.literal("payment_intent"), payment_intent: z.string().optional() }).optional(),
      status: z.enum(["canceled", "open", "paid"]).optional(),
    }),
    ({ world, params: { invoice, payment, status, ...page } }) => {
      const found = world
        .all("invoicePayments")
        .filter((one) => (invoice ?? one.invoice) === one.invoice && (status ?? one.status) === one.status)
        .filter(({ payment: by }) => (payment?.payment_intent ?? by.payment_intent) === by.payment_intent);
      return listOf("/v1/invoice_payments", found, page);
    },
  ),
];

export const invoiceIncludables: Includables = {
  "invoice.payments": (world, id) => wholeList("/v1/invoice_payments", paymentsOf(world, id)),
  "invoice.confirmation_secret": (world, id) => {
    const secret = intentOf(world, id)?.client_secret ?? null;
    return secret === null ? null : { client_secret: secret, type: "payment_intent" };
  },
};

/** All payments of an invoice, newest first. */
export const paymentsOf = (world: World, invoiceId: string): InvoicePayment[] =>
  world.all("invoicePayments").filter(({ invoice }) => invoice === invoiceId);

/** What the invoice is paid with by default, or undefined for one that costs nothing. */
export function intentOf(world: World, invoiceId: string): Intent | undefined {
  const payment = paymentsOf(world, invoiceId).find(({ is_default }) => is_default);
  return payment?.payment.payment_intent === undefined
    ? undefined
    : world.find("paymentIntents", payment.payment.payment_intent);
}

/** Makes the payment that a final invoice waits for. */
export function openPayment(world: World, invoice: Invoice): void {
  const id = world.id("pi");
  world.put("paymentIntents", {
    id,
    object: "payment_intent",
    allowed_payment_method_types: null,
    amount: invoice.amount_remaining,
    amount_capturable: 0,
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: "automatic",
    client_secret: `${id}_secret_${world.id("s").slice(2)}`,
    confirmation_method: "automatic",
    created: world.now(),
    currency: invoice.currency,
    customer: invoice.customer,
    customer_account: null,
    description: "Subscription",
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: ["card"],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: "off_session",
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: "requires_payment_method",
    transfer_group: null,
  });
  world.put("invoicePayments", {
    id: world.id("inpay"),
    object: "invoice_payment",
    amount_paid: null,
    amount_requested: invoice.amount_remaining,
    created: world.now(),
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { type: "payment_intent", payment_intent: id },
    status: "open",
    status_transitions: { canceled_at: null, paid_at: null },
  });
}

/**
 * Asks the bank for what the invoice's payment is about.
 * @param confirmed the holder has just confirmed it with the bank
 */
export function charge(world: World, intent: Intent, paymentMethodId: string, confirmed: boolean): Outcome {
  const { asks, declineCode } = behaviourOf(world, paymentMethodId);
  if (declineCode !== null) return decline(world, intent, paymentMethodId, declineCode);
  if (asks && !confirmed) {
    const waiting: Intent = {
      ...intent,
      payment_method: paymentMethodId,
      status: "requires_action",
      next_action: { type: "use_stripe_sdk", use_stripe_sdk: {} },
    };
    world.emit("payment_intent.requires_action", world.put("paymentIntents", waiting));
    return { kind: "asks" };
  }
  if (confirmed) markSetUp(world, paymentMethodId);
  const made = world.put("charges", newCharge(world, intent, paymentMethodId, null));
  world.emit("charge.succeeded", made);
  const paid: Intent = {
    ...intent,
    payment_method: paymentMethodId,
    amount_received: intent.amount,
    last_payment_error: null,
    latest_charge: made.id,
    next_action: null,
    status: "succeeded",
  };
  world.emit("payment_intent.succeeded", world.put("paymentIntents", paid));
  return { kind: "paid" };
}

/** The holder was asked and did not confirm. */
export function failConfirmation(world: World, intent: Intent): void {
  const failed: Intent = {
    ...intent,
    last_payment_error: {
      code: "payment_intent_authentication_failure",
      message: NOT_CONFIRMED,
      type: "invalid_request_error",
    },
    next_action: null,
    payment_method: null,
    status: "requires_payment_method",
  };
  world.emit("payment_intent.payment_failed", world.put("paymentIntents", failed));
}

export const NOT_CONFIRMED =
  "We are unable to authenticate your payment method. Please choose a different payment method and try again.";

/** Ends the payments that still wait, for an invoice that is paid otherwise or void. */
export function cancelPayments(world: World, invoiceId: string, reason: "void_invoice" | "abandoned"): void {
  for (const payment of paymentsOf(world, invoiceId).filter(({ status }) => status === "open")) {
    const transitions = { canceled_at: world.now(), paid_at: null };
    world.put("invoicePayments", { ...payment, status: "canceled", status_transitions: transitions });
    const intent = world.get("paymentIntents", payment.payment.payment_intent ?? "");
    const canceled: Intent = {
      ...intent,
      canceled_at: world.now(),
      cancellation_reason: reason,
      next_action: null,
      status: "canceled",
    };
    world.emit("payment_intent.canceled", world.put("paymentIntents", canceled));
  }
}

/** The payments of an invoice after their intent has succeeded. */
export function settlePayments(world: World, invoiceId: string): void {
  for (const payment of paymentsOf(world, invoiceId).filter(({ status }) => status === "open")) {
    world.put("invoicePayments", {
      ...payment,
      amount_paid: payment.amount_requested,
      status: "paid",
      status_transitions: { canceled_at: null, paid_at: world.now() },
    });
  }
}

function decline(world: World, intent: Intent, paymentMethodId: string, declineCode: string): Outcome {
  const made = world.put("charges", newCharge(world, intent, paymentMethodId, declineCode));
  world.emit("charge.failed", made);
  const failed: Intent = {
    ...intent,
    last_payment_error: {
      charge: made.id,
      code: codeOf(declineCode),
      decline_code: declineCode,
      message: messageOf(declineCode),
      payment_method: world.get("paymentMethods", paymentMethodId),
      type: "card_error",
    },
    latest_charge: made.id,
    next_action: null,
    payment_method: null,
    status: "requires_payment_method",
  };
  world.emit("payment_intent.payment_failed", world.put("paymentIntents", failed));
  return { kind: "declined", declineCode, message: messageOf(declineCode) };
}
