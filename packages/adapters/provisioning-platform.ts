import type {
  Places,
  ProvisioningPorts,
  ProvisioningSettings,
} from "@pharmasight/core/control/provisioning/provisioning";
import type { ControlActor, ControlScope } from "@pharmasight/core/control/scope";
import type { Payments } from "@pharmasight/core/ports/payments";
import type { Secrets } from "@pharmasight/core/ports/secrets";
import { awsSecrets } from "./aws/secrets.ts";
import { type ProvisioningConfig, provisioningConfig } from "./config.ts";
import { configuredHosts } from "./configured-hosts.ts";
import { controlPlatform } from "./control-platform.ts";
import { log } from "./log.ts";
import { keepingSessions, type WithSession, withSession } from "./postgres/session.ts";
import { postgresTenantSetup } from "./postgres/tenant-setup.ts";
import { secretsReadOnce } from "./secrets-read-once.ts";
import { stripePayments } from "./stripe/payments.ts";

export interface ProvisioningPlatform {
  /** Every call reads its secrets and connects anew: for operators. */
  readonly ports: ProvisioningPorts;
  readonly settings: ProvisioningSettings;
  control(actor: ControlActor): ControlScope;
  /** Ports that read each secret once and keep their connections to databases until `work` ends: for a worker's run. */
  withPorts<T>(work: (ports: ProvisioningPorts) => Promise<T>): Promise<T>;
}

/** A third of a second suffices for all steps; one that begins this late still has 50 seconds of the worker's 60. */
const RUN_SECONDS = 8;

/** What keeps connections to a vendor from one run to the next. */
interface Vendors {
  readonly secrets: Secrets;
  readonly payments: Payments;
}
let vendors: Vendors | undefined;

/** The control plane together with the vendors: for workers and operators only. */
export async function provisioningPlatform(): Promise<ProvisioningPlatform> {
  const config = provisioningConfig();
  const { control } = await controlPlatform();
  vendors ??= vendorsOf(config);
  const { secrets, payments } = vendors;
  return {
    control,
    settings: {
      stage: config.STAGE,
      places: placesOf(config),
      databasePollSeconds: config.DATABASE_POLL_SECONDS,
      dailyDatabasesMax: config.DAILY_DATABASES_MAX,
      runSeconds: RUN_SECONDS,
    },
    ports: portsOf(config, { secrets, payments }, withSession),
    withPorts: (work) =>
      keepingSessions((connect) => work(portsOf(config, { secrets: secretsReadOnce(secrets), payments }, connect))),
  };
}

function vendorsOf(config: ProvisioningConfig): Vendors {
  const secrets = awsSecrets(config.SECRETS_KMS_KEY === undefined ? {} : { kmsKeyId: config.SECRETS_KMS_KEY });
  const apiKey = () => secrets.read(config.STRIPE_KEY_SECRET);
  return { secrets, payments: stripePayments({ apiKey, apiUrl: config.STRIPE_API_URL }) };
}

function portsOf(config: ProvisioningConfig, { secrets, payments }: Vendors, connect: WithSession): ProvisioningPorts {
  return {
    secrets,
    payments,
    hosts: configuredHosts(config, secrets, connect),
    setup: postgresTenantSetup({ log, ca: config.DATABASE_CA, connect }),
  };
}

function placesOf(config: ProvisioningConfig): Places {
  const place = { provider: "supabase", region: config.SUPABASE_REGION, size: config.SUPABASE_SIZE } as const;
  return { starter: place, professional: place, enterprise: place, ...config.PLAN_PLACES };
}
