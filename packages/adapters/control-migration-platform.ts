import type { Announcement } from "@pharmasight/core/control/fleet/releases";
import type { ControlActor, ControlScope } from "@pharmasight/core/control/scope";
import { parseSecret } from "@pharmasight/core/ports/secrets";
import { REQUIRED_SCHEMA_VERSION } from "@pharmasight/core/tenant/schema/capabilities";
import { awsSecrets } from "./aws/secrets.ts";
import { controlMigrationConfig } from "./config.ts";
import { openControlPlatform } from "./control-platform.ts";
import { log } from "./log.ts";
import { migrate } from "./migrations/executor.ts";
import { migrations } from "./migrations/migrations.generated.ts";
import { schemaVersions } from "./migrations/schema-versions.generated.ts";
import { connectionSchema } from "./postgres/database-of-secret.ts";

export interface ControlMigrationPlatform {
  /** What this code says of itself. */
  readonly release: Announcement;
  /**
   * Brings the control database to the schema that this code comes with.
   * @param timeoutMs after which it is given up, so that the next deployment goes on where it stopped
   */
  migrate(timeoutMs: number): Promise<{ schemaVersion: number }>;
  /** With the rights of the database's owner: the role of the other functions may not be there yet. */
  control(actor: ControlActor): ControlScope;
}

/** The control database as its owner: for deployments only. */
export async function controlMigrationPlatform(): Promise<ControlMigrationPlatform> {
  const config = controlMigrationConfig();
  const owner = parseSecret(connectionSchema, await awsSecrets({}).read(config.CONTROL_OWNER_SECRET));
  const { control } = await openControlPlatform(config, config.CONTROL_OWNER_SECRET);
  return {
    control,
    release: {
      name: config.VERSION,
      channel: config.RELEASE_CHANNEL,
      schemaKnown: schemaVersions.tenant,
      schemaRequired: REQUIRED_SCHEMA_VERSION,
      contracts: migrations.tenant.flatMap(({ version, name, codeKnows }) =>
        codeKnows === undefined ? [] : [{ version, name, codeKnows }],
      ),
    },
    migrate: (timeoutMs) =>
      migrate({ endpoint: owner, credential: owner, plane: "control", ca: config.DATABASE_CA, log, timeoutMs }),
  };
}
