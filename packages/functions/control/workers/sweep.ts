import { controlPlatform } from "@pharmasight/adapters/control-platform";
import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import { Provisioning } from "@pharmasight/core/control/provisioning/provisioning";
import { Reconciliation } from "@pharmasight/core/control/reconciliation/reconciliation";
import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";

/**
 * Every minute: finds what a lost message or a dead worker left behind, and does what the calendar holds. One kind of
 * work keeps no other waiting.
 */
export async function handler(): Promise<void> {
  const platform = await controlPlatform();
  const control = platform.control({ kind: "system", name: "sweep-control" });
  const [provisioning, fleet, calendar, reconciliation] = await Promise.allSettled([
    Provisioning.sweep(control),
    Fleet.sweep(control),
    TenantSubscriptions.letTimePass(control),
    // Once a day, whoever comes first.
    Reconciliation.begin(control),
  ]);
  if (provisioning.status === "rejected") throw provisioning.reason;
  if (fleet.status === "rejected") throw fleet.reason;
  if (calendar.status === "rejected") throw calendar.reason;
  if (reconciliation.status === "rejected") throw reconciliation.reason;
  if (provisioning.value > 0) control.log.warn("overdue provisioning jobs called again", { found: provisioning.value });
  if (fleet.value > 0) control.log.warn("overdue migrations called again", { found: fleet.value });
}
