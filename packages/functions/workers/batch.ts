import { type Log, withLogFields } from "@pharmasight/core/kernel/log";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import * as z from "zod";

/** Ids that a message may carry, for the log lines written while it is worked on. */
const idsSchema = z.object({ jobId: z.string().optional(), tenantId: z.string().optional() });

/**
 * A Lambda entry for a queue: parses each record, runs it, and reports those that failed, so that one of them never
 * stops the others. A failed message comes again, and at last goes to the dead-letter queue.
 */
export function sqsHandler<T>(
  schema: z.ZodType<T>,
  run: (message: T, record: SQSRecord) => Promise<void>,
  log: Log,
): (event: SQSEvent) => Promise<SQSBatchResponse> {
  return async (event) => {
    const batchItemFailures: { itemIdentifier: string }[] = [];
    for (const record of event.Records) {
      try {
        const message: unknown = JSON.parse(record.body);
        const ids = idsSchema.safeParse(message).data;
        const fields = {
          requestId: record.messageId,
          ...(ids?.jobId === undefined ? {} : { jobId: ids.jobId }),
          ...(ids?.tenantId === undefined ? {} : { tenantId: ids.tenantId }),
        };
        await withLogFields(fields, () => run(schema.parse(message), record));
      } catch (error) {
        log.error("message failed", error, { messageId: record.messageId, queue: record.eventSourceARN });
        batchItemFailures.push({ itemIdentifier: record.messageId });
      }
    }
    return { batchItemFailures };
  };
}
