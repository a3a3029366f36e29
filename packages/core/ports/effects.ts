export * as Effects from "./effects.ts";

import * as z from "zod";
import { type Clock, secondsAfter } from "../kernel/clock.ts";
import { newId } from "../kernel/ids.ts";
import { queueNames } from "./jobs.ts";

/** Something to happen because a transaction committed: a row of the outbox, then a message of a queue. */
export interface Effect {
  readonly queue: (typeof queueNames)[number];
  /** Ids and words that name what to do, never what only its reader may see. */
  readonly payload: Readonly<Record<string, string>>;
  /** The same effect wanted twice is one. */
  readonly dedupeKey: string;
  /** 0 to 900, default 0. */
  readonly delaySeconds?: number;
}

const queueSchema = z.enum(queueNames);
const payloadSchema = z.record(z.string(), z.string());

/** The queue that an outbox row names. */
export const queueOf = (row: { readonly queue: string }): Effect["queue"] => queueSchema.parse(row.queue);

/** The payload of an outbox row; its message is the payload with the row's id as `outboxId`. */
export const payloadOf = (row: { readonly payload: unknown }): Effect["payload"] => payloadSchema.parse(row.payload);

/** How long the message of a row has to wait, in whole seconds: 0 to 900. */
export function delaySecondsOf(row: { readonly dueAt: Date }, now: Date): number {
  return Math.min(900, Math.max(0, Math.ceil((row.dueAt.getTime() - now.getTime()) / 1000)));
}

/** The outbox row of an effect; both planes keep the same shape. */
export function rowOf(effect: Effect, clock: Clock) {
  const now = clock.now();
  return {
    id: newId(clock),
    queue: effect.queue,
    payload: effect.payload,
    dedupeKey: effect.dedupeKey,
    dueAt: secondsAfter(now, effect.delaySeconds ?? 0),
    createdAt: now,
  };
}
