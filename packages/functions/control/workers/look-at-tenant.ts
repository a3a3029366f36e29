import { fleetPlatform } from "@pharmasight/adapters/fleet-platform";
import { log } from "@pharmasight/adapters/log";
import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import * as z from "zod";
import { sqsHandler } from "../../workers/batch.ts";

const messageSchema = z.object({ tenantId: z.uuid(), outboxId: z.uuid() });

/** Compares the schema of one pharmacy with what its version should be. */
export const handler = sqsHandler(
  messageSchema,
  async ({ tenantId, outboxId }) => {
    const { control: controlAs, ports } = await fleetPlatform();
    const control = controlAs({ kind: "system", name: "look-at-tenant" });
    if (await control.isSettled(outboxId)) return;
    await Fleet.lookOnSchedule(control, ports, tenantId);
    await control.settle(outboxId);
  },
  log,
);
