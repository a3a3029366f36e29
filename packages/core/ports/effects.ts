export * as Effects from "./effects.ts";

import * as z from "zod";
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
