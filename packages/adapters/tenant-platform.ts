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
import type { Database } from "./postgres/database.ts";
import { openDatabaseOfSecret } from "./postgres/database-of-secret.ts";
import { postgresTenantDatabases } from "./postgres/tenant-databases.ts";
import { masterKeyOf } from "./signing-key.ts";

export interface TenantPlatform {
  readonly config: TenantConfig;
  readonly tenancy: Tenancy;
}

interface Opened extends TenantPlatform {
  readonly registry: Database<RegistryTables>;
}

let platform: Promise<Opened> | undefined;

/** The tenant plane of this process: made on first use, kept until the process ends. */
export function tenantPlatform(): Promise<TenantPlatform> {
  return opened();
}

/**
 * Begins with what the first request waits for, while the rest of its code is loaded: the secrets and the connection to
 * the registry. What fails here is tried again by the request that needs it, and reported then.
 */
export function prepareTenantPlatform(): void {
  const ready = async () => {
    const { masterKey } = foundations();
    const [{ registry }] = await Promise.all([opened(), masterKey()]);
    // Connects.
    await registry.db.connection().execute(async () => undefined);
  };
  ready().catch(() => {});
}

function opened(): Promise<Opened> {
  platform ??= open().catch((error: unknown) => {
    platform = undefined;
    throw error;
  });
  return platform;
}

async function open(): Promise<Opened> {
  const { config, secrets, masterKey } = foundations();
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
    masterKey,
    schema: { required: REQUIRED_SCHEMA_VERSION, known: schemaVersions.tenant },
  };
  return { config, tenancy, registry };
}

let found: ReturnType<typeof findFoundations> | undefined;

/** What is there without asking anybody. */
function foundations() {
  found ??= findFoundations();
  return found;
}

function findFoundations() {
  const config = tenantConfig();
  const secrets = awsSecrets({});
  return { config, secrets, masterKey: masterKeyOf(secrets, config.SIGNING_KEY_SECRET) };
}
