import type {
  Places,
  ProvisioningPorts,
  ProvisioningSettings,
} from "@pharmasight/core/control/provisioning/provisioning";
import type { ControlActor, ControlScope } from "@pharmasight/core/control/scope";
import { awsSecrets } from "./aws/secrets.ts";
import { type ProvisioningConfig, provisioningConfig } from "./config.ts";
import { configuredHosts } from "./configured-hosts.ts";
import { controlPlatform } from "./control-platform.ts";
import { log } from "./log.ts";
import { postgresTenantSetup } from "./postgres/tenant-setup.ts";
import { stripePayments } from "./stripe/payments.ts";

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
      places: placesOf(config),
      databasePollSeconds: config.DATABASE_POLL_SECONDS,
      dailyDatabasesMax: config.DAILY_DATABASES_MAX,
      runSeconds: RUN_SECONDS,
    },
    ports: {
      secrets,
      hosts: configuredHosts(config, secrets),
      setup: postgresTenantSetup({ log, ...(config.DATABASE_CA === undefined ? {} : { ca: config.DATABASE_CA }) }),
      payments: stripePayments({ apiKey: () => secrets.read(config.STRIPE_KEY_SECRET), apiUrl: config.STRIPE_API_URL }),
    },
  };
}

function placesOf(config: ProvisioningConfig): Places {
  const place = { provider: "supabase", region: config.SUPABASE_REGION, size: config.SUPABASE_SIZE } as const;
  return { starter: place, professional: place, enterprise: place, ...config.PLAN_PLACES };
}
