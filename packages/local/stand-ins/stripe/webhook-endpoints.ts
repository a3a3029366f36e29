import { randomBytes } from "node:crypto";
import * as z from "zod";
import { emptyable, flag, mergeMetadata, metadataChanges } from "./form.ts";
import { deletion, invalid, listOf, listParameters } from "./replies.ts";
import { route } from "./routes.ts";
import type { Stored, World } from "./world.ts";

const MAX_ENDPOINTS = 16;

const address = z.url({
  protocol: /^https?$/,
  message: "Invalid URL: An explicit scheme (such as https) must be provided.",
});
const enabledEvents = z.array(z.string().regex(/^(\*|[a-z0-9_]+(\.[a-z0-9_]+)+)$/, "Invalid event type")).min(1);
const description = emptyable(z.string().max(5000));
const created = z.strictObject({
  url: address,
  enabled_events: enabledEvents,
  api_version: z
    .string()
    .regex(/^\d{4}-\d\d-\d\d(\.[a-z]+)?$/, "Invalid API version")
    .optional(),
  description: description.optional(),
  metadata: metadataChanges.optional(),
});
const changed = z.strictObject({
  url: address.exactOptional(),
  enabled_events: enabledEvents.exactOptional(),
  description: description.exactOptional(),
  disabled: flag.optional(),
  metadata: metadataChanges.optional(),
});
const none = z.strictObject({});

export const webhookEndpointRoutes = [
  route("POST", "/v1/webhook_endpoints", created, ({ world, params }) => create(world, params)),
  route("GET", "/v1/webhook_endpoints", z.strictObject(listParameters), ({ world, params }) =>
    listOf("/v1/webhook_endpoints", world.all("webhookEndpoints"), params),
  ),
  route("GET", "/v1/webhook_endpoints/:id", none, ({ world, id }) => world.get("webhookEndpoints", id)),
  route("POST", "/v1/webhook_endpoints/:id", changed, ({ world, id, params }) => {
    const { disabled, metadata, ...rest } = params;
    const endpoint = world.get("webhookEndpoints", id);
    return world.put("webhookEndpoints", {
      ...endpoint,
      ...rest,
      metadata: mergeMetadata(endpoint.metadata, metadata),
      status: disabled === undefined ? endpoint.status : disabled ? "disabled" : "enabled",
    });
  }),
  route("DELETE", "/v1/webhook_endpoints/:id", none, ({ world, id }) => {
    world.get("webhookEndpoints", id);
    world.remove("webhookEndpoints", id);
    return deletion("webhook_endpoint", id);
  }),
];

/** What its deliveries are signed with. */
export const signingSecretOf = (world: World, endpointId: string): string => world.secretOf(endpointId).secret ?? "";

/** Its signing secret is in this reply and never again. */
function create(world: World, params: z.output<typeof created>): Stored["webhookEndpoints"] {
  if (world.all("webhookEndpoints").length >= MAX_ENDPOINTS) {
    throw invalid(`You have reached the maximum of ${MAX_ENDPOINTS} test webhook endpoints.`);
  }
  const endpoint = world.put("webhookEndpoints", {
    id: world.id("we"),
    object: "webhook_endpoint",
    api_version: params.api_version ?? null,
    application: null,
    created: world.now(),
    description: params.description ?? null,
    enabled_events: params.enabled_events,
    livemode: false,
    metadata: mergeMetadata({}, params.metadata),
    status: "enabled",
    url: params.url,
  });
  const secret = `whsec_${randomBytes(24).toString("hex")}`;
  world.keepSecret(endpoint.id, { secret });
  return { ...endpoint, secret };
}
