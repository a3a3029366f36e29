import type { QueueName } from "@pharmasight/core/ports/jobs";
import { queues } from "@pharmasight/functions/manifest";
import { Duration } from "aws-cdk-lib";
import { Queue as CdkQueue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { NagSuppressions } from "cdk-nag";
import { Queue, type Stack, type StackContext } from "sst/constructs";
import { suppressSstHandler } from "./suppressions.ts";

interface QueueWithDeadLetters {
  readonly queue: Queue;
  readonly deadLetters: CdkQueue;
}

/** The longest that SQS keeps a message: time for a person to look at what failed. */
const DEAD_LETTER_RETENTION_DAYS = 14;

/** Every queue of the manifest with its dead-letter queue. Consumers are attached with the workers. */
export function QueuesStack({ stack }: StackContext) {
  const byName: Readonly<Record<QueueName, QueueWithDeadLetters>> = {
    provisioning: addQueue(stack, "provisioning"),
    "control-mail": addQueue(stack, "control-mail"),
    "tenant-relay": addQueue(stack, "tenant-relay"),
    "tenant-mail": addQueue(stack, "tenant-mail"),
    "tenant-events": addQueue(stack, "tenant-events"),
    "item-imports": addQueue(stack, "item-imports"),
    "fleet-migrations": addQueue(stack, "fleet-migrations"),
    "fleet-looks": addQueue(stack, "fleet-looks"),
    billing: addQueue(stack, "billing"),
  };
  suppressSstHandler(stack);
  return byName;
}

/** Where a function finds the URLs of these queues. */
export function queueVariables(
  byName: Readonly<Record<QueueName, QueueWithDeadLetters>>,
  names: readonly QueueName[],
): Record<string, string> {
  const variable = (name: QueueName) => `QUEUE_URL_${name.toUpperCase().replaceAll("-", "_")}`;
  return Object.fromEntries(names.map((name) => [variable(name), byName[name].queue.queueUrl]));
}

function addQueue(stack: Stack, name: QueueName): QueueWithDeadLetters {
  const spec = queues[name];
  const deadLetters = new CdkQueue(stack, `${name}-dlq`, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(DEAD_LETTER_RETENTION_DAYS),
  });
  NagSuppressions.addResourceSuppressions(deadLetters, [
    { id: "AwsSolutions-SQS3", reason: "This is the dead-letter queue itself; an alarm watches its depth." },
  ]);
  const queue = new Queue(stack, name, {
    cdk: {
      queue: {
        encryption: QueueEncryption.SQS_MANAGED,
        enforceSSL: true,
        visibilityTimeout: Duration.seconds(spec.visibilityTimeoutSeconds),
        deadLetterQueue: { queue: deadLetters, maxReceiveCount: spec.maxReceiveCount },
      },
    },
  });
  return { queue, deadLetters };
}
