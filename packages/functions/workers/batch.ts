import { parseJson } from "@pharmasight/core/kernel/json";
import { type Log, type LogFields, withLogFields } from "@pharmasight/core/kernel/log";
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
  const fails = async (record: SQSRecord): Promise<boolean> => {
    try {
      await run(schema.parse(JSON.parse(record.body)), record);
      return false;
    } catch (error) {
      log.error("message failed", error, { messageId: record.messageId, queue: record.eventSourceARN });
      return true;
    }
  };
  return async (event) => {
    const batchItemFailures: { itemIdentifier: string }[] = [];
    for (const record of event.Records) {
      const failed = await withLogFields(fieldsOf(record), () => fails(record));
      if (failed) batchItemFailures.push({ itemIdentifier: record.messageId });
    }
    return { batchItemFailures };
  };
}

function fieldsOf(record: SQSRecord): LogFields {
  const { jobId, tenantId } = idsSchema.safeParse(parseJson(record.body)).data ?? {};
  return {
    requestId: record.messageId,
    ...(jobId === undefined ? {} : { jobId }),
    ...(tenantId === undefined ? {} : { tenantId }),
  };
}
