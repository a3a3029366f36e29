import * as z from "zod";
import { FaultQueue, namePattern } from "../faults.ts";

/**
 * What goes wrong with the delivery of an event, on demand.
 * - `duplicate`: delivered twice
 * - `reorder`: delivered after the next event, or after a minute when none follows
 * - `delay`: delivered `seconds` later
 * - `drop`: never delivered
 * - `stale`: shows its object as it was before
 * - `wrong_version`: in the shape of an API version from 2020
 */
const actions = ["duplicate", "reorder", "delay", "drop", "stale", "wrong_version"] as const;

export const eventFaultSchema = z.strictObject({
  /** Regular expression over the type of the event. */
  on: namePattern,
  action: z.enum(actions),
  /** How many deliveries are hit before the fault is used up. */
  count: z.int().min(1).default(1),
  /** How long `delay` holds the event back, by the stand-in's clock. */
  seconds: z.number().min(0).default(60),
});

/** A fault as it is asked for: `count` and `seconds` may be left out. */
type EventFault = z.input<typeof eventFaultSchema>;

/** The faults that are waiting for an event. */
export class EventFaults extends FaultQueue<EventFault, z.output<typeof eventFaultSchema>> {
  constructor() {
    super(eventFaultSchema);
  }
}
