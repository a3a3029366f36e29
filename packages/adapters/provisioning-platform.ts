import type { ControlActor, ControlScope } from "@pharmasight/core/control/scope";
import type { DatabaseHosts } from "@pharmasight/core/ports/database-hosts";
import type { Payments } from "@pharmasight/core/ports/payments";
import type { Secrets } from "@pharmasight/core/ports/secrets";
import type { TenantSetup } from "@pharmasight/core/ports/tenant-setup";
import { awsSecrets } from "./aws/secrets.ts";
import { type ProvisioningConfig, provisioningConfig } from "./config.ts";
import { controlPlatform } from "./control-platform.ts";
import { log } from "./log.ts";
import { postgresTenantSetup } from "./postgres/tenant-setup.ts";
import { stripePayments } from "./stripe/payments.ts";
import { supabaseDatabaseHosts } from "./supabase/database-hosts.ts";

export interface ProvisioningPlatform {
  readonly config: ProvisioningConfig;
  readonly ports: {
    readonly hosts: DatabaseHosts;
    readonly setup: TenantSetup;
    readonly secrets: Secrets;
    readonly payments: Payments;
  };
  control(actor: ControlActor): ControlScope;
}

/** The control plane together with the vendors: for workers only. */
export async function provisioningPlatform(): Promise<ProvisioningPlatform> {
  const config = provisioningConfig();
  const { control } = await controlPlatform();
  const secrets = awsSecrets(config.SECRETS_KMS_KEY === undefined ? {} : { kmsKeyId: config.SECRETS_KMS_KEY });
  return {
    config,
    control,
    ports: {
      secrets,
      hosts: supabaseDatabaseHosts({
        apiUrl: config.SUPABASE_API_URL,
        token: () => secrets.read(config.SUPABASE_TOKEN_SECRET),
        organization: config.SUPABASE_ORGANIZATION,
        sessionPort: config.SUPABASE_SESSION_PORT,
      }),
      setup: postgresTenantSetup({ log, ...(config.DATABASE_CA === undefined ? {} : { ca: config.DATABASE_CA }) }),
      payments: stripePayments({ apiKey: () => secrets.read(config.STRIPE_KEY_SECRET), apiUrl: config.STRIPE_API_URL }),
    },
  };
}
