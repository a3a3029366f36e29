import { queueNames } from "@pharmasight/core/ports/jobs";
import { queues, schedules } from "@pharmasight/functions/manifest";
import { Cron, dependsOn, type StackContext, use } from "sst/constructs";
import { addFunction } from "./functions.ts";
import { MigrationsStack } from "./migrations.ts";
import { QueuesStack } from "./queues.ts";
import { suppressSstHandler } from "./suppressions.ts";

/** One consumer per queue, and what runs by the clock. */
export function WorkersStack({ app, stack }: StackContext) {
  dependsOn(MigrationsStack);
  const byName = use(QueuesStack);
  for (const name of queueNames) {
    const { batchSize, maxConcurrency, consumer } = queues[name];
    byName[name].queue.addConsumer(stack, {
      function: addFunction(app, stack, consumer),
      cdk: { eventSource: { batchSize, maxConcurrency, reportBatchItemFailures: true } },
    });
  }
  const scheduled = schedules.map(({ function: spec, everyMinutes }) => {
    const fn = addFunction(app, stack, spec);
    new Cron(stack, `${fn.id}-schedule`, {
      schedule: `rate(${everyMinutes} ${everyMinutes === 1 ? "minute" : "minutes"})`,
      // The next run does what a failed one left undone.
      job: { function: fn, cdk: { target: { retryAttempts: 0 } } },
    });
    return fn;
  });
  suppressSstHandler(stack);
  return { scheduled };
}
