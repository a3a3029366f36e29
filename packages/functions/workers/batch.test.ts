import type { Log } from "@pharmasight/core/kernel/log";
import type { SQSRecord } from "aws-lambda";
import { expect, test } from "vitest";
import * as z from "zod";
import { sqsHandler } from "./batch.ts";

const silent: Log = { info: () => {}, warn: () => {}, error: () => {}, alarm: () => {} };

const record = (messageId: string, body: string): SQSRecord => ({
  messageId,
  body,
  receiptHandle: messageId,
  attributes: {
    ApproximateReceiveCount: "1",
    SentTimestamp: "0",
    SenderId: "test",
    ApproximateFirstReceiveTimestamp: "0",
  },
  messageAttributes: {},
  md5OfBody: "",
  eventSource: "aws:sqs",
  eventSourceARN: "arn:aws:sqs:eu-central-1:000000000000:test",
  awsRegion: "eu-central-1",
});

test("a record that fails, is no JSON or says something else is reported and never stops the others", async () => {
  const done: string[] = [];
  const handler = sqsHandler(
    z.object({ jobId: z.string() }),
    async ({ jobId }) => {
      if (jobId === "poison") throw new Error("poisoned");
      done.push(jobId);
    },
    silent,
  );
  const bodies = ['{"jobId":"first"}', '{"jobId":"poison"}', "no json", '{"job":1}', '{"jobId":"last"}'];
  const event = { Records: bodies.map((body, index) => record(`m${index}`, body)) };
  const answer = await handler(event, { getRemainingTimeInMillis: () => 30_000 });
  expect(done).toEqual(["first", "last"]);
  expect(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(["m1", "m2", "m3"]);
});

test("whoever works on a record can ask how much of the invocation's time is left", async () => {
  const left: number[] = [];
  let remainingMs = 900_000;
  const handler = sqsHandler(
    z.object({}),
    async (_message, _record, timeLeftMs) => {
      left.push(timeLeftMs());
      remainingMs = 60_000;
      left.push(timeLeftMs());
    },
    silent,
  );
  await handler({ Records: [record("m0", "{}")] }, { getRemainingTimeInMillis: () => remainingMs });
  expect(left).toEqual([900_000, 60_000]);
});
