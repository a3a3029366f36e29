import { log } from "@pharmasight/adapters/log";
import { tenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { Imports } from "@pharmasight/core/tenant/imports/imports";
import { TenantScope } from "@pharmasight/core/tenant/scope";
import * as z from "zod";
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
  async (message) => {
    const { tenancy } = await tenantPlatform();
    const tenant = await TenantScope.forJob(tenancy, message.tenantId, "import-items");
    await Imports.readChunk(tenant, message.importId, message.fromRow);
    await tenant.settle(message.outboxId);
  },
  log,
);
