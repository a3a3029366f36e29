import { randomBytes } from "node:crypto";
import * as z from "zod";
import { cancelNow } from "./cancellation.ts";
import type { Includables } from "./expand.ts";
import { emptyable, mergeMetadata, metadataChanges } from "./form.ts";
import { detach } from "./payment-methods.ts";
import { deletion, invalid, wholeList } from "./replies.ts";
import { route } from "./routes.ts";
import { hasEnded } from "./subscription-status.ts";
import { taxIdsOf } from "./tax-ids.ts";
import type { Stored, World } from "./world.ts";

const line = emptyable(z.string().max(500)).exactOptional();
const address = emptyable(
  z.strictObject({ city: line, country: line, line1: line, line2: line, postal_code: line, state: line }),
);
const fields = {
  name: emptyable(z.string().max(256)).exactOptional(),
  email: emptyable(z.string().max(512)).exactOptional(),
  phone: emptyable(z.string().max(20)).exactOptional(),
  description: emptyable(z.string().max(5000)).exactOptional(),
  address: address.optional(),
  preferred_locales: emptyable(z.array(z.string())).optional(),
  metadata: metadataChanges.optional(),
};
const invoiceSettings = z.strictObject({ default_payment_method: emptyable(z.string()).optional() });
const created = z.strictObject(fields);
const updated = z.strictObject({ ...fields, invoice_settings: invoiceSettings.optional() });
type Changes = z.output<typeof updated>;
const searchParameters = z.strictObject({
  query: z.string(),
  limit: z.coerce.number().int().min(1).max(100).default(10),
});

/** @param searchLagSeconds how long a new customer stays unknown to search */
export const customerRoutes = (searchLagSeconds: number) => [
  route("POST", "/v1/customers", created, ({ world, params }) => create(world, params)),
  route("GET", "/v1/customers/search", searchParameters, ({ world, params }) => {
    const known = world.all("customers").filter((customer) => customer.created + searchLagSeconds <= world.now());
    const found = known.filter(matcher(params.query));
    return {
      object: "search_result",
      data: found.slice(0, params.limit),
      has_more: found.length > params.limit,
      next_page: null,
      url: "/v1/customers/search",
    };
  }),
  route("GET", "/v1/customers/:id", z.strictObject({}), ({ world, id }) => {
    const isGone = world.find("customers", id) === undefined && world.secretOf(id).deleted === "customer";
    return isGone ? deletion("customer", id) : world.get("customers", id);
  }),
  route("POST", "/v1/customers/:id", updated, ({ world, id, params }) => update(world, id, params)),
  route("DELETE", "/v1/customers/:id", z.strictObject({}), ({ world, id }) => deleteCustomer(world, id)),
];

/** Ends everything of the customer at once. Its id stays known as that of a deleted one. */
export function deleteCustomer(world: World, id: string) {
  const customer = world.get("customers", id);
  for (const subscription of world.all("subscriptions").filter((one) => one.customer === id && !hasEnded(one))) {
    cancelNow(world, subscription.id);
  }
  for (const { id: method } of world.all("paymentMethods").filter((one) => one.customer === id)) detach(world, method);
  for (const taxId of taxIdsOf(world, id)) world.remove("taxIds", taxId.id);
  world.remove("customers", id);
  world.keepSecret(id, { deleted: "customer" });
  world.emit("customer.deleted", customer);
  return deletion("customer", id);
}

export const customerIncludables: Includables = {
  "customer.tax_ids": (world, id) => wholeList(`/v1/customers/${id}/tax_ids`, taxIdsOf(world, id)),
};

function create(world: World, changes: Changes): Stored["customers"] {
  const empty: Stored["customers"] = {
    id: world.id("cus"),
    object: "customer",
    address: null,
    balance: 0,
    created: world.now(),
    currency: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: randomBytes(4).toString("hex").toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: "none",
    test_clock: null,
  };
  const customer = world.put("customers", changed(world, empty, changes));
  world.emit("customer.created", customer);
  return customer;
}

const update = (world: World, id: string, changes: Changes): Stored["customers"] =>
  world.change("customers", changed(world, world.get("customers", id), changes), "customer.updated");

function changed(world: World, customer: Stored["customers"], changes: Changes): Stored["customers"] {
  const { invoice_settings: settings, address: place, metadata, preferred_locales: locales, ...rest } = changes;
  if (typeof rest.email === "string" && !/^[^@\s]+@[^@\s]+$/.test(rest.email)) {
    throw invalid(`Invalid email address: ${rest.email}`, { code: "email_invalid", param: "email" });
  }
  const method = settings?.default_payment_method;
  if (typeof method === "string") requireOwn(world, customer.id, method);
  return {
    ...customer,
    ...rest,
    ...(place === undefined ? {} : { address: place && { ...emptyAddress, ...place } }),
    ...(locales === undefined ? {} : { preferred_locales: locales ?? [] }),
    metadata: mergeMetadata(customer.metadata, metadata),
    invoice_settings: {
      ...customer.invoice_settings,
      ...(method === undefined ? {} : { default_payment_method: method }),
    },
  };
}

const emptyAddress = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };

function requireOwn(world: World, customerId: string, paymentMethodId: string): void {
  const param = "invoice_settings[default_payment_method]";
  if (world.get("paymentMethods", paymentMethodId, param).customer !== customerId) {
    throw invalid(
      `The customer does not have a payment method with the ID ${paymentMethodId}. The payment method must be attached to the customer.`,
      { code: "resource_missing", param },
    );
  }
}

/** Knows one form of Stripe's query language: `metadata['key']:'value'`, in either kind of quotes. */
function matcher(query: string): (customer: Stored["customers"]) => boolean {
  const match = /^metadata\[(['"])([^'"]{1,40})\1\]:(['"])([^'"]{1,500})\3$/.exec(query);
  const [, , key, , value] = match ?? [];
  if (key === undefined) throw invalid("We were unable to parse your search query.", { param: "query" });
  return ({ metadata }) => metadata[key] === value;
}
