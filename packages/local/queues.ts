import { mkdir } from "node:fs/promises";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { QueueName } from "@pharmasight/core/ports/jobs";
import { type QueueSpec, queues } from "@pharmasight/functions/manifest";
import { type FauxqsServer, startFauxqs } from "fauxqs";
import { localCredentials } from "./credentials.ts";
import { REGION } from "./lambda.ts";

export interface LocalQueue {
  readonly url: string;
  readonly arn: string;
  readonly deadLetterUrl: string;
}

export interface Queues {
  readonly endpoint: string;
  readonly client: SQSClient;
  readonly byName: Readonly<Record<QueueName, LocalQueue>>;
  stop(): Promise<void>;
}

/** SQS keeps dead letters for up to 14 days, so that someone can look at them. */
const DEAD_LETTER_RETENTION_SECONDS = 14 * 86_400;

/** Starts SQS with every queue of the manifest. Messages in `dataDir` survive a restart. */
export async function startQueues({ dataDir, port }: { dataDir?: string; port: number }): Promise<Queues> {
  // Messages are nobody else's on this machine.
  if (dataDir !== undefined) await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const server: FauxqsServer = await startFauxqs({
    port,
    logger: false,
    defaultRegion: REGION,
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  const endpoint = `http://127.0.0.1:${server.port}`;
  const client = new SQSClient({ endpoint, region: REGION, credentials: localCredentials });
  const byName = {
    provisioning: await ensureQueue(client, "provisioning", queues.provisioning),
    "control-mail": await ensureQueue(client, "control-mail", queues["control-mail"]),
    "tenant-relay": await ensureQueue(client, "tenant-relay", queues["tenant-relay"]),
    "tenant-mail": await ensureQueue(client, "tenant-mail", queues["tenant-mail"]),
    "tenant-events": await ensureQueue(client, "tenant-events", queues["tenant-events"]),
    "item-imports": await ensureQueue(client, "item-imports", queues["item-imports"]),
    "fleet-migrations": await ensureQueue(client, "fleet-migrations", queues["fleet-migrations"]),
    "fleet-looks": await ensureQueue(client, "fleet-looks", queues["fleet-looks"]),
    billing: await ensureQueue(client, "billing", queues.billing),
  };
  return {
    endpoint,
    client,
    byName,
    stop: async () => {
      client.destroy();
      await server.stop();
    },
  };
}

/** Makes the queue and its dead-letter queue, or brings what is there to the manifest's numbers. */
export async function ensureQueue(
  client: SQSClient,
  name: string,
  spec: Pick<QueueSpec, "visibilityTimeoutSeconds" | "maxReceiveCount">,
): Promise<LocalQueue> {
  const deadLetterUrl = await ensure(client, `pharmasight-${name}-dlq`, {
    MessageRetentionPeriod: String(DEAD_LETTER_RETENTION_SECONDS),
  });
  const url = await ensure(client, `pharmasight-${name}`, {
    VisibilityTimeout: String(spec.visibilityTimeoutSeconds),
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: await arnOf(client, deadLetterUrl),
      maxReceiveCount: spec.maxReceiveCount,
    }),
  });
  return { url, arn: await arnOf(client, url), deadLetterUrl };
}

/** CreateQueue refuses a known name with other attributes, so they are set in a step of their own. */
async function ensure(client: SQSClient, name: string, attributes: Record<string, string>): Promise<string> {
  const url = (await find(client, name)) ?? (await client.send(new CreateQueueCommand({ QueueName: name }))).QueueUrl;
  await client.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: attributes }));
  return url ?? "";
}

async function find(client: SQSClient, name: string): Promise<string | undefined> {
  try {
    return (await client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl;
  } catch (error) {
    if (error instanceof QueueDoesNotExist) return undefined;
    throw error;
  }
}

async function arnOf(client: SQSClient, url: string): Promise<string> {
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["QueueArn"] }),
  );
  return Attributes?.QueueArn ?? "";
}
