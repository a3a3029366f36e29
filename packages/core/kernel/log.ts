import { AsyncLocalStorage } from "node:async_hooks";

/** Fields that every line logged inside `withLogFields` carries. Ids only: no names, addresses or secrets. */
export interface LogFields {
  readonly requestId?: string;
  readonly tenantId?: string;
  readonly actorId?: string;
  readonly jobId?: string;
}

const storage = new AsyncLocalStorage<LogFields>();

/** Runs `run` with `fields` added to those already in force. This is the only ambient context in the product. */
export function withLogFields<T>(fields: LogFields, run: () => T): T {
  return storage.run({ ...storage.getStore(), ...fields }, run);
}

export function currentLogFields(): LogFields {
  return storage.getStore() ?? {};
}

/** Structured logging. `alarm` is an error that wakes an operator: a metric filter counts its `alarm` field. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, error: unknown, fields?: Readonly<Record<string, unknown>>): void;
  alarm(name: AlarmName, fields?: Readonly<Record<string, unknown>>): void;
}

/** Each has an alarm of its own where it is watched: one that lasts must not keep another one quiet. */
export const alarmNames = [
  "tenant-identity-mismatch",
  "provisioning-failed",
  "sign-ups-waiting",
  "control-database-unreachable",
  "deployment-halted",
  "paid-twice",
  "paid-without-tenant",
  "payment-event-failed",
  "invoice-differs",
  "schema-drift",
] as const;
export type AlarmName = (typeof alarmNames)[number];
