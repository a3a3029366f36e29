import type { Secrets } from "@pharmasight/core/ports/secrets";
import { awsSecrets } from "./aws/secrets.ts";
import { type BillingPlatform, billingPlatform } from "./billing-platform.ts";
import { billingOperatorConfig } from "./config.ts";

export interface BillingOperatorPlatform extends BillingPlatform {
  readonly secrets: Secrets;
  /** Where the payment provider sends its notices, and where the secret is that they are signed with. */
  readonly endpoint: { readonly url: string; readonly reference: string };
}

/** The control plane with the payment provider and its endpoint: for operators only. */
export async function billingOperatorPlatform(): Promise<BillingOperatorPlatform> {
  const { HOOKS_URL, STRIPE_WEBHOOK_SECRET } = billingOperatorConfig();
  return {
    ...(await billingPlatform()),
    secrets: awsSecrets({}),
    endpoint: { url: `${HOOKS_URL}/stripe`, reference: STRIPE_WEBHOOK_SECRET },
  };
}
