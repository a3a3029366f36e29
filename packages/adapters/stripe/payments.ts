import { DomainError, unavailable } from "@pharmasight/core/kernel/errors";
import type { NewCustomer, Payments } from "@pharmasight/core/ports/payments";
import Stripe from "stripe";

const API_VERSION = "2026-10-28.endive";
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_RETRIES = 2;
const RETRY_SECONDS = 10;

/** Stripe through its SDK. The key is read on first use, and again after Stripe has refused it. */
export function stripePayments(options: {
  readonly apiKey: () => Promise<string>;
  readonly apiUrl: string;
  readonly timeoutMs?: number;
}): Payments {
  let client: Stripe | undefined;
  const withClient = async <T>(run: (stripe: Stripe) => Promise<T>): Promise<T> => {
    client ??= connect(await options.apiKey(), options.apiUrl, options.timeoutMs ?? REQUEST_TIMEOUT_MS);
    try {
      return await run(client);
    } catch (error) {
      if (error instanceof Stripe.errors.StripeAuthenticationError) client = undefined;
      throw translate(error);
    }
  };

  return {
    ensureCustomer: (customer) => withClient(async (stripe) => ({ customerId: await ensure(stripe, customer) })),

    // Asking for it once more tells the id of one that nobody recorded. A deleted customer comes back by its key, and
    // is then deleted again.
    deleteCustomer: (customer) => withClient(async (stripe) => remove(stripe, await ensure(stripe, customer))),
  };
}

async function ensure(stripe: Stripe, customer: NewCustomer): Promise<string> {
  // Keys are remembered for 24 hours, so a later retry must look first. The search index lags by up to a minute or so,
  // which is when the key still helps: together they leave no gap.
  const query = `metadata['tenant_id']:'${searchable(customer.tenantId)}'`;
  const found = await stripe.customers.search({ query, limit: 1 });
  const existing = found.data[0];
  if (existing !== undefined) return customerId(existing);
  const created = await stripe.customers.create(
    { name: customer.companyName, email: customer.ownerEmail, metadata: { tenant_id: customer.tenantId } },
    { idempotencyKey: `customer-${customer.tenantId}` },
  );
  return customerId(created);
}

async function remove(stripe: Stripe, id: string): Promise<void> {
  try {
    await stripe.customers.del(id);
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeInvalidRequestError && error.code === "resource_missing")) throw error;
  }
}

function connect(apiKey: string, apiUrl: string, timeoutMs: number): Stripe {
  const url = new URL(apiUrl);
  const protocol = url.protocol === "http:" ? "http" : "https";
  return new Stripe(apiKey, {
    apiVersion: API_VERSION,
    host: url.hostname,
    port: url.port === "" ? (protocol === "http" ? 80 : 443) : Number(url.port),
    protocol,
    timeout: timeoutMs,
    maxNetworkRetries: MAX_RETRIES,
    telemetry: false,
  });
}

/** The id goes into a query between quotes, so it must not be able to end them. */
function searchable(tenantId: string): string {
  if (/^[\w-]+$/.test(tenantId)) return tenantId;
  throw new DomainError("invalid_input", "The tenant id may contain letters, digits, _ and - only.");
}

/** The SDK takes an error reply that lacks its `error` for a success, so what came back is checked. */
function customerId(customer: { readonly id?: unknown }): string {
  if (typeof customer.id === "string" && customer.id.startsWith("cus_")) return customer.id;
  throw unavailable("Stripe sent a reply that is not a customer.", RETRY_SECONDS);
}

function translate(error: unknown): unknown {
  const { StripeError, StripeInvalidRequestError, StripeIdempotencyError, StripeRateLimitError } = Stripe.errors;
  if (!(error instanceof StripeError)) return error;
  if (error instanceof StripeRateLimitError) {
    const seconds = Number.parseInt(String(error.headers?.["retry-after"] ?? ""), 10);
    return unavailable("Stripe asks to slow down.", seconds > 0 ? seconds : RETRY_SECONDS, error);
  }
  if (error instanceof StripeInvalidRequestError || error instanceof StripeIdempotencyError) {
    return new DomainError("invalid_input", `Stripe refused the request: ${error.message}`, { cause: error });
  }
  return unavailable("Stripe does not answer as it should.", RETRY_SECONDS, error);
}
