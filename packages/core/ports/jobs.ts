/** Names of the queues. `functions/manifest.ts` says who consumes each. */
export const queueNames = [
  "provisioning",
  "control-mail",
  "tenant-relay",
  "tenant-mail",
  "tenant-events",
  "item-imports",
  "fleet-migrations",
  "fleet-looks",
  "billing",
] as const;
export type QueueName = (typeof queueNames)[number];

/** Messages are hints: the database is the truth, so a lost or doubled message does no harm. */
export interface Jobs {
  /** @param delaySeconds 0 to 900 */
  send(queue: QueueName, message: Readonly<Record<string, string>>, delaySeconds?: number): Promise<void>;
}
