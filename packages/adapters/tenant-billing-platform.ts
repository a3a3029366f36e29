import type { ControlActor, ControlScope } from "@pharmasight/core/control/scope";
import { once } from "@pharmasight/core/kernel/once";
import type { Payments } from "@pharmasight/core/ports/payments";
import type { Subscriptions } from "@pharmasight/core/ports/subscriptions";
import { awsSecrets } from "./aws/secrets.ts";
import { tenantBillingConfig } from "./config.ts";
import { openControlPlatform } from "./control-platform.ts";
import { stripePayments } from "./stripe/payments.ts";
import { stripeSubscriptions } from "./stripe/subscriptions.ts";

export interface TenantBillingPlatform {
  readonly subscriptions: Subscriptions;
  readonly payments: Payments;
  control(actor: ControlActor): ControlScope;
}

let platform: Promise<TenantBillingPlatform> | undefined;

/** The control plane and the payment provider, for the one function that serves a pharmacy's people with both. */
export function tenantBillingPlatform(): Promise<TenantBillingPlatform> {
  platform ??= open().catch((error: unknown) => {
    platform = undefined;
    throw error;
  });
  return platform;
}

/** Origins of the provider's own pages, which forms lead to. */
export const paymentPages = once((): readonly string[] => {
  const { origin, hostname } = new URL(tenantBillingConfig().STRIPE_API_URL);
  return hostname === "api.stripe.com" ? ["https://checkout.stripe.com", "https://billing.stripe.com"] : [origin];
});

async function open(): Promise<TenantBillingPlatform> {
  const config = tenantBillingConfig();
  const secrets = awsSecrets({});
  const { control } = await openControlPlatform(config, config.CONTROL_DATABASE_SECRET);
  const stripe = { apiKey: () => secrets.read(config.STRIPE_KEY_SECRET), apiUrl: config.STRIPE_API_URL };
  return { control, subscriptions: stripeSubscriptions(stripe), payments: stripePayments(stripe) };
}
