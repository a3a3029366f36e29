import type { ControlScope } from "../scope.ts";

/** Calls for a worker, in the transaction that wants it. @param turn makes a later call for the same notice another one */
export async function callFor(tx: ControlScope, eventId: string, turn: string, delaySeconds: number): Promise<void> {
  await tx.emit({
    queue: "billing",
    payload: { work: "event", eventId },
    dedupeKey: `payment-event:${eventId}:${turn}`,
    delaySeconds,
  });
}
