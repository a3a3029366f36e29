import { join } from "node:path";
import type { QueueName } from "@pharmasight/core/ports/jobs";
import { localCredentials } from "./credentials.ts";
import { REGION, repositoryRoot } from "./lambda.ts";
import { secretNames } from "./secrets.ts";

export interface Addresses {
  readonly rootUrl: string;
  /** Where the payment provider sends its notices. */
  readonly hooksUrl: string;
  readonly secretsManager: string;
  readonly sqs: string;
  readonly ses: string;
  readonly supabase: {
    readonly url: string;
    readonly organization: string;
    readonly region: string;
    readonly sessionPort: number;
  };
  readonly stripe: string;
  /** See `PLAN_PLACES` in `adapters/config.ts`; by default every pharmacy is at the stand-in for Supabase. */
  readonly planPlaces?: string | undefined;
  readonly queues: Readonly<Record<QueueName, { readonly url: string }>>;
}

/** Settings of the developer's own that would lead the AWS SDK past the local stack. */
const MISLEADING = [
  "AWS_PROFILE",
  "AWS_SESSION_TOKEN",
  "AWS_ENDPOINT_URL",
  "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
] as const;

/** The whole environment of the functions: only addresses and names differ from a deployed stage's. */
export function functionEnvironment(addresses: Addresses): Record<string, string> {
  return {
    STAGE: "local",
    ROOT_URL: addresses.rootUrl,
    MAIL_FROM: "PharmaSight <hello@pharmasight.localhost>",
    ASSETS_DIR: join(repositoryRoot, "packages/views/dist"),
    SIGNING_KEY_SECRET: secretNames.signingKey,
    CONTROL_DATABASE_SECRET: secretNames.controlDatabase,
    CONTROL_OWNER_SECRET: secretNames.controlOwner,
    REGISTRY_DATABASE_SECRET: secretNames.registryDatabase,
    QUEUE_URL_PROVISIONING: addresses.queues.provisioning.url,
    QUEUE_URL_CONTROL_MAIL: addresses.queues["control-mail"].url,
    QUEUE_URL_TENANT_RELAY: addresses.queues["tenant-relay"].url,
    QUEUE_URL_TENANT_MAIL: addresses.queues["tenant-mail"].url,
    QUEUE_URL_TENANT_EVENTS: addresses.queues["tenant-events"].url,
    QUEUE_URL_ITEM_IMPORTS: addresses.queues["item-imports"].url,
    QUEUE_URL_FLEET_MIGRATIONS: addresses.queues["fleet-migrations"].url,
    QUEUE_URL_FLEET_LOOKS: addresses.queues["fleet-looks"].url,
    QUEUE_URL_BILLING: addresses.queues.billing.url,
    SUPABASE_API_URL: addresses.supabase.url,
    SUPABASE_TOKEN_SECRET: secretNames.supabaseToken,
    SUPABASE_ORGANIZATION: addresses.supabase.organization,
    SUPABASE_REGION: addresses.supabase.region,
    SUPABASE_SESSION_PORT: String(addresses.supabase.sessionPort),
    POSTGRES_ADMINISTRATOR_SECRET: secretNames.postgresAdministrator,
    POSTGRES_REGION: "local",
    PLAN_PLACES: addresses.planPlaces ?? "{}",
    STRIPE_API_URL: addresses.stripe,
    STRIPE_KEY_SECRET: secretNames.stripeKey,
    STRIPE_WEBHOOK_SECRET: secretNames.stripeWebhook,
    HOOKS_URL: addresses.hooksUrl,
    // Often enough for the few seconds that a database takes here.
    DATABASE_POLL_SECONDS: "1",
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: addresses.secretsManager,
    AWS_ENDPOINT_URL_SQS: addresses.sqs,
    AWS_ENDPOINT_URL_SESV2: addresses.ses,
  };
}

/** Puts the functions' environment into this process, which runs them all. */
export function applyEnvironment(environment: Readonly<Record<string, string>>): void {
  forgetMisleading();
  Object.assign(process.env, environment);
}

/** Before the first call of the AWS SDK in a process that is to reach the local stack. */
export function forgetMisleading(): void {
  for (const name of MISLEADING) delete process.env[name];
}

/** An environment as `node --env-file` reads it. @throws Error for a value that such a file cannot hold */
export function envFile(environment: Readonly<Record<string, string>>): string {
  const lines = Object.entries(environment).map(([name, value]) => {
    const quote = ["'", '"', "`"].find((candidate) => !value.includes(candidate));
    if (quote === undefined) throw new Error(`The value of ${name} has every kind of quote in it.`);
    return `${name}=${quote}${value}${quote}\n`;
  });
  return lines.join("");
}
