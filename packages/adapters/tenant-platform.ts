import { systemClock } from "@pharmasight/core/kernel/clock";
import { registryReader } from "@pharmasight/core/registry/registry";
import type { RegistryTables } from "@pharmasight/core/registry/tables.generated";
import { OpenTenants } from "@pharmasight/core/tenant/open-tenants";
import { REQUIRED_SCHEMA_VERSION } from "@pharmasight/core/tenant/schema/capabilities";
import type { Tenancy } from "@pharmasight/core/tenant/scope";
import { awsJobs } from "./aws/jobs.ts";
import { awsSecrets } from "./aws/secrets.ts";
import { type TenantConfig, tenantConfig } from "./config.ts";
import { log } from "./log.ts";
import { schemaVersions } from "./migrations/schema-versions.generated.ts";
import { openDatabaseOfSecret } from "./postgres/database-of-secret.ts";
import { postgresTenantDatabases } from "./postgres/tenant-databases.ts";
import { masterKeyOf } from "./signing-key.ts";

export interface TenantPlatform {
  readonly config: TenantConfig;
  readonly tenancy: Tenancy;
}

let platform: Promise<TenantPlatform> | undefined;

/** The tenant plane of this process: made on first use, kept until the process ends. */
export function tenantPlatform(): Promise<TenantPlatform> {
  platform ??= open().catch((error: unknown) => {
    platform = undefined;
    throw error;
  });
  return platform;
}

async function open(): Promise<TenantPlatform> {
  const config = tenantConfig();
  const secrets = awsSecrets({});
  const registry = await openDatabaseOfSecret<RegistryTables>({
    secrets,
    reference: config.REGISTRY_DATABASE_SECRET,
    applicationName: `pharmasight-registry-${config.STAGE}`,
    poolSize: 1,
    ca: config.DATABASE_CA,
    log,
  });
  const databases = postgresTenantDatabases({
    secrets,
    log,
    clock: systemClock,
    poolSize: config.TENANT_POOL_SIZE,
    idleSeconds: config.TENANT_IDLE_SECONDS,
    applicationName: `pharmasight-tenant-${config.STAGE}`,
    ca: config.DATABASE_CA,
  });
  const openTenants = new OpenTenants({
    registry: registryReader(registry.db.withSchema("registry")),
    databases,
    clock: systemClock,
    log,
    tenantsMax: config.OPEN_TENANTS_MAX,
    ttlSeconds: config.OPEN_TENANT_TTL_SECONDS,
    checkSeconds: config.REGISTRY_CHECK_SECONDS,
    graceSeconds: config.REGISTRY_GRACE_SECONDS,
  });
  const jobs = awsJobs({
    queueUrls: {
      "tenant-relay": config.QUEUE_URL_TENANT_RELAY,
      "tenant-mail": config.QUEUE_URL_TENANT_MAIL,
      "tenant-events": config.QUEUE_URL_TENANT_EVENTS,
      "item-imports": config.QUEUE_URL_ITEM_IMPORTS,
    },
  });
  const tenancy: Tenancy = {
    openTenants,
    jobs,
    clock: systemClock,
    log,
    masterKey: masterKeyOf(secrets, config.SIGNING_KEY_SECRET),
    schema: { required: REQUIRED_SCHEMA_VERSION, known: schemaVersions.tenant },
  };
  return { config, tenancy };
}
