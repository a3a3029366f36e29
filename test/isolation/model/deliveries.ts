import type { SQSRecord } from "aws-lambda";
import { ids } from "./tenants.ts";
import type { QueuedMessage } from "./world.ts";

/** A message as Lambda hands it to a worker. */
export function recordOf({ queue, body }: QueuedMessage, messageId: string): SQSRecord {
  return {
    messageId,
    receiptHandle: "none",
    body,
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: "0",
      SenderId: "walls",
      ApproximateFirstReceiveTimestamp: "0",
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${queue}`,
    awsRegion: "us-east-1",
  };
}

/** Messages that nobody of ours sent. */
export const strangeMessages: readonly QueuedMessage[] = ["tenant-relay", "tenant-mail", "item-imports"].flatMap(
  (queue) =>
    [{}, { tenantId: ids.nobody }, { tenantId: "" }].map((tenant) => ({
      queue,
      body: JSON.stringify({
        ...tenant,
        outboxId: ids.outbox,
        importId: ids.newImport,
        turn: "1",
        template: "sign_in_link",
        linkId: ids.outbox,
      }),
    })),
);
