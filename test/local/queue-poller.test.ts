import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import type { LambdaHandler } from "@pharmasight/local/lambda";
import { freePort } from "@pharmasight/local/ports";
import { type QueuePoller, startQueuePoller } from "@pharmasight/local/queue-poller";
import { ensureQueue, type LocalQueue, type Queues, startQueues } from "@pharmasight/local/queues";
import type { SQSEvent } from "aws-lambda";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

let queues: Queues;
let count = 0;
const pollers: QueuePoller[] = [];

beforeAll(async () => {
  queues = await startQueues({ port: await freePort() });
});
// All together at the end: each stop waits for a receive to end.
afterAll(async () => {
  await Promise.all(pollers.map((poller) => poller.stop()));
  await queues.stop();
});

interface Setting {
  batchSize?: number;
  maxConcurrency?: number;
  maxReceiveCount?: number;
  visibilityTimeoutSeconds?: number;
  timeoutSeconds?: number;
}

/** A queue of its own whose messages are, by default, visible again at once, so that nothing has to be waited for. */
async function consume(handler: (event: SQSEvent) => unknown, setting: Setting = {}, messages: readonly string[] = []) {
  const spec = { batchSize: 10, maxConcurrency: 5, maxReceiveCount: 3, visibilityTimeoutSeconds: 0, ...setting };
  const queue = await ensureQueue(queues.client, `test-${++count}`, spec);
  if (messages.length > 0) await send(queue, messages);
  const lines: string[] = [];
  const typed: LambdaHandler = (event) => handler(event as SQSEvent);
  const poller = startQueuePoller({
    client: queues.client,
    queue,
    spec,
    fn: { name: "worker", memoryMb: 128, timeoutSeconds: setting.timeoutSeconds ?? 30, handler: typed },
    log: (line) => lines.push(line),
  });
  pollers.push(poller);
  return { queue, lines, poller };
}

const send = (queue: LocalQueue, bodies: readonly string[]) =>
  queues.client.send(
    new SendMessageBatchCommand({
      QueueUrl: queue.url,
      Entries: bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody })),
    }),
  );

/** Ends a message's visibility timeout early. */
const showAgain = (queue: LocalQueue, ReceiptHandle: string) =>
  queues.client.send(new ChangeMessageVisibilityCommand({ QueueUrl: queue.url, ReceiptHandle, VisibilityTimeout: 0 }));

/** Messages that wait or are being worked on. */
async function remaining(url: string): Promise<number> {
  const { Attributes } = await queues.client.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    }),
  );
  return Number(Attributes?.ApproximateNumberOfMessages) + Number(Attributes?.ApproximateNumberOfMessagesNotVisible);
}

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 20 });

