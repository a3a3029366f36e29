import { fleetPlatform } from "@pharmasight/adapters/fleet-platform";
import { log } from "@pharmasight/adapters/log";
import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import * as z from "zod";
import { sqsHandler } from "../../workers/batch.ts";

const messageSchema = z.object({ deploymentId: z.uuid(), tenantId: z.uuid(), outboxId: z.uuid() });

/** Leads the schema of one pharmacy where its deployment wants it. What fails there is recorded, and no fault of the message. */
export const handler = sqsHandler(
  messageSchema,
  async ({ deploymentId, tenantId, outboxId }, _record, timeLeftMs) => {
    const { control: controlAs, ports } = await fleetPlatform();
    const control = controlAs({ kind: "system", name: "migrate-tenant" });
    if (await control.isSettled(outboxId)) return;
    await Fleet.lead(control, ports, { deploymentId, tenantId, timeLeftMs });
    await control.settle(outboxId);
  },
  log,
);
