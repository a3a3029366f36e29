import type Stripe from "stripe";
import { idOf, unlessMissing } from "./client.ts";

/**
 * Has a customer's subscriptions charged with whatever card is the customer's own. Checkout ties each to the card that
 * it was bought with, and another one that is chosen in the portal would not be theirs:
 * https://docs.stripe.com/api/subscriptions/object#subscription_object-default_payment_method
 */
export async function chargeCustomersCard(stripe: Stripe, customerId: string): Promise<void> {
  const { data } = await stripe.subscriptions.list({ customer: customerId, limit: 10 });
  for (const { id, default_payment_method: tied } of data) {
    if (tied === null) continue;
    // Its own card becomes the customer's first, so that at no moment there is none.
    await unlessMissing(
      stripe.customers.update(customerId, { invoice_settings: { default_payment_method: idOf(tied) } }),
    );
    await stripe.subscriptions.update(id, { default_payment_method: "" });
  }
}
