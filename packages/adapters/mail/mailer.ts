import { DomainError, unavailable } from "@pharmasight/core/kernel/errors";
import type { Mailer } from "@pharmasight/core/ports/mailer";
import { errorName, requestSettings, translate } from "../aws/requests.ts";

const RETRY_SECONDS = 30;

/** What an operator has to mend before any mail leaves. */
const accountErrors = new Set([
  "SendingPausedException",
  "AccountSuspendedException",
  "MailFromDomainNotVerifiedException",
]);
/** What is wrong with this one mail. */
const mailErrors = new Set(["MessageRejected", "BadRequestException"]);

/** SES. @param options.from address, or `Name <address>`, of a verified identity */
export function sesMailer(options: { readonly from: string }): Mailer {
  let connection: ReturnType<typeof connect> | undefined;

  return {
    send: async (mail) => {
      connection ??= connect();
      const { client, SendEmailCommand } = await connection;
      const text = (data: string) => ({ Data: data, Charset: "UTF-8" });
      const command = new SendEmailCommand({
        FromEmailAddress: options.from,
        Destination: { ToAddresses: [mail.to] },
        Content: {
          Simple: { Subject: text(mail.subject), Body: { Html: text(mail.html), Text: text(mail.text) } },
        },
      });
      try {
        const { MessageId } = await client.send(command);
        if (MessageId !== undefined) return { messageId: MessageId };
      } catch (error) {
        throw translated(error);
      }
      throw unavailable("The mail service sent a reply that lacks the message id.", RETRY_SECONDS);
    },
  };
}

/** One attempt only: SES has no idempotency key, so a retry after a lost reply would send a second mail unseen. */
async function connect() {
  const { SendEmailCommand, SESv2Client } = await import("@aws-sdk/client-sesv2");
  return { client: new SESv2Client({ ...requestSettings, maxAttempts: 1 }), SendEmailCommand };
}

function translated(error: unknown): unknown {
  const name = errorName(error);
  if (accountErrors.has(name)) return unavailable(`The mail service does not send: ${name}.`, RETRY_SECONDS, error);
  if (mailErrors.has(name))
    return new DomainError("invalid_input", "The mail service refused this mail.", { cause: error });
  return translate(error, "The mail service");
}
