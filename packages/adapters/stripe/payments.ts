import { DomainError } from "@pharmasight/core/kernel/errors";
import type { NewCustomer, Payments } from "@pharmasight/core/ports/payments";
import type Stripe from "stripe";
import { received, type StripeOptions, stripeClient, unlessMissing } from "./client.ts";

/** Customers at Stripe. */
export function stripePayments(options: StripeOptions): Payments {
  const withStripe = stripeClient(options);
  return {
    ensureCustomer: (customer) => withStripe(async (stripe) => ({ customerId: await ensureLive(stripe, customer) })),

    // Asking for it once more tells the id of one that nobody recorded. A deleted customer comes back by its key, and
    // is then deleted again.
    deleteCustomer: (customer) =>
      withStripe(async (stripe) => {
        await unlessMissing(stripe.customers.del(await ensure(stripe, customer)));
      }),
  };
}

/** A key goes on telling of the customer that it made, also of one that was deleted since: then another one is made. */
async function ensureLive(stripe: Stripe, customer: NewCustomer): Promise<string> {
  const id = await ensure(stripe, customer);
  const found = await stripe.customers.retrieve(id);
  return found.deleted ? create(stripe, customer, `customer-${customer.tenantId}-after-${id}`) : id;
}

async function ensure(stripe: Stripe, customer: NewCustomer): Promise<string> {
  // Keys are remembered for 24 hours, so a later retry must look first. The search index lags by up to a minute or so,
  // which is when the key still helps: together they leave no gap.
  const query = `metadata['tenant_id']:'${searchable(customer.tenantId)}'`;
  const found = await stripe.customers.search({ query, limit: 1 });
  const existing = found.data[0];
  if (existing !== undefined) return received("customer", existing).id;
  return create(stripe, customer, `customer-${customer.tenantId}`);
}

async function create(stripe: Stripe, customer: NewCustomer, idempotencyKey: string): Promise<string> {
  const { companyName: name, ownerEmail: email, tenantId } = customer;
  const created = await stripe.customers.create({ name, email, metadata: { tenant_id: tenantId } }, { idempotencyKey });
  return received("customer", created).id;
}

/** The id goes into a query between quotes, so it must not be able to end them. */
function searchable(tenantId: string): string {
  if (/^[\w-]+$/.test(tenantId)) return tenantId;
  throw new DomainError("invalid_input", "The tenant id may contain letters, digits, _ and - only.");
}
