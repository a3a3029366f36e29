import { type ControlActor, ControlScope } from "@pharmasight/core/control/scope";
import type { ControlTables } from "@pharmasight/core/control/tables.generated";
import { systemClock } from "@pharmasight/core/kernel/clock";
import { awsJobs } from "./aws/jobs.ts";
import { awsSecrets } from "./aws/secrets.ts";
import { type ControlConfig, controlConfig } from "./config.ts";
import { log } from "./log.ts";
import { openDatabaseOfSecret } from "./postgres/database-of-secret.ts";
import { masterKeyOf } from "./signing-key.ts";

export interface ControlPlatform {
  readonly config: ControlConfig;
  control(actor: ControlActor): ControlScope;
}

let platform: Promise<ControlPlatform> | undefined;

/** The control plane of this process: made on first use, kept until the process ends. */
export function controlPlatform(): Promise<ControlPlatform> {
  platform ??= open().catch((error: unknown) => {
    platform = undefined;
    throw error;
  });
  return platform;
}

async function open(): Promise<ControlPlatform> {
  const config = controlConfig();
  return openControlPlatform(config, config.CONTROL_DATABASE_SECRET);
}

/** @param reference of the secret with the connection: that of the plane's own role, or of its owner */
export async function openControlPlatform(config: ControlConfig, reference: string): Promise<ControlPlatform> {
  const secrets = awsSecrets({});
  const database = await openDatabaseOfSecret<ControlTables>({
    secrets,
    reference,
    applicationName: `pharmasight-control-${config.STAGE}`,
    poolSize: config.CONTROL_POOL_SIZE,
    ca: config.DATABASE_CA,
    log,
  });
  const jobs = awsJobs({
    queueUrls: {
      provisioning: config.QUEUE_URL_PROVISIONING,
      "control-mail": config.QUEUE_URL_CONTROL_MAIL,
      "fleet-migrations": config.QUEUE_URL_FLEET_MIGRATIONS,
      "fleet-looks": config.QUEUE_URL_FLEET_LOOKS,
      billing: config.QUEUE_URL_BILLING,
    },
  });
  const masterKey = masterKeyOf(secrets, config.SIGNING_KEY_SECRET);
  const plane = { db: database.db.withSchema("control"), jobs, clock: systemClock, log, masterKey };
  return { config, control: (actor) => new ControlScope(plane, actor) };
}
