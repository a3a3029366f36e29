import * as z from "zod";
import { amount, flag, integer, mergeMetadata, metadataChanges } from "./form.ts";
import { invalid, listOf, listParameters } from "./replies.ts";
import { route } from "./routes.ts";
import type { Stored, World } from "./world.ts";

/** Products and prices: what is sold. */

const features = z.array(z.strictObject({ name: z.string().max(80) }));
const productFields = {
  active: flag.exactOptional(),
  description: z.string().max(5000).exactOptional(),
  marketing_features: features.exactOptional(),
  metadata: metadataChanges.exactOptional(),
  statement_descriptor: z.string().max(22).exactOptional(),
  unit_label: z.string().max(12).exactOptional(),
};
const newProduct = z.strictObject({
  ...productFields,
  id: z.string().min(1).exactOptional(),
  name: z.string().min(1).max(250),
});
const changedProduct = z.strictObject({ ...productFields, name: z.string().min(1).max(250).exactOptional() });

const newPrice = z.strictObject({
  product: z.string(),
  currency: z.string().regex(/^[a-z]{3}$/, "Invalid currency"),
  unit_amount: amount,
  recurring: z
    .strictObject({
      interval: z.enum(["day", "week", "month", "year"]),
      interval_count: integer.exactOptional(),
      usage_type: z.literal("licensed").exactOptional(),
    })
    .exactOptional(),
  active: flag.exactOptional(),
  lookup_key: z.string().min(1).max(200).exactOptional(),
  transfer_lookup_key: flag.exactOptional(),
  nickname: z.string().max(5000).exactOptional(),
  tax_behavior: z.enum(["exclusive", "inclusive", "unspecified"]).exactOptional(),
  metadata: metadataChanges.exactOptional(),
});
const changedPrice = z.strictObject({
  active: flag.exactOptional(),
  lookup_key: z.string().max(200).exactOptional(),
  transfer_lookup_key: flag.exactOptional(),
  nickname: z.string().max(5000).exactOptional(),
  metadata: metadataChanges.exactOptional(),
});
const priceFilter = z.strictObject({
  ...listParameters,
  active: flag.exactOptional(),
  currency: z.string().exactOptional(),
  lookup_keys: z.array(z.string()).max(10).exactOptional(),
  product: z.string().exactOptional(),
  type: z.enum(["one_time", "recurring"]).exactOptional(),
});
const none = z.strictObject({});

export const catalogueRoutes = [
  route("POST", "/v1/products", newProduct, ({ world, params }) => createProduct(world, params)),
  route("GET", "/v1/products/:id", none, ({ world, id }) => world.get("products", id)),
  route("POST", "/v1/products/:id", changedProduct, ({ world, id, params }) => changeProduct(world, id, params)),
  route("GET", "/v1/products", z.strictObject({ ...listParameters, active: flag.optional() }), ({ world, params }) => {
    const found = world.all("products").filter(({ active }) => (params.active ?? active) === active);
    return listOf("/v1/products", found, params);
  }),
  route("POST", "/v1/prices", newPrice, ({ world, params }) => createPrice(world, params)),
  route("GET", "/v1/prices/:id", none, ({ world, id }) => world.get("prices", id)),
  route("POST", "/v1/prices/:id", changedPrice, ({ world, id, params }) => changePrice(world, id, params)),
  route("GET", "/v1/prices", priceFilter, ({ world, params }) => listOf("/v1/prices", matching(world, params), params)),
];

function createProduct(world: World, params: z.output<typeof newProduct>): Stored["products"] {
  const { id = world.id("prod"), metadata, ...rest } = params;
  if (world.find("products", id) !== undefined) {
    throw invalid("Product already exists.", { code: "resource_already_exists", param: "id" });
  }
  const product = world.put("products", {
    id,
    object: "product",
    active: true,
    created: world.now(),
    default_price: null,
    description: null,
    images: [],
    livemode: false,
    marketing_features: [],
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: "service",
    unit_label: null,
    updated: world.now(),
    url: null,
    ...rest,
    name: params.name,
    metadata: mergeMetadata({}, metadata),
  });
  world.emit("product.created", product);
  return product;
}

function changeProduct(world: World, id: string, params: z.output<typeof changedProduct>): Stored["products"] {
  const product = world.get("products", id);
  const { metadata, ...rest } = params;
  return world.change(
    "products",
    { ...product, ...rest, metadata: mergeMetadata(product.metadata, metadata), updated: world.now() },
    "product.updated",
  );
}

function createPrice(world: World, params: z.output<typeof newPrice>): Stored["prices"] {
  if (!world.get("products", params.product, "product").active) {
    throw invalid("This product is not active, so no new prices can be created.", { param: "product" });
  }
  claimLookupKey(world, params.lookup_key, params.transfer_lookup_key);
  const { recurring } = params;
  const price = world.put("prices", {
    id: world.id("price"),
    object: "price",
    active: params.active ?? true,
    billing_scheme: "per_unit",
    created: world.now(),
    currency: params.currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: params.lookup_key ?? null,
    metadata: mergeMetadata({}, params.metadata),
    nickname: params.nickname ?? null,
    product: params.product,
    recurring:
      recurring === undefined
        ? null
        : {
            interval: recurring.interval,
            interval_count: recurring.interval_count ?? 1,
            meter: null,
            trial_period_days: null,
            usage_type: "licensed",
          },
    tax_behavior: params.tax_behavior ?? "unspecified",
    tiers_mode: null,
    transform_quantity: null,
    type: recurring === undefined ? "one_time" : "recurring",
    unit_amount: params.unit_amount,
    unit_amount_decimal: String(params.unit_amount),
  });
  world.emit("price.created", price);
  return price;
}

function changePrice(world: World, id: string, params: z.output<typeof changedPrice>): Stored["prices"] {
  const { metadata, lookup_key: key, transfer_lookup_key: transfer, ...rest } = params;
  const before = world.get("prices", id);
  if (key !== before.lookup_key) claimLookupKey(world, key, transfer);
  const price = world.get("prices", id);
  const metadataAfter = mergeMetadata(price.metadata, metadata);
  const lookup = key === undefined ? {} : { lookup_key: key === "" ? null : key };
  return world.change("prices", { ...price, ...rest, ...lookup, metadata: metadataAfter }, "price.updated");
}

/** A lookup key leads to one price. Taking it from another has to be asked for. */
function claimLookupKey(world: World, key: string | undefined, transfer = false): void {
  const holder = key === undefined ? undefined : world.all("prices").find(({ lookup_key }) => lookup_key === key);
  if (holder === undefined) return;
  if (!transfer) {
    throw invalid(`A price (\`${holder.id}\`) already uses that lookup key.`, { param: "lookup_key" });
  }
  world.change("prices", { ...holder, lookup_key: null }, "price.updated");
}

function matching(world: World, params: z.output<typeof priceFilter>): readonly Stored["prices"][] {
  const { active, currency, lookup_keys: keys, product, type } = params;
  return world
    .all("prices")
    .filter(
      (price) =>
        (active ?? price.active) === price.active &&
        (currency ?? price.currency) === price.currency &&
        (keys?.includes(price.lookup_key ?? "") ?? true) &&
        (product ?? price.product) === price.product &&
        (type ?? price.type) === price.type,
    );
}
