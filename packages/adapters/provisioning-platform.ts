import type { ProvisioningPorts, ProvisioningSettings } from "@pharmasight/core/control/provisioning/provisioning";
import type { ControlActor, ControlScope } from "@pharmasight/core/control/scope";
import { awsSecrets } from "./aws/secrets.ts";
import { provisioningConfig } from "./config.ts";
import { controlPlatform } from "./control-platform.ts";
import { log } from "./log.ts";
import { postgresTenantSetup } from "./postgres/tenant-setup.ts";
import { stripePayments } from "./stripe/payments.ts";
import { supabaseDatabaseHosts } from "./supabase/database-hosts.ts";

export interface ProvisioningPlatform {
  readonly ports: ProvisioningPorts;
  readonly settings: ProvisioningSettings;
  control(actor: ControlActor): ControlScope;
}

/** A third of a second suffices for all steps; one that begins this late still has 50 seconds of the worker's 60. */
const RUN_SECONDS = 8;

/** The control plane together with the vendors: for workers and operators only. */
export async function provisioningPlatform(): Promise<ProvisioningPlatform> {
  const config = provisioningConfig();
  const { control } = await controlPlatform();
  const secrets = awsSecrets(config.SECRETS_KMS_KEY === undefined ? {} : { kmsKeyId: config.SECRETS_KMS_KEY });
  return {
    control,
    settings: {
      stage: config.STAGE,
      region: config.SUPABASE_REGION,
      size: config.SUPABASE_SIZE,
      databasePollSeconds: config.DATABASE_POLL_SECONDS,
      dailyDatabasesMax: config.DAILY_DATABASES_MAX,
      runSeconds: RUN_SECONDS,
    },
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
