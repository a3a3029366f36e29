import { DomainError } from "@pharmasight/core/kernel/errors";
import type { CheckoutSnapshot, NewCheckout, PortalVisit } from "@pharmasight/core/ports/subscriptions";
import type Stripe from "stripe";
import { idOf, received, secondsOf } from "./client.ts";

/** Opens the page on which a new subscription is paid. */
export async function startCheckout(stripe: Stripe, wanted: NewCheckout): Promise<CheckoutSnapshot> {
  const notes = { tenant_id: wanted.tenantId, checkout_id: wanted.checkoutId };
  const session = await stripe.checkout.sessions.create(
    {
      mode: "subscription",
      customer: wanted.customerId,
      client_reference_id: wanted.checkoutId,
      line_items: wanted.items.map(({ priceId, quantity }) => ({ price: priceId, quantity })),
      metadata: notes,
      subscription_data: { metadata: notes, billing_mode: { type: "flexible" } },
      // What an invoice in Kenya has to say: name, address and tax id (`ke_pin`) of who buys.
      billing_address_collection: "required",
      tax_id_collection: { enabled: true },
      customer_update: { name: "auto", address: "auto" },
      allow_promotion_codes: true,
      expires_at: secondsOf(wanted.expiresAt),
      success_url: wanted.successUrl,
      cancel_url: wanted.cancelUrl,
    },
    { idempotencyKey: `checkout-${wanted.checkoutId}` },
  );
  return checkoutSnapshot(session);
}

export async function readCheckout(stripe: Stripe, sessionId: string): Promise<CheckoutSnapshot> {
  return checkoutSnapshot(await stripe.checkout.sessions.retrieve(sessionId));
}

/** Shuts an open one; paid in the same moment, it stays as it is. */
export async function shutCheckout(stripe: Stripe, sessionId: string): Promise<CheckoutSnapshot> {
  const found = await readCheckout(stripe, sessionId);
  if (found.status !== "open") return found;
  try {
    return checkoutSnapshot(await stripe.checkout.sessions.expire(sessionId));
  } catch (error) {
    const now = await readCheckout(stripe, sessionId);
    if (now.status === "open") throw error;
    return now;
  }
}

/** Opens the provider's page for the payment method and the invoices. */
export async function openPortal(
  stripe: Stripe,
  { customerId, returnUrl, purpose }: PortalVisit,
  configurationId: string,
): Promise<{ readonly url: string }> {
  const session = await stripe.billingPortal.sessions.create({
    customer: customerId,
    configuration: configurationId,
    return_url: returnUrl,
    ...(purpose === "payment_method" ? { flow_data: { type: "payment_method_update" } } : {}),
  });
  return { url: received("billing_portal.session", session).url };
}

function checkoutSnapshot(reply: Stripe.Checkout.Session): CheckoutSnapshot {
  const { id, status, url, customer, subscription, client_reference_id } = received("checkout.session", reply);
  return {
    sessionId: id,
    status: statusOf(status),
    url: status === "open" ? url : null,
    customerId: customer === null ? null : idOf(customer),
    subscriptionId: subscription === null ? null : idOf(subscription),
    checkoutId: client_reference_id ?? undefined,
  };
}

function statusOf(status: Stripe.Checkout.Session.Status | null): CheckoutSnapshot["status"] {
  const known = ["open", "complete", "expired"] as const;
  const found = known.find((one) => one === status);
  if (found !== undefined) return found;
  throw new DomainError("internal", `Stripe calls a checkout session "${status}".`);
}
