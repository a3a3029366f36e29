import { controlPlatform } from "@pharmasight/adapters/control-platform";
import { Provisioning } from "@pharmasight/core/control/provisioning/provisioning";

/** Every minute: finds what a lost message or a dead worker left behind. */
export async function handler(): Promise<void> {
  const platform = await controlPlatform();
  const control = platform.control({ kind: "system", name: "sweep-control" });
  const found = await Provisioning.sweep(control);
  if (found > 0) control.log.warn("overdue provisioning jobs called again", { found });
}
