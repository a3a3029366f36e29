import { controlPlatform } from "@pharmasight/adapters/control-platform";
import { log } from "@pharmasight/adapters/log";
import { mailPlatform } from "@pharmasight/adapters/mail-platform";
import { type Letter, Mails } from "@pharmasight/core/control/mails/mails";
import { billingMail } from "@pharmasight/views/mail/billing-mails.tsx";
import { enquiryMail } from "@pharmasight/views/mail/enquiry-mail.tsx";
import type { MailContent } from "@pharmasight/views/mail/mail";
import { codeMail, welcomeMail } from "@pharmasight/views/mail/mails.tsx";
import { existingOwnerMail, foundPharmaciesMail } from "@pharmasight/views/mail/sign-up-mails.tsx";
import * as z from "zod";
import { sqsHandler } from "../../workers/batch.ts";
import { supportMail } from "../site/contacts.ts";

/** The message is a hint: what to say stands in the outbox. */
const messageSchema = z.object({ outboxId: z.uuid() });

/** Sends one mail of the control plane. */
export const handler = sqsHandler(
  messageSchema,
  async ({ outboxId }) => {
    const { config, control } = await controlPlatform();
    const system = control({ kind: "system", name: "send-mail" });
    await Mails.deliver(system, config.ROOT_URL, outboxId, async (letter) => {
      await mailPlatform().send({ to: letter.to, ...render(letter) });
    });
  },
  log,
);

function render(letter: Letter): MailContent {
  switch (letter.kind) {
    case "sign_up_code":
      return codeMail(letter);
    case "existing_owner":
      return existingOwnerMail({ ...letter, supportMail: supportMail() });
    case "pharmacies_found":
      return foundPharmaciesMail(letter);
    case "welcome":
      return welcomeMail(letter);
    case "billing":
      return billingMail(letter);
    case "enterprise_enquiry":
      return enquiryMail(letter);
  }
}
