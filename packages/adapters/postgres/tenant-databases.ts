import type { Clock } from "@pharmasight/core/kernel/clock";
import { unavailable } from "@pharmasight/core/kernel/errors";
import type { Log } from "@pharmasight/core/kernel/log";
import { UNCOMPILED } from "@pharmasight/core/kernel/parsing";
import { parseSecret, type Secrets } from "@pharmasight/core/ports/secrets";
import type { AppSecret } from "@pharmasight/core/ports/tenant-setup";
import type { RegistryEntry } from "@pharmasight/core/registry/registry";
import { TenantConnection, type TenantDatabases } from "@pharmasight/core/tenant/connection";
import type { TenantTables } from "@pharmasight/core/tenant/tables.generated";
import { LRUCache } from "lru-cache";
import * as z from "zod";
import { openDatabase } from "./database.ts";
import type { Refusal } from "./pool.ts";

export interface TenantDatabasesOptions {
  readonly secrets: Secrets;
  readonly log: Log;
  readonly clock: Clock;
  /** Connections per tenant and process. */
  readonly poolSize: number;
  readonly idleSeconds: number;
  readonly applicationName: string;
  readonly ca: string | undefined;
}

const credential = z.object({ user: z.string(), password: z.string() });
const appSecretSchema = z.object({
  tenantId: z.string(),
  pooled: z.object({ host: z.string(), port: z.number().int(), database: z.string() }),
  app: credential,
  reader: credential,
}) satisfies z.ZodType<AppSecret>;

const identitySchema = z.array(z.object({ tenant_id: z.string() }));

const RETRY_AFTER_SECONDS = 5;
const REFUSALS_MAX = 10_000;
/** Well below the gateway's 30 s, so that a stuck database becomes a 503 of ours. */
const QUERY_TIMEOUT_MS = 15_000;

/** Tenants' databases by the `app` secret of their registry entry, through the pooler. */
export function postgresTenantDatabases(options: TenantDatabasesOptions): TenantDatabases {
  const { secrets, log } = options;

  const readSecret = async (entry: RegistryEntry): Promise<AppSecret> => {
    if (entry.appSecretArn === null) throw unavailable("This pharmacy has no database yet.", RETRY_AFTER_SECONDS);
    const secret = parseSecret(appSecretSchema, await secrets.read(entry.appSecretArn));
    if (secret.tenantId !== entry.tenantId) throw mismatch(log, entry.tenantId, secret.tenantId);
    return secret;
  };

  // By what logs in: a pharmacy whose password is refused while it is being opened gets a new pool each time.
  const refusals = new LRUCache<string, Refusal>({ max: REFUSALS_MAX });
  const refusalOf = (key: string): Refusal => {
    const known = refusals.get(key) ?? { until: 0 };
    refusals.set(key, known);
    return known;
  };

  return {
    async open(entry, role) {
      let secret = await readSecret(entry);
      const database = openDatabase<TenantTables>({
        endpoint: secret.pooled,
        credential: async ({ refresh }) => {
          if (refresh) secret = await readSecret(entry);
          return secret[role];
        },
        poolSize: options.poolSize,
        idleSeconds: options.idleSeconds,
        maxAgeSeconds: 300,
        connectTimeoutMs: 5000,
        queryTimeoutMs: QUERY_TIMEOUT_MS,
        transactionTimeoutMs: 25_000,
        ...(options.ca === undefined ? {} : { ca: options.ca }),
        applicationName: options.applicationName,
        prove: async (ask) => {
          const [identity] = identitySchema.parse(await ask("select tenant_id from pharmacy.identity"), UNCOMPILED);
          if (identity?.tenant_id !== entry.tenantId) throw mismatch(log, entry.tenantId, identity?.tenant_id);
        },
        refusal: refusalOf(`${entry.appSecretArn} ${role}`),
        log,
        clock: options.clock,
      });
      try {
        // Connects, and thereby proves, before anybody is told that the pharmacy is open.
        await database.db.connection().execute(async () => undefined);
      } catch (error) {
        await database.close();
        throw error;
      }
      return new TenantConnection(entry.tenantId, database);
    },
  };
}

/** Two tenants' secrets or databases are mixed up: nothing is served until somebody has looked. */
function mismatch(log: Log, expected: string, found: string | undefined): Error {
  log.alarm("tenant-identity-mismatch", { expected, found: found ?? "none" });
  return unavailable("This pharmacy's records cannot be opened.", 60);
}