test("a handler gets Lambda's event of SQS, and what it did is deleted", async () => {
  const events: SQSEvent[] = [];
  const { queue } = await consume((event) => void events.push(event), { visibilityTimeoutSeconds: 60 }, ["one"]);
  await eventually(async () => expect(await remaining(queue.url)).toBe(0));
  expect(events).toHaveLength(1);
  expect(events[0]?.Records[0]).toMatchObject({
    body: "one",
    eventSource: "aws:sqs",
    eventSourceARN: queue.arn,
    awsRegion: "us-east-1",
    attributes: { ApproximateReceiveCount: "1", SentTimestamp: expect.stringMatching(/^\d{13}$/) },
    messageId: expect.any(String),
    receiptHandle: expect.any(String),
    md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
});

test("of a batch only the reported failures come again, and after the last receive they are dead letters", async () => {
  const seen: string[] = [];
  const { queue, lines } = await consume(
    async (event) => {
      seen.push(...event.Records.map((record) => record.body));
      const bad = event.Records.filter((record) => record.body === "bad");
      for (const { receiptHandle } of bad) await showAgain(queue, receiptHandle);
      return { batchItemFailures: bad.map((record) => ({ itemIdentifier: record.messageId })) };
    },
    { maxReceiveCount: 3, visibilityTimeoutSeconds: 60 },
    ["good", "bad", "fine"],
  );
  await eventually(async () => expect(await remaining(queue.deadLetterUrl)).toBe(1));
  expect(await remaining(queue.url)).toBe(0);
  expect(seen.toSorted()).toEqual(["bad", "bad", "bad", "fine", "good"]);
  const dead = await queues.client.send(new ReceiveMessageCommand({ QueueUrl: queue.deadLetterUrl }));
  expect(dead.Messages?.[0]?.Body).toBe("bad");
  expect(lines.join("\n")).toContain("failed 3 times");
});

test("a throw brings the whole batch again", async () => {
  let calls = 0;
  const { queue } = await consume(
    () => {
      if (++calls === 1) throw new Error("crash");
    },
    {},
    ["a", "b"],
  );
  await eventually(async () => expect(await remaining(queue.url)).toBe(0));
  expect(calls).toBeGreaterThan(1);
});

test.each([
  ["an unknown id", { batchItemFailures: [{ itemIdentifier: "unknown" }] }],
  ["an empty id", { batchItemFailures: [{ itemIdentifier: "" }] }],
  ["a wrong key", { batchItemFailures: [{ id: "x" }] }],
])("%s among the failures fails the whole batch", async (_, answer) => {
  const { queue } = await consume(() => answer, { maxReceiveCount: 1 }, ["a", "b"]);
  await eventually(async () => expect(await remaining(queue.deadLetterUrl)).toBe(2));
});

test("a message that failed stays hidden for its visibility timeout", async () => {
  let calls = 0;
  const { queue, poller } = await consume(
    () => {
      calls++;
      throw new Error("crash");
    },
    { visibilityTimeoutSeconds: 600 },
    ["a"],
  );
  await eventually(() => expect(calls).toBe(1));
  await poller.stop();
  expect([calls, await remaining(queue.url)]).toEqual([1, 1]);
});

test("never more invocations at once than the queue allows, and that many when there is work", async () => {
  let atOnce = 0;
  let most = 0;
  let done = 0;
  const release = Promise.withResolvers<void>();
  const { queue } = await consume(
    async () => {
      most = Math.max(most, ++atOnce);
      await release.promise;
      atOnce--;
      done++;
    },
    { batchSize: 1, maxConcurrency: 3, visibilityTimeoutSeconds: 60 },
    ["1", "2", "3", "4", "5", "6", "7"],
  );
  await eventually(() => expect(atOnce).toBe(3));
  release.resolve();
  await eventually(async () => expect(await remaining(queue.url)).toBe(0));
  expect([most, done]).toEqual([3, 7]);
});

test("an invocation beyond the function's timeout counts as failed", async () => {
  const { queue, lines } = await consume(() => new Promise(() => {}), { timeoutSeconds: 0.02, maxReceiveCount: 1 }, [
    "a",
  ]);
  await eventually(async () => expect(await remaining(queue.deadLetterUrl)).toBe(1));
  await eventually(() => expect(lines.join("\n")).toContain("timed out"));
});

test("stopping lets the work under way finish", async () => {
  const entered = Promise.withResolvers<void>();
  const leave = Promise.withResolvers<void>();
  const { queue, poller } = await consume(
    async () => {
      entered.resolve();
      await leave.promise;
    },
    { visibilityTimeoutSeconds: 60 },
    ["a"],
  );
  await entered.promise;
  const stopped = poller.stop();
  leave.resolve();
  await stopped;
  expect(await remaining(queue.url)).toBe(0);
});

test("queues that exist take the manifest's new numbers", async () => {
  const spec = { maxReceiveCount: 3, visibilityTimeoutSeconds: 5 };
  const first = await ensureQueue(queues.client, "changed", spec);
  const second = await ensureQueue(queues.client, "changed", { ...spec, visibilityTimeoutSeconds: 7 });
  expect(second).toEqual(first);
  const { Attributes } = await queues.client.send(
    new GetQueueAttributesCommand({ QueueUrl: first.url, AttributeNames: ["VisibilityTimeout"] }),
  );
  expect(Attributes?.VisibilityTimeout).toBe("7");
  await queues.client.send(new SendMessageCommand({ QueueUrl: second.url, MessageBody: "works" }));
});
