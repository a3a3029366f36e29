import type { Mailer } from "@pharmasight/core/ports/mailer";
import { mailConfig } from "./config.ts";
import { sesMailer } from "./mail/mailer.ts";

let mailer: Mailer | undefined;

/** The mail service of this process: for the workers that send, so that no other function carries its SDK. */
export function mailPlatform(): Mailer {
  mailer ??= sesMailer({ from: mailConfig().MAIL_FROM });
  return mailer;
}
