import type { ControlActor, ControlScope } from "@pharmasight/core/control/scope";
import type { Payments } from "@pharmasight/core/ports/payments";
import type { PriceCatalogue } from "@pharmasight/core/ports/price-catalogue";
import type { Subscriptions } from "@pharmasight/core/ports/subscriptions";
import { awsSecrets } from "./aws/secrets.ts";
import { billingConfig } from "./config.ts";
import { controlPlatform } from "./control-platform.ts";
import { stripePayments } from "./stripe/payments.ts";
import { stripeCatalogue } from "./stripe/prices.ts";
import { stripeSubscriptions } from "./stripe/subscriptions.ts";

export interface BillingPlatform {
  control(actor: ControlActor): ControlScope;
  readonly subscriptions: Subscriptions;
  readonly payments: Payments;
  readonly catalogue: PriceCatalogue;
}

type Provider = Omit<BillingPlatform, "control">;
let provider: Provider | undefined;

/** The control plane together with the payment provider. */
export async function billingPlatform(): Promise<BillingPlatform> {
  const { control } = await controlPlatform();
  provider ??= openProvider();
  return { control, ...provider };
}

function openProvider(): Provider {
  const config = billingConfig();
  const secrets = awsSecrets({});
  const options = { apiKey: () => secrets.read(config.STRIPE_KEY_SECRET), apiUrl: config.STRIPE_API_URL };
  return {
    subscriptions: stripeSubscriptions(options),
    payments: stripePayments(options),
    catalogue: stripeCatalogue(options),
  };
}
