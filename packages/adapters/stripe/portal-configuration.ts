import type Stripe from "stripe";
import { everyOne, received } from "./client.ts";

/** Noted on the configuration that is ours; an account may have others, and a default one that anybody edits. */
const MARK = { used_by: "pharmasight" } as const;

/** What people do on the provider's own page. Plans change on ours, where it is checked whether they fit. */
const features: Stripe.BillingPortal.ConfigurationCreateParams.Features = {
  payment_method_update: { enabled: true },
  invoice_history: { enabled: true },
  customer_update: { enabled: true, allowed_updates: ["name", "address", "tax_id"] },
  subscription_cancel: { enabled: false },
  subscription_update: { enabled: false },
};

/** The id of our configuration, made when there is none. */
export async function ensurePortalConfiguration(stripe: Stripe): Promise<string> {
  const all = await everyOne((page) => stripe.billingPortal.configurations.list({ ...page, active: true }));
  const own = all.find(({ metadata }) => metadata?.used_by === MARK.used_by);
  if (own !== undefined) return own.id;
  const made = await stripe.billingPortal.configurations.create(
    { features, metadata: MARK, name: "PharmaSight" },
    { idempotencyKey: `portal-after-${all.length}` },
  );
  return received("billing_portal.configuration", made).id;
}
