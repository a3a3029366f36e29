import type { Jobs, QueueName } from "@pharmasight/core/ports/jobs";
import { requestSettings, translate } from "./requests.ts";

/** SQS. A process names the queues that it may write to. */
export function awsJobs(options: { readonly queueUrls: Readonly<Partial<Record<QueueName, string>>> }): Jobs {
  let connection: ReturnType<typeof connect> | undefined;

  return {
    send: async (queue, message, delaySeconds = 0) => {
      const queueUrl = options.queueUrls[queue];
      if (queueUrl === undefined) throw new Error(`The queue ${queue} is not configured for this process.`);
      connection ??= connect();
      const { client, SendMessageCommand } = await connection;
      const command = new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: JSON.stringify(message),
        DelaySeconds: delaySeconds,
      });
      try {
        await client.send(command);
      } catch (error) {
        throw translate(error, "The job queue");
      }
    },
  };
}

/** The SDK is loaded with the first message: most requests only read, and loading costs 40 ms of a cold start. */
async function connect() {
  const { SendMessageCommand, SQSClient } = await import("@aws-sdk/client-sqs");
  // The endpoint comes from the environment alone: otherwise the SDK calls the host that a queue's URL names.
  return { client: new SQSClient({ ...requestSettings, useQueueUrlAsEndpoint: false }), SendMessageCommand };
}
