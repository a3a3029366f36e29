import type { QueueName } from "@pharmasight/core/ports/jobs";

/**
 * What is deployed, in one list: the stacks turn it into Lambda functions and queues, the local stack into calls.
 * Plain data, so that both read the same numbers.
 */
export interface FunctionSpec {
  /** Module path from the root of the repository, without extension; its export is `handler`. */
  readonly entry: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /**
   * Whether its work leads to further messages of its own queue, one after another. Lambda stops such a chain after some
   * 16 rounds unless it is told that this is meant; what ends ours is the step or the last row.
   */
  readonly goesRound?: boolean;
  /** Invocations that other functions of the account cannot take away; at least what its queue gives it at once. */
  readonly reservedConcurrency?: number;
}

export interface QueueSpec {
  readonly consumer: FunctionSpec;
  readonly batchSize: number;
  /** How long a received message stays hidden; at least six times the function's timeout, as AWS advises. */
  readonly visibilityTimeoutSeconds: number;
  /** Receives before a message moves to the dead-letter queue. */
  readonly maxReceiveCount: number;
  /** Invocations at once. */
  readonly maxConcurrency: number;
}

const worker = (entry: string, timeoutSeconds: number): FunctionSpec => ({ entry, memoryMb: 512, timeoutSeconds });

export const functions = {
  controlSite: { entry: "packages/functions/control/site/app", memoryMb: 1024, timeoutSeconds: 29 },
  hooks: { entry: "packages/functions/control/hooks/app", memoryMb: 512, timeoutSeconds: 29 },
  tenantApp: { entry: "packages/functions/tenant/app/app", memoryMb: 1024, timeoutSeconds: 29 },
  tenantAuth: { entry: "packages/functions/tenant/auth/app", memoryMb: 1024, timeoutSeconds: 29 },
  tenantBilling: { entry: "packages/functions/tenant/billing/app", memoryMb: 1024, timeoutSeconds: 29 },
  sweepControl: worker("packages/functions/control/workers/sweep", 50),
  scanFleet: worker("packages/functions/control/workers/scan-fleet", 50),
  /** Run by each deployment before any other function changes. */
  migrateControl: worker("packages/functions/control/workers/migrate-control", 900),
} as const satisfies Record<string, FunctionSpec>;

export const queues: Readonly<Record<QueueName, QueueSpec>> = {
  provisioning: {
    consumer: { ...worker("packages/functions/control/workers/provision-tenant", 60), goesRound: true },
    batchSize: 1,
    visibilityTimeoutSeconds: 360,
    maxReceiveCount: 5,
    maxConcurrency: 5,
  },
  "control-mail": {
    consumer: worker("packages/functions/control/workers/send-mail", 30),
    batchSize: 5,
    visibilityTimeoutSeconds: 180,
    maxReceiveCount: 5,
    maxConcurrency: 2,
  },
  "tenant-relay": {
    consumer: worker("packages/functions/tenant/workers/relay-outbox", 30),
    batchSize: 10,
    visibilityTimeoutSeconds: 180,
    maxReceiveCount: 5,
    maxConcurrency: 5,
  },
  "tenant-mail": {
    consumer: worker("packages/functions/tenant/workers/send-mail", 30),
    batchSize: 5,
    visibilityTimeoutSeconds: 180,
    maxReceiveCount: 5,
    maxConcurrency: 2,
  },
  "tenant-events": {
    consumer: worker("packages/functions/control/workers/record-tenant-event", 30),
    batchSize: 10,
    visibilityTimeoutSeconds: 180,
    maxReceiveCount: 5,
    maxConcurrency: 2,
  },
  "item-imports": {
    // The memory of one whole processor: Lambda gives processor time by memory, and reading a workbook is all processor.
    consumer: { ...worker("packages/functions/tenant/workers/import-items", 60), memoryMb: 1769, goesRound: true },
    batchSize: 1,
    visibilityTimeoutSeconds: 360,
    maxReceiveCount: 5,
    maxConcurrency: 5,
  },
  // Its cap for each database server stands in the control database: this is only how many servers it can be busy at.
  "fleet-migrations": {
    consumer: {
      ...worker("packages/functions/control/workers/migrate-tenant", 900),
      goesRound: true,
      reservedConcurrency: 20,
    },
    batchSize: 1,
    visibilityTimeoutSeconds: 5400,
    maxReceiveCount: 5,
    maxConcurrency: 20,
  },
  "fleet-looks": {
    consumer: worker("packages/functions/control/workers/look-at-tenant", 60),
    batchSize: 1,
    visibilityTimeoutSeconds: 360,
    maxReceiveCount: 5,
    maxConcurrency: 4,
  },
  // What fails calls for itself again, later; and the daily comparison goes on by messages.
  billing: {
    consumer: { ...worker("packages/functions/control/workers/settle-billing", 60), goesRound: true },
    batchSize: 1,
    visibilityTimeoutSeconds: 360,
    maxReceiveCount: 5,
    maxConcurrency: 5,
  },
};

/** Run by a schedule instead of a message. */
export const schedules = [
  { function: functions.sweepControl, everyMinutes: 1 },
  { function: functions.scanFleet, everyMinutes: 60 },
] as const;
