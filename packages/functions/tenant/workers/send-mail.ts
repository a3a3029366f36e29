import { log } from "@pharmasight/adapters/log";
import { mailPlatform } from "@pharmasight/adapters/mail-platform";
import { tenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { Mails } from "@pharmasight/core/tenant/mails/mails";
import { TenantScope } from "@pharmasight/core/tenant/scope";
import { signInLinkMail } from "@pharmasight/views/mail/mails.tsx";
import * as z from "zod";
import { pharmacyUrl } from "../../http/addresses.ts";
import { sqsHandler } from "../../workers/batch.ts";

const messageSchema = z.object({ ...Mails.mailRequestSchema.shape, tenantId: z.uuid(), outboxId: z.uuid() });

/** Mails of a pharmacy to its own people. */
export const handler = sqsHandler(
  messageSchema,
  async (message) => {
    const { tenancy } = await tenantPlatform();
    const tenant = await TenantScope.forJob(tenancy, message.tenantId, "send-mail");
    await Mails.deliver(tenant, message, pharmacyUrl(tenant.tenant.primaryHost), ({ to, ...letter }) =>
      mailPlatform().send({ to, ...signInLinkMail(letter) }),
    );
  },
  log,
);
