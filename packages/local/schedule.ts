import { randomUUID } from "node:crypto";
import { ACCOUNT_ID, invoke, type LambdaFunction, REGION } from "./lambda.ts";

export interface Schedule {
  /** Waits for a run under way, at most as long as its function may take. */
  stop(): Promise<void>;
}

/** EventBridge's part: invokes the function at once and then every so many minutes, never twice at a time. */
export function startSchedule(fn: LambdaFunction, everyMinutes: number, log: (line: string) => void): Schedule {
  let running: Promise<void> | undefined;
  const run = () => {
    running ??= invoke(fn, scheduledEvent(fn.name))
      .then(
        () => undefined,
        (error: unknown) => log(`${fn.name} failed: ${error instanceof Error ? error.message : String(error)}`),
      )
      .finally(() => {
        running = undefined;
      });
  };
  run();
  const timer = setInterval(run, everyMinutes * 60_000);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

function scheduledEvent(name: string) {
  return {
    version: "0",
    id: randomUUID(),
    "detail-type": "Scheduled Event",
    source: "aws.events",
    account: ACCOUNT_ID,
    time: new Date().toISOString(),
    region: REGION,
    resources: [`arn:aws:events:${REGION}:${ACCOUNT_ID}:rule/${name}`],
    detail: {},
  };
}
