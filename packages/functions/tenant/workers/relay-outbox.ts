import { log } from "@pharmasight/adapters/log";
import { tenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { TenantScope } from "@pharmasight/core/tenant/scope";
import * as z from "zod";
import { sqsHandler } from "../../workers/batch.ts";

/** Sends what a process recorded and could not send any more before it ended. */
export const handler = sqsHandler(
  z.object({ tenantId: z.uuid() }),
  async (message) => {
    const { tenancy } = await tenantPlatform();
    const tenant = await TenantScope.forJob(tenancy, message.tenantId, "relay-outbox", "sign_in");
    await tenant.relay();
  },
  log,
);
