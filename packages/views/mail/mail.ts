import type { Mail } from "@pharmasight/core/ports/mailer";

/** A mail without its recipient: both parts say the same. */
export type MailContent = Omit<Mail, "to">;
