import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { awsJobs } from "@pharmasight/adapters/aws/jobs";
import { type FauxqsServer, startFauxqs } from "fauxqs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { stubAwsEnvironment } from "../../local/stand-ins/world.ts";

let server: FauxqsServer;
let client: SQSClient;
let url: string;

beforeEach(async () => {
  server = await startFauxqs({ port: 0, logger: false });
  stubAwsEnvironment({ SQS: `http://127.0.0.1:${server.port}` });
  client = new SQSClient({ useQueueUrlAsEndpoint: false });
  url = (await client.send(new CreateQueueCommand({ QueueName: "provisioning" }))).QueueUrl ?? "";
});

afterEach(async () => {
  client.destroy();
  await server.stop();
  vi.unstubAllEnvs();
});

test("a message arrives as the JSON that was sent", async () => {
  await awsJobs({ queueUrls: { provisioning: url } }).send("provisioning", { jobId: "j-1" });
  const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 1 }));
  expect(Messages?.map(({ Body }) => JSON.parse(Body ?? ""))).toEqual([{ jobId: "j-1" }]);
});

test("a delayed message is not there yet", async () => {
  await awsJobs({ queueUrls: { provisioning: url } }).send("provisioning", { jobId: "j-1" }, 900);
  const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl: url }));
  expect(Messages ?? []).toEqual([]);
});

test("a queue that this process may not write to is a mistake of ours, named", async () => {
  await expect(awsJobs({ queueUrls: { provisioning: url } }).send("tenant-mail", {})).rejects.toThrow("tenant-mail");
});

test("a queue service that does not answer is unavailable", async () => {
  const jobs = awsJobs({ queueUrls: { provisioning: url } });
  await server.stop();
  await expect(jobs.send("provisioning", {})).rejects.toMatchObject({ code: "unavailable" });
  server = await startFauxqs({ port: 0, logger: false });
});
