import type { FleetPorts } from "@pharmasight/core/control/fleet/fleet";
import type { ControlActor, ControlScope } from "@pharmasight/core/control/scope";
import { provisioningConfig } from "./config.ts";
import { configuredHosts } from "./configured-hosts.ts";
import { fleetPlatform } from "./fleet-platform.ts";
import { log } from "./log.ts";
import { postgresRehearsals } from "./migrations/rehearsal.ts";

export interface FleetOperatorPlatform {
  readonly ports: FleetPorts;
  control(actor: ControlActor): ControlScope;
}

/** The fleet with the providers of its databases: for operators, whose rehearsals run in copies. */
export async function fleetOperatorPlatform(): Promise<FleetOperatorPlatform> {
  const config = provisioningConfig();
  const { control, ports } = await fleetPlatform();
  return {
    control,
    ports: {
      ...ports,
      rehearsals: postgresRehearsals({ ca: config.DATABASE_CA, log }),
      hosts: configuredHosts(config, ports.secrets),
    },
  };
}
