import type { SchemaRehearsals, TenantSchemas } from "../../ports/schemas.ts";
import type { Secrets } from "../../ports/secrets.ts";
import type { ConfiguredHosts } from "../provisioning/places.ts";

/** What the fleet's operations reach the databases of pharmacies by. */
export interface FleetPorts {
  readonly schemas: TenantSchemas;
  readonly rehearsals: SchemaRehearsals;
  readonly secrets: Secrets;
  readonly hosts: ConfiguredHosts;
}
