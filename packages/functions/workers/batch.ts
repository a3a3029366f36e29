import { parseJson } from "@pharmasight/core/kernel/json";
import { type Log, type LogFields, withLogFields } from "@pharmasight/core/kernel/log";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import * as z from "zod";

/** Ids that a message may carry, for the log lines written while it is worked on. */
const idsSchema = z.object({ jobId: z.string().optional(), tenantId: z.string().optional() });

/** What Lambda says of an invocation, as far as a worker asks. */
type Invocation = Pick<Context, "getRemainingTimeInMillis">;

/**
 * A Lambda entry for a queue: parses each record, runs it, and reports those that failed, so that one of them never
 * stops the others. A failed message comes again, and at last goes to the dead-letter queue.
 * @param run is also told how many milliseconds are left to this invocation
 */
export function sqsHandler<T>(
  schema: z.ZodType<T>,
  run: (message: T, record: SQSRecord, timeLeftMs: () => number) => Promise<void>,
  log: Log,
): (event: SQSEvent, invocation: Invocation) => Promise<SQSBatchResponse> {
  const fails = async (record: SQSRecord, invocation: Invocation): Promise<boolean> => {
    try {
      await run(schema.parse(JSON.parse(record.body)), record, () => invocation.getRemainingTimeInMillis());
      return false;
    } catch (error) {
      log.error("message failed", error, { messageId: record.messageId, queue: record.eventSourceARN });
      return true;
    }
  };
  return async (event, invocation) => {
    const batchItemFailures: { itemIdentifier: string }[] = [];
    for (const record of event.Records) {
      const failed = await withLogFields(fieldsOf(record), () => fails(record, invocation));
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
