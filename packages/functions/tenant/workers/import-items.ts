import { log } from "@pharmasight/adapters/log";
import { tenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { DomainError } from "@pharmasight/core/kernel/errors";
import type { Job } from "@pharmasight/core/tenant/actors";
import { ImportWork } from "@pharmasight/core/tenant/imports/work";
import { TenantScope } from "@pharmasight/core/tenant/scope";
import * as z from "zod";
import { queues } from "../../manifest.ts";
import { sqsHandler } from "../../workers/batch.ts";

const messageSchema = z.object({
  tenantId: z.uuid(),
  outboxId: z.uuid(),
  importId: z.uuid(),
  turn: z.coerce.number().int().min(0),
});

/** Does one turn of an import: reads the file, or checks, runs or undoes one chunk. The turn asks for the next one. */
export const handler = sqsHandler(
  messageSchema,
  async ({ tenantId, outboxId, importId, turn }, record) => {
    const tenant = await enter(tenantId);
    // The message is gone. Its turn is asked for again when one of the pharmacy's people opens the dashboard or the import
    // after it was paid: only they see that it is open again, and until one does nobody waits for the import.
    if (tenant === undefined) return;
    // A last receive is not tried: whatever kills workers would kill this one too, and nobody would be told.
    const receives = Number(record.attributes.ApproximateReceiveCount);
    if (receives >= queues["item-imports"].maxReceiveCount) {
      await ImportWork.giveUp(tenant, importId, turn);
      throw new Error(`import ${importId} gave up at turn ${turn} after ${receives} receives`);
    }
    await ImportWork.work(tenant, importId, turn);
    await tenant.settle(outboxId);
  },
  log,
);

/** The pharmacy of a message; undefined while it is suspended, because its records rest then. */
async function enter(tenantId: string): Promise<TenantScope<Job> | undefined> {
  const { tenancy } = await tenantPlatform();
  try {
    return await TenantScope.forJob(tenancy, tenantId, "import-items", "work");
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "payment_required") throw error;
    log.info("an import rests while its pharmacy is suspended");
    return undefined;
  }
}
