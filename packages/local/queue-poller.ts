import { setTimeout as sleep } from "node:timers/promises";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { QueueSpec } from "@pharmasight/functions/manifest";
import type { SQSEvent, SQSRecord } from "aws-lambda";
import * as z from "zod";
import { invoke, type LambdaFunction, REGION } from "./lambda.ts";

export interface QueuePollerOptions {
  readonly client: SQSClient;
  readonly queue: { readonly url: string; readonly arn: string };
  readonly spec: Pick<QueueSpec, "batchSize" | "maxConcurrency" | "maxReceiveCount">;
  readonly fn: LambdaFunction;
  readonly log: (line: string) => void;
}

export interface QueuePoller {
  /** Receives no more and lets the invocations under way finish, at most `drainMs`. */
  stop(drainMs?: number): Promise<void>;
}

/** Short, so that stopping need not abort a receive: a message sent into an aborted one would stay hidden. */
const WAIT_SECONDS = 1;
const RETRY_AFTER_ERROR_MS = 1000;
const DRAIN_MS = 10_000;

/**
 * Lambda's event source mapping for one queue: receives batches, invokes the function with at most `maxConcurrency` at
 * once, deletes what was done. What failed stays hidden until its visibility timeout ends, and the queue counts receives.
 */
export function startQueuePoller(options: QueuePollerOptions): QueuePoller {
  const underWay = new Set<Promise<void>>();
  let stopping = false;

  const poll = async () => {
    while (!stopping) {
      if (underWay.size >= options.spec.maxConcurrency) {
        await Promise.race(underWay);
        continue;
      }
      const messages = await receive(options, () => stopping);
      if (messages.length === 0) continue;
      if (stopping) {
        await release(options, messages);
        return;
      }
      const done: Promise<void> = processBatch(options, messages).finally(() => underWay.delete(done));
      underWay.add(done);
    }
  };
  const polling = poll();

  return {
    stop: async (drainMs = DRAIN_MS) => {
      stopping = true;
      await polling;
      const limit = new AbortController();
      await Promise.race([
        Promise.allSettled(underWay),
        sleep(drainMs, undefined, { signal: limit.signal }).catch(() => undefined),
      ]);
      limit.abort();
    },
  };
}

async function receive({ client, queue, spec, log }: QueuePollerOptions, stopping: () => boolean): Promise<Message[]> {
  try {
    const received = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queue.url,
        MaxNumberOfMessages: spec.batchSize,
        WaitTimeSeconds: WAIT_SECONDS,
        MessageSystemAttributeNames: ["All"],
        MessageAttributeNames: ["All"],
      }),
    );
    return received.Messages ?? [];
  } catch (error) {
    if (!stopping()) {
      log(`Receiving from ${queue.arn} failed: ${messageOf(error)}`);
      await sleep(RETRY_AFTER_ERROR_MS);
    }
    return [];
  }
}

/** Never rejects: whatever goes wrong leaves the messages to their visibility timeout. */
async function processBatch(options: QueuePollerOptions, messages: readonly Message[]): Promise<void> {
  const { client, queue, spec, fn, log } = options;
  const failed = await failures(fn, toSqsEvent(messages, queue.arn), log);
  const done = messages.filter((message) => !failed.has(message.MessageId ?? ""));
  for (const message of messages) {
    const receives = Number(message.Attributes?.ApproximateReceiveCount ?? 1);
    if (failed.has(message.MessageId ?? "") && receives >= spec.maxReceiveCount) {
      log(`${fn.name} failed ${receives} times on message ${message.MessageId}: it goes to the dead-letter queue.`);
    }
  }
  if (done.length === 0) return;
  const Entries = done.map((message, index) => ({ Id: String(index), ReceiptHandle: message.ReceiptHandle }));
  await client
    .send(new DeleteMessageBatchCommand({ QueueUrl: queue.url, Entries }))
    .catch((error: unknown) => log(`Deleting from ${queue.arn} failed: ${messageOf(error)}`));
}

const batchResponse = z.object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })).nullish() });

/**
 * Ids of the messages that were not done. A throw, a timeout, an unknown or malformed id fail the whole batch; no answer
 * and an empty list fail none (AWS, "Implementing partial batch responses").
 */
async function failures(fn: LambdaFunction, event: SQSEvent, log: (line: string) => void): Promise<Set<string>> {
  const all = new Set(event.Records.map((record) => record.messageId));
  try {
    const answer = await invoke(fn, event);
    if (typeof answer !== "object" || answer === null) return new Set();
    const { batchItemFailures } = batchResponse.parse(answer);
    const failed = new Set((batchItemFailures ?? []).map((failure) => failure.itemIdentifier));
    if ([...failed].every((id) => all.has(id))) return failed;
    log(`${fn.name} reported messages that it was not given: the whole batch comes again.`);
    return all;
  } catch (error) {
    log(`${fn.name} failed: ${messageOf(error)}`);
    return all;
  }
}

function toSqsEvent(messages: readonly Message[], arn: string): SQSEvent {
  return {
    Records: messages.map(
      (message): SQSRecord => ({
        messageId: message.MessageId ?? "",
        receiptHandle: message.ReceiptHandle ?? "",
        body: message.Body ?? "",
        attributes: {
          ApproximateReceiveCount: message.Attributes?.ApproximateReceiveCount ?? "1",
          SentTimestamp: message.Attributes?.SentTimestamp ?? "",
          SenderId: message.Attributes?.SenderId ?? "",
          ApproximateFirstReceiveTimestamp: message.Attributes?.ApproximateFirstReceiveTimestamp ?? "",
        },
        messageAttributes: {},
        md5OfBody: message.MD5OfBody ?? "",
        eventSource: "aws:sqs",
        eventSourceARN: arn,
        awsRegion: REGION,
      }),
    ),
  };
}

/** Gives back what arrived while stopping. */
async function release({ client, queue }: QueuePollerOptions, messages: readonly Message[]): Promise<void> {
  await Promise.allSettled(
    messages.map((message) =>
      client.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: queue.url,
          ReceiptHandle: message.ReceiptHandle,
          VisibilityTimeout: 0,
        }),
      ),
    ),
  );
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
