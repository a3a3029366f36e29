import { handledTypes } from "@pharmasight/core/control/payment-events/handled";
import { Money } from "@pharmasight/core/kernel/money";
import type { PriceCatalogue, PublishedPrice } from "@pharmasight/core/ports/price-catalogue";
import type Stripe from "stripe";
import {
  API_VERSION,
  everyOne,
  idOf,
  received,
  receivedList,
  type StripeOptions,
  stripeClient,
  unlessMissing,
} from "./client.ts";
import { ensureCoupon } from "./coupons.ts";
import { ensurePortalConfiguration } from "./portal-configuration.ts";
import { SELLS } from "./subscription-snapshots.ts";

/** What is sold, at Stripe: products, prices under their lookup keys, coupons, and where it sends what happens. */
export function stripeCatalogue(options: StripeOptions): PriceCatalogue {
  const withStripe = stripeClient(options);
  return {
    publish: (wanted) => withStripe((stripe) => publish(stripe, wanted)),
    withdraw: (priceId) =>
      withStripe(async (stripe) => {
        received("price", await stripe.prices.update(priceId, { active: false }));
      }),
    ensureEndpoint: (url) => withStripe((stripe) => ensureEndpoint(stripe, url)),
    ensurePortal: () => withStripe(async (stripe) => ({ configurationId: await ensurePortalConfiguration(stripe) })),
    ensureCoupon: (wanted) => withStripe((stripe) => ensureCoupon(stripe, wanted)),
  };
}

async function publish(stripe: Stripe, wanted: PublishedPrice): ReturnType<PriceCatalogue["publish"]> {
  const product = await ensureProduct(stripe, wanted);
  const minor = Money.toMinor(wanted.amount, wanted.currency);
  const found = receivedList(await stripe.prices.list({ lookup_keys: [wanted.key], limit: 1 })).data[0];
  if (found !== undefined && isSame(found, wanted, product, minor)) return { priceId: found.id, outcome: "found" };

  const made = received(
    "price",
    await stripe.prices.create(
      {
        product,
        unit_amount: minor,
        currency: wanted.currency.toLowerCase(),
        recurring: { interval: wanted.interval },
        lookup_key: wanted.key,
        transfer_lookup_key: true,
        metadata: { [SELLS]: wanted.product },
      },
      // With the one that it replaces: an amount that comes back is a new price.
      { idempotencyKey: `price-${wanted.key}-${minor}-after-${found?.id ?? "none"}` },
    ),
  );
  if (found === undefined) return { priceId: made.id, outcome: "made" };
  await stripe.prices.update(found.id, { active: false });
  return { priceId: made.id, outcome: "replaced" };
}

/** Found by an id that follows from what it sells, and called as it is called now. */
async function ensureProduct(stripe: Stripe, { product, name, description }: PublishedPrice): Promise<string> {
  const id = `pharmasight_${product.replaceAll(":", "_")}`;
  const found = await unlessMissing(stripe.products.retrieve(id));
  if (found === undefined) {
    const made = await stripe.products.create(
      { id, name, description, metadata: { [SELLS]: product } },
      { idempotencyKey: `product-${id}` },
    );
    return received("product", made).id;
  }
  if (found.name !== name || found.description !== description || !found.active) {
    received("product", await stripe.products.update(id, { name, description, active: true }));
  }
  return id;
}

const isSame = (found: Stripe.Price, wanted: PublishedPrice, product: string, minor: number): boolean =>
  found.active &&
  idOf(found.product) === product &&
  found.unit_amount === minor &&
  found.currency === wanted.currency.toLowerCase() &&
  found.recurring?.interval === wanted.interval &&
  found.recurring.interval_count === 1;

/** An endpoint keeps the API version that it was made in, so one of another version is replaced. */
async function ensureEndpoint(stripe: Stripe, url: string): ReturnType<PriceCatalogue["ensureEndpoint"]> {
  const all = await everyOne((page) => stripe.webhookEndpoints.list(page));
  const own = all.filter((endpoint) => endpoint.url === url);
  const current = own.find(({ api_version, status }) => api_version === API_VERSION && status === "enabled");
  if (current !== undefined) {
    await stripe.webhookEndpoints.update(current.id, { enabled_events: [...handledTypes] });
    return { endpointId: current.id, secret: undefined };
  }
  const made = received(
    "webhook_endpoint",
    // Under the SDK's own key, which covers its retries: one of ours would bring back an endpoint that was deleted.
    await stripe.webhookEndpoints.create({
      url,
      enabled_events: [...handledTypes],
      api_version: API_VERSION,
      metadata: { used_by: "pharmasight" },
    }),
  );
  // Only now: between the two, both tell us, and the same notice twice is one.
  for (const old of own) await stripe.webhookEndpoints.del(old.id);
  return { endpointId: made.id, secret: made.secret };
}
