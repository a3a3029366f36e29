import type { FleetPorts } from "@pharmasight/core/control/fleet/fleet";
import type { ControlActor, ControlScope } from "@pharmasight/core/control/scope";
import { awsSecrets } from "./aws/secrets.ts";
import { controlPlatform } from "./control-platform.ts";
import { log } from "./log.ts";
import { postgresTenantSchemas } from "./migrations/tenant-schemas.ts";

export interface FleetPlatform {
  readonly ports: Pick<FleetPorts, "schemas" | "secrets">;
  control(actor: ControlActor): ControlScope;
}

/** The control plane together with the pharmacies' databases: for workers, who need none of the vendors. */
export async function fleetPlatform(): Promise<FleetPlatform> {
  const { config, control } = await controlPlatform();
  return {
    control,
    ports: { secrets: awsSecrets({}), schemas: postgresTenantSchemas({ ca: config.DATABASE_CA, log }) },
  };
}
