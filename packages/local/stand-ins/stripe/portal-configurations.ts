import * as z from "zod";
import { emptyable, flag, mergeMetadata, metadataChanges } from "./form.ts";
import { listOf, listParameters } from "./replies.ts";
import { route } from "./routes.ts";
import type { Stored, World } from "./world.ts";

/** What customers may do in the portal. The product lets them see invoices, change their card and name, and cancel. */

const text = emptyable(z.string().max(5000));
const switched = z.strictObject({ enabled: flag });
const features = z.strictObject({
  customer_update: z
    .strictObject({
      enabled: flag.exactOptional(),
      allowed_updates: emptyable(
        z.array(z.enum(["address", "email", "name", "phone", "shipping", "tax_id"])),
      ).optional(),
    })
    .optional(),
  invoice_history: switched.optional(),
  payment_method_update: switched.optional(),
  subscription_cancel: z
    .strictObject({
      enabled: flag.exactOptional(),
      mode: z.enum(["at_period_end", "immediately"]).exactOptional(),
      proration_behavior: z.enum(["always_invoice", "create_prorations", "none"]).exactOptional(),
    })
    .optional(),
  subscription_update: z.strictObject({ enabled: z.literal("false").transform(() => false) }).optional(),
});
const fields = {
  business_profile: z
    .strictObject({
      headline: text.exactOptional(),
      privacy_policy_url: text.exactOptional(),
      terms_of_service_url: text.exactOptional(),
    })
    .optional(),
  default_return_url: text.exactOptional(),
  metadata: metadataChanges.optional(),
  name: text.exactOptional(),
};
const created = z.strictObject({ ...fields, features });
const changed = z.strictObject({ ...fields, features: features.optional(), active: flag.exactOptional() });
const filter = z.strictObject({ ...listParameters, active: flag.optional(), is_default: flag.optional() });
type Changes = z.output<typeof changed>;

const PATH = "/v1/billing_portal/configurations";

export const portalConfigurationRoutes = [
  route("POST", PATH, created, ({ world, params }) => {
    const configuration = world.put("portalConfigurations", apply(empty(world), params, world.now()));
    world.emit("billing_portal.configuration.created", configuration);
    return configuration;
  }),
  route("GET", PATH, filter, ({ world, params }) => {
    const found = world
      .all("portalConfigurations")
      .filter(
        ({ active, is_default: isDefault }) =>
          (params.active ?? active) === active && (params.is_default ?? isDefault) === isDefault,
      );
    return listOf(PATH, found, params);
  }),
  route("GET", `${PATH}/:id`, z.strictObject({}), ({ world, id }) => world.get("portalConfigurations", id)),
  route("POST", `${PATH}/:id`, changed, ({ world, id, params }) =>
    world.change(
      "portalConfigurations",
      apply(world.get("portalConfigurations", id), params, world.now()),
      "billing_portal.configuration.updated",
    ),
  ),
];

function apply(
  before: Stored["portalConfigurations"],
  { business_profile: profile, features: asked = {}, metadata, ...rest }: Changes,
  updated: number,
): Stored["portalConfigurations"] {
  const { allowed_updates: allowed, ...customerUpdate } = asked.customer_update ?? {};
  const was = before.features;
  return {
    ...before,
    ...rest,
    business_profile: { ...before.business_profile, ...profile },
    features: {
      ...was,
      customer_update: {
        ...was.customer_update,
        ...customerUpdate,
        ...(allowed === undefined ? {} : { allowed_updates: allowed ?? [] }),
      },
      invoice_history: { ...was.invoice_history, ...asked.invoice_history },
      payment_method_update: { ...was.payment_method_update, ...asked.payment_method_update },
      subscription_cancel: { ...was.subscription_cancel, ...asked.subscription_cancel },
    },
    metadata: mergeMetadata(before.metadata ?? {}, metadata),
    updated,
  };
}

const empty = (world: World): Stored["portalConfigurations"] => ({
  id: world.id("bpc"),
  object: "billing_portal.configuration",
  active: true,
  application: null,
  business_profile: { headline: null, privacy_policy_url: null, terms_of_service_url: null },
  created: world.now(),
  default_return_url: null,
  features: {
    customer_update: { allowed_updates: [], enabled: false },
    invoice_history: { enabled: false },
    payment_method_update: { enabled: false, payment_method_configuration: null },
    subscription_cancel: {
      cancellation_reason: { enabled: false, feedback_options: null, options: [] },
      enabled: false,
      mode: "at_period_end",
      proration_behavior: "none",
    },
    subscription_pause: { duration: { interval_options: [], type: "indefinite" }, enabled: false },
    subscription_update: {
      billing_cycle_anchor: null,
      default_allowed_updates: [],
      enabled: false,
      proration_behavior: "none",
      schedule_at_period_end: { conditions: [] },
      trial_update_behavior: "end_trial",
    },
  },
  is_default: false,
  livemode: false,
  login_page: { enabled: false, url: null },
  metadata: {},
  name: null,
  updated: world.now(),
});
