import * as z from "zod";
import { invalid } from "./replies.ts";
import { route } from "./routes.ts";
import { hasEnded } from "./subscription-status.ts";
import type { Stored, World } from "./world.ts";

export type PortalSession = Stored["portalSessions"];
type Flow = NonNullable<PortalSession["flow"]>;

const flowData = z.strictObject({
  type: z.enum(["payment_method_update", "subscription_cancel"]),
  subscription_cancel: z.strictObject({ subscription: z.string() }).optional(),
  after_completion: z
    .strictObject({
      type: z.enum(["portal_homepage", "redirect"]),
      redirect: z.strictObject({ return_url: z.url() }).optional(),
    })
    .optional(),
});
const created = z.strictObject({
  customer: z.string(),
  configuration: z.string().optional(),
  flow_data: flowData.optional(),
  locale: z.string().optional(),
  return_url: z.url().optional(),
});

export const portalRoutes = [
  route("POST", "/v1/billing_portal/sessions", created, ({ world, params }) => create(world, params)),
];

function create(world: World, asked: z.output<typeof created>): PortalSession {
  const { id: customer } = world.get("customers", asked.customer, "customer");
  if (asked.configuration === undefined) {
    throw invalid("No configuration provided and your test mode default configuration has not been created.", {
      param: "configuration",
    });
  }
  const configuration = world.get("portalConfigurations", asked.configuration, "configuration");
  if (!configuration.active) throw invalid("This configuration is not active.", { param: "configuration" });
  const id = world.id("bps");
  return world.put("portalSessions", {
    id,
    object: "billing_portal.session",
    configuration: configuration.id,
    created: world.now(),
    customer,
    customer_account: null,
    flow: asked.flow_data === undefined ? null : flowOf(world, customer, configuration, asked.flow_data),
    livemode: false,
    locale: asked.locale ?? null,
    on_behalf_of: null,
    return_url: asked.return_url ?? configuration.default_return_url,
    url: `${world.url}/portal/${id}`,
  });
}

function flowOf(
  world: World,
  customer: string,
  { features }: Stored["portalConfigurations"],
  asked: z.output<typeof flowData>,
): Flow {
  const { type, after_completion: after, subscription_cancel: cancel } = asked;
  if (!features[type].enabled) {
    throw invalid(`This ${type} flow cannot be created because the ${type} feature is disabled in the configuration.`);
  }
  if (type === "subscription_cancel") requireCancelable(world, customer, cancel?.subscription);
  const returnUrl = after?.redirect?.return_url;
  return {
    after_completion: {
      hosted_confirmation: null,
      redirect: returnUrl === undefined ? null : { return_url: returnUrl },
      type: after?.type ?? "portal_homepage",
    },
    customer_update: null,
    subscription_cancel: cancel === undefined ? null : { retention: null, subscription: cancel.subscription },
    subscription_pause: null,
    subscription_update: null,
    subscription_update_confirm: null,
    type,
  };
}

function requireCancelable(world: World, customer: string, id: string | undefined): void {
  const param = "flow_data[subscription_cancel][subscription]";
  if (id === undefined) throw invalid(`Missing required param: ${param}.`, { code: "parameter_missing", param });
  const subscription = world.get("subscriptions", id, param);
  if (subscription.customer !== customer || hasEnded(subscription)) {
    throw invalid("This subscription cannot be canceled: it is not the customer's, or it has ended.", { param });
  }
  if (subscription.cancel_at !== null) {
    throw invalid("This subscription cannot be canceled because it is already set to be canceled.", { param });
  }
}
