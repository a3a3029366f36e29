import { controlPlatform } from "@pharmasight/adapters/control-platform";
import { log } from "@pharmasight/adapters/log";
import { recordTenantEvent } from "@pharmasight/core/control/tenants/events";
import { TenantEvents } from "@pharmasight/core/ports/tenant-events";
import { sqsHandler } from "../../workers/batch.ts";

/** What pharmacies tell of themselves. */
export const handler = sqsHandler(
  TenantEvents.schema,
  async (event) => {
    const { control } = await controlPlatform();
    await recordTenantEvent(control({ kind: "system", name: "record-tenant-event" }), event);
  },
  log,
);
