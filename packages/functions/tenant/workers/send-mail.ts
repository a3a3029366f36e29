import { log } from "@pharmasight/adapters/log";
import { mailPlatform } from "@pharmasight/adapters/mail-platform";
import { tenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { type Letter, Mails } from "@pharmasight/core/tenant/mails/mails";
import { TenantScope } from "@pharmasight/core/tenant/scope";
import { passwordChangedMail, resetMail, twoFactorChangedMail } from "@pharmasight/views/mail/account-mails.tsx";
import type { MailContent } from "@pharmasight/views/mail/mail";
import { signInLinkMail } from "@pharmasight/views/mail/mails.tsx";
import { addressChangedMail, invitationMail, ownershipMail } from "@pharmasight/views/mail/people-mails.tsx";
import * as z from "zod";
import { pharmacyUrl } from "../../http/addresses.ts";
import { sqsHandler } from "../../workers/batch.ts";
import { rolesInWords } from "../roles.ts";

const messageSchema = z.intersection(Mails.mailRequestSchema, z.object({ tenantId: z.uuid(), outboxId: z.uuid() }));

/** Mails of a pharmacy to its own people. */
export const handler = sqsHandler(
  messageSchema,
  async (message) => {
    const { tenancy } = await tenantPlatform();
    const tenant = await TenantScope.forJob(tenancy, message.tenantId, "send-mail", "sign_in");
    await Mails.deliver(tenant, message, pharmacyUrl(tenant.tenant.primaryHost), (letter) =>
      mailPlatform().send({ to: letter.to, ...set(letter) }),
    );
  },
  log,
);

/** A letter in type. */
function set(letter: Letter): MailContent {
  switch (letter.template) {
    case "sign_in_link":
      return signInLinkMail(letter);
    case "password_reset":
      return resetMail(letter);
    case "password_changed":
      return passwordChangedMail(letter);
    case "two_factor_changed":
      return twoFactorChangedMail(letter);
    case "invitation":
      return invitationMail({ ...letter, role: rolesInWords(letter) });
    case "ownership_transferred":
      return ownershipMail(letter);
    case "address_changed":
      return addressChangedMail(letter);
  }
}
