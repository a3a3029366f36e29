import { type App, use } from "sst/constructs";
import type { Access } from "./access.ts";
import { type DeploymentConfiguration, deploymentConfiguration } from "./configuration.ts";
import { QueuesStack, queueVariables } from "./queues.ts";
import { SecretsStack } from "./secrets.ts";

/** The variables that the function's parser in `adapters/config.ts` asks for, and no others. Secrets by reference. */
export function environmentOf(app: App, access: Access): Record<string, string> {
  const configuration = deploymentConfiguration();
  const { key, secrets } = use(SecretsStack);
  const queues = use(QueuesStack);
  const shared = {
    STAGE: app.stage,
    ROOT_URL: `https://${configuration.ROOT_DOMAIN}`,
    VERSION: configuration.VERSION,
    LOG_LEVEL: configuration.LOG_LEVEL,
    MAIL_FROM: `PharmaSight <${configuration.MAIL_FROM}>`,
    DATABASE_CA: configuration.DATABASE_CA,
    SIGNING_KEY_SECRET: secrets["signing-key"].secretArn,
  };
  const tenant = {
    ...shared,
    ...queueVariables(queues, ["tenant-relay", "tenant-mail", "tenant-events", "item-imports"]),
    REGISTRY_DATABASE_SECRET: secrets["registry-database"].secretArn,
  };
  if (access.settings === "tenant") return tenant;
  const control = {
    ...shared,
    ...queueVariables(queues, ["provisioning", "control-mail", "fleet-migrations", "fleet-looks", "billing"]),
    CONTROL_DATABASE_SECRET: secrets["control-database"].secretArn,
  };
  if (access.settings === "control") return control;
  if (access.settings === "control-migration") {
    return {
      ...control,
      CONTROL_OWNER_SECRET: secrets["control-owner"].secretArn,
      RELEASE_CHANNEL: configuration.RELEASE_CHANNEL,
    };
  }
  if (access.settings === "hooks") {
    return {
      ...control,
      HOOKS_URL: `https://hooks.${configuration.ROOT_DOMAIN}`,
      STRIPE_WEBHOOK_SECRET: secrets["stripe-webhook"].secretArn,
    };
  }
  if (access.settings === "tenant-billing") {
    return { ...tenant, ...control, STRIPE_KEY_SECRET: secrets["stripe-key"].secretArn };
  }
  if (access.settings === "billing") return { ...control, STRIPE_KEY_SECRET: secrets["stripe-key"].secretArn };
  return {
    ...control,
    SUPABASE_API_URL: configuration.SUPABASE_API_URL,
    SUPABASE_TOKEN_SECRET: secrets["supabase-token"].secretArn,
    SUPABASE_ORGANIZATION: configuration.SUPABASE_ORGANIZATION,
    SUPABASE_REGION: configuration.SUPABASE_REGION,
    PLAN_PLACES: configuration.PLAN_PLACES,
    ...serverVariables(configuration, secrets["postgres-administrator"].secretArn),
    DAILY_DATABASES_MAX: configuration.DAILY_DATABASES_MAX,
    STRIPE_KEY_SECRET: secrets["stripe-key"].secretArn,
    SECRETS_KMS_KEY: key.keyArn,
  };
}

/** Of a database server of our own, where the stage has one. */
function serverVariables(configuration: DeploymentConfiguration, administrator: string): Record<string, string> {
  const { POSTGRES_REGION: region, POSTGRES_POOLER_HOST: host, POSTGRES_POOLER_PORT: port } = configuration;
  if (region === undefined) return {};
  const pooler: Record<string, string> =
    host === undefined ? {} : { POSTGRES_POOLER_HOST: host, POSTGRES_POOLER_PORT: port };
  return { POSTGRES_ADMINISTRATOR_SECRET: administrator, POSTGRES_REGION: region, ...pooler };
}
