import { log } from "@pharmasight/adapters/log";
import { provisioningPlatform } from "@pharmasight/adapters/provisioning-platform";
import { Provisioning } from "@pharmasight/core/control/provisioning/provisioning";
import * as z from "zod";
import { sqsHandler } from "../../workers/batch.ts";

const messageSchema = z.object({ jobId: z.uuid(), outboxId: z.uuid() });

/** Runs the next steps of a provisioning job. */
export const handler = sqsHandler(
  messageSchema,
  async ({ jobId, outboxId }) => {
    const { control: controlAs, withPorts, settings } = await provisioningPlatform();
    const control = controlAs({ kind: "system", name: "provision-tenant" });
    if (await control.isSettled(outboxId)) return;
    await withPorts((ports) => Provisioning.advance(control, ports, settings, jobId));
    await control.settle(outboxId);
  },
  log,
);
