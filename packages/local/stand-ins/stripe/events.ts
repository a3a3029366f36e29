import { DAY_SECONDS } from "@pharmasight/core/kernel/clock";
import * as z from "zod";
import { flag, moments, within } from "./form.ts";
import { invalid, listOf, listParameters, missing } from "./replies.ts";
import { route } from "./routes.ts";
import type { StoredEvent, World } from "./world.ts";

/** How long Stripe shows an event. */
const SHOWN_DAYS = 30;

const filter = z.strictObject({
  ...listParameters,
  created: moments.optional(),
  delivery_success: flag.optional(),
  type: z.string().optional(),
  types: z.array(z.string()).max(20).optional(),
});

export const eventRoutes = [
  route("GET", "/v1/events/:id", z.strictObject({}), ({ world, id }) => {
    const event = world.get("events", id);
    if (!isShown(world, event)) throw missing("event", id, "id");
    return event;
  }),
  route("GET", "/v1/events", filter, ({ world, params }) => {
    const { type, types, delivery_success: delivered } = params;
    if (type !== undefined && types !== undefined) throw invalid("You may only specify one of type and types.");
    const patterns = type === undefined ? types : [type];
    const found = world
      .all("events")
      .filter(
        (event) =>
          isShown(world, event) &&
          within(event.created, params.created) &&
          (delivered === undefined || delivered === (event.pending_webhooks === 0)) &&
          (patterns === undefined || patterns.some((pattern) => matches(pattern, event.type))),
      );
    return listOf("/v1/events", found, params);
  }),
];

/** @param pattern a type, or its beginning as in `invoice.*` */
export const matches = (pattern: string, type: string): boolean =>
  pattern === "*" || pattern === type || (pattern.endsWith(".*") && type.startsWith(pattern.slice(0, -1)));

const isShown = (world: World, { created }: StoredEvent): boolean => created > world.now() - SHOWN_DAYS * DAY_SECONDS;
