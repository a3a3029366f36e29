import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresTenantSetup } from "@pharmasight/adapters/postgres/tenant-setup";
import type { Log } from "@pharmasight/core/kernel/log";
import { deriveKey } from "@pharmasight/core/kernel/tokens";
import type { Tenancy } from "@pharmasight/core/tenant/scope";
import { prepareControlDatabase } from "@pharmasight/local/control-database";
import { applyEnvironment, functionEnvironment } from "@pharmasight/local/environment";
import { startCluster } from "@pharmasight/local/postgres/cluster";
import { storeSecrets } from "@pharmasight/local/secrets";
import { startSecretsManager } from "@pharmasight/local/stand-ins/secrets-manager";
import { openState } from "@pharmasight/local/state";
import type { SQSEvent } from "aws-lambda";
import { LRUCache } from "lru-cache";
import postgres from "postgres";
import { ROOT } from "../../harness/stack.ts";
import { logStatements, StatementLog } from "./statements.ts";
import { newTenant, seed, type Tenant } from "./tenants.ts";
import { ProcessTime } from "./time.ts";
import { Wire } from "./wire.ts";

/** Fewer than the pharmacies, so that serving all of them throws one out. */
export const OPEN_TENANTS_MAX = 3;
export const POOL_SIZE = 1;
export const APPLICATION = "pharmasight-tenant";
const TENANTS = 4;

export interface QueuedMessage {
  readonly queue: string;
  readonly body: string;
}

/** Everything that left the process since the last look. */
export interface Sayings {
  logLines: string[];
  messages: QueuedMessage[];
  mails: { readonly to: string; readonly text: string }[];
  /** Keys of process-wide caches. */
  cacheKeys: string[];
}

const invocation = { getRemainingTimeInMillis: () => 60_000 };

type Worker = (event: SQSEvent) => Promise<{ batchItemFailures: { itemIdentifier: string }[] }>;

export type World = Awaited<ReturnType<typeof startWorld>>;

/**
 * The tenant plane as one warm Lambda process has it: the deployed handlers and their own composition, on a real Postgres
 * with a database for each pharmacy. The control plane is its tables alone. Queues and mail end in lists.
 */
