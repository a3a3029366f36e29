import type { QueueName } from "@pharmasight/core/ports/jobs";
import { queues as queueSpecs, schedules } from "@pharmasight/functions/manifest";
import { loadFunction } from "./lambda.ts";
import { startQueuePoller } from "./queue-poller.ts";
import type { Queues } from "./queues.ts";
import { startSchedule } from "./schedule.ts";

/** Consumes every queue and runs every schedule of the manifest. */
export async function startWorkers(queues: Queues, log: (line: string) => void): Promise<{ stop(): Promise<void> }> {
  const consume = async (name: QueueName) => {
    const spec = queueSpecs[name];
    const fn = await loadFunction(name, spec.consumer);
    return () => startQueuePoller({ client: queues.client, queue: queues.byName[name], spec, fn, log });
  };
  // All are loaded before the first starts: a missing one stops the start with nothing under way.
  const [consumers, scheduled] = await Promise.all([
    Promise.all([
      consume("provisioning"),
      consume("control-mail"),
      consume("tenant-relay"),
      consume("tenant-mail"),
      consume("tenant-events"),
      consume("item-imports"),
      consume("fleet-migrations"),
      consume("fleet-looks"),
      consume("billing"),
    ]),
    Promise.all(
      schedules.map(async (schedule) => {
        const fn = await loadFunction(schedule.function.entry.split("/").at(-1) ?? "", schedule.function);
        return () => startSchedule(fn, schedule.everyMinutes, log);
      }),
    ),
  ]);
  const running = [...consumers.map((start) => start()), ...scheduled.map((start) => start())];
  return {
    stop: async () => {
      await Promise.all(running.map((worker) => worker.stop()));
    },
  };
}
