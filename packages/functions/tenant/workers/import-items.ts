import { log } from "@pharmasight/adapters/log";
import { tenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { Imports } from "@pharmasight/core/tenant/imports/imports";
import { TenantScope } from "@pharmasight/core/tenant/scope";
import * as z from "zod";
import { queues } from "../../manifest.ts";
import { sqsHandler } from "../../workers/batch.ts";

const messageSchema = z.object({
  tenantId: z.uuid(),
  outboxId: z.uuid(),
  importId: z.uuid(),
  fromRow: z.coerce.number().int().min(0),
});

/** Reads one chunk of an uploaded file; the chunk asks for the next one. */
export const handler = sqsHandler(
  messageSchema,
  async (message, record) => {
    const { tenancy } = await tenantPlatform();
    const tenant = await TenantScope.forJob(tenancy, message.tenantId, "import-items");
    try {
      await Imports.readChunk(tenant, message.importId, message.fromRow);
      await tenant.settle(message.outboxId);
    } catch (error) {
      // The message goes to the dead-letter queue now: the person who waits is told.
      const receives = Number(record.attributes.ApproximateReceiveCount);
      if (receives >= queues["item-imports"].maxReceiveCount) await Imports.giveUp(tenant, message.importId);
      throw error;
    }
  },
  log,
);