export async function startWorld() {
  const folder = await mkdtemp(join(tmpdir(), "pharmasight-walls-"));
  const state = await openState(folder);
  const cluster = await startCluster({ dataDir: state.path("postgres"), inMemory: true, log: () => {} });
  const { host, port, superuser } = cluster;
  const opened: postgres.Sql[] = [];
  const connect = (database: string) => {
    const sql = postgres({ host, port, database, ...superuser, max: 1, onnotice: () => {} });
    opened.push(sql);
    return sql;
  };
  const controlDatabase = await prepareControlDatabase(cluster, state);
  const registryWire = await Wire.to({ host, port });
  const secretsManager = await startSecretsManager({ file: state.path("secrets.json"), port: 0 });
  await storeSecrets(secretsManager.url, {
    controlDatabase: JSON.stringify(controlDatabase.app),
    controlOwner: "none",
    registryDatabase: JSON.stringify({ ...controlDatabase.registryReader, ...registryWire.address }),
    signingKey: randomBytes(32).toString("base64url"),
    supabaseToken: "none",
    stripeKey: "none",
    postgresAdministrator: "none",
  });
  const queue = { url: "http://127.0.0.1:1/none" };
  applyEnvironment({
    ...functionEnvironment({
      rootUrl: `http://${ROOT}`,
      hooksUrl: queue.url,
      secretsManager: secretsManager.url,
      sqs: queue.url,
      ses: queue.url,
      supabase: { url: queue.url, organization: "none", region: "none", sessionPort: 1 },
      stripe: queue.url,
      queues: {
        provisioning: queue,
        "control-mail": queue,
        "tenant-relay": queue,
        "tenant-mail": queue,
        "tenant-events": queue,
        "item-imports": queue,
        "fleet-migrations": queue,
        "fleet-looks": queue,
        billing: queue,
      },
    }),
    LOG_LEVEL: "INFO",
    OPEN_TENANTS_MAX: String(OPEN_TENANTS_MAX),
    TENANT_POOL_SIZE: String(POOL_SIZE),
  });

  const tenants = Array.from({ length: TENANTS }, (_, index) => newTenant(index));
  const admin = connect("postgres");
  const control = connect(controlDatabase.owner.database);
  const databases = await openDatabases();
  const arns = await register();
  await logStatements(admin);
  const statements = new StatementLog(state.path("postgres.log"));

  const time = new ProcessTime();
  const said: Sayings = { logLines: [], messages: [], mails: [], cacheKeys: [] };
  const write = process.stdout.write;
  process.stdout.write = ((chunk: string | Uint8Array, ...rest: []) => {
    const text = String(chunk);
    if (!text.startsWith('{"level"')) return write.call(process.stdout, chunk, ...rest);
    said.logLines.push(text);
    return true;
  }) as typeof process.stdout.write;
  const setKey = LRUCache.prototype.set;
  LRUCache.prototype.set = function (this: LRUCache<object, object>, key: unknown, ...rest: never[]) {
    if (typeof key === "string") said.cacheKeys.push(key);
    return Reflect.apply(setKey, this, [key, ...rest]);
  } as typeof setKey;

  // Imported now, because they read the environment.
  const [{ tenantPlatform }, { mailPlatform }, { log }, app, pages, api, auth, relay, mail, imports] =
    await Promise.all([
      import("@pharmasight/adapters/tenant-platform"),
      import("@pharmasight/adapters/mail-platform"),
      import("@pharmasight/adapters/log"),
      import("@pharmasight/functions/tenant/app/app.tsx"),
      import("@pharmasight/functions/tenant/app/pages.tsx"),
      import("@pharmasight/functions/tenant/app/api-app"),
      import("@pharmasight/functions/tenant/auth/app.tsx"),
      import("@pharmasight/functions/tenant/workers/relay-outbox"),
      import("@pharmasight/functions/tenant/workers/send-mail"),
      import("@pharmasight/functions/tenant/workers/import-items"),
    ]);
  const { tenancy } = await tenantPlatform();
  const queued: QueuedMessage[] = [];
  Object.assign(tenancy.jobs, {
    send: async (name: string, message: unknown) => {
      const one = { queue: name, body: JSON.stringify(message) };
      queued.push(one);
      said.messages.push(one);
    },
  });
  Object.assign(mailPlatform(), {
    send: async (letter: { readonly to: string }) => {
      said.mails.push({ to: letter.to, text: JSON.stringify(letter) });
    },
  });
  const masterKey = await tenancy.masterKey();

  async function openDatabases(): Promise<postgres.Sql[]> {
    const silent: Log = { info() {}, warn() {}, error() {}, alarm() {} };
    const setup = postgresTenantSetup({ log: silent });
    const ownerOf = ({ tenantId }: Tenant, database: string) => ({
      tenantId,
      session: { host, port, database },
      ...superuser,
    });
    const [first] = tenants;
    if (first === undefined) return [];
    await admin.unsafe("create database walls");
    await setup.createRoles(ownerOf(first, "walls"), { app: "walls_app", reader: "walls_reader" });
    await setup.migrate(ownerOf(first, "walls"), setup.newestSchemaVersion);
    const connections: postgres.Sql[] = [];
    for (const tenant of tenants) {
      await admin.unsafe(`create database ${tenant.database} template walls`);
      const owner = ownerOf(tenant, tenant.database);
      await setup.createRoles(owner, { app: tenant.app, reader: tenant.reader });
      await setup.claimIdentity(owner);
      const sql = connect(tenant.database);
      await seed(sql, tenant, tenants);
      connections.push(sql);
    }
    return connections;
  }

  /** Writes the pharmacies into the registry. @returns references of their secrets */
  async function register(): Promise<string[]> {
    const { awsSecrets } = await import("@pharmasight/adapters/aws/secrets");
    const { schemaVersions } = await import("@pharmasight/adapters/migrations/schema-versions.generated");
    const references: string[] = [];
    for (const tenant of tenants) {
      const { tenantId, canary } = tenant;
      const password = await newPassword(tenant);
      const { reference } = await awsSecrets().create(`walls/${tenant.index}`, secretOf(tenant, tenant, password));
      references.push(reference);
      await control`
        insert into control.tenants (id, name, state, currency, time_zone, owner_name, owner_email, terms_version,
          terms_accepted_at, schema_version, flags, settings, created_at, updated_at)
        values (${tenantId}, ${`${canary} pharmacy`}, 'active', 'KES', 'Africa/Nairobi', ${canary},
          ${`amina.${canary}@example.com`}, '2026-11', now(), ${schemaVersions.tenant},
          '{"requestsPerMinute": 100000000}', ${control.json({ logoDigest: "a".repeat(64) })}, now(), now())`;
      await control`
        insert into control.tenant_hosts (host, tenant_id, kind, created_at)
        values (${tenant.label}, ${tenantId}, 'primary', now())`;
      await control`
        insert into control.tenant_subscriptions (id, tenant_id, plan_id, status, stripe_subscription_id, created_at,
          updated_at)
        select ${tenantId}, ${tenantId}, id, 'active', ${canary}, now(), now() from control.subscription_plans
        where code = 'professional'`;
      await control`
        insert into control.tenant_databases (tenant_id, provider, project_name, region, size, app_secret_arn, created_at)
        values (${tenantId}, 'supabase', ${tenant.database}, 'none', 'none', ${reference}, now())`;
    }
    return references;
  }

  async function newPassword({ app, reader }: Tenant): Promise<string> {
    const password = randomBytes(16).toString("hex");
    await admin.unsafe(`alter role ${app} login password '${password}'`);
    await admin.unsafe(`alter role ${reader} login password '${password}'`);
    return password;
  }

  /** The secret of `tenant`, with the address and the roles of `of`. */
  function secretOf(tenant: Tenant, of: Tenant, password: string): string {
    return JSON.stringify({
      tenantId: tenant.tenantId,
      pooled: { host, port, database: of.database },
      app: { user: of.app, password },
      reader: { user: of.reader, password },
    });
  }

  async function storeSecret(tenant: Tenant, of: Tenant, password: string): Promise<void> {
    const { awsSecrets } = await import("@pharmasight/adapters/aws/secrets");
    await awsSecrets().replace(arns[tenant.index] ?? "", secretOf(tenant, of, password));
  }

  return {
    tenants,
    control,
    admin,
    arns,
    time,
    statements,
    registryWire,
    queued,
    log,
    tenancy: tenancy as Tenancy,
    handlers: { app: app.handler, auth: auth.handler },
    routes: [...pages.app.routes, ...api.apiApp.routes, ...auth.app.routes],
    workers: {
      "tenant-relay": (event) => relay.handler(event, invocation),
      "tenant-mail": (event) => mail.handler(event, invocation),
      "item-imports": (event) => imports.handler(event, invocation),
    } as Readonly<Record<string, Worker>>,
    key: (tenant: Tenant, purpose: string) => deriveKey(masterKey, purpose, tenant.tenantId),
    newPassword,
    storeSecret,
    /** As superuser, in a pharmacy's own database. */
    database(tenant: Tenant): postgres.Sql {
      const sql = databases[tenant.index];
      if (sql === undefined) throw new Error(`There is no tenant ${tenant.index}.`);
      return sql;
    },
    /** A connection as the product makes them, which nobody gives back. @returns what closes it */
    async leak(tenant: Tenant): Promise<() => Promise<void>> {
      const sql = postgres({
        host,
        port,
        database: tenant.database,
        ...superuser,
        max: 1,
        connection: { application_name: `${APPLICATION}-leak` },
      });
      await sql`select 1`;
      return () => sql.end();
    },
    /** What was said since the last call. */
    heard(): Sayings {
      const heard = { ...said };
      Object.assign(said, { logLines: [], messages: [], mails: [], cacheKeys: [] });
      return heard;
    },
    async stop(): Promise<void> {
      process.stdout.write = write;
      LRUCache.prototype.set = setKey;
      time.stop();
      await tenancy.openTenants.close();
      statements.close();
      await Promise.all(opened.map((sql) => sql.end({ timeout: 1 })));
      await secretsManager.stop();
      await registryWire.stop();
      await cluster.stop();
      await state.release();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
