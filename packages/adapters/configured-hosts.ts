import type { ProvisioningPorts } from "@pharmasight/core/control/provisioning/provisioning";
import type { DatabaseHosts } from "@pharmasight/core/ports/database-hosts";
import { parseSecret, type Secrets } from "@pharmasight/core/ports/secrets";
import type { ProvisioningConfig } from "./config.ts";
import { connectionSchema } from "./postgres/database-of-secret.ts";
import { type WithSession, withSession } from "./postgres/session.ts";
import { postgresServerHosts } from "./postgres-server/database-hosts.ts";
import { supabaseDatabaseHosts } from "./supabase/database-hosts.ts";

/** The providers of databases that this process has the settings of. Their secrets are read when they are first asked. */
export function configuredHosts(
  config: ProvisioningConfig,
  secrets: Secrets,
  connect: WithSession = withSession,
): ProvisioningPorts["hosts"] {
  return {
    supabase: supabaseDatabaseHosts({
      apiUrl: config.SUPABASE_API_URL,
      token: () => secrets.read(config.SUPABASE_TOKEN_SECRET),
      organization: config.SUPABASE_ORGANIZATION,
      sessionPort: config.SUPABASE_SESSION_PORT,
    }),
    ...serverHosts(config, secrets, connect),
  };
}

/** The provider `postgres`, where a server of ours is configured. */
function serverHosts(
  config: ProvisioningConfig,
  secrets: Secrets,
  connect: WithSession,
): { readonly postgres?: DatabaseHosts } {
  const { POSTGRES_ADMINISTRATOR_SECRET: administrator, POSTGRES_POOLER_HOST: host, DATABASE_CA: ca } = config;
  if (administrator === undefined) return {};
  return {
    postgres: postgresServerHosts({
      administrator: async () => parseSecret(connectionSchema, await secrets.read(administrator)),
      region: config.POSTGRES_REGION,
      connect,
      ...(host === undefined ? {} : { pooler: { host, port: config.POSTGRES_POOLER_PORT } }),
      ...(ca === undefined ? {} : { ca }),
    }),
  };
}
