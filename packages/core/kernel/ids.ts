import { v7 } from "uuid";
import * as z from "zod";
import type { Clock } from "./clock.ts";

/** Any id of ours, as it arrives from outside. */
export const idSchema = z.uuid();

/** A UUIDv7 whose time is the clock's: made in code, so that an id is known before its row is written. */
export function newId(clock: Clock): string {
  return v7({ msecs: clock.now().getTime() });
}
