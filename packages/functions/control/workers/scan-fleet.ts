import { controlPlatform } from "@pharmasight/adapters/control-platform";
import { Fleet } from "@pharmasight/core/control/fleet/fleet";

/** Every hour: asks for a look at each pharmacy whose schema nobody has looked at for a day. */
export async function handler(): Promise<void> {
  const { control } = await controlPlatform();
  const scope = control({ kind: "system", name: "scan-fleet" });
  const asked = await Fleet.scan(scope);
  scope.log.info("looks at schemas asked for", { asked });
}
